/*
 * crumb dump audit, requests, amended, jobs, deeds, minors: who read and did what, what
 * visitors asked for, and what came of it.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/minors.h"
#include "crumb/rights/job.h"
#include "crumb/rights/requests.h"
#include "crumb/rights/trail_json.h"
#include "crumb/store/act.h"
#include "crumb/store/amended.h"
#include "dump.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the audit trail ---- */

static int print_trail(void *context, const struct trail_record *record)
{
    const struct dump *dump = context;
    BUFFER_AUTO line = BUFFER_INIT(TRAIL_JSON_BYTES_MAX);

    if (dump->site && !text_equal(record->entry.site, text_of(dump->site->name)))
        return 0;
    trail_json_put(&line, record);
    if (line.fault)
        return error_origin(line.fault);
    printf("%.*s\n", TEXT_ARGS(buffer_text(&line)));
    return 0;
}

/* What the service has not recorded yet. */
static int print_waiting(const struct dump *dump, const struct act_name *name)
{
    BUFFER_AUTO bytes = BUFFER_INIT(ACT_BYTES_MAX + 1), line = BUFFER_INIT(TRAIL_JSON_BYTES_MAX);
    struct trail_entry entry;
    int r = act_load(dump->setup.edition->config->data, name, &bytes, &entry);

    if (r == -ENOENT || r == ACT_E_UNREADABLE) /* it is recorded by now; or the service will tell of it */
        return 0;
    if (r)
        return error_trace(r);
    if (dump->site && !text_equal(entry.site, text_of(dump->site->name)))
        return 0;
    trail_json_put_waiting(&line, &entry);
    printf("%.*s\n", TEXT_ARGS(buffer_text(&line)));
    return 0;
}

int dump_audit(struct dump *dump)
{
    struct chain_break broken;
    struct act_name *names = calloc(ACTS_MAX, sizeof *names);
    unsigned n = 0;
    int r = names ? trail_verify(dump->setup.txn, NULL, print_trail, dump, &broken) : error_origin(-ENOMEM);

    if (r > 0)
        r = error_origin(-EBADMSG);
    if (r == 0)
        r = act_list(dump->setup.edition->config->data, ACTS_MAX, names, &n);
    for (unsigned i = 0; r == 0 && i < n; i++)
        r = print_waiting(dump, &names[i]);
    free(names);
    return error_trace(r);
}

/* ---- requests ---- */

static json_t *text_json(struct text text) { return text.size ? json_stringn(text.data, text.size) : json_null(); }

static json_t *step_json(const struct request_step *step)
{
    return json_pack("{s:I, s:s, s:s, s:o, s:b, s:o}", "at_ms", (json_int_t)step->at_ms, "state",
                     request_state_word(step->state), "by", step->side == REQUEST_BY_ASKER ? "visitor" : "officer",
                     "name", text_json(step->name), "told", step->is_told, "note", text_json(step->note));
}

static int print_request(void *context, const struct request *request)
{
    struct dump *dump = context;
    BUFFER_AUTO plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request opened = *request;

    if (!dump_wants(dump, request->site) ||
        (dump->visitor && memcmp(dump->visitor->asker, request->asker, ASKER_BYTES) != 0))
        return 0;
    int r = requests_open(dump->setup.txn, &opened, &plain);
    if (r < 0)
        return error_trace(r);
    json_t *steps = json_array();
    for (unsigned i = 0; i < opened.n_steps; i++)
        json_array_append_new(steps, step_json(&opened.steps[i]));
    dump_print(dump, json_pack("{s:o, s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:b, s:o, s:o, s:o}", "site",
                               dump_site(dump, request->site), "number", (json_int_t)request->number, "kind",
                               request_kind_word(request->kind), "state", request_state_word(request->state), "made_ms",
                               (json_int_t)request->made_ms, "changed_ms", (json_int_t)request->changed_ms, "due",
                               dump_date(request->due), "asker",
                               request->has_asker ? json_hex(request->asker, ASKER_BYTES) : json_null(), "erased",
                               r == REQUESTS_E_NONE, "text", text_json(opened.text), "contact",
                               text_json(opened.contact), "steps", steps));
    return 0;
}

int dump_requests(struct dump *dump)
{
    uint32_t site, number;

    return error_trace(requests_each(dump->setup.txn, print_request, dump, &site, &number));
}

/* ---- rights ---- */

static int print_amendment(void *context, uint32_t site, const struct amendment *amendment)
{
    struct dump *dump = context;
    json_t *object = json_pack("{s:o, s:I, s:b, s:b, s:o}", "site", dump_site(dump, site), "number",
                               (json_int_t)amendment->number, "erased", amendment->erased, "restricted",
                               amendment->restricted, "cut", notice_classes(amendment->cut));
    if (amendment->has_country)
        json_object_set_new(object, "country", json_string(amendment->country));
    if (amendment->has_language)
        json_object_set_new(object, "language", json_string(amendment->language));
    if (amendment->has_device)
        json_object_set_new(object, "device", json_string(words_device(amendment->device)));
    if (dump_wants(dump, site))
        dump_print(dump, object);
    else
        json_decref(object);
    return 0;
}

static int print_minor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], int64_t until_ms)
{
    struct dump *dump = context;

    if (dump_wants(dump, site) && dump_is_of(dump, id))
        dump_print(dump, json_pack("{s:o, s:o, s:I}", "site", dump_site(dump, site), "visitor",
                                   json_hex(id, VISITOR_BYTES), "until_ms", (json_int_t)until_ms));
    return 0;
}

int dump_minors(struct dump *dump) { return error_trace(minors_each(dump->setup.txn, print_minor, dump)); }

int dump_amended(struct dump *dump) { return error_trace(amended_each(dump->setup.txn, 0, print_amendment, dump)); }

static int print_job(void *context, const struct job *job)
{
    struct dump *dump = context;

    if (dump_wants(dump, job->site))
        dump_print(dump,
                   json_pack("{s:I, s:o, s:s, s:I, s:o, s:o, s:I, s:I, s:I}", "sequence", (json_int_t)job->sequence,
                             "site", dump_site(dump, job->site), "right", deed_right_name(job->right), "number",
                             (json_int_t)job->number, "visitor", json_hex(job->visitor, VISITOR_BYTES), "deed",
                             json_hex(job->deed, DEED_ID_BYTES), "events", (json_int_t)job->events, "visits",
                             (json_int_t)job->visits, "days", (json_int_t)job->days));
    return 0;
}

int dump_jobs(struct dump *dump) { return error_trace(job_each(dump->setup.txn, print_job, dump)); }

/* As they were given: with --site, those of others are left out by what they say. */
int dump_deeds(struct dump *dump)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, json;
    int r = db_cursor_new(dump->setup.txn, DB_DEEDS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &json); r == 0; r = db_cursor_next(cursor, &key, &json)) {
        json_t *deed = json_loadb(json.data, json.size, 0, NULL);
        const char *site = json_string_value(json_object_get(deed, "site"));

        if (!site) {
            json_decref(deed);
            return error_origin(-EBADMSG);
        }
        if (!dump->site || strcmp(dump->site->name, site) == 0)
            dump_print(dump, json_incref(deed));
        json_decref(deed);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/*
 * crumb dump: a part of the store as JSON lines.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/consent/receipt.h"
#include "crumb/consent/versions.h"
#include "crumb/consent/visitor.h"
#include "crumb/rights/job.h"
#include "crumb/rights/requests.h"
#include "crumb/rights/trail_json.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/accounting.h"
#include "crumb/store/act.h"
#include "crumb/store/amended.h"
#include "crumb/store/consents.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include "crumb/store/secret.h"
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct dump {
    struct setup setup;
    const struct site *site;            /* NULL: all */
    const int32_t *day;                 /* of segments and rollups; NULL: all */
    const int32_t *month;               /* of rollups, as struct period numbers it; NULL: all */
    const enum field *field;            /* of rollups; FIELD_N: totals; NULL: all */
    const struct visitor_wish *visitor; /* NULL: all */
    const char *tier;                   /* that lines name; NULL: there is only one */
    uint64_t n_lines;
};

/* Whatever there is of one visitor. */
struct visitor_wish {
    const uint8_t *id;
    uint32_t number;            /* in segments; 0: not known */
    uint8_t asker[ASKER_BYTES]; /* in requests */
};

static bool is_of(const struct dump *dump, const uint8_t id[VISITOR_BYTES])
{
    return !dump->visitor || memcmp(dump->visitor->id, id, VISITOR_BYTES) == 0;
}

static bool wanted(const struct dump *dump, uint32_t site) { return !dump->site || dump->site->id == site; }

static void print(struct dump *dump, json_t *object)
{
    if (object) {
        if (dump->tier)
            printf("{\"tier\":\"%s\",\"row\":", dump->tier);
        json_dumpf(object, stdout, JSON_COMPACT);
        printf(dump->tier ? "}\n" : "\n");
        dump->n_lines++;
    }
    json_decref(object);
}

static json_t *hex_json(const uint8_t *bytes, size_t size)
{
    char hex[HASH_HEX_BYTES];

    sodium_bin2hex(hex, sizeof hex, bytes, size);
    return json_string(hex);
}

/* The configuration's name of a site, or its number where it has left it. */
static json_t *site_json(const struct dump *dump, uint32_t id)
{
    const struct site *site = config_site_of_id(dump->setup.edition->config, id);

    return site ? json_string(site->name) : json_integer(id);
}

#define DATE_BYTES 32

static void write_date(int32_t day, char ret_text[DATE_BYTES])
{
    struct zone_date date = zone_date_of_day(day);

    snprintf(ret_text, DATE_BYTES, "%04d-%02u-%02u", date.year, date.month, date.mday);
}

static json_t *date_json(int32_t day)
{
    char text[DATE_BYTES];

    write_date(day, text);
    return json_string(text);
}

/* ---- journal ---- */

static void add_field(void *context, enum event_class class, const char *name, struct text value)
{
    json_t *object = context;
    json_t *fields = json_object_get(object, words_class(class));

    if (!fields) {
        fields = json_object();
        json_object_set_new(object, words_class(class), fields);
    }
    json_object_set_new(fields, name, json_stringn(value.data, value.size));
}

static int print_event(void *context, const struct journal_record *record)
{
    struct dump *dump = context;
    struct event event;

    if (!is_of(dump, record->visitor))
        return 0;
    if (!journal_event(record, &event))
        return error_origin(-EBADMSG);
    json_t *object =
        json_pack("{s:I, s:o, s:o, s:s, s:o, s:I}", "sequence", (json_int_t)record->sequence, "site",
                  site_json(dump, record->site), "day", date_json(record->day), "event", words_event_kind(record->kind),
                  "visitor", hex_json(record->visitor, VISITOR_BYTES), "consent", (json_int_t)record->consent);
    event_each_field(&event, add_field, object);
    print(dump, object);
    return 0;
}

static int print_journal_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct dump *dump = context;

    (void)state;
    return wanted(dump, site) ? error_trace(journal_each(dump->setup.txn, site, day, 0, print_event, dump)) : 0;
}

static int dump_journal(struct dump *dump) { return error_trace(day_each(dump->setup.txn, print_journal_day, dump)); }

/* ---- ledger, visitors, notices ---- */

static int print_record(void *context, const struct ledger_record *record)
{
    struct dump *dump = context;

    if ((dump->site && !text_equal(record->site, text_of(dump->site->name))) || !is_of(dump, record->visitor))
        return 0;
    json_t *object = receipt_json(record);
    json_object_set_new(object, "sequence", json_integer((json_int_t)record->sequence));
    json_object_set_new(object, "previous", hex_json(record->previous, HASH_BYTES));
    json_object_set_new(object, "material", hex_json(record->material, HASH_BYTES));
    json_object_set_new(object, "visitor",
                        ledger_has_visitor(record) ? hex_json(record->visitor, VISITOR_BYTES) : json_null());
    print(dump, object);
    return 0;
}

static int dump_ledger(struct dump *dump)
{
    struct chain_break broken;
    int r = ledger_verify(dump->setup.txn, print_record, dump, &broken);

    return r > 0 ? error_origin(-EBADMSG) : error_trace(r);
}

static int print_visitor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct dump *dump = context;

    if (wanted(dump, site) && is_of(dump, id))
        print(dump,
              json_pack("{s:o, s:o, s:s, s:s, s:s?, s:I, s:I, s:I, s:i}", "site", site_json(dump, site), "visitor",
                        hex_json(id, VISITOR_BYTES), "choice", words_choice_kind(visitor->choice), "regime",
                        words_regime(visitor->regime), "country", visitor->country[0] ? visitor->country : NULL,
                        "consent", (json_int_t)visitor->consent, "since_ms", (json_int_t)visitor->since_ms, "at_ms",
                        (json_int_t)visitor->at_ms, "granted", (int)visitor->n_granted));
    return 0;
}

static int dump_visitors(struct dump *dump) { return error_trace(visitor_each(dump->setup.txn, print_visitor, dump)); }

static int dump_notices(struct dump *dump)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, json;
    int r = db_cursor_new(dump->setup.txn, DB_NOTICES, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &json); r == 0; r = db_cursor_next(cursor, &key, &json))
        print(dump, json_pack("{s:o, s:o}", "hash", hex_json((const uint8_t *)key.data, key.size), "notice",
                              json_loadb(json.data, json.size, 0, NULL)));
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

static int print_version(void *context, const struct version *version)
{
    struct dump *dump = context;
    json_t *notices = json_object();

    if (!wanted(dump, version->site)) {
        json_decref(notices);
        return 0;
    }
    for (unsigned i = 0; i < version->n_langs; i++) {
        uint8_t hash[HASH_BYTES];
        struct text lang = versions_lang(version, i, hash);

        json_object_setn_new(notices, lang.data, lang.size, hex_json(hash, HASH_BYTES));
    }
    print(dump, json_pack("{s:o, s:I, s:o, s:o}", "site", site_json(dump, version->site), "from_ms",
                          (json_int_t)version->from_ms, "material", hex_json(version->material, HASH_BYTES), "notices",
                          notices));
    return 0;
}

static int dump_versions(struct dump *dump) { return error_trace(versions_each(dump->setup.txn, print_version, dump)); }

/* ---- books, days, rollups ---- */

static int print_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    struct dump *dump = context;
    json_t *dropped = json_object();

    for (unsigned i = 0; i < REASON_N; i++)
        if (books->dropped[i])
            json_object_set_new(dropped, words_reason(i), json_integer((json_int_t)books->dropped[i]));
    json_t *object =
        json_pack("{s:o, s:I, s:I, s:I, s:o}", "site", site_json(dump, site), "hour_s", (json_int_t)hour * 3600,
                  "received", (json_int_t)books->received, "stored", (json_int_t)books->stored, "dropped", dropped);
    if (wanted(dump, site))
        print(dump, object);
    else
        json_decref(object);
    return 0;
}

static int dump_books(struct dump *dump)
{
    uint32_t site, hour;

    return error_trace(accounting_each(dump->setup.txn, print_books, dump, &site, &hour));
}

static int print_consents(void *context, const struct key_consents *of, const struct consents *consents)
{
    struct dump *dump = context;
    json_t *choices = json_object();

    if (!wanted(dump, of->site)) {
        json_decref(choices);
        return 0;
    }
    for (unsigned i = 1; i < CONSENTS_N; i++)
        if (consents->counts[i])
            json_object_set_new(choices, words_choice_kind(i), json_integer((json_int_t)consents->counts[i]));
    print(dump, json_pack("{s:o, s:o, s:o, s:s?, s:s, s:s%, s:I, s:I, s:o}", "site", site_json(dump, of->site), "day",
                          date_json(of->day), "notice", hex_json(of->notice, sizeof of->notice), "country",
                          of->country[0] ? of->country : NULL, "device", words_device(of->device), "lang",
                          of->lang.data, of->lang.size, "shown", (json_int_t)consents->counts[CONSENTS_SHOWN],
                          "answered", (json_int_t)consents->answered, "choices", choices));
    return 0;
}

static int dump_consents(struct dump *dump)
{
    return error_trace(consents_each(dump->setup.txn, print_consents, dump));
}

static int print_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct dump *dump = context;

    if (wanted(dump, site))
        print(dump,
              json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b}", "site", site_json(dump, site), "day",
                        date_json(day), "events", (json_int_t)state->events, "removed", (json_int_t)state->removed,
                        "last", (json_int_t)state->last, "sealed", (json_int_t)state->sealed, "changes",
                        (json_int_t)state->changes, "built", (json_int_t)state->built, "rewritten", state->rewritten,
                        "expired", state->expired, "folded", state->folded));
    return 0;
}

static int dump_days(struct dump *dump) { return error_trace(day_each(dump->setup.txn, print_day, dump)); }

/* "2026-01-02", or of a month "2026-01". */
static json_t *period_json(struct period period)
{
    char text[DATE_BYTES];

    write_date(period_first_day(period), text);
    return json_stringn(text, period.kind == PERIOD_DAY ? strlen(text) : strlen(text) - strlen("-01"));
}

static json_t *figures_json(const struct cell *cell)
{
    const struct figures *figures = &cell->figures;

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "visitors",
                     (json_int_t)cell->visitors, "visits", (json_int_t)figures->visits, "pageviews",
                     (json_int_t)figures->views, "events", (json_int_t)figures->events, "whole",
                     (json_int_t)figures->whole, "bounces", (json_int_t)figures->bounces, "duration_s",
                     (json_int_t)figures->duration_s, "whole_views", (json_int_t)figures->whole_views, "viewing",
                     (json_int_t)figures->viewing, "dwell_s", (json_int_t)figures->dwell_s, "scrolled",
                     (json_int_t)figures->scrolled, "scroll", (json_int_t)figures->scroll);
}

static void print_cell(struct dump *dump, const struct key_rollup *of, enum field field, const struct cell *cell)
{
    struct period period = {.kind = (enum period_kind)of->kind, .number = of->period};
    json_t *object =
        json_pack("{s:o, s:o, s:s, s:s%}", "site", site_json(dump, of->site), of->kind == PERIOD_DAY ? "day" : "month",
                  period_json(period), "field", field == FIELD_N ? "totals" : field_name(field), "value",
                  cell->value.size ? cell->value.data : "", cell->value.size);

    json_object_update_new(object, figures_json(cell));
    print(dump, object);
}

static bool wanted_rollup(const struct dump *dump, const struct key_rollup *of, enum field field)
{
    bool is_month = of->kind == PERIOD_MONTH;

    if (!wanted(dump, of->site) || (dump->field && *dump->field != field))
        return false;
    if (dump->month)
        return is_month && of->period == *dump->month;
    return !dump->day || (!is_month && of->period == *dump->day);
}

static int print_rollup(struct dump *dump, struct text key, struct text bytes)
{
    BUFFER_AUTO plain = BUFFER_INIT(3ul * ROLLUP_BYTES_MAX);
    struct key_rollup of;
    struct cells cells;
    enum field field;

    if (!key_read_rollup(key, &of) || !summary_field(of.field, &field))
        return error_origin(-EBADMSG);
    if (!wanted_rollup(dump, &of, field))
        return 0;
    int r = rollups_open_row(dump->setup.txn, key, bytes, false, &plain);
    if (r == 0)
        r = cells_decode(buffer_text(&plain), CELLS_NO_SKETCHES, &cells);
    if (r)
        return r == ROLLUPS_E_NONE ? 0 : error_trace(r);
    for (size_t i = 0; i < cells.n; i++)
        print_cell(dump, &of, field, &cells.cells[i]);
    cells_deinit(&cells);
    return 0;
}

static int dump_rollups(struct dump *dump)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(dump->setup.txn, DB_ROLLUPS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        r = print_rollup(dump, key, value);
        if (r)
            return error_trace(r);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- segments ---- */

static int print_segment(struct dump *dump, uint32_t id, int32_t day, struct text key, struct text bytes)
{
    SEGMENT_AUTO segment = {.n_texts = 0};
    const struct site *site = config_site_of_id(dump->setup.edition->config, id);
    char number[16], date[DATE_BYTES];

    if (!wanted(dump, id) || (dump->day && *dump->day != day) || (dump->visitor && !dump->visitor->number))
        return 0;
    snprintf(number, sizeof number, "%u", (unsigned)id);
    write_date(day, date);
    int r = segments_open_row(dump->setup.txn, key, bytes, &segment);
    if (r == 0)
        r = command_print_segment(site ? site->name : number, date, &segment, dump->visitor ? dump->visitor->number : 0,
                                  &dump->n_lines);
    return r == SEGMENTS_E_GONE ? 0 : error_trace(r);
}

static int dump_segments(struct dump *dump)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, bytes;
    int r = db_cursor_new(dump->setup.txn, DB_SEGMENTS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &bytes); r == 0; r = db_cursor_next(cursor, &key, &bytes)) {
        uint32_t site;
        int32_t day;

        if (!key_read_day(key, &site, &day))
            return error_origin(-EBADMSG);
        r = print_segment(dump, site, day, key, bytes);
        if (r)
            return error_trace(r);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

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

static int dump_audit(struct dump *dump)
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

    if (!wanted(dump, request->site) ||
        (dump->visitor && memcmp(dump->visitor->asker, request->asker, ASKER_BYTES) != 0))
        return 0;
    int r = requests_open(dump->setup.txn, &opened, &plain);
    if (r < 0)
        return error_trace(r);
    json_t *steps = json_array();
    for (unsigned i = 0; i < opened.n_steps; i++)
        json_array_append_new(steps, step_json(&opened.steps[i]));
    print(dump, json_pack("{s:o, s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:b, s:o, s:o, s:o}", "site",
                          site_json(dump, request->site), "number", (json_int_t)request->number, "kind",
                          request_kind_word(request->kind), "state", request_state_word(request->state), "made_ms",
                          (json_int_t)request->made_ms, "changed_ms", (json_int_t)request->changed_ms, "due",
                          date_json(request->due), "asker",
                          request->has_asker ? hex_json(request->asker, ASKER_BYTES) : json_null(), "erased",
                          r == REQUESTS_E_NONE, "text", text_json(opened.text), "contact", text_json(opened.contact),
                          "steps", steps));
    return 0;
}

static int dump_requests(struct dump *dump)
{
    uint32_t site, number;

    return error_trace(requests_each(dump->setup.txn, print_request, dump, &site, &number));
}

/* ---- rights ---- */

static int print_amendment(void *context, uint32_t site, const struct amendment *amendment)
{
    struct dump *dump = context;
    json_t *cut = json_array();

    for (unsigned class = 0; class < CLASS_N; class ++)
        if (amendment->cut & CLASS_BIT(class))
            json_array_append_new(cut, json_string(words_class(class)));
    json_t *object =
        json_pack("{s:o, s:I, s:b, s:b, s:o}", "site", site_json(dump, site), "number", (json_int_t)amendment->number,
                  "erased", amendment->erased, "restricted", amendment->restricted, "cut", cut);
    if (amendment->has_country)
        json_object_set_new(object, "country", json_string(amendment->country));
    if (amendment->has_language)
        json_object_set_new(object, "language", json_string(amendment->language));
    if (amendment->has_device)
        json_object_set_new(object, "device", json_string(words_device(amendment->device)));
    if (wanted(dump, site))
        print(dump, object);
    else
        json_decref(object);
    return 0;
}

static int dump_amended(struct dump *dump)
{
    return error_trace(amended_each(dump->setup.txn, 0, print_amendment, dump));
}

static int print_job(void *context, const struct job *job)
{
    struct dump *dump = context;

    if (wanted(dump, job->site))
        print(dump, json_pack("{s:I, s:o, s:s, s:I, s:o, s:o, s:I, s:I, s:I}", "sequence", (json_int_t)job->sequence,
                              "site", site_json(dump, job->site), "right", deed_right_name(job->right), "number",
                              (json_int_t)job->number, "visitor", hex_json(job->visitor, VISITOR_BYTES), "deed",
                              hex_json(job->deed, DEED_ID_BYTES), "events", (json_int_t)job->events, "visits",
                              (json_int_t)job->visits, "days", (json_int_t)job->days));
    return 0;
}

static int dump_jobs(struct dump *dump) { return error_trace(job_each(dump->setup.txn, print_job, dump)); }

/* As they were given: with --site, those of others are left out by what they say. */
static int dump_deeds(struct dump *dump)
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
            print(dump, json_incref(deed));
        json_decref(deed);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

static const struct {
    const char *name;
    int (*dump)(struct dump *dump);
    bool is_personal; /* who reads it is put on record */
} tiers[] = {{"journal", dump_journal, true},  {"ledger", dump_ledger, true},      {"visitors", dump_visitors, true},
             {"books", dump_books, false},     {"consents", dump_consents, false}, {"days", dump_days, false},
             {"notices", dump_notices, false}, {"versions", dump_versions, false}, {"segment", dump_segments, true},
             {"rollup", dump_rollups, false},  {"audit", dump_audit, false},       {"requests", dump_requests, true},
             {"amended", dump_amended, true},  {"jobs", dump_jobs, true},          {"deeds", dump_deeds, false}};

struct wish {
    const char *site, *record;
    bool has_day, has_month, has_field;
    int32_t day, month;
    enum field field;
};

enum { OPTION_SITE = 256, OPTION_RECORD, OPTION_DAY, OPTION_MONTH, OPTION_FIELD };

static const struct option options[] = {
    {"site", required_argument, NULL, OPTION_SITE},   {"record", required_argument, NULL, OPTION_RECORD},
    {"day", required_argument, NULL, OPTION_DAY},     {"month", required_argument, NULL, OPTION_MONTH},
    {"field", required_argument, NULL, OPTION_FIELD}, {0}};

/* "2026-01" */
static int read_month(const char *value, int32_t *ret_month)
{
    char date[DATE_BYTES];
    int32_t day;

    snprintf(date, sizeof date, "%s-01", value);
    int r = command_read_day(date, &day);
    if (r == 0)
        *ret_month = period_month(day).number;
    return r;
}

/* As the interface calls it, or "totals". */
static int read_field(const char *value, enum field *ret_field)
{
    struct text property;
    enum field field = field_find(text_of(value), &property);

    if ((field == FIELD_N && strcmp(value, "totals") != 0) || !summary_has(field))
        return -1;
    *ret_field = field;
    return 0;
}

static int take(void *context, int option, const char *value)
{
    struct wish *wish = context;

    if (option == OPTION_MONTH) {
        wish->has_month = true;
        return read_month(value, &wish->month);
    }
    if (option == OPTION_FIELD) {
        wish->has_field = true;
        return read_field(value, &wish->field);
    }

    if (option == OPTION_DAY) {
        wish->has_day = true;
        return command_read_day(value, &wish->day);
    }
    *(option == OPTION_SITE ? &wish->site : &wish->record) = value;
    return 0;
}

static int dump_record(const char *path, const char *record)
{
    struct setup setup;
    int exit = setup_open(path, &setup);

    if (exit)
        return exit;
    exit = command_act(setup.edition->config->data,
                       &(struct trail_entry){.act = ACT_DUMPED, .object = TEXT("ledger"), .details = text_of(record)});
    if (exit == EXIT_GOOD)
        exit = command_dump_record(&setup, record);
    setup_close(&setup);
    return exit;
}

/* An exit code. */
static int print_tier(struct dump *dump, size_t tier)
{
    struct trail_entry what = {.act = ACT_DUMPED,
                               .site = dump->site ? text_of(dump->site->name) : TEXT_NONE,
                               .object = text_of(tiers[tier].name)};
    char date[DATE_BYTES];

    if (dump->day) {
        write_date(*dump->day, date);
        what.details = text_of(date);
    }
    int exit = tiers[tier].is_personal ? command_act(dump->setup.edition->config->data, &what) : EXIT_GOOD;
    if (exit)
        return exit;
    int r = tiers[tier].dump(dump);
    if (r)
        log_fault("the store cannot be read further; `crumb verify` tells more", r);
    return r ? EXIT_FAILED : EXIT_GOOD;
}

static int dump_tier(const char *path, size_t tier, const struct wish *wish)
{
    struct dump dump = {.day = wish->has_day ? &wish->day : NULL,
                        .month = wish->has_month ? &wish->month : NULL,
                        .field = wish->has_field ? &wish->field : NULL};
    const char *site = wish->site;
    int exit = setup_open(path, &dump.setup);

    if (exit)
        return exit;
    if (site)
        dump.site = config_site(dump.setup.edition->config, text_of(site));
    if (site && !dump.site) {
        fprintf(stderr, "crumb dump: `%s` is not a site of the configuration\n", site);
        exit = EXIT_USAGE;
    } else {
        exit = print_tier(&dump, tier);
    }
    setup_close(&dump.setup);
    return exit;
}

int command_dump(const struct command *self, int argc, char **argv)
{
    const char *path = NULL, *tier = NULL;
    struct wish wish = {.site = NULL};
    int exit = command_arguments(self, argc, argv, options, take, &wish, &path, &tier);

    if (exit || !path)
        return exit;
    if (wish.record && (!tier || strcmp(tier, "ledger") != 0 || wish.site))
        return command_misuse(self, "--record goes with ledger, and without --site");
    if (wish.record)
        return dump_record(path, wish.record);
    bool is_rollup = tier && strcmp(tier, "rollup") == 0;
    if (wish.has_day && !is_rollup && (!tier || strcmp(tier, "segment") != 0))
        return command_misuse(self, "--day goes with segment and rollup");
    if ((wish.has_month || wish.has_field) && !is_rollup)
        return command_misuse(self, "--month and --field go with rollup");
    if (wish.has_month && wish.has_day)
        return command_misuse(self, "say --day or --month");
    for (size_t i = 0; tier && i < sizeof tiers / sizeof tiers[0]; i++)
        if (strcmp(tiers[i].name, tier) == 0)
            return dump_tier(path, i, &wish);
    return command_misuse(self, "say which tier: journal, ledger, visitors, consents, books, days, notices, versions, "
                                "segment, rollup, audit, requests, amended, jobs or deeds");
}

/* ---- one visitor ---- */

static int find_number(void *context, const struct journal_record *record)
{
    struct visitor_wish *wish = context;

    if (memcmp(record->visitor, wish->id, VISITOR_BYTES) == 0)
        wish->number = record->number;
    return wish->number != 0;
}

struct search {
    const struct setup *setup;
    struct visitor_wish *wish;
    uint32_t site;
};

static int search_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    const struct search *search = context;

    (void)state;
    return site == search->site ? journal_each(search->setup->txn, site, day, 0, find_number, search->wish) : 0;
}

/* The number in segments is in the visitor's row, and in the journal where that is gone. 0 or a fault. */
static int number_visitor(const struct setup *setup, uint32_t site, struct visitor_wish *wish)
{
    struct search search = {.setup = setup, .wish = wish, .site = site};
    struct visitor visitor;
    int r = visitor_get(setup->txn, site, wish->id, &visitor);

    if (r == 0)
        wish->number = visitor.number;
    if (r == DB_E_NOT_FOUND)
        r = day_each(setup->txn, search_day, &search);
    return r < 0 ? error_trace(r) : 0;
}

static int dump_visitor(struct dump *dump)
{
    static const char *const names[] = {"visitors", "ledger", "journal", "segment", "requests"};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof names / sizeof *names; i++)
        for (size_t tier = 0; r == 0 && tier < sizeof tiers / sizeof *tiers; tier++)
            if (strcmp(tiers[tier].name, names[i]) == 0) {
                /* Segments write their lines themselves. */
                dump->tier = tiers[tier].dump == dump_segments ? NULL : names[i];
                r = tiers[tier].dump(dump);
            }
    return error_trace(r);
}

int command_dump_visitor(const struct setup *setup, const struct site *site, const uint8_t id[VISITOR_BYTES])
{
    struct visitor_wish wish = {.id = id};
    struct dump dump = {.setup = *setup, .site = site, .visitor = &wish};
    const char *folder = setup->edition->config->data;
    struct trail trail;
    uint8_t seed[SECRET_BYTES];
    char object[TRAIL_VISITOR_TEXT_BYTES];
    int r = secret_key(folder, SECRET_LEDGER, false, NULL, seed);

    if (r) {
        fprintf(stderr, "crumb export: %s/" SECRET_LEDGER ": %s; it is needed to name the visitor on record\n", folder,
                error_trail(r));
        return EXIT_FAILED;
    }
    trail_init(&trail, seed);
    trail_visitor(&trail, id, wish.asker);
    trail_visitor_text(&trail, id, object);
    int exit = command_act(
        folder, &(struct trail_entry){.act = ACT_DISCLOSED, .site = text_of(site->name), .object = text_of(object)});
    if (exit)
        return exit;
    r = number_visitor(setup, site->id, &wish);
    if (r == 0)
        r = dump_visitor(&dump);
    if (r) {
        log_fault("the store cannot be read further; `crumb verify` tells more", r);
        return EXIT_FAILED;
    }
    if (dump.n_lines == 0)
        fprintf(stderr, "crumb export: nothing is kept of this visitor\n");
    return dump.n_lines ? EXIT_GOOD : EXIT_NO;
}

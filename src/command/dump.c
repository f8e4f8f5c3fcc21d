/*
 * crumb dump: a part of the store as JSON lines.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/consent/receipt.h"
#include "crumb/consent/visitor.h"
#include "crumb/rights/job.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/accounting.h"
#include "crumb/store/amended.h"
#include "crumb/store/consents.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>

struct dump {
    struct setup setup;
    const struct site *site; /* NULL: all */
    const int32_t *day;      /* of segments and rollups; NULL: all */
    const int32_t *month;    /* of rollups, as struct period numbers it; NULL: all */
    const enum field *field; /* of rollups; FIELD_N: totals; NULL: all */
};

static bool wanted(const struct dump *dump, uint32_t site) { return !dump->site || dump->site->id == site; }

static void print(json_t *object)
{
    if (object) {
        json_dumpf(object, stdout, JSON_COMPACT);
        printf("\n");
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

    if (!journal_event(record, &event))
        return error_origin(-EBADMSG);
    json_t *object =
        json_pack("{s:I, s:o, s:o, s:s, s:o, s:I}", "sequence", (json_int_t)record->sequence, "site",
                  site_json(dump, record->site), "day", date_json(record->day), "event", words_event_kind(record->kind),
                  "visitor", hex_json(record->visitor, VISITOR_BYTES), "consent", (json_int_t)record->consent);
    event_each_field(&event, add_field, object);
    print(object);
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

    if (dump->site && !text_equal(record->site, text_of(dump->site->name)))
        return 0;
    json_t *object = receipt_json(record);
    json_object_set_new(object, "sequence", json_integer((json_int_t)record->sequence));
    json_object_set_new(object, "previous", hex_json(record->previous, HASH_BYTES));
    json_object_set_new(object, "material", hex_json(record->material, HASH_BYTES));
    json_object_set_new(object, "visitor",
                        ledger_has_visitor(record) ? hex_json(record->visitor, VISITOR_BYTES) : json_null());
    print(object);
    return 0;
}

static int dump_ledger(struct dump *dump)
{
    struct ledger_break broken;
    int r = ledger_verify(dump->setup.txn, print_record, dump, &broken);

    return r > 0 ? error_origin(-EBADMSG) : error_trace(r);
}

static int print_visitor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct dump *dump = context;

    if (wanted(dump, site))
        print(json_pack("{s:o, s:o, s:s, s:s, s:s?, s:I, s:I, s:I, s:i}", "site", site_json(dump, site), "visitor",
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
        print(json_pack("{s:o, s:o}", "hash", hex_json((const uint8_t *)key.data, key.size), "notice",
                        json_loadb(json.data, json.size, 0, NULL)));
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

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
        print(object);
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
    print(json_pack("{s:o, s:o, s:o, s:s?, s:s, s:s%, s:I, s:I, s:o}", "site", site_json(dump, of->site), "day",
                    date_json(of->day), "notice", hex_json(of->notice, sizeof of->notice), "country",
                    of->country[0] ? of->country : NULL, "device", words_device(of->device), "lang", of->lang.data,
                    of->lang.size, "shown", (json_int_t)consents->counts[CONSENTS_SHOWN], "answered",
                    (json_int_t)consents->answered, "choices", choices));
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
        print(json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b}", "site", site_json(dump, site), "day",
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
    print(object);
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

    if (!wanted(dump, id) || (dump->day && *dump->day != day))
        return 0;
    snprintf(number, sizeof number, "%u", (unsigned)id);
    write_date(day, date);
    int r = segments_open_row(dump->setup.txn, key, bytes, &segment);
    if (r == 0)
        r = command_print_segment(site ? site->name : number, date, &segment);
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
        print(object);
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
        print(json_pack("{s:I, s:o, s:s, s:I, s:o, s:o, s:I, s:I, s:I}", "sequence", (json_int_t)job->sequence, "site",
                        site_json(dump, job->site), "right", deed_right_name(job->right), "number",
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
            print(json_incref(deed));
        json_decref(deed);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

static const struct {
    const char *name;
    int (*dump)(struct dump *dump);
} tiers[] = {{"journal", dump_journal}, {"ledger", dump_ledger},     {"visitors", dump_visitors},
             {"books", dump_books},     {"consents", dump_consents}, {"days", dump_days},
             {"notices", dump_notices}, {"segment", dump_segments},  {"rollup", dump_rollups},
             {"amended", dump_amended}, {"jobs", dump_jobs},         {"deeds", dump_deeds}};

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
    exit = command_dump_record(&setup, record);
    setup_close(&setup);
    return exit;
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
        int r = tiers[tier].dump(&dump);
        if (r)
            log_fault("the store cannot be read further; `crumb verify` tells more", r);
        exit = r ? EXIT_FAILED : EXIT_GOOD;
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
    return command_misuse(self,
                          "say which tier: journal, ledger, visitors, consents, books, days, notices, segment, rollup, "
                          "amended, jobs or deeds");
}

/*
 * crumb dump journal, books, days: events, how many there were, and the days
 * they belong to.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/store/accounting.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include "dump.h"
#include <errno.h>

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

    if (!dump_is_of(dump, record->visitor))
        return 0;
    if (!journal_event(record, &event))
        return error_origin(-EBADMSG);
    json_t *object =
        json_pack("{s:I, s:o, s:o, s:s, s:o, s:I}", "sequence", (json_int_t)record->sequence, "site",
                  dump_site(dump, record->site), "day", dump_date(record->day), "event", words_event_kind(record->kind),
                  "visitor", json_hex(record->visitor, VISITOR_BYTES), "consent", (json_int_t)record->consent);
    event_each_field(&event, add_field, object);
    dump_print(dump, object);
    return 0;
}

static int print_journal_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct dump *dump = context;

    (void)state;
    return dump_wants(dump, site) ? error_trace(journal_each(dump->setup.txn, site, day, 0, print_event, dump)) : 0;
}

int dump_journal(struct dump *dump) { return error_trace(day_each(dump->setup.txn, print_journal_day, dump)); }

/* ---- books and days ---- */

static int print_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    struct dump *dump = context;
    json_t *dropped = json_object();

    for (unsigned i = 0; i < REASON_N; i++)
        if (books->dropped[i])
            json_object_set_new(dropped, words_reason(i), json_integer((json_int_t)books->dropped[i]));
    json_t *object =
        json_pack("{s:o, s:I, s:I, s:I, s:o}", "site", dump_site(dump, site), "hour_s", (json_int_t)hour * 3600,
                  "received", (json_int_t)books->received, "stored", (json_int_t)books->stored, "dropped", dropped);
    if (dump_wants(dump, site))
        dump_print(dump, object);
    else
        json_decref(object);
    return 0;
}

int dump_books(struct dump *dump)
{
    uint32_t site, hour;

    return error_trace(accounting_each(dump->setup.txn, print_books, dump, &site, &hour));
}

static int print_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct dump *dump = context;

    if (dump_wants(dump, site))
        dump_print(dump, json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b}", "site",
                                   dump_site(dump, site), "day", dump_date(day), "events", (json_int_t)state->events,
                                   "removed", (json_int_t)state->removed, "last", (json_int_t)state->last, "sealed",
                                   (json_int_t)state->sealed, "changes", (json_int_t)state->changes, "built",
                                   (json_int_t)state->built, "rewritten", state->rewritten, "expired", state->expired,
                                   "folded", state->folded));
    return 0;
}

int dump_days(struct dump *dump) { return error_trace(day_each(dump->setup.txn, print_day, dump)); }

/*
 * A day of a visitor: their events in the journal, their visits in the segment.
 */
#include "copy_parts.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/zone.h"
#include "crumb/rollup/segments.h"
#include "crumb/rollup/visits.h"
#include "crumb/store/journal.h"
#include <errno.h>

int32_t copy_day_first(const struct copy_wish *wish, const struct known *known)
{
    int32_t first = zone_day(wish->site->zone, known->visitor.since_ms) - 2;

    return first < 0 ? 0 : first;
}

void copy_day_init(struct copy_day *day, const struct copy_wish *wish, const struct known *known)
{
    *day = (struct copy_day){.wish = wish, .known = known, .events = json_array(), .visits = json_array()};
}

void copy_day_deinit(struct copy_day *day)
{
    json_decref(day->events);
    json_decref(day->visits);
}

static bool is_theirs(void *context, struct key_ref ref)
{
    const struct known *known = ((const struct copy_day *)context)->known;
    bool is = key_ref_equal(known->visitor.key, ref);

    for (unsigned i = 0; i < known->n_older; i++)
        is |= key_ref_equal(known->older[i], ref);
    return is;
}

static void add_field(void *context, enum event_class class, const char *name, struct text value)
{
    json_t **object = context;
    json_t *fields = *object ? json_object_get(*object, words_class(class)) : NULL;

    if (*object && !fields) {
        fields = json_object();
        *object = json_member(*object, words_class(class), fields);
    }
    if (!*object)
        return;
    json_t *text = json_stringn(value.data, value.size);
    if (!text || json_object_set_new(fields, name, text) < 0) {
        json_decref(*object);
        *object = NULL;
    }
}

static int add_event(void *context, const struct journal_record *record)
{
    struct copy_day *day = context;
    struct event event;

    if (memcmp(record->visitor, day->wish->visitor, VISITOR_BYTES) != 0)
        return 0;
    if (!journal_event(record, &event))
        return error_origin(-EBADMSG);
    json_t *object =
        json_pack("{s:s, s:I}", "event", words_event_kind(record->kind), "consent", (json_int_t)record->consent);
    event_each_field(&event, add_field, &object);
    day->events = json_item(day->events, object);
    return day->events ? 0 : error_origin(-ENOMEM);
}

static int add_visits(struct copy_day *day, const struct segment *segment)
{
    struct visits *visits = NULL;
    uint32_t number = day->known->visitor.number;
    int r = visits_read(segment, &visits);

    for (uint32_t i = 0; r == 0 && i < visits_n(visits); i++)
        if (visits_visitor(visits, i) == number)
            day->visits = json_item(day->visits, visits_json(visits, i));
    visits_free(visits);
    return r ? error_trace(r) : day->visits ? 0 : error_origin(-ENOMEM);
}

int copy_day_read(struct db_txn *txn, struct copy_day *day, int32_t number, const struct day_state *state)
{
    SEGMENT_AUTO segment = {.n_texts = 0};
    uint32_t site = day->wish->site->id;
    int r = 0;

    if (state->events && !state->expired)
        r = journal_each_under(txn, site, number, is_theirs, add_event, day);
    if (r == 0 && state->sealed)
        r = segments_open(txn, site, number, &segment);
    else if (r == 0)
        r = SEGMENTS_E_NONE;
    if (r)
        return r < 0 ? error_trace(r) : 0;
    return error_trace(add_visits(day, &segment));
}

bool copy_day_is_empty(const struct copy_day *day)
{
    return json_array_size(day->events) == 0 && json_array_size(day->visits) == 0;
}

json_t *copy_day_json(const struct copy_day *day, int32_t number)
{
    char date[ZONE_DATE_BYTES];

    zone_write_date(number, date);
    return json_pack("{s:s, s:O, s:O}", "day", date, "events", day->events, "visits", day->visits);
}

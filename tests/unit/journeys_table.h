/*
 * Tables for tests of paths and funnels, from lines of what visitors did.
 */
#pragma once

#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/query/filter.h"
#include "crumb/rollup/tabulate.h"
#include "splitmix.h"
#include <stdio.h>
#include <stdlib.h>

#define JOURNEYS_START_MS 1767222000000
#define JOURNEYS_HITS_MAX 64

/*
 * A visit: hits with a space between, each a page's letter (A is "/A") or, of an
 * event on the page before, a small letter, and the second it comes: "A0 B5 s6".
 */
struct journey {
    uint32_t visitor;
    unsigned start_s; /* of the day */
    const char *hits;
    bool untraced, bot;
    const char *country;
};

static inline void journey_add(struct gather *gather, const struct journey *journey, uint64_t *sequence)
{
    const char *at = journey->hits;
    char path[3] = "/", action[2] = "";

    while (*at) {
        struct event event = {.kind = EVENT_PAGEVIEW, .bot = journey->bot ? BOT_AGENT : BOT_NONE};
        bool is_view = *at >= 'A' && *at <= 'Z';

        (is_view ? path + 1 : action)[0] = *at++;
        char *behind;
        event.at_ms = (uint64_t)JOURNEYS_START_MS + 1000 * (journey->start_s + strtoul(at, &behind, 10));
        at = behind;
        event.path = text_of(path);
        event.country = text_of(journey->country);
        if (!is_view) {
            event.kind = EVENT_STRUCT;
            event.category = TEXT("event");
            event.action = text_of(action);
        }
        struct gather_event one = {
            .sequence = ++*sequence, .visitor = journey->visitor, .traced = !journey->untraced, .event = &event};
        assert_int_equal(gather_add(gather, &one), 0);
        while (*at == ' ')
            at++;
    }
}

/* Of @n of them, or as many as have hits. */
static inline void journeys_make(const struct journey *journeys, size_t n, struct table *ret_table)
{
    struct gather *gather;
    uint64_t sequence = 0;

    assert_int_equal(gather_new(JOURNEYS_START_MS, &gather), 0);
    for (size_t i = 0; i < n && journeys[i].hits; i++)
        journey_add(gather, &journeys[i], &sequence);
    assert_int_equal(tabulate_table(gather, ret_table), 0);
    gather_free(gather);
}

/* Leaves only the columns that somebody says they need. */
static inline void journeys_keep_columns(struct table *table, uint64_t columns)
{
    for (unsigned column = 0; column < COLUMN_N; column++)
        if (!(columns & COLUMN_BIT(column))) {
            free(table->columns[column]);
            table->columns[column] = NULL;
        }
}

static inline struct filter *journeys_filter(const char *json)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    json_t *list = json ? json_loads(json, 0, NULL) : NULL;
    struct filter *filter = NULL;

    if (!json)
        return NULL;
    check(json, list != NULL);
    check_equal(json, filter_parse(list, &filter, &complaint), 0);
    json_decref(list);
    return filter;
}

static inline unsigned journeys_pick(uint64_t *state, unsigned n) { return (unsigned)(splitmix(state) >> 33) % n; }

/* Random visits of few pages, so that they repeat; their hits are written to @memory. */
static inline void journeys_invent(uint64_t *random, struct journey *journeys, size_t n,
                                   char (*memory)[8 * JOURNEYS_HITS_MAX])
{
    unsigned n_pages = 2 + journeys_pick(random, 4);

    for (size_t i = 0; i < n; i++) {
        unsigned n_hits = 1 + journeys_pick(random, journeys_pick(random, 4) ? 8 : 24), second = 0;
        char *at = memory[i];

        for (unsigned k = 0; k < n_hits; k++) {
            unsigned letter = journeys_pick(random, n_pages);
            bool is_view = journeys_pick(random, 5) > 0;

            second += journeys_pick(random, 3) ? journeys_pick(random, 4) : 0;
            at += snprintf(at, 8, "%c%u ", (is_view ? 'A' : 'a') + (int)letter, second);
        }
        journeys[i] = (struct journey){.visitor = 1 + (uint32_t)(i / 2),
                                       .start_s = 5000 * (unsigned)(i % 2), /* past the gap that ends a visit */
                                       .hits = memory[i],
                                       .untraced = journeys_pick(random, 8) == 0,
                                       .bot = journeys_pick(random, 8) == 0,
                                       .country = journeys_pick(random, 3) ? "DE" : "US"};
    }
}

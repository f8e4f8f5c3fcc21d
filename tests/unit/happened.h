/*
 * What happened at a site, as plain visits and hits, and the tables made of it:
 * for tests of what counts them.
 */
#pragma once

#include "check.h"
#include "crumb/query/query.h"
#include "crumb/rollup/tabulate.h"
#include <stdlib.h>

#define HITS_OF_VISIT_MAX 8

struct happened_hit {
    unsigned after_s; /* since the hit before it, the first: since the visit's start */
    const char *page; /* NULL: there is no such hit, nor any behind it */
    const char *host; /* NULL: "shop.example" */
    const char *name; /* of a custom event; NULL: a page view */
    const char *plan, *amount, *currency;
    unsigned dwell_s, scroll; /* per cent; 0: nothing is reported */
};

struct happened_visit {
    int32_t day;
    uint32_t visitor;
    unsigned start_s;
    const char *country, *browser, *source;
    unsigned bot;
    struct happened_hit hits[HITS_OF_VISIT_MAX];
};

static inline struct text happened_text(const char *string) { return string ? text_of(string) : TEXT_NONE; }

static inline struct event happened_event(const struct happened_visit *visit, const struct happened_hit *hit,
                                          uint64_t at_ms)
{
    struct event event = {.kind = hit->name ? EVENT_STRUCT : EVENT_PAGEVIEW,
                          .at_ms = at_ms,
                          .host = text_of(hit->host ? hit->host : "shop.example"),
                          .path = text_of(hit->page),
                          .country = happened_text(visit->country),
                          .browser = happened_text(visit->browser),
                          .source = happened_text(visit->source),
                          .bot = visit->bot,
                          .dwell_ms = 1000 * hit->dwell_s,
                          .value = happened_text(hit->amount),
                          .currency = happened_text(hit->currency)};

    if (hit->scroll) {
        event.page_height = 1000;
        event.viewport_height = 1;
        event.scroll_y_max = 10 * hit->scroll - 1;
    }
    if (hit->name) {
        event.category = TEXT("event");
        event.action = text_of(hit->name);
    }
    if (hit->plan) {
        event.n_properties = 1;
        event.properties[0] = (struct event_property){TEXT("plan"), text_of(hit->plan)};
    }
    return event;
}

/* The table of those visits that are of the day, which begins at @start_ms. */
static inline void happened_table(const struct happened_visit *visits, size_t n, int32_t day, int64_t start_ms,
                                  struct table *ret_table)
{
    struct gather *gather;
    uint64_t sequence = 0;

    assert_int_equal(gather_new(start_ms, &gather), 0);
    for (size_t i = 0; i < n; i++) {
        uint64_t at_ms = (uint64_t)start_ms + 1000ull * visits[i].start_s;

        for (unsigned k = 0; visits[i].day == day && k < HITS_OF_VISIT_MAX && visits[i].hits[k].page; k++) {
            at_ms += 1000 * visits[i].hits[k].after_s;
            struct event event = happened_event(&visits[i], &visits[i].hits[k], at_ms);
            struct gather_event one = {.sequence = ++sequence, .visitor = visits[i].visitor, .event = &event};
            assert_int_equal(gather_add(gather, &one), 0);
        }
    }
    assert_int_equal(tabulate_table(gather, ret_table), 0);
    gather_free(gather);
}

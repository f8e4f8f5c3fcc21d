/*
 * A site for tests of queries: a source of cells that are made from a plain
 * table of days and pages, with visitors as sets of at most 64.
 */
#pragma once

#include "crumb/query/query.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SITE_DAYS_MAX 32
#define SITE_PAGES_MAX 9
#define SITE_TOTAL SITE_PAGES_MAX /* the slot of a day's total */

struct slot {
    bool present;
    uint64_t counts[6]; /* pageviews, visits, entries, bounces, duration_ms, entry_pageviews */
    uint64_t visitors;  /* a set */
};

struct site {
    int32_t first, last;
    struct slot slots[SITE_DAYS_MAX][SITE_PAGES_MAX + 1];
    const char *pages[SITE_PAGES_MAX]; /* ascending */
    int fault_of_cells, fault_of_days;
    /* What was asked of the source. */
    unsigned n_asked;
    int32_t first_asked, last_asked;
    enum dimension dimension;
    int64_t from_ms, to_ms;
};

static inline int fill_cell(struct cell *cell, const struct slot *slot, char **values, const char *name)
{
    cell->value = (struct text){*values, strlen(name)};
    memcpy(*values, name, strlen(name));
    *values += strlen(name);
    cell->pageviews = slot->counts[0];
    cell->visits = slot->counts[1];
    cell->entries = slot->counts[2];
    cell->bounces = slot->counts[3];
    cell->duration_ms = slot->counts[4];
    cell->entry_pageviews = slot->counts[5];
    for (unsigned i = 0; i < 64; i++)
        if (slot->visitors >> i & 1) {
            int r = hll_add(&cell->visitors, &i, sizeof i);

            if (r)
                return r;
        }
    return 0;
}

static inline int site_cells(void *context, int32_t day, enum dimension dimension, int64_t from_ms, int64_t to_ms,
                             struct cells *ret_cells)
{
    struct site *site = context;
    __attribute__((cleanup(cells_deinit))) struct cells cells = CELLS_INIT;
    unsigned begin = dimension == DIMENSION_PAGE ? 0 : SITE_TOTAL;
    unsigned end = dimension == DIMENSION_PAGE ? SITE_PAGES_MAX : SITE_TOTAL + 1;

    if (site->n_asked++ == 0)
        site->first_asked = day;
    site->last_asked = day;
    site->dimension = dimension;
    site->from_ms = from_ms;
    site->to_ms = to_ms;
    if (site->fault_of_cells)
        return site->fault_of_cells;
    assert_in_range(day, site->first, site->last);
    cells.cells = calloc(SITE_PAGES_MAX + 1, sizeof *cells.cells);
    cells.values = malloc(1024);
    if (!cells.cells || !cells.values)
        return -ENOMEM;
    char *values = cells.values;
    for (unsigned i = begin; i < end; i++) {
        struct slot *slot = &site->slots[(day - site->first) % SITE_DAYS_MAX][i];

        if (!slot->present)
            continue;
        int r = fill_cell(&cells.cells[cells.n_cells++], slot, &values, i == SITE_TOTAL ? "" : site->pages[i]);
        if (r)
            return r;
    }
    *ret_cells = cells;
    cells = CELLS_INIT;
    return 0;
}

static inline int site_days(void *context, int32_t *ret_first, int32_t *ret_last)
{
    struct site *site = context;

    if (site->fault_of_days)
        return site->fault_of_days;
    *ret_first = site->first;
    *ret_last = site->last;
    return 0;
}

static inline struct query_source source_of(struct site *site)
{
    return (struct query_source){.context = site, .cells = site_cells, .days = site_days};
}

/* Randomness: xorshift64*, so that a seed that failed can be run again. */

static inline uint64_t next(uint64_t *random)
{
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    return *random * 0x2545f4914f6cdd1d;
}

static inline unsigned pick(uint64_t *random, unsigned n) { return (unsigned)(next(random) >> 33) % n; }

static inline void random_site(uint64_t *random, int32_t today, struct site *site)
{
    static const char *const pages[SITE_PAGES_MAX] = {"",   "/",     "/a",          "/a/b", "/b\xc3\xa4r",
                                                      "/c", "/d,\"", "/e?\x01\xff", "\xff"};

    *site = (struct site){.first = today - (int32_t)pick(random, SITE_DAYS_MAX)};
    site->last = site->first + (int32_t)pick(random, SITE_DAYS_MAX);
    memcpy(site->pages, pages, sizeof pages);
    for (unsigned day = 0; day < SITE_DAYS_MAX; day++)
        for (unsigned i = 0; i <= SITE_PAGES_MAX; i++) {
            struct slot *slot = &site->slots[day][i];

            slot->present = pick(random, 3) > 0;
            if (pick(random, 8) == 0)
                continue; /* a cell of nothing */
            for (unsigned k = 0; k < 6; k++)
                slot->counts[k] = pick(random, 4) ? pick(random, k == 4 ? 90000 : 5) : 0;
            slot->visitors = next(random) & next(random) & next(random);
            if (slot->counts[0] + slot->counts[1] + slot->counts[2] == 0)
                *slot = (struct slot){.present = slot->present}; /* who did nothing was not there */
        }
}

/* The zone and the clock of every test: Berlin, a Monday in summer. */

struct fixture {
    struct zone *zone;
    int32_t today;
    int64_t now_ms;
};

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (!fixture || zone_new("Europe/Berlin", &fixture->zone) != 0)
        return -1;
    fixture->now_ms = 1721037600000; /* 2024-07-15T10:00:00Z */
    fixture->today = zone_day(fixture->zone, fixture->now_ms);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;

    zone_free(fixture->zone);
    free(fixture);
    return 0;
}

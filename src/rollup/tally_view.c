/*
 * What each visit viewed: one pass over the hits.  A page is its path's text, so
 * pages of one path and two titles are one; each remembers the last visit that
 * viewed it, and how far that scrolled.
 */
#include "crumb/base/error.h"
#include "crumb/rollup/tally.h"
#include "tally_scan.h"
#include <errno.h>
#include <stdlib.h>

struct seen {
    uint32_t visit_plus_1, scroll;
};

static int view_hit(const struct table *table, uint32_t hit, uint32_t visit, struct seen *seen,
                    struct tally_viewed *viewed)
{
    uint32_t scroll = table->columns[COLUMN_HIT_scroll][hit];
    uint32_t path = table->columns[COLUMN_PAGE_path][table->columns[COLUMN_HIT_page][hit]];

    if (scroll > TALLY_SCROLL_MAX)
        return error_origin(-EBADMSG);
    if (seen[path].visit_plus_1 != visit + 1) {
        seen[path] = (struct seen){.visit_plus_1 = visit + 1};
        viewed->viewing++;
    }
    viewed->views++;
    viewed->dwell_s += table->columns[COLUMN_HIT_dwell_s][hit];
    if (scroll > seen[path].scroll) {
        viewed->scrolled += seen[path].scroll == 0;
        viewed->scroll += scroll - (seen[path].scroll ? seen[path].scroll : 1);
        seen[path].scroll = scroll;
    }
    return 0;
}

static int view_all(const struct table *table, struct seen *seen, struct tally_viewed *viewed)
{
    uint32_t hit = 0;
    int r = 0;

    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; visit++)
        for (uint32_t end = hit + table->columns[COLUMN_VISIT_n_hits][visit]; r == 0 && hit < end; hit++)
            if (table->columns[COLUMN_HIT_act][hit] == 0)
                r = view_hit(table, hit, visit, seen, &viewed[visit]);
    return error_trace(r);
}

int tally_view(const struct table *table, struct tally_viewed **ret_viewed)
{
    struct tally_viewed *viewed = calloc((size_t)table->n[RELATION_VISIT] + 1, sizeof *viewed);
    struct seen *seen = calloc((size_t)table->texts.n + 1, sizeof *seen);
    int r = viewed && seen ? view_all(table, seen, viewed) : error_origin(-ENOMEM);

    free(seen);
    if (r < 0) {
        free(viewed);
        return error_trace(r);
    }
    *ret_viewed = viewed;
    return 0;
}

/*
 * One table, counted:
 *
 *   masks     which visits and hits pass: the mask that is given, programs
 *   times     where the day is cut or hours are asked for: each hit's hour
 *   codes     all fields as one number (codes.h)
 *   walk      tally_walk.c
 *   meetings  visitors go into the sketches of the groups they were met in, group
 *             by group, so that each sketch is fetched into the cache once
 */
#include "tally_scan.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <stdlib.h>

/* The longest day there is, and an hour for what nobody thought of. */
#define DAY_S_MAX (26 * TALLY_HOUR_S)

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

static void scan_deinit(struct tally_scan *scan)
{
    free(scan->visits);
    free(scan->hits);
    free(scan->hours);
    free(scan->groups);
    free(scan->pages);
    free(scan->meetings);
    codes_deinit(&scan->codes);
}

static bool cuts(const struct tally_day *day) { return day->from_s > 0 || day->to_s < UINT32_MAX; }

/* ---- masks ---- */

static int copy_mask(struct tally_scan *scan)
{
    const struct mask *mask = scan->day->mask;
    uint32_t n_visits = scan->table->n[RELATION_VISIT], n_hits = scan->table->n[RELATION_HIT];

    scan->visits = malloc((size_t)n_visits + 1);
    if (mask && mask->of_hits)
        scan->hits = malloc((size_t)n_hits + 1);
    if (!scan->visits || (mask && mask->of_hits && !scan->hits))
        return error_origin(-ENOMEM);
    if (scan->hits)
        memcpy(scan->hits, mask->passes, n_hits);
    if (mask && !mask->of_hits)
        memcpy(scan->visits, mask->passes, n_visits);
    else
        memset(scan->visits, 1, n_visits);
    return 0;
}

/* People, or programs where the question is about them. */
static void tell_programs(struct tally_scan *scan)
{
    const struct tally_question *question = scan->question;
    const uint32_t *bots = scan->table->columns[COLUMN_VISIT_bot];
    bool programs = question->programs || tally_has_field(question, FIELD_BOT);

    for (uint32_t visit = 0; visit < scan->table->n[RELATION_VISIT]; visit++)
        scan->visits[visit] &= (bots[visit] != 0) == programs;
}

/* From here on, hits have masks of their own. */
static int have_hits(struct tally_scan *scan)
{
    uint32_t n = scan->table->n[RELATION_HIT];

    if (scan->hits)
        return 0;
    scan->hits = malloc((size_t)n + 1);
    if (!scan->hits)
        return error_origin(-ENOMEM);
    memset(scan->hits, 1, n);
    return 0;
}

/* ---- times ---- */

static int place_hits(struct tally_scan *scan)
{
    const uint32_t *after_s = scan->table->columns[COLUMN_HIT_after_s];
    uint32_t hit = 0;

    for (uint32_t visit = 0; visit < scan->table->n[RELATION_VISIT]; visit++) {
        uint32_t at_s = scan->starts_s[visit];

        for (uint32_t end = hit + scan->n_hits[visit]; hit < end; hit++) {
            at_s = after_s[hit] > DAY_S_MAX ? after_s[hit] : at_s + after_s[hit];
            if (at_s > DAY_S_MAX)
                return error_origin(-EBADMSG);
            scan->hits[hit] &= tally_scan_is_within(scan->day, at_s);
            if (!scan->hours)
                continue;
            unsigned hour = tally_scan_hour(&scan->day->clock, at_s);
            if (hour >= TALLY_DAY_HOURS)
                return error_origin(-EBADMSG);
            scan->hours[hit] = (uint8_t)hour;
        }
    }
    return 0;
}

static int apply_times(struct tally_scan *scan)
{
    if (!cuts(scan->day) && !scan->question->by_hour)
        return 0;
    int r = have_hits(scan);
    if (r < 0)
        return error_trace(r);
    if (scan->question->by_hour) {
        scan->hours = calloc((size_t)scan->table->n[RELATION_HIT] + 1, 1);
        if (!scan->hours)
            return error_origin(-ENOMEM);
    }
    return error_trace(place_hits(scan));
}

/* ---- groups ---- */

static int make_codes(struct tally_scan *scan)
{
    const struct tally_question *question = scan->question;
    /* A visit's first view has a code even where it does not pass: what the visit was as a whole belongs there. */
    const uint8_t *hits = question->needs & TALLY_WHOLE ? NULL : scan->hits;
    int r = codes_make(question->fields, question->n_fields, scan->table, scan->visits, hits, &scan->codes);

    if (r < 0)
        return error_trace(r);
    if (question->needs & TALLY_PAGES && !(question->needs & TALLY_REVENUE) && !scan->codes.of_hits && !scan->hits &&
        !scan->hours)
        scan->viewed = scan->day->viewed;
    scan->n_slots = (size_t)scan->codes.n * (question->by_hour ? TALLY_DAY_HOURS : 1);
    return 0;
}

static int make_room(struct tally_scan *scan)
{
    unsigned needs = scan->question->needs;
    size_t n_meetings = scan->table->n[scan->codes.of_hits || scan->hours ? RELATION_HIT : RELATION_VISIT];

    scan->groups = calloc(scan->n_slots + 1, sizeof *scan->groups);
    if (needs & TALLY_PAGES)
        scan->pages = calloc((size_t)scan->table->n[RELATION_PAGE] + 1, sizeof *scan->pages);
    if (needs & TALLY_VISITORS)
        scan->meetings = malloc((n_meetings + 1) * sizeof *scan->meetings);
    if (!scan->groups || (needs & TALLY_PAGES && !scan->pages) || (needs & TALLY_VISITORS && !scan->meetings))
        return error_origin(-ENOMEM);
    return 0;
}

/* ---- sketches ---- */

/* Visitors by slot: a counting sort. @ends becomes where those of each slot end. */
static void sort_meetings(const struct tally_scan *scan, uint32_t *ends, uint32_t *visitors)
{
    uint32_t n = 0;

    for (size_t i = 0; i < scan->n_meetings; i++)
        ends[scan->meetings[i].slot]++;
    for (size_t slot = 0; slot < scan->n_slots; slot++) {
        uint32_t n_of_slot = ends[slot];

        ends[slot] = n;
        n += n_of_slot;
    }
    for (size_t i = 0; i < scan->n_meetings; i++)
        visitors[ends[scan->meetings[i].slot]++] = scan->meetings[i].visitor;
}

static int add_visitors(struct tally_scan *scan)
{
    FREE_AUTO uint32_t *ends = NULL;
    FREE_AUTO uint32_t *visitors = NULL;
    int r = 0;

    if (scan->n_meetings == 0)
        return 0;
    ends = calloc(scan->n_slots, sizeof *ends);
    visitors = malloc(scan->n_meetings * sizeof *visitors);
    if (!ends || !visitors)
        return error_origin(-ENOMEM);
    sort_meetings(scan, ends, visitors);
    for (size_t slot = 0; r == 0 && slot < scan->n_slots; slot++) {
        uint32_t from = slot ? ends[slot - 1] : 0;

        if (from < ends[slot])
            r = hll_add_visitors(&scan->tally->cold[scan->groups[slot] - 1].visitors, visitors + from,
                                 ends[slot] - from);
    }
    return error_trace(r);
}

int tally_scan_table(struct tally *tally, const struct tally_day *day)
{
    const struct table *table = day->table;
    bool needs_times = cuts(day) || tally->question.by_hour;
    __attribute__((cleanup(scan_deinit))) struct tally_scan scan = {
        .tally = tally,
        .question = &tally->question,
        .day = day,
        .table = table,
        .codes = CODES_INIT,
        .n_hits = table->columns[COLUMN_VISIT_n_hits],
        .acts =
            tally->question.needs & (TALLY_VIEWS | TALLY_WHOLE | TALLY_PAGES) ? table->columns[COLUMN_HIT_act] : NULL,
        .starts_s = needs_times ? table->columns[COLUMN_VISIT_start_s] : NULL,
        .visitors = tally->question.needs & TALLY_VISITORS ? table->columns[COLUMN_VISIT_visitor] : NULL,
    };
    int r = copy_mask(&scan);

    if (r == 0)
        tell_programs(&scan);
    r = r ? r : apply_times(&scan);
    r = r ? r : make_codes(&scan);
    r = r ? r : make_room(&scan);
    r = r ? r : tally_walk(&scan);
    r = r ? r : add_visitors(&scan);
    return r < 0 ? error_trace(r) : r;
}

/*
 * The walk over one table, visit by visit and hit by hit: code -> group -> its
 * figures.
 *
 * Codes become groups when they are first met, so that a group is made only for
 * what passes.  Two codes may be of one group: pages of one path and two titles.
 * A slot is a code, or by hour one of an hour, and knows its group.
 */
#include "crumb/base/error.h"
#include "crumb/rollup/amount.h"
#include "tally_scan.h"
#include <errno.h>

static __attribute__((noinline)) int meet_code(struct tally_scan *scan, unsigned hour, uint32_t code,
                                               uint32_t *group_plus_1)
{
    struct text texts[QUERY_DIMENSIONS_MAX];
    int64_t time = scan->question->by_hour ? scan->day->time * TALLY_DAY_HOURS + hour : scan->day->time;
    uint32_t group;

    codes_texts(&scan->codes, code, texts);
    int r = tally_group(scan->tally, time, texts, &group);
    if (r == 0)
        *group_plus_1 = group + 1;
    return r;
}

static size_t slot_of(const struct tally_scan *scan, unsigned hour, uint32_t code)
{
    return (size_t)hour * scan->codes.n + code;
}

static inline int group_of(struct tally_scan *scan, unsigned hour, uint32_t code, uint32_t *ret_group)
{
    uint32_t *group_plus_1 = &scan->groups[slot_of(scan, hour, code)];
    int r = *group_plus_1 ? 0 : meet_code(scan, hour, code, group_plus_1);

    *ret_group = *group_plus_1 - 1;
    return r;
}

static uint32_t code_of(const struct tally_scan *scan, uint32_t hit)
{
    return scan->codes.of[scan->codes.of_hits ? hit : scan->visit];
}

/* ---- a visit ---- */

static uint32_t views_among(const struct tally_scan *scan)
{
    uint32_t n = 0;

    for (uint32_t hit = scan->first; hit < scan->end; hit++)
        n += scan->acts[hit] == 0;
    return n;
}

static int find_entry(struct tally_scan *scan)
{
    uint32_t hit = scan->first, group;

    while (hit < scan->end && scan->acts[hit])
        hit++;
    scan->entry = 0;
    if (hit == scan->end)
        return 0;
    int r = group_of(scan, scan->start_hour, code_of(scan, hit), &group);
    scan->entry = r ? 0 : group + 1;
    return r;
}

/* Takes the next visit. Only called for those that pass. */
static inline int begin_visit(struct tally_scan *scan, uint32_t visit, uint32_t first)
{
    scan->visit = visit;
    scan->first = first;
    scan->end = first + scan->n_hits[visit];
    scan->tally->n_visits++;
    scan->began = true;
    if (scan->visitors && (scan->visitors[visit] != scan->visitor || !scan->visitor_item)) {
        scan->visitor = scan->visitors[visit];
        scan->visitor_item = hll_visitor(scan->day->site, scan->visitor);
        scan->tally->n_visitors++;
    }
    if (!scan->starts_s)
        return 0;
    scan->began = tally_scan_is_within(scan->day, scan->starts_s[visit]);
    if (scan->hours) {
        scan->start_hour = tally_scan_hour(&scan->day->clock, scan->starts_s[visit]);
        if (scan->start_hour >= TALLY_DAY_HOURS)
            return error_origin(-EBADMSG);
    }
    return 0;
}

static void add_whole(const struct tally_scan *scan, struct tally_cold *cold)
{
    uint32_t n_views = views_among(scan);

    cold->whole++;
    cold->whole_views += n_views;
    cold->duration_s += scan->table->columns[COLUMN_VISIT_duration_s][scan->visit];
    cold->bounces += n_views == 1 && scan->end - scan->first == 1;
}

/* The visit began in the hour of @group, and one of its hits has passed there. */
static inline void count_visit(struct tally_scan *scan, uint32_t group)
{
    scan->tally->hot[group].visits++;
    if (scan->question->needs & TALLY_WHOLE && (!scan->codes.of_hits || scan->entry == group + 1))
        add_whole(scan, &scan->tally->cold[group]);
}

static int count_visit_by_hour(struct tally_scan *scan, uint32_t code)
{
    uint32_t group;
    int r = group_of(scan, scan->start_hour, code, &group);

    if (r)
        return r;
    if (scan->tally->cold[group].last_counted == scan->tally->n_visits)
        return 0;
    scan->tally->cold[group].last_counted = scan->tally->n_visits;
    count_visit(scan, group);
    return 0;
}

/* The visit's first hit that passes in @group. */
static inline int meet_group(struct tally_scan *scan, unsigned hour, uint32_t code, uint32_t group)
{
    struct tally_hot *hot = &scan->tally->hot[group];

    hot->last_visit = scan->tally->n_visits;
    if (scan->visitors && hot->last_visitor != scan->tally->n_visitors) {
        hot->last_visitor = scan->tally->n_visitors;
        scan->meetings[scan->n_meetings++] =
            (struct tally_meeting){.slot = (uint32_t)slot_of(scan, hour, code), .visitor = scan->visitor_item};
    }
    if (!scan->began)
        return 0;
    if (scan->hours)
        return count_visit_by_hour(scan, code);
    count_visit(scan, group);
    return 0;
}

/* ---- what few questions ask of a hit ---- */

/* Pages of one path and two titles have one number. */
static int number_page(struct tally_scan *scan, uint32_t page, uint32_t *ret_number)
{
    const struct table *table = scan->table;
    uint32_t number;

    if (!scan->pages[page]) {
        int r = tally_page(scan->tally, table_text(table, table->columns[COLUMN_PAGE_path][page]), &number);
        if (r)
            return r;
        scan->pages[page] = number + 1;
    }
    *ret_number = scan->pages[page] - 1;
    return 0;
}

static int add_page(struct tally_scan *scan, uint32_t group, uint32_t hit)
{
    const struct table *table = scan->table;
    uint32_t scroll = table->columns[COLUMN_HIT_scroll][hit], page;
    struct tally_cold *cold = &scan->tally->cold[group];
    struct tally_pair *pair;

    if (scroll > TALLY_SCROLL_MAX)
        return error_origin(-EBADMSG);
    int r = number_page(scan, table->columns[COLUMN_HIT_page][hit], &page);
    r = r ? r : tally_pair(scan->tally, group, page, &pair);
    if (r)
        return r;
    if (pair->last_visit != scan->tally->n_visits) {
        *pair = (struct tally_pair){.last_visit = scan->tally->n_visits};
        cold->viewing++;
    }
    cold->dwell_s += table->columns[COLUMN_HIT_dwell_s][hit];
    if (scroll > pair->scroll) {
        cold->scrolled += pair->scroll == 0;
        cold->scroll += scroll - (pair->scroll ? pair->scroll : 1);
        pair->scroll = scroll;
    }
    return 0;
}

static void add_revenue(struct tally_scan *scan, uint32_t group, uint32_t hit)
{
    const struct table *table = scan->table;
    uint32_t amount = table->columns[COLUMN_HIT_amount][hit], currency = table->columns[COLUMN_HIT_currency][hit];
    struct tally_cold *cold = &scan->tally->cold[group];
    int64_t thousandths;

    if (!amount || !currency || !text_equal(table_text(table, currency), scan->question->currency) ||
        !amount_parse(table_text(table, amount), &thousandths))
        return;
    cold->paid++;
    cold->revenue = amount_add(cold->revenue, thousandths);
}

static int add_details(struct tally_scan *scan, uint32_t group, uint32_t hit)
{
    if (scan->question->needs & TALLY_REVENUE)
        add_revenue(scan, group, hit);
    if (scan->question->needs & TALLY_PAGES && !scan->acts[hit])
        return add_page(scan, group, hit);
    return 0;
}

/* ---- the walk ---- */

static inline int add_hit(struct tally_scan *scan, uint32_t hit)
{
    unsigned hour = scan->hours ? scan->hours[hit] : 0;
    uint32_t code = code_of(scan, hit), group;
    int r = group_of(scan, hour, code, &group);

    if (r)
        return r;
    struct tally_hot *hot = &scan->tally->hot[group];
    hot->events++;
    hot->views += scan->acts && scan->acts[hit] == 0;
    if (hot->last_visit != scan->tally->n_visits)
        r = meet_group(scan, hour, code, group);
    if (r == 0 && scan->question->needs & (TALLY_PAGES | TALLY_REVENUE))
        r = add_details(scan, group, hit);
    return r;
}

static int walk_hits(struct tally_scan *scan)
{
    int r = 0;

    for (uint32_t hit = scan->first; r == 0 && hit < scan->end; hit++)
        if (!scan->hits || scan->hits[hit])
            r = add_hit(scan, hit);
    return r;
}

/*
 * The same where every hit has a code, and there are neither hours nor details:
 * what most questions ask.  Nothing is called for a hit of a known group.
 */
static int walk_codes(struct tally_scan *scan)
{
    const uint32_t *codes = scan->codes.of, *acts = scan->acts, end = scan->end;
    const uint32_t visit = scan->tally->n_visits, visitor = scan->tally->n_visitors;
    const uint8_t *hits = scan->hits;
    const bool began = scan->began;
    struct tally_hot *groups = scan->tally->hot;
    struct tally_meeting *meetings = scan->meetings;
    size_t n_meetings = scan->n_meetings;

    for (uint32_t hit = scan->first; hit < end; hit++) {
        uint32_t code = codes[hit], group = scan->groups[code] - 1;

        if (hits && !hits[hit])
            continue;
        if (group == UINT32_MAX) {
            int r = group_of(scan, 0, code, &group);
            if (r)
                return r;
            groups = scan->tally->hot; /* which may have moved */
        }
        struct tally_hot *hot = &groups[group];
        hot->events++;
        hot->views += acts && acts[hit] == 0;
        if (hot->last_visit == visit)
            continue;
        hot->last_visit = visit;
        if (meetings && hot->last_visitor != visitor) {
            hot->last_visitor = visitor;
            meetings[n_meetings++] = (struct tally_meeting){.slot = code, .visitor = scan->visitor_item};
        }
        if (began)
            count_visit(scan, group);
    }
    scan->n_meetings = n_meetings;
    return 0;
}

static void add_viewed(struct tally_scan *scan, uint32_t group)
{
    const struct tally_viewed *viewed = &scan->viewed[scan->visit];
    struct tally_cold *cold = &scan->tally->cold[group];

    scan->tally->hot[group].views += viewed->views;
    cold->viewing += viewed->viewing;
    cold->dwell_s += viewed->dwell_s;
    cold->scrolled += viewed->scrolled;
    cold->scroll += viewed->scroll;
}

/* The same where all hits of a visit go to one group: they are counted at once. */
static int walk_at_once(struct tally_scan *scan)
{
    uint32_t code = scan->codes.of[scan->visit], group;

    if (scan->first == scan->end)
        return 0;
    int r = group_of(scan, 0, code, &group);
    if (r)
        return r;
    scan->tally->hot[group].events += scan->end - scan->first;
    if (scan->viewed)
        add_viewed(scan, group);
    else
        scan->tally->hot[group].views += scan->acts ? views_among(scan) : 0;
    return meet_group(scan, 0, code, group);
}

typedef int (*walk_fn)(struct tally_scan *scan);

static walk_fn choose_walk(const struct tally_scan *scan)
{
    if (scan->viewed)
        return walk_at_once;
    if (scan->hours || scan->question->needs & (TALLY_PAGES | TALLY_REVENUE))
        return walk_hits;
    if (scan->codes.of_hits)
        return walk_codes;
    return scan->hits ? walk_hits : walk_at_once;
}

/* Most filters leave few hits: a visit of which none passes is not begun. */
static bool has_hits(const struct tally_scan *scan, uint32_t visit, uint32_t first)
{
    return !scan->hits || memchr(scan->hits + first, 1, scan->n_hits[visit]);
}

int tally_walk(struct tally_scan *scan)
{
    bool needs_entry = scan->question->needs & TALLY_WHOLE && scan->codes.of_hits;
    walk_fn walk_visit = choose_walk(scan);
    uint32_t first = 0;

    for (uint32_t visit = 0; visit < scan->table->n[RELATION_VISIT]; first += scan->n_hits[visit++]) {
        if (!scan->visits[visit] || !has_hits(scan, visit, first))
            continue;
        int r = begin_visit(scan, visit, first);
        if (r == 0 && needs_entry)
            r = find_entry(scan);
        r = r ? r : walk_visit(scan);
        if (r)
            return r;
    }
    return 0;
}

/*
 * One table, counted:
 *
 *   masks     which visits and hits pass: the filter, programs, the goal
 *   times     where the day is cut or hours are asked for: each hit's hour
 *   codes     all fields as one number (codes.h)
 *   walk      visit by visit, hit by hit: code -> group -> its figures
 *   meetings  visitors go into the sketches of the groups they were met in, group
 *             by group, so that each sketch is fetched into the cache once
 *
 * Codes become groups when they are first met, so that a group is made only for
 * what passes.  Two codes may be of one group: pages of one path and two titles.
 */
#include "codes.h"
#include "crumb/base/error.h"
#include "crumb/query/amount.h"
#include "crumb/query/goal.h"
#include "tally_groups.h"
#include <errno.h>
#include <stdlib.h>

#define HOUR_S 3600
#define DAY_HOURS 24
#define DAY_S_MAX (25 * HOUR_S + HOUR_S) /* the longest day there is, and an hour for what nobody thought of */
#define SCROLL_MAX 101                   /* per cent plus 1 */

/* A visitor is new in a group of this table. */
struct meeting {
    uint32_t slot, visitor; /* the group's, as in scan.groups; what sketches know of the visitor */
};

struct scan {
    struct tally *tally;
    const struct tally_question *question;
    const struct tally_day *day;
    const struct table *table;
    uint8_t *visits, *hits; /* who passes; hits NULL: as their visit */
    uint8_t *hours;         /* of each hit; NULL: not asked for */
    struct codes codes;
    uint32_t *groups; /* of each slot: a code (of an hour), plus 1; 0: not met yet */
    size_t n_slots;
    struct meeting *meetings;
    size_t n_meetings;
    uint32_t *pages; /* numbers of the pages' paths, plus 1, where pages are told apart; 0: not met yet */
    const uint32_t *n_hits, *acts, *starts_s, *visitors;
    /* the visit that the walk is at */
    uint32_t visit, first, end;     /* its hits */
    uint32_t visitor, visitor_item; /* its number, and in sketches */
    bool began;                     /* within what is asked */
    unsigned start_hour;
    uint32_t entry; /* group of its first view, plus 1 */
};

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

static void scan_deinit(struct scan *scan)
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
static bool is_within(const struct tally_day *day, uint32_t at_s) { return at_s >= day->from_s && at_s < day->to_s; }

/* ---- masks ---- */

static int apply_filter(struct scan *scan)
{
    const struct filter *filter = scan->question->filter;
    uint32_t n_visits = scan->table->n[RELATION_VISIT];
    struct mask mask = {.passes = NULL};
    int r = 0;

    if (filter)
        r = (scan->question->without_goals ? filter_apply_without_goals : filter_apply)(filter, scan->table, &mask);
    if (r < 0)
        return error_trace(r);
    if (mask.passes && mask.of_hits)
        scan->hits = mask.passes;
    else
        scan->visits = mask.passes;
    if (!scan->visits) {
        scan->visits = malloc((size_t)n_visits + 1);
        if (!scan->visits)
            return error_origin(-ENOMEM);
        memset(scan->visits, 1, n_visits);
    }
    return 0;
}

/* People, or programs where the question is about them. */
static void tell_programs(struct scan *scan)
{
    const struct tally_question *question = scan->question;
    const uint32_t *bots = scan->table->columns[COLUMN_VISIT_bot];
    bool programs =
        tally_has_field(question, FIELD_BOT) || (question->filter && filter_has_field(question->filter, FIELD_BOT));

    for (uint32_t visit = 0; visit < scan->table->n[RELATION_VISIT]; visit++)
        scan->visits[visit] &= (bots[visit] != 0) == programs;
}

/* From here on, hits have masks of their own. */
static int have_hits(struct scan *scan)
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

static int apply_goal(struct scan *scan)
{
    uint32_t n = scan->table->n[RELATION_HIT];
    int r = scan->question->goal ? have_hits(scan) : 0;

    if (r < 0 || !scan->question->goal)
        return error_trace(r);
    uint8_t *completes = calloc((size_t)n + 1, 1);
    if (!completes)
        return error_origin(-ENOMEM);
    r = goal_mark(scan->question->goal, scan->table, completes);
    for (uint32_t hit = 0; r == 0 && hit < n; hit++)
        scan->hits[hit] &= completes[hit];
    free(completes);
    return error_trace(r);
}

/* ---- times ---- */

/* The hour on the wall; DAY_HOURS or more where the table is damaged. */
static unsigned hour_of(const struct tally_clock *clock, uint32_t at_s)
{
    int32_t shift_s = at_s < clock->change_s ? clock->before_s : clock->after_s;
    int64_t wall_s = (int64_t)at_s + shift_s;

    return wall_s < 0 || wall_s >= DAY_HOURS * HOUR_S ? DAY_HOURS : (unsigned)(wall_s / HOUR_S);
}

static int place_hits(struct scan *scan)
{
    const uint32_t *after_s = scan->table->columns[COLUMN_HIT_after_s];
    uint32_t hit = 0;

    for (uint32_t visit = 0; visit < scan->table->n[RELATION_VISIT]; visit++) {
        uint32_t at_s = scan->starts_s[visit];

        for (uint32_t end = hit + scan->n_hits[visit]; hit < end; hit++) {
            at_s = after_s[hit] > DAY_S_MAX ? after_s[hit] : at_s + after_s[hit];
            if (at_s > DAY_S_MAX)
                return error_origin(-EBADMSG);
            scan->hits[hit] &= is_within(scan->day, at_s);
            if (!scan->hours)
                continue;
            unsigned hour = hour_of(&scan->day->clock, at_s);
            if (hour >= DAY_HOURS)
                return error_origin(-EBADMSG);
            scan->hours[hit] = (uint8_t)hour;
        }
    }
    return 0;
}

static int apply_times(struct scan *scan)
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

static int make_codes(struct scan *scan)
{
    const struct tally_question *question = scan->question;
    /* A visit's first view has a code even where it does not pass: what the visit was as a whole belongs there. */
    const uint8_t *hits = question->needs & TALLY_WHOLE ? NULL : scan->hits;
    int r = codes_make(question->fields, question->n_fields, scan->table, scan->visits, hits, &scan->codes);

    if (r < 0)
        return error_trace(r);
    scan->n_slots = (size_t)scan->codes.n * (question->by_hour ? DAY_HOURS : 1);
    return 0;
}

static int make_room(struct scan *scan)
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

static __attribute__((noinline)) int meet_code(struct scan *scan, unsigned hour, uint32_t code, uint32_t *group_plus_1)
{
    struct text texts[QUERY_DIMENSIONS_MAX];
    int64_t time = scan->question->by_hour ? scan->day->time * DAY_HOURS + hour : scan->day->time;
    uint32_t group;

    codes_texts(&scan->codes, code, texts);
    int r = tally_group(scan->tally, time, texts, &group);
    if (r == 0)
        *group_plus_1 = group + 1;
    return r;
}

static size_t slot_of(const struct scan *scan, unsigned hour, uint32_t code)
{
    return (size_t)hour * scan->codes.n + code;
}

static inline int group_of(struct scan *scan, unsigned hour, uint32_t code, uint32_t *ret_group)
{
    uint32_t *group_plus_1 = &scan->groups[slot_of(scan, hour, code)];
    int r = *group_plus_1 ? 0 : meet_code(scan, hour, code, group_plus_1);

    *ret_group = *group_plus_1 - 1;
    return r;
}

static uint32_t code_of(const struct scan *scan, uint32_t hit)
{
    return scan->codes.of[scan->codes.of_hits ? hit : scan->visit];
}

/* ---- a visit ---- */

static uint32_t views_among(const struct scan *scan)
{
    uint32_t n = 0;

    for (uint32_t hit = scan->first; hit < scan->end; hit++)
        n += scan->acts[hit] == 0;
    return n;
}

static int find_entry(struct scan *scan)
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
static inline int begin_visit(struct scan *scan, uint32_t visit, uint32_t first)
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
    scan->began = is_within(scan->day, scan->starts_s[visit]);
    if (scan->hours) {
        scan->start_hour = hour_of(&scan->day->clock, scan->starts_s[visit]);
        if (scan->start_hour >= DAY_HOURS)
            return error_origin(-EBADMSG);
    }
    return 0;
}

static void add_whole(const struct scan *scan, struct tally_cold *cold)
{
    uint32_t n_views = views_among(scan);

    cold->whole++;
    cold->whole_views += n_views;
    cold->duration_s += scan->table->columns[COLUMN_VISIT_duration_s][scan->visit];
    cold->bounces += n_views == 1 && scan->end - scan->first == 1;
}

/* The visit began in the hour of @group, and one of its hits has passed there. */
static inline void count_visit(struct scan *scan, uint32_t group)
{
    scan->tally->hot[group].visits++;
    if (scan->question->needs & TALLY_WHOLE && (!scan->codes.of_hits || scan->entry == group + 1))
        add_whole(scan, &scan->tally->cold[group]);
}

static int count_visit_by_hour(struct scan *scan, uint32_t code)
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
static inline int meet_group(struct scan *scan, unsigned hour, uint32_t code, uint32_t group)
{
    struct tally_hot *hot = &scan->tally->hot[group];

    hot->last_visit = scan->tally->n_visits;
    if (scan->visitors && hot->last_visitor != scan->tally->n_visitors) {
        hot->last_visitor = scan->tally->n_visitors;
        scan->meetings[scan->n_meetings++] =
            (struct meeting){.slot = (uint32_t)slot_of(scan, hour, code), .visitor = scan->visitor_item};
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
static int number_page(struct scan *scan, uint32_t page, uint32_t *ret_number)
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

static int add_page(struct scan *scan, uint32_t group, uint32_t hit)
{
    const struct table *table = scan->table;
    uint32_t scroll = table->columns[COLUMN_HIT_scroll][hit], page;
    struct tally_cold *cold = &scan->tally->cold[group];
    struct tally_pair *pair;

    if (scroll > SCROLL_MAX)
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

static void add_revenue(struct scan *scan, uint32_t group, uint32_t hit)
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

static int add_details(struct scan *scan, uint32_t group, uint32_t hit)
{
    if (scan->question->needs & TALLY_REVENUE)
        add_revenue(scan, group, hit);
    if (scan->question->needs & TALLY_PAGES && !scan->acts[hit])
        return add_page(scan, group, hit);
    return 0;
}

/* ---- the walk ---- */

static inline int add_hit(struct scan *scan, uint32_t hit)
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

static int walk_hits(struct scan *scan)
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
static int walk_codes(struct scan *scan)
{
    const uint32_t *codes = scan->codes.of, *acts = scan->acts, end = scan->end;
    const uint32_t visit = scan->tally->n_visits, visitor = scan->tally->n_visitors;
    const uint8_t *hits = scan->hits;
    const bool began = scan->began;
    struct tally_hot *groups = scan->tally->hot;
    struct meeting *meetings = scan->meetings;
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
            meetings[n_meetings++] = (struct meeting){.slot = code, .visitor = scan->visitor_item};
        }
        if (began)
            count_visit(scan, group);
    }
    scan->n_meetings = n_meetings;
    return 0;
}

/* The same where all hits of a visit go to one group: they are counted at once. */
static int walk_at_once(struct scan *scan)
{
    uint32_t code = scan->codes.of[scan->visit], group;

    if (scan->first == scan->end)
        return 0;
    int r = group_of(scan, 0, code, &group);
    if (r)
        return r;
    scan->tally->hot[group].events += scan->end - scan->first;
    scan->tally->hot[group].views += scan->acts ? views_among(scan) : 0;
    return meet_group(scan, 0, code, group);
}

typedef int (*walk_fn)(struct scan *scan);

static walk_fn choose_walk(const struct scan *scan)
{
    if (scan->hours || scan->question->needs & (TALLY_PAGES | TALLY_REVENUE))
        return walk_hits;
    if (scan->codes.of_hits)
        return walk_codes;
    return scan->hits ? walk_hits : walk_at_once;
}

static int walk(struct scan *scan)
{
    bool needs_entry = scan->question->needs & TALLY_WHOLE && scan->codes.of_hits;
    walk_fn walk_visit = choose_walk(scan);
    uint32_t first = 0;

    for (uint32_t visit = 0; visit < scan->table->n[RELATION_VISIT]; first += scan->n_hits[visit++]) {
        if (!scan->visits[visit])
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

/* ---- sketches ---- */

/* Visitors by slot: a counting sort. @ends becomes where those of each slot end. */
static void sort_meetings(const struct scan *scan, uint32_t *ends, uint32_t *visitors)
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

static int add_visitors(struct scan *scan)
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

int tally_add(struct tally *tally, const struct tally_day *day)
{
    const struct table *table = day->table;
    bool needs_times = cuts(day) || tally->question.by_hour;
    __attribute__((cleanup(scan_deinit))) struct scan scan = {
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
    int r = apply_filter(&scan);

    if (r == 0)
        tell_programs(&scan);
    r = r ? r : apply_goal(&scan);
    r = r ? r : apply_times(&scan);
    r = r ? r : make_codes(&scan);
    r = r ? r : make_room(&scan);
    r = r ? r : walk(&scan);
    r = r ? r : add_visitors(&scan);
    return r < 0 ? error_trace(r) : r;
}

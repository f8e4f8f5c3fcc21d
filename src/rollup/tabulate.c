/*
 *   sort            the events' indexes by visitor, then by time
 *   walk            visitor by visitor through the order: repeated events are
 *                   left out, visits cut at each silence, hits and visits written
 *   crowds          visits of programs that only the day as a whole shows
 *   fill            the rows that they refer to
 *   renumber        from the order of arrival to canonical numbers
 */
#include "crumb/rollup/tabulate.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/bots.h"
#include "crumb/rollup/renumber.h"
#include "gathered.h"
#include <errno.h>
#include <stdlib.h>

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

/* ---- the order ---- */

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)
#define KEY_BITS 64

#define EVENTS_AHEAD 12 /* asked of memory before the walk comes to them */

struct place_in_order {
    uint64_t key; /* visitor, time */
    uint32_t event;
};

/* By one digit; what has the same one keeps its order, so events of the same millisecond stay in their sequence. */
static void sort_by_digit(const struct place_in_order *from, struct place_in_order *to, size_t n, unsigned shift,
                          const uint32_t *counts)
{
    uint32_t starts[DIGITS], start = 0;

    for (unsigned i = 0; i < DIGITS; i++) {
        starts[i] = start;
        start += counts[i];
    }
    for (size_t i = 0; i < n; i++)
        to[starts[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

/* A radix sort, as there is one key of fixed size. Returns where the result is: in either of the two. */
static struct place_in_order *sort(struct place_in_order *from, struct place_in_order *to, size_t n)
{
    for (unsigned shift = 0; shift < KEY_BITS; shift += DIGIT_BITS) {
        uint32_t counts[DIGITS] = {0};

        for (size_t i = 0; i < n; i++)
            counts[from[i].key >> shift & (DIGITS - 1)]++;
        if (counts[from[0].key >> shift & (DIGITS - 1)] == n)
            continue; /* they all have this one */
        sort_by_digit(from, to, n, shift, counts);
        struct place_in_order *sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/* ---- the walk ---- */

/* The table under way, with room for as many visits and hits as there are events. */
struct walk {
    const struct gather *gather;
    const struct place_in_order *order;
    struct table *table;
    uint32_t n_visits, n_hits;
    uint32_t *dwell_ms; /* of each hit, as reported */
    uint64_t *slots;    /* fingerprints of one visitor */
    size_t n_slots;
    struct bots_speed speed;       /* of the visit under way */
    struct bots_visitor *visitors; /* those whom nothing has shown to be programs so far */
    uint32_t *first_visits;        /* of each of them */
    size_t n_visitors;
};

/* A visit under way. */
struct visit {
    uint32_t first_hit;
    uint32_t first_ms, last_ms; /* of its events */
    uint32_t last_hit_s;
    uint32_t context[CONTEXT_N];
    uint32_t context_seen; /* of the newest event */
    uint32_t origin;
    bool has_origin, traced;
};

#define VISIT(walk, column) ((walk)->table->columns[COLUMN_VISIT_##column])
#define HIT(walk, column) ((walk)->table->columns[COLUMN_HIT_##column])

static void add_hit(struct walk *walk, struct visit *visit, const struct gathered *event)
{
    const uint32_t *detail = gathered_row(walk->gather, SHARED_DETAIL, event->detail);
    uint32_t hit = walk->n_hits++, at_s = event->at_ms / 1000;

    HIT(walk, after_s)[hit] = at_s - visit->last_hit_s;
    HIT(walk, page)[hit] = event->page;
    HIT(walk, act)[hit] = detail[0];
    HIT(walk, amount)[hit] = detail[1];
    HIT(walk, currency)[hit] = detail[2];
    HIT(walk, set)[hit] = detail[3];
    HIT(walk, scroll)[hit] = 0;
    walk->dwell_ms[hit] = 0;
    visit->last_hit_s = at_s;
}

/* The same address: titles are told of views alone, and may change meanwhile. */
static bool is_same_page(const struct walk *walk, uint32_t a, uint32_t b)
{
    const uint32_t *of_a = gathered_row(walk->gather, SHARED_PAGE, a);
    const uint32_t *of_b = gathered_row(walk->gather, SHARED_PAGE, b);

    return of_a[0] == of_b[0] && of_a[1] == of_b[1]; /* host and path */
}

/* The visit's last view of that page, or n_hits. */
static uint32_t last_view(const struct walk *walk, const struct visit *visit, uint32_t page)
{
    for (uint32_t hit = walk->n_hits; hit > visit->first_hit; hit--)
        if (!HIT(walk, act)[hit - 1] && is_same_page(walk, HIT(walk, page)[hit - 1], page))
            return hit - 1;
    return walk->n_hits;
}

/* What any event says of the page it is on. */
static void note_page(struct walk *walk, const struct visit *visit, const struct gathered *event)
{
    uint32_t view;

    if (!event->dwell_ms && !event->scroll)
        return;
    view = last_view(walk, visit, event->page);
    if (view == walk->n_hits)
        return; /* its view never arrived */
    uint64_t dwell = (uint64_t)walk->dwell_ms[view] + event->dwell_ms;
    walk->dwell_ms[view] = dwell > DWELL_MS_MAX ? (uint32_t)DWELL_MS_MAX : (uint32_t)dwell;
    if (event->scroll > HIT(walk, scroll)[view])
        HIT(walk, scroll)[view] = event->scroll;
}

/* Of each part the first that is known: a ping tells of programs alone, and clicks nothing of language and screen. */
static void note_context(const struct walk *walk, struct visit *visit, uint32_t context)
{
    const uint32_t *parts;

    if (context == visit->context_seen)
        return;
    visit->context_seen = context;
    parts = gathered_row(walk->gather, SHARED_CONTEXT, context);
    for (unsigned i = 0; i < CONTEXT_N; i++)
        if (!visit->context[i])
            visit->context[i] = parts[i];
}

static void walk_event(struct walk *walk, struct visit *visit, const struct gathered *event)
{
    visit->last_ms = event->at_ms;
    visit->traced |= event->traced;
    note_context(walk, visit, event->context);
    if (!visit->has_origin && event->has_origin) {
        visit->has_origin = true;
        visit->origin = event->origin;
    }
    if (event->kind == EVENT_PAGEVIEW)
        bots_view(&walk->speed, event->at_ms);
    if (event->kind != EVENT_PING)
        add_hit(walk, visit, event);
    note_page(walk, visit, event);
}

/* Where nothing was reported, a page is taken to be seen until the next one. */
static void set_dwells(struct walk *walk, const struct visit *visit)
{
    uint32_t until_next = 0; /* from the hit that is looked at to the view after it, if one came */
    bool came = false;

    for (uint32_t hit = walk->n_hits; hit > visit->first_hit; hit--) {
        bool is_view = !HIT(walk, act)[hit - 1];
        uint32_t reported = (walk->dwell_ms[hit - 1] + 500) / 1000;

        HIT(walk, dwell_s)[hit - 1] = !is_view ? 0 : walk->dwell_ms[hit - 1] ? reported : until_next;
        came |= is_view;
        until_next = came ? HIT(walk, after_s)[hit - 1] + (is_view ? 0 : until_next) : 0;
    }
}

static void end_visit(struct walk *walk, const struct visit *visit, uint32_t visitor)
{
    const uint32_t *context = visit->context;
    uint32_t number = walk->n_visits++, by_speed = walk->speed.exceeded ? BOT_SPEED : BOT_NONE;

    VISIT(walk, visitor)[number] = visitor;
    VISIT(walk, start_s)[number] = visit->first_ms / 1000;
    VISIT(walk, duration_s)[number] = visit->last_ms / 1000 - visit->first_ms / 1000;
    VISIT(walk, n_hits)[number] = walk->n_hits - visit->first_hit;
    VISIT(walk, agent)[number] = context[CONTEXT_AGENT];
    VISIT(walk, place)[number] = context[CONTEXT_PLACE];
    VISIT(walk, language)[number] = context[CONTEXT_LANGUAGE];
    VISIT(walk, screen)[number] = context[CONTEXT_SCREEN];
    VISIT(walk, bot)[number] = context[CONTEXT_BOT] ? context[CONTEXT_BOT] : by_speed;
    VISIT(walk, origin)[number] = visit->origin;
    VISIT(walk, traced)[number] = visit->traced;
    set_dwells(walk, visit);
}

/* Whether the visitor has sent @fingerprint before. Half of the slots are free at least. */
static bool is_repeated(struct walk *walk, uint64_t fingerprint)
{
    size_t at = (size_t)(fingerprint * 0x9e3779b97f4a7c15 >> 32) & (walk->n_slots - 1);

    if (!fingerprint)
        return false;
    while (walk->slots[at] && walk->slots[at] != fingerprint)
        at = (at + 1) & (walk->n_slots - 1);
    bool found = walk->slots[at] != 0;
    walk->slots[at] = fingerprint;
    return found;
}

static void empty_slots(struct walk *walk, size_t n_events)
{
    for (walk->n_slots = 2; walk->n_slots < 2 * n_events;)
        walk->n_slots *= 2;
    memset(walk->slots, 0, walk->n_slots * sizeof *walk->slots);
}

static void begin_visit(struct walk *walk, struct visit *visit, const struct gathered *event)
{
    *visit = (struct visit){.first_hit = walk->n_hits, .first_ms = event->at_ms, .last_hit_s = event->at_ms / 1000};
    bots_begin(&walk->speed);
}

/* Of a visitor whose first event is @first, in their visit @first_visit, and who has @n_events. */
static void keep_visitor(struct walk *walk, const struct gathered *first, uint32_t first_visit, size_t n_events)
{
    if (VISIT(walk, bot)[first_visit] != BOT_NONE)
        return;
    walk->first_visits[walk->n_visitors] = first_visit;
    walk->visitors[walk->n_visitors++] =
        (struct bots_visitor){.network = gathered_row(walk->gather, SHARED_CONTEXT, first->context)[CONTEXT_NETWORK],
                              .lone = n_events == 1 && first->kind == EVENT_PAGEVIEW && !first->alive};
}

/* A visitor's events lie apart: they are asked for before they are needed. */
static void fetch_ahead(const struct walk *walk, size_t place)
{
    if (place < walk->gather->n_events)
        __builtin_prefetch(&walk->gather->events[walk->order[place].event]);
}

/* The events [@from, @to) of the order are of one visitor. */
static void walk_visitor(struct walk *walk, size_t from, size_t to)
{
    uint32_t visitor = (uint32_t)(walk->order[from].key >> 32), first_visit = walk->n_visits;
    struct visit visit;
    bool is_open = false;
    size_t n_events = 0;

    empty_slots(walk, to - from);
    for (size_t i = from; i < to; i++) {
        const struct gathered *event = &walk->gather->events[walk->order[i].event];

        fetch_ahead(walk, i + EVENTS_AHEAD);
        if (is_repeated(walk, event->fingerprint))
            continue;
        if (is_open && event->at_ms - visit.last_ms > VISIT_GAP_MS) {
            end_visit(walk, &visit, visitor);
            is_open = false;
        }
        if (!is_open)
            begin_visit(walk, &visit, event);
        is_open = true;
        n_events++;
        walk_event(walk, &visit, event);
    }
    end_visit(walk, &visit, visitor);
    keep_visitor(walk, &walk->gather->events[walk->order[from].event], first_visit, n_events);
}

static size_t end_of_visitor(const struct place_in_order *order, size_t from, size_t n)
{
    size_t to = from + 1;

    while (to < n && order[to].key >> 32 == order[from].key >> 32)
        to++;
    return to;
}

/* ---- crowds ---- */

static int find_crowds(struct walk *walk)
{
    size_t n_networks = intern_n(&walk->gather->networks) + 1;
    FREE_AUTO struct bots_network *networks = calloc(n_networks, sizeof *networks);

    if (!networks)
        return error_origin(-ENOMEM);
    bots_find_crowds(walk->visitors, walk->n_visitors, networks, n_networks);
    for (size_t i = 0; i < walk->n_visitors; i++)
        if (walk->visitors[i].lone && networks[walk->visitors[i].network].is_crowd)
            VISIT(walk, bot)[walk->first_visits[i]] = BOT_CROWD;
    return 0;
}

/* ---- all visitors ---- */

/* How many visitors there are, and the events of the one with most. */
static size_t count_visitors(const struct place_in_order *order, size_t n, size_t *ret_n_most)
{
    size_t n_visitors = 0, n_most = 0;

    for (size_t from = 0, to; from < n; from = to) {
        to = end_of_visitor(order, from, n);
        n_most = to - from > n_most ? to - from : n_most;
        n_visitors++;
    }
    *ret_n_most = n_most;
    return n_visitors;
}

static int reserve_walk(struct walk *walk, size_t n)
{
    size_t n_most, n_visitors = count_visitors(walk->order, n, &n_most), n_slots = 2;

    while (n_slots < 2 * n_most)
        n_slots *= 2;
    walk->slots = malloc(n_slots * sizeof *walk->slots);
    walk->dwell_ms = malloc((n + 1) * sizeof *walk->dwell_ms);
    walk->visitors = malloc((n_visitors + 1) * sizeof *walk->visitors);
    walk->first_visits = malloc((n_visitors + 1) * sizeof *walk->first_visits);
    return walk->slots && walk->dwell_ms && walk->visitors && walk->first_visits ? 0 : error_origin(-ENOMEM);
}

static int walk_all(struct walk *walk, size_t n)
{
    int r = reserve_walk(walk, n);

    for (size_t from = 0, to; r == 0 && from < n; from = to) {
        to = end_of_visitor(walk->order, from, n);
        walk_visitor(walk, from, to);
    }
    r = r ? r : find_crowds(walk);
    free(walk->slots);
    free(walk->dwell_ms);
    free(walk->visitors);
    free(walk->first_visits);
    return error_trace(r);
}

static int walk_in_order(struct walk *walk, size_t n)
{
    FREE_AUTO struct place_in_order *places = malloc((2 * n + 1) * sizeof *places);

    if (!places)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < n; i++) {
        const struct gathered *event = &walk->gather->events[i];

        places[i] = (struct place_in_order){.key = (uint64_t)event->visitor << 32 | event->at_ms, .event = (uint32_t)i};
    }
    walk->order = n ? sort(places, places + n, n) : places;
    return error_trace(walk_all(walk, n));
}

/* ---- the table ---- */

static const enum shared shared_of[RELATION_N] = {
    [RELATION_PAGE] = SHARED_PAGE,     [RELATION_AGENT] = SHARED_AGENT, [RELATION_PLACE] = SHARED_PLACE,
    [RELATION_ORIGIN] = SHARED_ORIGIN, [RELATION_ACT] = SHARED_ACT,     [RELATION_SET] = SHARED_SET,
};

static int make_columns(const struct gather *gather, struct table *table)
{
    size_t n_properties = gather->shared[SHARED_SET].n_bytes / (2 * sizeof(uint32_t));

    for (unsigned i = RELATION_PAGE; i <= RELATION_SET; i++)
        table->n[i] = (uint32_t)intern_n(&gather->shared[shared_of[i]]);
    table->n[RELATION_PROPERTY] = (uint32_t)n_properties;
    table->n[RELATION_VISIT] = table->n[RELATION_HIT] = (uint32_t)gather->n_events;
    for (unsigned i = 0; i < COLUMN_N; i++) {
        table->columns[i] = malloc(((size_t)table->n[table_relation(i)] + 1) * sizeof(uint32_t));
        if (!table->columns[i])
            return error_origin(-ENOMEM);
    }
    return 0;
}

/* Their columns have the order of their tuples' numbers. */
static void fill_rows(const struct gather *gather, enum relation relation, struct table *table)
{
    for (uint32_t row = 0; row < table->n[relation]; row++) {
        const uint32_t *numbers = gathered_row(gather, shared_of[relation], row);

        for (unsigned column = 0; column < COLUMN_N; column++)
            if (table_relation(column) == relation)
                table->columns[column][row] = *numbers++;
    }
}

static void fill_sets(const struct gather *gather, struct table *table)
{
    uint32_t n = 0;

    for (uint32_t set = 0; set < table->n[RELATION_SET]; set++) {
        struct text tuple = intern_text(&gather->shared[SHARED_SET], set);
        const uint32_t *numbers = gathered_row(gather, SHARED_SET, set);
        uint32_t n_properties = (uint32_t)(tuple.size / (2 * sizeof *numbers));

        table->columns[COLUMN_SET_n_properties][set] = n_properties;
        for (uint32_t i = 0; i < n_properties; i++, n++) {
            table->columns[COLUMN_PROPERTY_name][n] = numbers[2 * i];
            table->columns[COLUMN_PROPERTY_value][n] = numbers[2 * i + 1];
        }
    }
}

static int copy_texts(const struct intern *from, struct table_texts *texts)
{
    texts->ends = malloc(from->n * sizeof *texts->ends);
    texts->bytes = malloc(from->n_bytes + 1);
    if (!texts->ends || !texts->bytes)
        return error_origin(-ENOMEM);
    memcpy(texts->ends, from->ends, from->n * sizeof *texts->ends);
    memcpy(texts->bytes, from->bytes, from->n_bytes);
    texts->n = (uint32_t)from->n;
    return 0;
}

/* Gives back what the visits and hits did not need. */
static void trim(struct table *table, const struct walk *walk)
{
    table->n[RELATION_VISIT] = walk->n_visits;
    table->n[RELATION_HIT] = walk->n_hits;
    for (unsigned i = 0; i < COLUMN_N; i++) {
        if (table_relation(i) > RELATION_HIT)
            continue;
        uint32_t *less = realloc(table->columns[i], ((size_t)table->n[table_relation(i)] + 1) * sizeof *less);
        if (less)
            table->columns[i] = less;
    }
}

int tabulate_table(const struct gather *gather, struct table *ret_table)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    struct walk walk = {.gather = gather, .table = &table};
    int r = make_columns(gather, &table);

    r = r ? r : copy_texts(&gather->texts, &table.texts);
    r = r ? r : walk_in_order(&walk, gather->n_events);
    if (r < 0)
        return error_trace(r);
    trim(&table, &walk);
    for (unsigned relation = RELATION_PAGE; relation < RELATION_SET; relation++)
        fill_rows(gather, relation, &table);
    fill_sets(gather, &table);
    r = renumber_table(&table);
    if (r < 0)
        return error_trace(r);
    *ret_table = table;
    table = TABLE_INIT;
    return 0;
}

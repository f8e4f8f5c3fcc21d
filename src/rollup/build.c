/*
 * From events in any order to cells.
 *
 *   build_add   keeps an event in 32 bytes; its visitor and page become numbers
 *   order       once for all questions: the events' indexes by visitor (a
 *               counting sort), then by time; repeated events are left out
 *   label       events of programs, found by the day as a whole
 *   walk        visitor by visitor through the order, cutting visits at each
 *               silence and adding what happened to the tally of its value
 *   collect     the tallies that hold something, sorted by value
 *
 * The total is walked like the pages, as if all were one page which any event,
 * not only a page view, visits; so are the kinds of programs, by their own
 * events, which nothing else counts.  Numbers and indexes follow the order of
 * arrival, so nothing of them may reach the cells.
 */
#include "crumb/rollup/build.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/bots.h"
#include "crumb/rollup/intern.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define VISITOR_BYTES 16
#define NETWORK_BYTES_MAX 16
#define FIRST_EVENTS 64
#define PAGE_BITS 23
#define KIND_BITS 2
#define BOT_BITS 3

struct event {
    int64_t at_ms;
    uint64_t sequence;
    uint64_t fingerprint;
    uint32_t visitor;
    uint32_t page : PAGE_BITS;
    uint32_t kind : KIND_BITS;
    uint32_t said : BOT_BITS;  /* the label that it came with */
    uint32_t found : BOT_BITS; /* the one that the day gave it, where it came with none */
    uint32_t alive : 1;
};

_Static_assert(sizeof(struct event) == 32, "two events fill a cache line");
_Static_assert(DAY_PAGES_MAX <= 1 << PAGE_BITS && EVENT_KIND_N <= 1 << KIND_BITS && BOT_N <= 1 << BOT_BITS,
               "an event's fields hold their values");
_Static_assert(DAY_HITS_MAX <= UINT32_MAX / VISITOR_BYTES, "visitors can be interned");

struct build {
    struct event *events;
    uint32_t *networks; /* of each event, numbered from 1; 0: unknown */
    size_t n_events, capacity;
    struct intern visitors, pages, nets;

    /* Of the first n_ordered events; stale where there are more. */
    uint32_t *order; /* indexes of events */
    uint32_t *ends;  /* of each visitor's part of order */
    size_t n_ordered;
};

/* What one value has gathered, and who did so last, lest they count twice. */
struct tally {
    struct cell cell;
    uint32_t visit;   /* numbers from 1 */
    uint32_t visitor; /* plus 1 */
};

struct walk {
    const struct build *build;
    enum dimension dimension;
    struct tally *tallies; /* of each page, of each kind of program, or one for the total */
    size_t n_tallies;
    uint32_t visitor;
    uint32_t n_visits; /* so far; also the number of the current one */
};

struct visit {
    bool is_open;
    struct tally *entry; /* of the first event that counts for a value; NULL: none did so far */
    int64_t first_ms, last_ms;
    uint64_t n_pageviews;
    bool acted; /* it has an event that is neither page view nor ping */
};

int build_new(struct build **ret_build)
{
    struct build *build = calloc(1, sizeof *build);

    if (!build)
        return error_origin(-ENOMEM);
    build->visitors = INTERN_INIT(DAY_HITS_MAX, DAY_HITS_MAX * (size_t)VISITOR_BYTES);
    build->pages = INTERN_INIT(DAY_PAGES_MAX, DAY_PAGE_BYTES_MAX);
    build->nets = INTERN_INIT(DAY_NETWORKS_MAX, DAY_NETWORKS_MAX * (size_t)NETWORK_BYTES_MAX);
    *ret_build = build;
    return 0;
}

struct build *build_free(struct build *build)
{
    if (build) {
        intern_deinit(&build->visitors);
        intern_deinit(&build->pages);
        intern_deinit(&build->nets);
        free(build->events);
        free(build->networks);
        free(build->order);
        free(build->ends);
        free(build);
    }
    return NULL;
}

static int reserve_event(struct build *build)
{
    if (build->n_events < build->capacity)
        return 0;
    size_t capacity = build->capacity ? 2 * build->capacity : FIRST_EVENTS;
    struct event *events = realloc(build->events, capacity * sizeof *events);
    if (!events)
        return error_origin(-ENOMEM);
    build->events = events;
    uint32_t *networks = realloc(build->networks, capacity * sizeof *networks);
    if (!networks)
        return error_origin(-ENOMEM);
    build->networks = networks;
    build->capacity = capacity;
    return 0;
}

/* Where there are too many networks, the further ones are not told apart. */
static int number_network(struct build *build, struct text network, uint32_t *ret_number)
{
    uint32_t number;
    int r;

    *ret_number = 0;
    if (network.size == 0)
        return 0;
    assert(network.size <= NETWORK_BYTES_MAX);
    r = intern_number(&build->nets, network, &number);
    if (r == 0)
        *ret_number = number + 1;
    return r < 0 ? error_trace(r) : 0;
}

int build_add(struct build *build, const struct build_event *event)
{
    struct text bytes = {.data = (const char *)event->visitor, .size = sizeof event->visitor};
    uint32_t visitor, page, network;

    assert(event->kind >= EVENT_PAGEVIEW && event->kind < EVENT_KIND_N && event->bot < BOT_N);
    if (build->n_events == DAY_HITS_MAX)
        return BUILD_E_FULL;
    int r = reserve_event(build);
    if (r < 0)
        return error_trace(r);
    /* The page first: where it does not fit, no visitor may stay behind without an event. */
    r = intern_number(&build->pages, event->page, &page);
    if (r == INTERN_E_FULL)
        return BUILD_E_FULL;
    if (r < 0)
        return error_trace(r);
    r = number_network(build, event->network, &network);
    if (r < 0)
        return error_trace(r);
    r = error_fold(intern_number(&build->visitors, bytes, &visitor));
    if (r < 0)
        return error_trace(r);
    build->networks[build->n_events] = network;
    build->events[build->n_events++] = (struct event){
        .at_ms = event->at_ms,
        .sequence = event->sequence,
        .fingerprint = event->fingerprint,
        .visitor = visitor,
        .page = page & ((1u << PAGE_BITS) - 1),
        .kind = (uint32_t)event->kind & ((1u << KIND_BITS) - 1),
        .said = (uint32_t)event->bot & ((1u << BOT_BITS) - 1),
        .alive = event->alive,
    };
    return 0;
}

size_t build_n_events(const struct build *build) { return build->n_events; }

static struct text network_text(const struct build *build, uint32_t event)
{
    uint32_t network = build->networks[event];

    return network ? intern_text(&build->nets, network - 1) : TEXT_NONE;
}

/* By time, then sequence. Events that share both are still told apart, or their order of arrival would decide. */
static int compare_events(const struct build *build, uint32_t left, uint32_t right)
{
    const struct event *a = &build->events[left], *b = &build->events[right];

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    if (a->fingerprint != b->fingerprint)
        return a->fingerprint < b->fingerprint ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->page != b->page)
        return cells_order(intern_text(&build->pages, a->page), intern_text(&build->pages, b->page));
    if (a->said != b->said)
        return a->said < b->said ? -1 : 1;
    if (a->alive != b->alive)
        return a->alive ? -1 : 1;
    return cells_order(network_text(build, left), network_text(build, right));
}

static int compare_indexes(const void *left, const void *right, void *build)
{
    return compare_events(build, *(const uint32_t *)left, *(const uint32_t *)right);
}

/* Sorts the events of one visitor; mostly they arrive in order. */
static void sort_by_time(struct build *build, uint32_t *events, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (compare_events(build, events[i - 1], events[i]) > 0) {
            qsort_r(events, n, sizeof *events, compare_indexes, build);
            return;
        }
    }
}

/* Groups the events by visitor and returns the size of the largest group. @ends has zeros. */
static size_t group_by_visitor(const struct build *build, uint32_t *order, uint32_t *ends)
{
    uint32_t start = 0, n_most = 0;

    for (size_t i = 0; i < build->n_events; i++)
        ends[build->events[i].visitor]++;
    for (size_t i = 0; i < intern_n(&build->visitors); i++) {
        uint32_t n = ends[i];

        ends[i] = start;
        start += n;
        n_most = n > n_most ? n : n_most;
    }
    /* Each start moves to its end as the group fills. */
    for (size_t i = 0; i < build->n_events; i++)
        order[ends[build->events[i].visitor]++] = (uint32_t)i;
    return n_most;
}

/* The smallest power of 2 that leaves a table of @n items half free. */
static size_t slots_for(size_t n)
{
    size_t n_slots = 2;

    while (n_slots < 2 * n)
        n_slots *= 2;
    return n_slots;
}

/* Whether @fingerprint is in the table, where it is from now on. */
static bool seen(uint64_t *slots, size_t n_slots, uint64_t fingerprint)
{
    size_t at = (size_t)(fingerprint * 0x9e3779b97f4a7c15 >> 32) & (n_slots - 1);

    while (slots[at] && slots[at] != fingerprint)
        at = (at + 1) & (n_slots - 1);
    bool found = slots[at] != 0;
    slots[at] = fingerprint;
    return found;
}

/* Copies to @ret, which may lie before @events, all but those whose fingerprint came before; returns how many. */
static uint32_t drop_repeated(struct build *build, const uint32_t *events, size_t n, uint64_t *slots, uint32_t *ret)
{
    size_t n_slots = slots_for(n);
    uint32_t n_kept = 0;

    memset(slots, 0, n_slots * sizeof *slots);
    for (size_t i = 0; i < n; i++) {
        uint64_t fingerprint = build->events[events[i]].fingerprint;

        if (!fingerprint || !seen(slots, n_slots, fingerprint))
            ret[n_kept++] = events[i];
    }
    return n_kept;
}

static int order_events(struct build *build)
{
    size_t n_visitors = intern_n(&build->visitors);
    uint32_t *order = NULL, *ends = NULL, start = 0, n_kept = 0;
    uint64_t *slots = NULL;

    order = malloc(build->n_events * sizeof *order);
    ends = calloc(n_visitors, sizeof *ends);
    if (order && ends)
        slots = malloc(slots_for(group_by_visitor(build, order, ends)) * sizeof *slots);
    if (!slots) {
        free(order);
        free(ends);
        return error_origin(-ENOMEM);
    }
    for (size_t i = 0; i < n_visitors; i++) {
        size_t n = ends[i] - start;

        sort_by_time(build, order + start, n);
        n_kept += drop_repeated(build, order + start, n, slots, order + n_kept);
        start = ends[i];
        ends[i] = n_kept;
    }
    free(slots);
    free(build->order);
    free(build->ends);
    build->order = order;
    build->ends = ends;
    return 0;
}

/* ---- label ---- */

static enum bot bot_of(const struct event *event) { return (enum bot)(event->said ? event->said : event->found); }

/* Whether @event comes so long after the one at @last_ms that a new visit begins. */
static bool is_after_gap(const struct event *event, int64_t last_ms)
{
    /* Unsigned, because times may be anything and their difference may pass INT64_MAX. */
    return (uint64_t)event->at_ms - (uint64_t)last_ms > VISIT_GAP_MS;
}

/* The part of the order that is the visitor's. */
static uint32_t start_of(const struct build *build, size_t visitor) { return visitor ? build->ends[visitor - 1] : 0; }

/* Labels those events from @at to @end that have none. */
static void label(struct build *build, uint32_t at, uint32_t end, enum bot bot)
{
    for (; at < end; at++)
        build->events[build->order[at]].found = (uint32_t)bot & ((1u << BOT_BITS) - 1);
}

/* Labels anew, visit by visit, as a day that has grown may say something else. */
static void label_speed(struct build *build, size_t visitor)
{
    uint32_t begin = start_of(build, visitor);
    struct bots_speed speed = {.n = 0};

    for (uint32_t at = begin; at < build->ends[visitor]; at++) {
        const struct event *event = &build->events[build->order[at]];

        if (at > begin && is_after_gap(event, build->events[build->order[at - 1]].at_ms)) {
            label(build, begin, at, speed.exceeded ? BOT_SPEED : BOT_NONE);
            speed = (struct bots_speed){.n = 0};
            begin = at;
        }
        if (event->kind == EVENT_PAGEVIEW)
            bots_view(&speed, event->at_ms);
    }
    label(build, begin, build->ends[visitor], speed.exceeded ? BOT_SPEED : BOT_NONE);
}

/* What the visitor's first event and their number tell. False: it is a program already, or was not there. */
static bool look_at_visitor(const struct build *build, size_t visitor, struct bots_visitor *ret_visitor)
{
    uint32_t start = start_of(build, visitor), n = build->ends[visitor] - start;

    if (n == 0)
        return false;
    const struct event *first = &build->events[build->order[start]];
    if (bot_of(first) != BOT_NONE)
        return false;
    *ret_visitor = (struct bots_visitor){.network = build->networks[build->order[start]],
                                         .lone = n == 1 && first->kind == EVENT_PAGEVIEW && !first->alive};
    return true;
}

static int label_crowds(struct build *build)
{
    size_t n_visitors = intern_n(&build->visitors), n_networks = intern_n(&build->nets) + 1, n = 0;
    struct bots_network *networks = calloc(n_networks, sizeof *networks);
    struct bots_visitor *visitors = calloc(n_visitors, sizeof *visitors);

    if (!networks || !visitors) {
        free(networks);
        free(visitors);
        return error_origin(-ENOMEM);
    }
    for (size_t i = 0; i < n_visitors; i++)
        n += look_at_visitor(build, i, &visitors[n]);
    bots_find_crowds(visitors, n, networks, n_networks);
    for (size_t i = 0; i < n_visitors; i++) {
        struct bots_visitor visitor;

        if (look_at_visitor(build, i, &visitor) && visitor.lone && networks[visitor.network].is_crowd)
            label(build, start_of(build, i), build->ends[i], BOT_CROWD);
    }
    free(networks);
    free(visitors);
    return 0;
}

static int label_events(struct build *build)
{
    for (size_t i = 0; i < intern_n(&build->visitors); i++)
        label_speed(build, i);
    return error_trace(label_crowds(build));
}

/* Orders and labels, where there is something new. */
static int prepare(struct build *build)
{
    if (build->n_ordered == build->n_events)
        return 0;
    int r = order_events(build);
    if (r == 0)
        r = label_events(build);
    if (r)
        return error_trace(r);
    build->n_ordered = build->n_events;
    return 0;
}

/* ---- walk ---- */

static void end_visit(struct visit *visit)
{
    visit->is_open = false;
    if (!visit->entry)
        return; /* nobody viewed a page: the total alone knows this visit */
    struct cell *cell = &visit->entry->cell;
    cell->entries++;
    cell->bounces += visit->n_pageviews <= 1 && !visit->acted;
    cell->duration_ms += (uint64_t)visit->last_ms - (uint64_t)visit->first_ms;
    cell->entry_pageviews += visit->n_pageviews;
}

/* A page is visited by its views, everything else by whatever happens. */
static bool is_visited_by(enum dimension dimension, const struct event *event)
{
    return dimension != DIMENSION_PAGE || event->kind == EVENT_PAGEVIEW;
}

/* People's events are counted in every dimension but that of programs, whose are counted there alone. */
static bool is_counted_in(enum dimension dimension, const struct event *event)
{
    return (bot_of(event) != BOT_NONE) == (dimension == DIMENSION_BOT);
}

static struct tally *tally_of(const struct walk *walk, const struct event *event)
{
    switch (walk->dimension) {
    case DIMENSION_PAGE:
        return &walk->tallies[event->page];
    case DIMENSION_BOT:
        return &walk->tallies[bot_of(event)];
    default:
        return &walk->tallies[0];
    }
}

/* Adds an event of the current visit to the tally of the value that it visits. */
static int count_event(struct walk *walk, struct tally *tally, const struct event *event)
{
    struct text visitor = intern_text(&walk->build->visitors, walk->visitor);

    tally->cell.pageviews += event->kind == EVENT_PAGEVIEW;
    if (tally->visit != walk->n_visits)
        tally->cell.visits++;
    tally->visit = walk->n_visits;
    if (tally->visitor == walk->visitor + 1)
        return 0;
    tally->visitor = walk->visitor + 1;
    return error_trace(hll_add(&tally->cell.visitors, visitor.data, visitor.size));
}

static int walk_event(struct walk *walk, struct visit *visit, const struct event *event)
{
    struct tally *tally = tally_of(walk, event);

    if (visit->is_open && is_after_gap(event, visit->last_ms))
        end_visit(visit);
    if (!visit->is_open) {
        *visit = (struct visit){.is_open = true, .first_ms = event->at_ms};
        walk->n_visits++;
    }
    visit->last_ms = event->at_ms;
    visit->n_pageviews += event->kind == EVENT_PAGEVIEW;
    visit->acted |= event->kind == EVENT_STRUCT;
    if (!is_visited_by(walk->dimension, event))
        return 0;
    if (!visit->entry)
        visit->entry = tally;
    return error_trace(count_event(walk, tally, event));
}

static int walk_events(struct walk *walk, int64_t from_ms, int64_t to_ms)
{
    const struct build *build = walk->build;
    uint32_t at = 0;

    for (walk->visitor = 0; walk->visitor < intern_n(&build->visitors); walk->visitor++) {
        struct visit visit = {0};

        for (; at < build->ends[walk->visitor]; at++) {
            const struct event *event = &build->events[build->order[at]];

            if (event->at_ms < from_ms || event->at_ms >= to_ms || !is_counted_in(walk->dimension, event))
                continue;
            int r = walk_event(walk, &visit, event);
            if (r < 0)
                return error_trace(r);
        }
        if (visit.is_open)
            end_visit(&visit);
    }
    return 0;
}

static int compare_cells(const void *left, const void *right)
{
    return cells_order(((const struct cell *)left)->value, ((const struct cell *)right)->value);
}

static struct text value_of(const struct walk *walk, size_t tally)
{
    switch (walk->dimension) {
    case DIMENSION_PAGE:
        return intern_text(&walk->build->pages, (uint32_t)tally);
    case DIMENSION_BOT:
        return text_of(words_bot((unsigned)tally));
    default:
        return TEXT_NONE;
    }
}

/* Moves the tallies that hold something to cells. */
static int collect(struct walk *walk, struct cells *ret_cells)
{
    __attribute__((cleanup(cells_deinit))) struct cells cells = CELLS_INIT;

    cells.cells = calloc(walk->n_tallies + 1, sizeof *cells.cells);
    if (!cells.cells)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < walk->n_tallies; i++) {
        struct cell *cell = &walk->tallies[i].cell;

        if (cell->visits == 0)
            continue;
        cells.cells[cells.n_cells] = *cell;
        cells.cells[cells.n_cells].value = value_of(walk, i);
        cells.n_cells++;
        cell->visitors = HLL_INIT;
    }
    qsort(cells.cells, cells.n_cells, sizeof *cells.cells, compare_cells);
    int r = cells_own_values(&cells);
    if (r < 0)
        return error_trace(r);
    *ret_cells = cells;
    cells = CELLS_INIT;
    return 0;
}

int build_cells(struct build *build, enum dimension dimension, int64_t from_ms, int64_t to_ms, struct cells *ret_cells)
{
    struct walk walk = {.build = build, .dimension = dimension};

    assert(dimension >= DIMENSION_TOTAL && dimension < DIMENSION_N);
    int r = prepare(build);
    if (r < 0)
        return error_trace(r);
    walk.n_tallies = dimension == DIMENSION_PAGE ? intern_n(&build->pages) : dimension == DIMENSION_BOT ? BOT_N : 1;
    walk.tallies = calloc(walk.n_tallies + 1, sizeof *walk.tallies);
    if (!walk.tallies)
        return error_origin(-ENOMEM);
    r = walk_events(&walk, from_ms, to_ms);
    if (r == 0)
        r = collect(&walk, ret_cells);
    for (size_t i = 0; i < walk.n_tallies; i++)
        hll_deinit(&walk.tallies[i].cell.visitors);
    free(walk.tallies);
    return error_trace(r);
}

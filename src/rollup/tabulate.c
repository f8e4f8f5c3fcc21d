/*
 *   tabulate_add    keeps an event in 48 bytes: what it shares with others (its
 *                   page, its browser and place, where it came from, what was
 *                   clicked) becomes numbers
 *   order           the events' indexes by visitor, then by time
 *   walk            visitor by visitor through the order: repeated events are
 *                   left out, visits cut at each silence, hits and visits written
 *   renumber        from the order of arrival to canonical numbers
 */
#include "crumb/rollup/tabulate.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/intern.h"
#include "crumb/rollup/renumber.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_EVENTS 64
#define OTHER TEXT("(other)")

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

/* Numbers of texts, one after the other: a row of a relation, or of what is kept together here. */
#define TUPLE_MAX (2 + 2 * PROPERTIES_MAX)
struct tuple {
    uint32_t numbers[TUPLE_MAX];
    unsigned n;
};

/* What is the same for many events is interned as the bytes of its tuple. */
enum shared {
    SHARED_PAGE,
    SHARED_AGENT,
    SHARED_PLACE,
    SHARED_ORIGIN,
    SHARED_ACT,
    SHARED_SET,
    SHARED_CONTEXT, /* agent, place, language, screen, bot */
    SHARED_DETAIL,  /* act, amount, currency, set */
    SHARED_N
};

struct kept {
    uint64_t fingerprint;
    uint32_t at_ms; /* since the day's start */
    uint32_t visitor;
    uint32_t page, context, origin, detail;
    uint32_t dwell_ms;
    uint8_t scroll; /* percent plus 1; 0: not known */
    uint8_t kind;
    bool traced;
    bool has_origin; /* page views alone have one */
};

struct tabulate {
    int64_t start_ms;
    struct kept *events;
    size_t n_events, capacity, n_left_out;
    uint64_t sequence; /* of the newest */
    struct intern texts, shared[SHARED_N];
};

/* ---- numbers ---- */

size_t tabulate_n_events(const struct tabulate *tabulate) { return tabulate->n_events; }
size_t tabulate_n_left_out(const struct tabulate *tabulate) { return tabulate->n_left_out; }

/* Faults stay in *r, so that a row of texts is checked once. */
static uint32_t number_text(struct tabulate *tabulate, struct text text, int *r)
{
    uint32_t number = 0;

    if (*r)
        return 0;
    *r = intern_number(&tabulate->texts, text, &number);
    if (*r == INTERN_E_FULL)
        *r = intern_number(&tabulate->texts, OTHER, &number);
    return number;
}

static uint32_t number_tuple(struct tabulate *tabulate, enum shared shared, const struct tuple *tuple, int *r)
{
    struct text bytes = {.data = (const char *)tuple->numbers, .size = tuple->n * sizeof tuple->numbers[0]};
    uint32_t number = 0;

    if (*r == 0)
        *r = intern_number(&tabulate->shared[shared], bytes, &number);
    return number;
}

static void put(struct tuple *tuple, uint32_t number)
{
    assert(tuple->n < TUPLE_MAX);
    tuple->numbers[tuple->n++] = number;
}

static uint32_t number_texts(struct tabulate *tabulate, enum shared shared, const struct text *texts, unsigned n,
                             const uint32_t *first, int *r)
{
    struct tuple tuple = {.n = 0};

    if (first)
        put(&tuple, *first);
    for (unsigned i = 0; i < n; i++)
        put(&tuple, number_text(tabulate, texts[i], r));
    return number_tuple(tabulate, shared, &tuple, r);
}

#define NUMBER_TEXTS(tabulate, shared, first, r, ...)                                                                  \
    number_texts((tabulate), (shared), (const struct text[]){__VA_ARGS__},                                             \
                 sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text), (first), (r))

/* Widths in CSS pixels at which layouts commonly change. */
static struct text screen_class(uint64_t width)
{
    static const struct {
        uint64_t below;
        const char *name;
    } classes[] = {{1, ""},
                   {480, "under 480"},
                   {768, "480 to 767"},
                   {1024, "768 to 1023"},
                   {1440, "1024 to 1439"},
                   {1920, "1440 to 1919"}};

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (width < classes[i].below)
            return text_of(classes[i].name);
    return TEXT("1920 and more");
}

static uint32_t number_context(struct tabulate *tabulate, const struct event *event, int *r)
{
    uint32_t device = (uint32_t)event->device;
    struct tuple tuple = {.n = 0};

    put(&tuple, NUMBER_TEXTS(tabulate, SHARED_AGENT, &device, r, event->brand, event->model, event->os,
                             event->os_version, event->browser, event->browser_version));
    put(&tuple, NUMBER_TEXTS(tabulate, SHARED_PLACE, NULL, r, event->country, event->region, event->city));
    put(&tuple, number_text(tabulate, event->language, r));
    put(&tuple, number_text(tabulate, screen_class(event->screen_width), r));
    put(&tuple, (uint32_t)event->bot);
    return number_tuple(tabulate, SHARED_CONTEXT, &tuple, r);
}

static uint32_t number_origin(struct tabulate *tabulate, const struct event *event, int *r)
{
    uint32_t channel = (uint32_t)event->channel;

    return NUMBER_TEXTS(tabulate, SHARED_ORIGIN, &channel, r, event->source, event->referrer, event->utm_source,
                        event->utm_medium, event->utm_campaign, event->utm_content, event->utm_term, event->click_id);
}

static int compare_properties(const void *left, const void *right)
{
    const struct event_property *a = left, *b = right;
    size_t shared = a->name.size < b->name.size ? a->name.size : b->name.size;
    int c = shared ? memcmp(a->name.data, b->name.data, shared) : 0;

    return c ? c : (a->name.size > b->name.size) - (a->name.size < b->name.size);
}

/* By their names, as it means nothing which was said first; the wire refuses the same name twice. */
static uint32_t number_set(struct tabulate *tabulate, const struct event *event, int *r)
{
    struct event_property properties[PROPERTIES_MAX];
    struct tuple tuple = {.n = 0};

    memcpy(properties, event->properties, event->n_properties * sizeof properties[0]);
    qsort(properties, event->n_properties, sizeof properties[0], compare_properties);
    for (unsigned i = 0; i < event->n_properties; i++) {
        put(&tuple, number_text(tabulate, properties[i].name, r));
        put(&tuple, number_text(tabulate, properties[i].value, r));
    }
    return number_tuple(tabulate, SHARED_SET, &tuple, r);
}

/* Row 0 of ACT is a page view's, so a click that says nothing of itself says "(other)". */
static struct text action_of(const struct event *event)
{
    bool is_mute = !event->category.size && !event->action.size && !event->label.size && !event->property.size;

    return is_mute && event->kind == EVENT_STRUCT ? OTHER : event->action;
}

static uint32_t number_detail(struct tabulate *tabulate, const struct event *event, int *r)
{
    struct tuple tuple = {.n = 0};

    put(&tuple,
        NUMBER_TEXTS(tabulate, SHARED_ACT, NULL, r, event->category, action_of(event), event->label, event->property));
    put(&tuple, number_text(tabulate, event->value, r));
    put(&tuple, number_text(tabulate, event->currency, r));
    put(&tuple, number_set(tabulate, event, r));
    return number_tuple(tabulate, SHARED_DETAIL, &tuple, r);
}

/* Row 0 of every relation, and text 0, are the empty ones; and there is always room for "(other)". */
static void number_nothing(struct tabulate *tabulate, int *r)
{
    static const struct event nothing = {.kind = EVENT_PAGEVIEW};

    number_text(tabulate, TEXT_NONE, r);
    number_text(tabulate, OTHER, r);
    number_context(tabulate, &nothing, r);
    number_origin(tabulate, &nothing, r);
    number_detail(tabulate, &nothing, r);
    NUMBER_TEXTS(tabulate, SHARED_PAGE, NULL, r, TEXT_NONE, TEXT_NONE, TEXT_NONE);
}

/* ---- adding ---- */

int tabulate_new(int64_t start_ms, struct tabulate **ret_tabulate)
{
    struct tabulate *tabulate = calloc(1, sizeof *tabulate);
    int r = 0;

    if (!tabulate)
        return error_origin(-ENOMEM);
    tabulate->start_ms = start_ms;
    tabulate->texts = INTERN_INIT(SEGMENT_TEXTS_MAX, SEGMENT_TEXT_BYTES_MAX);
    for (unsigned i = 0; i < SHARED_N; i++)
        tabulate->shared[i] = INTERN_INIT(SEGMENT_ROWS_MAX, UINT32_MAX);
    number_nothing(tabulate, &r);
    if (r) {
        tabulate_free(tabulate);
        return error_fold(r);
    }
    *ret_tabulate = tabulate;
    return 0;
}

struct tabulate *tabulate_free(struct tabulate *tabulate)
{
    if (tabulate) {
        intern_deinit(&tabulate->texts);
        for (unsigned i = 0; i < SHARED_N; i++)
            intern_deinit(&tabulate->shared[i]);
        free(tabulate->events);
        free(tabulate);
    }
    return NULL;
}

/* How much of the page's height has been in the window, in percent plus 1. 0: the browser did not tell. */
static uint8_t scroll_of(const struct event *event)
{
    uint64_t seen = event->scroll_y_max + event->viewport_height, percent;

    if (!event->page_height || !event->viewport_height)
        return 0;
    percent = seen >= event->page_height ? 100 : 100 * seen / event->page_height;
    return (uint8_t)(percent + 1);
}

static int reserve(struct tabulate *tabulate)
{
    size_t capacity = tabulate->capacity ? 2 * tabulate->capacity : FIRST_EVENTS;
    struct kept *events;

    if (tabulate->n_events < tabulate->capacity)
        return 0;
    events = realloc(tabulate->events, capacity * sizeof *events);
    if (!events)
        return error_origin(-ENOMEM);
    tabulate->events = events;
    tabulate->capacity = capacity;
    return 0;
}

/* A day has 25 hours at most; a clock that was set back may put events before it. */
static uint32_t since_start(const struct tabulate *tabulate, uint64_t at_ms)
{
    int64_t since = (int64_t)at_ms - tabulate->start_ms;

    return since < 0 ? 0 : since > UINT32_MAX ? UINT32_MAX : (uint32_t)since;
}

int tabulate_add(struct tabulate *tabulate, const struct tabulate_event *add)
{
    const struct event *event = add->event;
    int r = 0;

    assert(event->kind >= EVENT_PAGEVIEW && event->kind < EVENT_KIND_N);
    assert(add->sequence > tabulate->sequence);
    if (!event->at_ms || tabulate->n_events == DAY_HITS_MAX) {
        tabulate->n_left_out += event->at_ms != 0;
        tabulate->sequence = add->sequence;
        return 0;
    }
    r = reserve(tabulate);
    struct kept kept = {
        .fingerprint = add->fingerprint,
        .at_ms = since_start(tabulate, event->at_ms),
        .visitor = add->visitor,
        .page = NUMBER_TEXTS(tabulate, SHARED_PAGE, NULL, &r, event->host, event->path, event->title),
        .context = number_context(tabulate, event, &r),
        .has_origin = event->kind == EVENT_PAGEVIEW,
        .dwell_ms = event->dwell_ms > DWELL_MS_MAX ? (uint32_t)DWELL_MS_MAX : (uint32_t)event->dwell_ms,
        .scroll = scroll_of(event),
        .kind = (uint8_t)event->kind,
        .traced = add->traced,
    };
    if (kept.has_origin)
        kept.origin = number_origin(tabulate, event, &r);
    if (event->kind == EVENT_STRUCT)
        kept.detail = number_detail(tabulate, event, &r);
    if (r)
        return error_fold(r);
    tabulate->events[tabulate->n_events++] = kept;
    tabulate->sequence = add->sequence;
    return 0;
}

/* ---- the order ---- */

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)
#define KEY_BITS 64

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
    const struct tabulate *tabulate;
    const struct place_in_order *order;
    struct table *table;
    uint32_t n_visits, n_hits;
    uint32_t *dwell_ms; /* of each hit, as reported */
    uint64_t *slots;    /* fingerprints of one visitor */
    size_t n_slots;
};

/* A visit under way. */
struct visit {
    uint32_t first_hit;
    uint32_t first_ms, last_ms; /* of its events */
    uint32_t last_hit_s;
    uint32_t context, origin;
    bool has_origin, traced;
};

#define VISIT(walk, column) ((walk)->table->columns[COLUMN_VISIT_##column])
#define HIT(walk, column) ((walk)->table->columns[COLUMN_HIT_##column])

static const uint32_t *tuple_of(const struct tabulate *tabulate, enum shared shared, uint32_t number)
{
    return (const uint32_t *)(const void *)intern_text(&tabulate->shared[shared], number).data;
}

static void add_hit(struct walk *walk, struct visit *visit, const struct kept *event)
{
    const uint32_t *detail = tuple_of(walk->tabulate, SHARED_DETAIL, event->detail);
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

/* The visit's last view of that page, or n_hits. */
static uint32_t last_view(const struct walk *walk, const struct visit *visit, uint32_t page)
{
    for (uint32_t hit = walk->n_hits; hit > visit->first_hit; hit--)
        if (HIT(walk, page)[hit - 1] == page && !HIT(walk, act)[hit - 1])
            return hit - 1;
    return walk->n_hits;
}

/* What any event says of the page it is on. */
static void note_page(struct walk *walk, const struct visit *visit, const struct kept *event)
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

static void walk_event(struct walk *walk, struct visit *visit, const struct kept *event)
{
    visit->last_ms = event->at_ms;
    visit->traced |= event->traced;
    if (!visit->context)
        visit->context = event->context;
    if (!visit->has_origin && event->has_origin) {
        visit->has_origin = true;
        visit->origin = event->origin;
    }
    if (event->kind != EVENT_PING)
        add_hit(walk, visit, event);
    note_page(walk, visit, event);
}

/* Where nothing was reported, a page is taken to be seen until the next one. */
static void set_dwells(struct walk *walk, const struct visit *visit)
{
    uint32_t until_next = 0; /* from the view that is looked at to the one after it */

    for (uint32_t hit = walk->n_hits; hit > visit->first_hit; hit--) {
        bool is_view = !HIT(walk, act)[hit - 1];
        uint32_t reported = (walk->dwell_ms[hit - 1] + 500) / 1000;

        HIT(walk, dwell_s)[hit - 1] = !is_view ? 0 : walk->dwell_ms[hit - 1] ? reported : until_next;
        until_next = is_view ? HIT(walk, after_s)[hit - 1] : until_next ? until_next + HIT(walk, after_s)[hit - 1] : 0;
    }
}

static void end_visit(struct walk *walk, const struct visit *visit, uint32_t visitor)
{
    const uint32_t *context = tuple_of(walk->tabulate, SHARED_CONTEXT, visit->context);
    uint32_t number = walk->n_visits++;

    VISIT(walk, visitor)[number] = visitor;
    VISIT(walk, start_s)[number] = visit->first_ms / 1000;
    VISIT(walk, duration_s)[number] = visit->last_ms / 1000 - visit->first_ms / 1000;
    VISIT(walk, n_hits)[number] = walk->n_hits - visit->first_hit;
    VISIT(walk, agent)[number] = context[0];
    VISIT(walk, place)[number] = context[1];
    VISIT(walk, language)[number] = context[2];
    VISIT(walk, screen)[number] = context[3];
    VISIT(walk, bot)[number] = context[4];
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

/* The events [@from, @to) of the order are of one visitor. */
static void walk_visitor(struct walk *walk, size_t from, size_t to)
{
    uint32_t visitor = (uint32_t)(walk->order[from].key >> 32);
    struct visit visit;
    bool is_open = false;

    empty_slots(walk, to - from);
    for (size_t i = from; i < to; i++) {
        const struct kept *event = &walk->tabulate->events[walk->order[i].event];

        if (is_repeated(walk, event->fingerprint))
            continue;
        if (is_open && event->at_ms - visit.last_ms > VISIT_GAP_MS) {
            end_visit(walk, &visit, visitor);
            is_open = false;
        }
        if (!is_open)
            visit =
                (struct visit){.first_hit = walk->n_hits, .first_ms = event->at_ms, .last_hit_s = event->at_ms / 1000};
        is_open = true;
        walk_event(walk, &visit, event);
    }
    end_visit(walk, &visit, visitor);
}

static size_t end_of_visitor(const struct place_in_order *order, size_t from, size_t n)
{
    size_t to = from + 1;

    while (to < n && order[to].key >> 32 == order[from].key >> 32)
        to++;
    return to;
}

static int walk_all(struct walk *walk, size_t n)
{
    size_t n_most = 0, n_slots = 2;

    for (size_t from = 0, to; from < n; from = to) {
        to = end_of_visitor(walk->order, from, n);
        n_most = to - from > n_most ? to - from : n_most;
    }
    while (n_slots < 2 * n_most)
        n_slots *= 2;
    walk->slots = malloc(n_slots * sizeof *walk->slots);
    walk->dwell_ms = malloc((n + 1) * sizeof *walk->dwell_ms);
    if (walk->slots && walk->dwell_ms)
        for (size_t from = 0, to; from < n; from = to) {
            to = end_of_visitor(walk->order, from, n);
            walk_visitor(walk, from, to);
        }
    int r = walk->slots && walk->dwell_ms ? 0 : error_origin(-ENOMEM);
    free(walk->slots);
    free(walk->dwell_ms);
    return r;
}

static int walk_in_order(struct walk *walk, size_t n)
{
    FREE_AUTO struct place_in_order *places = malloc((2 * n + 1) * sizeof *places);

    if (!places)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < n; i++) {
        const struct kept *event = &walk->tabulate->events[i];

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

static int make_columns(const struct tabulate *tabulate, struct table *table)
{
    size_t n_properties = tabulate->shared[SHARED_SET].n_bytes / (2 * sizeof(uint32_t));

    for (unsigned i = RELATION_PAGE; i <= RELATION_SET; i++)
        table->n[i] = (uint32_t)intern_n(&tabulate->shared[shared_of[i]]);
    table->n[RELATION_PROPERTY] = (uint32_t)n_properties;
    table->n[RELATION_VISIT] = table->n[RELATION_HIT] = (uint32_t)tabulate->n_events;
    for (unsigned i = 0; i < COLUMN_N; i++) {
        table->columns[i] = malloc(((size_t)table->n[table_relation(i)] + 1) * sizeof(uint32_t));
        if (!table->columns[i])
            return error_origin(-ENOMEM);
    }
    return 0;
}

/* Their columns have the order of their tuples' numbers. */
static void fill_rows(const struct tabulate *tabulate, enum relation relation, struct table *table)
{
    for (uint32_t row = 0; row < table->n[relation]; row++) {
        const uint32_t *numbers = tuple_of(tabulate, shared_of[relation], row);

        for (unsigned column = 0; column < COLUMN_N; column++)
            if (table_relation(column) == relation)
                table->columns[column][row] = *numbers++;
    }
}

static void fill_sets(const struct tabulate *tabulate, struct table *table)
{
    uint32_t n = 0;

    for (uint32_t set = 0; set < table->n[RELATION_SET]; set++) {
        struct text tuple = intern_text(&tabulate->shared[SHARED_SET], set);
        const uint32_t *numbers = tuple_of(tabulate, SHARED_SET, set);
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

int tabulate_table(const struct tabulate *tabulate, struct table *ret_table)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    struct walk walk = {.tabulate = tabulate, .table = &table};
    int r = make_columns(tabulate, &table);

    r = r ? r : copy_texts(&tabulate->texts, &table.texts);
    r = r ? r : walk_in_order(&walk, tabulate->n_events);
    if (r < 0)
        return error_trace(r);
    trim(&table, &walk);
    for (unsigned relation = RELATION_PAGE; relation < RELATION_SET; relation++)
        fill_rows(tabulate, relation, &table);
    fill_sets(tabulate, &table);
    r = renumber_table(&table);
    if (r < 0)
        return error_trace(r);
    *ret_table = table;
    table = TABLE_INIT;
    return 0;
}

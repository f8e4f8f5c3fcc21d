/*
 * An event is kept in 48 bytes: what it shares with others (its page, its
 * browser and place, where it came from, what was clicked) becomes numbers.
 */
#include "crumb/rollup/gather.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "gathered.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_EVENTS 64
#define NETWORK_BYTES_MAX 6
#define OTHER TEXT("(other)")

/* Numbers of texts, one after the other: a row of a relation, or of what is kept together here. */
#define TUPLE_MAX (2 + 2 * PROPERTIES_MAX)
struct tuple {
    uint32_t numbers[TUPLE_MAX];
    unsigned n;
};

/* ---- numbers ---- */

size_t gather_n_events(const struct gather *gather) { return gather->n_events; }
size_t gather_n_left_out(const struct gather *gather) { return gather->n_left_out; }

/* Faults stay in *r, so that a row of texts is checked once. */
static uint32_t number_text(struct gather *gather, struct text text, int *r)
{
    uint32_t number = 0;

    if (*r)
        return 0;
    *r = intern_number(&gather->texts, text, &number);
    if (*r == INTERN_E_FULL)
        *r = intern_number(&gather->texts, OTHER, &number);
    return number;
}

static uint32_t number_tuple(struct gather *gather, enum shared shared, const struct tuple *tuple, int *r)
{
    struct text bytes = {.data = (const char *)tuple->numbers, .size = tuple->n * sizeof tuple->numbers[0]};
    uint32_t number = 0;

    if (*r == 0)
        *r = intern_number(&gather->shared[shared], bytes, &number);
    return number;
}

static void put(struct tuple *tuple, uint32_t number)
{
    assert(tuple->n < TUPLE_MAX);
    tuple->numbers[tuple->n++] = number;
}

static uint32_t number_texts(struct gather *gather, enum shared shared, const struct text *texts, unsigned n,
                             const uint32_t *first, int *r)
{
    struct tuple tuple = {.n = 0};

    if (first)
        put(&tuple, *first);
    for (unsigned i = 0; i < n; i++)
        put(&tuple, number_text(gather, texts[i], r));
    return number_tuple(gather, shared, &tuple, r);
}

#define NUMBER_TEXTS(gather, shared, first, r, ...)                                                                    \
    number_texts((gather), (shared), (const struct text[]){__VA_ARGS__},                                               \
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

static uint32_t number_page(struct gather *gather, const struct event *event, int *r)
{
    return NUMBER_TEXTS(gather, SHARED_PAGE, NULL, r, event->host, event->path, event->title);
}

static uint32_t number_context(struct gather *gather, const struct event *event, int *r)
{
    uint32_t device = (uint32_t)event->device;
    struct tuple tuple = {.n = 0};

    put(&tuple, NUMBER_TEXTS(gather, SHARED_AGENT, &device, r, event->brand, event->model, event->os, event->os_version,
                             event->browser, event->browser_version));
    put(&tuple, NUMBER_TEXTS(gather, SHARED_PLACE, NULL, r, event->country, event->region, event->city));
    put(&tuple, number_text(gather, event->language, r));
    put(&tuple, number_text(gather, screen_class(event->screen_width), r));
    put(&tuple, (uint32_t)event->bot);
    return number_tuple(gather, SHARED_CONTEXT, &tuple, r);
}

static uint32_t number_origin(struct gather *gather, const struct event *event, int *r)
{
    uint32_t channel = (uint32_t)event->channel;

    return NUMBER_TEXTS(gather, SHARED_ORIGIN, &channel, r, event->source, event->referrer, event->utm_source,
                        event->utm_medium, event->utm_campaign, event->utm_content, event->utm_term, event->click_id);
}

/* The fields behind each front, texts with their sizes, so that no two events have the same key by chance. */
static void put_key(const struct event *event, enum front front, struct buffer *key)
{
    const struct text page[] = {event->host, event->path, event->title};
    const struct text context[] = {event->brand,
                                   event->model,
                                   event->os,
                                   event->os_version,
                                   event->browser,
                                   event->browser_version,
                                   event->country,
                                   event->region,
                                   event->city,
                                   event->language,
                                   screen_class(event->screen_width)};
    const struct text origin[] = {event->source,       event->referrer,    event->utm_source, event->utm_medium,
                                  event->utm_campaign, event->utm_content, event->utm_term,   event->click_id};
    const struct text *texts = front == FRONT_PAGE ? page : front == FRONT_CONTEXT ? context : origin;
    size_t n = front == FRONT_PAGE      ? sizeof page / sizeof page[0]
               : front == FRONT_CONTEXT ? sizeof context / sizeof context[0]
                                        : sizeof origin / sizeof origin[0];

    buffer_clear(key);
    if (front == FRONT_CONTEXT) {
        buffer_put_varint(key, event->device);
        buffer_put_varint(key, event->bot);
    } else if (front == FRONT_ORIGIN) {
        buffer_put_varint(key, event->channel);
    }
    for (size_t i = 0; i < n; i++)
        buffer_put_sized(key, texts[i]);
}

/* Room first, so that there is no key without its number. */
static void remember(struct front_table *front, struct text key, uint32_t number, int *r)
{
    uint32_t at;

    if (*r == 0 && intern_n(&front->keys) == front->capacity) {
        size_t capacity = front->capacity ? 2 * front->capacity : FIRST_EVENTS;
        uint32_t *numbers = realloc(front->numbers, capacity * sizeof *numbers);

        if (!numbers) {
            *r = error_origin(-ENOMEM);
            return;
        }
        front->numbers = numbers;
        front->capacity = capacity;
    }
    if (*r == 0)
        *r = intern_number(&front->keys, key, &at);
    if (*r == 0)
        front->numbers[at] = number;
    else if (*r == INTERN_E_FULL)
        *r = 0; /* the long way every time, then */
}

static uint32_t look_up(struct gather *gather, const struct event *event, enum front which, int *r)
{
    static uint32_t (*const number_fields[FRONT_N])(struct gather * tabulate, const struct event *event, int *r) = {
        [FRONT_PAGE] = number_page, [FRONT_CONTEXT] = number_context, [FRONT_ORIGIN] = number_origin};
    struct front_table *front = &gather->fronts[which];
    uint32_t at, number;

    put_key(event, which, &gather->key);
    if (*r == 0)
        *r = gather->key.fault;
    if (*r == 0 && intern_find(&front->keys, buffer_text(&gather->key), &at))
        return front->numbers[at];
    number = number_fields[which](gather, event, r);
    remember(front, buffer_text(&gather->key), number, r);
    return number;
}

static int compare_properties(const void *left, const void *right)
{
    const struct event_property *a = left, *b = right;
    size_t shared = a->name.size < b->name.size ? a->name.size : b->name.size;
    int c = shared ? memcmp(a->name.data, b->name.data, shared) : 0;

    return c ? c : (a->name.size > b->name.size) - (a->name.size < b->name.size);
}

/* By their names, as it means nothing which was said first; the wire refuses the same name twice. */
static uint32_t number_set(struct gather *gather, const struct event *event, int *r)
{
    struct event_property properties[PROPERTIES_MAX];
    struct tuple tuple = {.n = 0};

    memcpy(properties, event->properties, event->n_properties * sizeof properties[0]);
    qsort(properties, event->n_properties, sizeof properties[0], compare_properties);
    for (unsigned i = 0; i < event->n_properties; i++) {
        put(&tuple, number_text(gather, properties[i].name, r));
        put(&tuple, number_text(gather, properties[i].value, r));
    }
    return number_tuple(gather, SHARED_SET, &tuple, r);
}

/* Row 0 of ACT is a page view's, so a click that says nothing of itself says "(other)". */
static struct text action_of(const struct event *event)
{
    bool is_mute = !event->category.size && !event->action.size && !event->label.size && !event->property.size;

    return is_mute && event->kind == EVENT_STRUCT ? OTHER : event->action;
}

static uint32_t number_detail(struct gather *gather, const struct event *event, int *r)
{
    struct tuple tuple = {.n = 0};

    put(&tuple,
        NUMBER_TEXTS(gather, SHARED_ACT, NULL, r, event->category, action_of(event), event->label, event->property));
    put(&tuple, number_text(gather, event->value, r));
    put(&tuple, number_text(gather, event->currency, r));
    put(&tuple, number_set(gather, event, r));
    return number_tuple(gather, SHARED_DETAIL, &tuple, r);
}

/* Of any address that may have been kept: its /24 or /48. */
static struct text network_of(struct text address)
{
    size_t size = address.size == 4 ? 3 : address.size == 16 ? 6 : address.size;

    return size == 3 || size == 6 ? (struct text){.data = address.data, .size = size} : TEXT_NONE;
}

/* Where there are too many networks, the further ones are not told apart. */
static uint32_t number_network(struct gather *gather, const struct event *event, int *r)
{
    struct text network = network_of(event->address);
    uint32_t number = 0;

    if (*r || network.size == 0)
        return 0;
    *r = intern_number(&gather->networks, network, &number);
    if (*r == INTERN_E_FULL) {
        *r = 0;
        return 0;
    }
    return number + 1;
}

/* Row 0 of every relation, and text 0, are the empty ones; and there is always room for "(other)". */
static void number_nothing(struct gather *gather, int *r)
{
    static const struct event nothing = {.kind = EVENT_PAGEVIEW};

    number_text(gather, TEXT_NONE, r);
    number_text(gather, OTHER, r);
    number_page(gather, &nothing, r);
    number_context(gather, &nothing, r);
    number_origin(gather, &nothing, r);
    number_detail(gather, &nothing, r);
}

/* ---- adding ---- */

int gather_new(int64_t start_ms, struct gather **ret_gather)
{
    struct gather *gather = calloc(1, sizeof *gather);
    int r = 0;

    if (!gather)
        return error_origin(-ENOMEM);
    gather->start_ms = start_ms;
    gather->texts = INTERN_INIT(SEGMENT_TEXTS_MAX, SEGMENT_TEXT_BYTES_MAX);
    gather->networks = INTERN_INIT(DAY_NETWORKS_MAX, DAY_NETWORKS_MAX * (size_t)NETWORK_BYTES_MAX);
    for (unsigned i = 0; i < SHARED_N; i++)
        gather->shared[i] = INTERN_INIT(SEGMENT_ROWS_MAX, UINT32_MAX);
    for (unsigned i = 0; i < FRONT_N; i++)
        gather->fronts[i].keys = INTERN_INIT(SEGMENT_ROWS_MAX, SEGMENT_TEXT_BYTES_MAX);
    gather->key = BUFFER_INIT(QUERY_BYTES_MAX * 2);
    number_nothing(gather, &r);
    if (r) {
        gather_free(gather);
        return error_fold(r);
    }
    *ret_gather = gather;
    return 0;
}

struct gather *gather_free(struct gather *gather)
{
    if (gather) {
        intern_deinit(&gather->texts);
        intern_deinit(&gather->networks);
        for (unsigned i = 0; i < FRONT_N; i++) {
            intern_deinit(&gather->fronts[i].keys);
            free(gather->fronts[i].numbers);
        }
        buffer_deinit(&gather->key);
        for (unsigned i = 0; i < SHARED_N; i++)
            intern_deinit(&gather->shared[i]);
        free(gather->events);
        free(gather);
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

/* A program that loads pages alone gives no such sign. */
static bool is_alive(const struct event *event)
{
    return event->kind != EVENT_PAGEVIEW || event->dwell_ms || event->scroll_x_max || event->scroll_y_max;
}

static int reserve(struct gather *gather)
{
    size_t capacity = gather->capacity ? 2 * gather->capacity : FIRST_EVENTS;
    struct gathered *events;

    if (gather->n_events < gather->capacity)
        return 0;
    events = realloc(gather->events, capacity * sizeof *events);
    if (!events)
        return error_origin(-ENOMEM);
    gather->events = events;
    gather->capacity = capacity;
    return 0;
}

/* A day has 25 hours at most; a clock that was set back may put events before it. */
static uint32_t since_start(const struct gather *gather, uint64_t at_ms)
{
    int64_t since = (int64_t)at_ms - gather->start_ms;

    return since < 0 ? 0 : since > UINT32_MAX ? UINT32_MAX : (uint32_t)since;
}

int gather_add(struct gather *gather, const struct gather_event *add)
{
    const struct event *event = add->event;
    int r = 0;

    assert(event->kind >= EVENT_PAGEVIEW && event->kind < EVENT_KIND_N);
    assert(add->sequence > gather->sequence);
    if (!event->at_ms || gather->n_events == DAY_HITS_MAX) {
        gather->n_left_out += event->at_ms != 0;
        gather->sequence = add->sequence;
        return 0;
    }
    r = reserve(gather);
    struct gathered kept = {
        .fingerprint = add->fingerprint,
        .at_ms = since_start(gather, event->at_ms),
        .visitor = add->visitor,
        .page = look_up(gather, event, FRONT_PAGE, &r),
        .context = look_up(gather, event, FRONT_CONTEXT, &r),
        .network = number_network(gather, event, &r),
        .has_origin = event->kind == EVENT_PAGEVIEW,
        .dwell_ms = event->dwell_ms > DWELL_MS_MAX ? (uint32_t)DWELL_MS_MAX : (uint32_t)event->dwell_ms,
        .scroll = scroll_of(event),
        .kind = (uint8_t)event->kind,
        .traced = add->traced,
        .alive = is_alive(event),
    };
    if (kept.has_origin)
        kept.origin = look_up(gather, event, FRONT_ORIGIN, &r);
    if (event->kind == EVENT_STRUCT)
        kept.detail = number_detail(gather, event, &r);
    if (r)
        return error_fold(r);
    gather->events[gather->n_events++] = kept;
    gather->sequence = add->sequence;
    return 0;
}

/*
 * Fields of an event to numbers: each text is interned, and so is the tuple of
 * numbers of what belongs together.
 */
#include "gathered.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <assert.h>
#include <stdlib.h>

#define OTHER TEXT("(other)")

/* Numbers of texts, one after the other: a row of a relation, or of what is kept together here. */
#define TUPLE_MAX (2 + 2 * PROPERTIES_MAX)
struct tuple {
    uint32_t numbers[TUPLE_MAX];
    unsigned n;
};

uint32_t gathered_text(struct gather *gather, struct text text, int *r)
{
    uint32_t number = 0;

    if (*r)
        return 0;
    *r = intern_number(&gather->texts, text, &number);
    if (*r == INTERN_E_FULL)
        *r = intern_number(&gather->texts, OTHER, &number);
    return number;
}

static uint32_t number_bytes(struct gather *gather, enum shared shared, struct text bytes, int *r)
{
    uint32_t number = 0;

    if (*r == 0)
        *r = intern_number(&gather->shared[shared], bytes, &number);
    return number;
}

static uint32_t number_tuple(struct gather *gather, enum shared shared, const struct tuple *tuple, int *r)
{
    struct text bytes = {.data = (const char *)tuple->numbers, .size = tuple->n * sizeof tuple->numbers[0]};

    return number_bytes(gather, shared, bytes, r);
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
        put(&tuple, gathered_text(gather, texts[i], r));
    return number_tuple(gather, shared, &tuple, r);
}

#define NUMBER_TEXTS(gather, shared, first, r, ...)                                                                    \
    number_texts((gather), (shared), (const struct text[]){__VA_ARGS__},                                               \
                 sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text), (first), (r))

/* Widths in CSS pixels at which layouts commonly change. */
static const struct {
    uint64_t below;
    const char *name;
} screens[SCREENS_N] = {{1, ""},
                        {480, "under 480"},
                        {768, "480 to 767"},
                        {1024, "768 to 1023"},
                        {1440, "1024 to 1439"},
                        {1920, "1440 to 1919"},
                        {UINT64_MAX, "1920 and more"}};

uint32_t gathered_screen(const struct gather *gather, uint64_t width)
{
    unsigned class = 0;

    while (class < SCREENS_N - 1 && width >= screens[class].below)
        class ++;
    return gather->screens[class];
}

uint32_t gathered_page(struct gather *gather, const struct event *event, int *r)
{
    return NUMBER_TEXTS(gather, SHARED_PAGE, NULL, r, event->host, event->path, event->title);
}

uint32_t gathered_agent(struct gather *gather, const struct event *event, int *r)
{
    uint32_t device = (uint32_t)event->device;

    return NUMBER_TEXTS(gather, SHARED_AGENT, &device, r, event->brand, event->model, event->os, event->os_version,
                        event->browser, event->browser_version);
}

uint32_t gathered_place(struct gather *gather, const struct event *event, int *r)
{
    return NUMBER_TEXTS(gather, SHARED_PLACE, NULL, r, event->country, event->region, event->city);
}

uint32_t gathered_context(struct gather *gather, const uint32_t parts[CONTEXT_N], int *r)
{
    struct text bytes = {.data = (const char *)parts, .size = CONTEXT_N * sizeof parts[0]};

    return number_bytes(gather, SHARED_CONTEXT, bytes, r);
}

uint32_t gathered_origin(struct gather *gather, const struct event *event, int *r)
{
    uint32_t channel = (uint32_t)event->channel;

    return NUMBER_TEXTS(gather, SHARED_ORIGIN, &channel, r, event->source, event->referrer, event->utm_source,
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
static uint32_t number_set(struct gather *gather, const struct event *event, int *r)
{
    struct event_property properties[PROPERTIES_MAX];
    struct tuple tuple = {.n = 0};

    memcpy(properties, event->properties, event->n_properties * sizeof properties[0]);
    qsort(properties, event->n_properties, sizeof properties[0], compare_properties);
    for (unsigned i = 0; i < event->n_properties; i++) {
        put(&tuple, gathered_text(gather, properties[i].name, r));
        put(&tuple, gathered_text(gather, properties[i].value, r));
    }
    return number_tuple(gather, SHARED_SET, &tuple, r);
}

/* Row 0 of ACT is a page view's, so a click that says nothing of itself says "(other)". */
static struct text action_of(const struct event *event)
{
    bool is_mute = !event->category.size && !event->action.size && !event->label.size && !event->property.size;

    return is_mute && event->kind == EVENT_STRUCT ? OTHER : event->action;
}

uint32_t gathered_detail(struct gather *gather, const struct event *event, int *r)
{
    static const struct event no_act = {.kind = EVENT_PAGEVIEW};
    const struct event *act = event->kind == EVENT_STRUCT ? event : &no_act;
    struct tuple tuple = {.n = 0};

    put(&tuple, NUMBER_TEXTS(gather, SHARED_ACT, NULL, r, act->category, action_of(act), act->label, act->property));
    put(&tuple, gathered_text(gather, event->value, r));
    put(&tuple, gathered_text(gather, event->currency, r));
    put(&tuple, number_set(gather, event, r));
    return number_tuple(gather, SHARED_DETAIL, &tuple, r);
}

void gathered_nothing(struct gather *gather, int *r)
{
    static const struct event nothing = {.kind = EVENT_PAGEVIEW};
    static const uint32_t no_context[CONTEXT_N] = {0};

    gathered_text(gather, TEXT_NONE, r);
    gathered_text(gather, OTHER, r);
    gathered_page(gather, &nothing, r);
    gathered_agent(gather, &nothing, r);
    gathered_place(gather, &nothing, r);
    gathered_context(gather, no_context, r);
    gathered_origin(gather, &nothing, r);
    gathered_detail(gather, &nothing, r);
    for (unsigned class = 0; class < SCREENS_N; class ++)
        gather->screens[class] = gathered_text(gather, text_of(screens[class].name), r);
}

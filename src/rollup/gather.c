/*
 * An event is kept in 48 bytes: what it shares with others (its page, its
 * browser and place, where it came from, what was clicked) becomes numbers.
 *
 * A record's sections are walked but not read: the bytes of the fields that go
 * together are looked up as they are, and only where they are new is the event
 * decoded, its texts numbered and the number remembered.
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

size_t gather_n_events(const struct gather *gather) { return gather->n_events; }
size_t gather_n_left_out(const struct gather *gather) { return gather->n_left_out; }

/* ---- records ---- */

/* A record that is being added. */
struct told {
    const struct journal_record *record;
    struct event_outline log, device;
    struct event event; /* once it was read */
    bool is_read;
};

static int tell(const struct journal_record *record, struct told *ret_told)
{
    ret_told->record = record;
    ret_told->is_read = false;
    if (!event_outline(record->sections[CLASS_LOG], CLASS_LOG, &ret_told->log) ||
        !event_outline(record->sections[CLASS_DEVICE], CLASS_DEVICE, &ret_told->device))
        return error_origin(-EBADMSG);
    return 0;
}

static uint64_t log_integer(const struct told *told, enum event_log_field field)
{
    return event_outline_integer(&told->log, field);
}

static uint64_t device_integer(const struct told *told, enum event_device_field field)
{
    return event_outline_integer(&told->device, field);
}

/* Words of a later version, or of a damaged record whose checksum is right. */
static bool is_known(const struct event *event)
{
    return event->bot < BOT_N && event->channel < CHANNEL_N && event->device < DEVICE_N;
}

static const struct event *read_event(struct told *told, int *r)
{
    if (*r == 0 && !told->is_read && (!journal_event(told->record, &told->event) || !is_known(&told->event)))
        *r = error_origin(-EBADMSG);
    told->is_read = true;
    return &told->event;
}

/* One after the other; a copy only where there are two and they lie apart. */
static struct text join(struct text first, struct text second, struct buffer *copy)
{
    if (!first.size || !second.size)
        return first.size ? first : second;
    if (first.data + first.size == second.data)
        return (struct text){.data = first.data, .size = first.size + second.size};
    buffer_put(copy, first.data, first.size);
    buffer_put(copy, second.data, second.size);
    return buffer_text(copy);
}

/* Of any address that may have been kept: its /24 or /48. */
static struct text network_of(struct text address)
{
    size_t size = address.size == 4 ? 3 : address.size == 16 ? 6 : address.size;

    return size == 3 || size == 6 ? (struct text){.data = address.data, .size = size} : TEXT_NONE;
}

/* No field has the number 0, which ends those of one section. */
static void put_context(const struct told *told, struct buffer *copy)
{
    buffer_put_text(copy, event_span(&told->device, EVENT_DEVICE_screen_width, EVENT_DEVICE_screen_width));
    buffer_put_text(copy, event_span(&told->device, EVENT_DEVICE_language, EVENT_DEVICE_language));
    buffer_put_text(copy, event_span(&told->device, EVENT_DEVICE_device, EVENT_DEVICE_browser_version));
    buffer_put_u8(copy, 0);
    buffer_put_text(copy, event_span(&told->log, EVENT_LOG_country, EVENT_LOG_city));
    buffer_put_text(copy, event_span(&told->log, EVENT_LOG_bot, EVENT_LOG_bot));
    buffer_put_u8(copy, 0);
    buffer_put_text(copy, network_of(event_outline_text(&told->log, EVENT_LOG_address)));
}

/* Fields tell their numbers and sizes, so no two events have the same key by chance. */
static struct text key_of(const struct told *told, enum front front, struct buffer *copy)
{
    buffer_clear(copy);
    switch (front) {
    case FRONT_CONTEXT:
        put_context(told, copy);
        return buffer_text(copy);
    case FRONT_PAGE:
        return join(event_span(&told->log, EVENT_LOG_host, EVENT_LOG_path),
                    event_span(&told->log, EVENT_LOG_title, EVENT_LOG_title), copy);
    case FRONT_AGENT:
        return event_span(&told->device, EVENT_DEVICE_device, EVENT_DEVICE_browser_version);
    case FRONT_PLACE:
        return event_span(&told->log, EVENT_LOG_country, EVENT_LOG_city);
    case FRONT_ORIGIN:
        return join(event_span(&told->log, EVENT_LOG_referrer, EVENT_LOG_referrer),
                    event_span(&told->log, EVENT_LOG_source, EVENT_LOG_click_id), copy);
    default: /* a page view has what a click has, but is no act */
        buffer_put_u8(copy, told->record->kind == EVENT_STRUCT);
        buffer_put_text(copy, told->record->sections[CLASS_CLICKPATH]);
        return buffer_text(copy);
    }
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

static uint32_t number_context(struct gather *gather, struct told *told, int *r);

/* What the front does not know yet. */
static uint32_t number_fields(struct gather *gather, struct told *told, enum front which, int *r)
{
    static uint32_t (*const of_event[FRONT_N])(struct gather * gather, const struct event *event,
                                               int *r) = {[FRONT_PAGE] = gathered_page,
                                                          [FRONT_AGENT] = gathered_agent,
                                                          [FRONT_PLACE] = gathered_place,
                                                          [FRONT_ORIGIN] = gathered_origin,
                                                          [FRONT_DETAIL] = gathered_detail};

    if (which == FRONT_CONTEXT)
        return number_context(gather, told, r);
    const struct event *event = read_event(told, r);
    return *r ? 0 : of_event[which](gather, event, r);
}

static uint32_t look_up(struct gather *gather, struct told *told, enum front which, int *r)
{
    struct front_table *front = &gather->fronts[which];
    struct text key = key_of(told, which, &front->key);
    uint32_t at, number;

    if (*r == 0)
        *r = front->key.fault;
    if (*r == 0 && intern_find(&front->keys, key, &at))
        return front->numbers[at];
    number = number_fields(gather, told, which, r);
    remember(front, key, number, r);
    return number;
}

/* Where there are too many networks, the further ones are not told apart. */
static uint32_t number_network(struct gather *gather, const struct told *told, int *r)
{
    struct text network = network_of(event_outline_text(&told->log, EVENT_LOG_address));
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

static uint32_t number_context(struct gather *gather, struct told *told, int *r)
{
    uint64_t bot = log_integer(told, EVENT_LOG_bot);
    const uint32_t parts[CONTEXT_N] = {
        [CONTEXT_AGENT] = look_up(gather, told, FRONT_AGENT, r),
        [CONTEXT_PLACE] = look_up(gather, told, FRONT_PLACE, r),
        [CONTEXT_LANGUAGE] = gathered_text(gather, event_outline_text(&told->device, EVENT_DEVICE_language), r),
        [CONTEXT_SCREEN] = gathered_screen(gather, device_integer(told, EVENT_DEVICE_screen_width)),
        [CONTEXT_BOT] = (uint32_t)bot,
        [CONTEXT_NETWORK] = number_network(gather, told, r),
    };

    if (*r == 0 && bot >= BOT_N)
        *r = error_origin(-EBADMSG);
    return gathered_context(gather, parts, r);
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
    for (unsigned i = 0; i < FRONT_N; i++) {
        gather->fronts[i].keys = INTERN_INIT(SEGMENT_ROWS_MAX, GATHER_FRONT_BYTES_MAX);
        gather->fronts[i].key = BUFFER_INIT(JOURNAL_RECORD_BYTES_MAX);
    }
    gather->sections = BUFFER_INIT(CLASS_N * JOURNAL_RECORD_BYTES_MAX);
    gathered_nothing(gather, &r);
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
            buffer_deinit(&gather->fronts[i].key);
            free(gather->fronts[i].numbers);
        }
        buffer_deinit(&gather->sections);
        for (unsigned i = 0; i < SHARED_N; i++)
            intern_deinit(&gather->shared[i]);
        free(gather->events);
        free(gather);
    }
    return NULL;
}

/* How much of the page's height has been in the window, in percent plus 1. 0: the browser did not tell. */
static uint8_t scroll_of(const struct told *told)
{
    uint64_t page_height = device_integer(told, EVENT_DEVICE_page_height), percent;
    uint64_t viewport_height = device_integer(told, EVENT_DEVICE_viewport_height);
    uint64_t seen = log_integer(told, EVENT_LOG_scroll_y_max) + viewport_height;

    if (!page_height || !viewport_height)
        return 0;
    percent = seen >= page_height ? 100 : 100 * seen / page_height;
    return (uint8_t)(percent + 1);
}

/* A program that loads pages alone gives no such sign. */
static bool is_alive(const struct told *told)
{
    return told->record->kind != EVENT_PAGEVIEW || event_has(&told->log, EVENT_LOG_dwell_ms) ||
           event_has(&told->log, EVENT_LOG_scroll_x_max) || event_has(&told->log, EVENT_LOG_scroll_y_max);
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

static int add(struct gather *gather, struct told *told, uint64_t at_ms)
{
    const struct journal_record *record = told->record;
    uint64_t dwell_ms = log_integer(told, EVENT_LOG_dwell_ms);
    int r = reserve(gather);
    struct gathered kept = {
        .fingerprint = record->fingerprint,
        .at_ms = since_start(gather, at_ms),
        .visitor = record->number,
        .page = look_up(gather, told, FRONT_PAGE, &r),
        .context = look_up(gather, told, FRONT_CONTEXT, &r),
        .has_origin = record->kind == EVENT_PAGEVIEW,
        .dwell_ms = dwell_ms > DWELL_MS_MAX ? (uint32_t)DWELL_MS_MAX : (uint32_t)dwell_ms,
        .scroll = scroll_of(told),
        .kind = (uint8_t)record->kind,
        .traced = record->granted & CLASS_BIT(CLASS_CLICKPATH),
        .alive = is_alive(told),
    };
    if (kept.has_origin)
        kept.origin = look_up(gather, told, FRONT_ORIGIN, &r);
    if (record->kind == EVENT_STRUCT || (record->kind == EVENT_PAGEVIEW && record->sections[CLASS_CLICKPATH].size))
        kept.detail = look_up(gather, told, FRONT_DETAIL, &r);
    if (r)
        return error_fold(r);
    gather->events[gather->n_events++] = kept;
    return 0;
}

int gather_record(struct gather *gather, const struct journal_record *record)
{
    struct told told;
    int r = tell(record, &told);

    assert(record->kind >= EVENT_PAGEVIEW && record->kind < EVENT_KIND_N);
    assert(record->sequence > gather->sequence);
    if (r)
        return error_trace(r);
    uint64_t at_ms = log_integer(&told, EVENT_LOG_at_ms);
    if (at_ms && gather->n_events < DAY_HITS_MAX)
        r = add(gather, &told, at_ms);
    else
        gather->n_left_out += at_ms != 0;
    if (r)
        return error_trace(r);
    gather->sequence = record->sequence;
    return 0;
}

int gather_add(struct gather *gather, const struct gather_event *one)
{
    struct journal_record record = {.sequence = one->sequence,
                                    .kind = one->event->kind,
                                    .number = one->visitor,
                                    .fingerprint = one->fingerprint,
                                    .granted = one->traced ? CLASS_BIT(CLASS_CLICKPATH) : 0,
                                    .classes = CLASS_ALL};
    size_t ends[CLASS_N];

    buffer_clear(&gather->sections);
    for (unsigned class = 0; class < CLASS_N; class ++) {
        event_encode(one->event, class, &gather->sections);
        ends[class] = gather->sections.size;
    }
    if (gather->sections.fault)
        return error_origin(gather->sections.fault);
    for (unsigned class = 0; class < CLASS_N; class ++) {
        struct text all = buffer_text(&gather->sections);
        size_t start = class ? ends[class - 1] : 0;

        record.sections[class] = (struct text){.data = all.data + start, .size = ends[class] - start};
    }
    return error_trace(gather_record(gather, &record));
}

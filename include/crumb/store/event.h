/*
 * An event: what a beacon says, and how each class of it is written.
 *
 * The tables in event.c name every field that can ever be stored, with the one
 * event class it belongs to.  A class is encoded by itself, so the writer cuts
 * an event to what is consented by leaving sections out (promise P1).
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/base/words.h"

struct event_property {
    struct text name, value;
};

/* 0 and the empty text mean "not said". Texts are borrowed from whoever filled the event. */
struct event {
    enum event_kind kind;
    struct text site; /* aid */
    struct text id;   /* eid: a UUID */

    /* class log */
    uint64_t at_ms;         /* since 1970 UTC */
    struct text host, path; /* path: with the query pairs that the site lists, and masked (ingest/mask.h) */
    struct text referrer;   /* URL without query and fragment, masked */
    struct text title;
    struct text address; /* bytes in network order: 4 or 16, or 3 or 6 of them (truncated) */
    uint64_t dwell_ms;   /* visible, since the last report */
    uint64_t scroll_x_min, scroll_x_max, scroll_y_min, scroll_y_max;
    struct text country; /* ISO 3166-1 alpha-2 */
    struct text region;  /* ISO 3166-2 without the country */
    struct text city;    /* its English name */
    struct text source;  /* who sent the visitor here: "Google", "news.example", what utm_source says */
    uint64_t channel;    /* enum channel */
    struct text utm_source, utm_medium, utm_campaign, utm_content, utm_term;
    struct text click_id; /* the name of an advertisement's click id in the URL, such as gclid; never its value */
    uint64_t bot;         /* enum bot */

    /* class device */
    uint64_t screen_width, screen_height, viewport_width, viewport_height, page_width, page_height;
    struct text language; /* RFC 5646 tag */
    struct text zone;     /* IANA name as the browser says it */
    uint64_t device;      /* enum device */
    struct text brand, model;
    struct text os, os_version, browser, browser_version; /* versions: numbers with dots between them */

    /* class clickpath */
    struct text category, action, label, property, value;
    struct event_property properties[PROPERTIES_MAX];
    unsigned n_properties;
    struct text currency; /* of the value: ISO 4217 */

    /* not stored */
    struct text url;              /* http or https, in bytes that may be changed: ingest/page.h reads it */
    uint64_t created_ms, sent_ms; /* dtm, stm: the browser's clock */
};

/* The numbers of fields on disk, by class: append, never renumber. They ascend in a section, and there is no gap. */
enum event_log_field {
    EVENT_LOG_at_ms = 1,
    EVENT_LOG_host,
    EVENT_LOG_path,
    EVENT_LOG_referrer,
    EVENT_LOG_title,
    EVENT_LOG_address,
    EVENT_LOG_dwell_ms,
    EVENT_LOG_scroll_x_min,
    EVENT_LOG_scroll_x_max,
    EVENT_LOG_scroll_y_min,
    EVENT_LOG_scroll_y_max,
    EVENT_LOG_country,
    EVENT_LOG_region,
    EVENT_LOG_city,
    EVENT_LOG_source,
    EVENT_LOG_channel,
    EVENT_LOG_utm_source,
    EVENT_LOG_utm_medium,
    EVENT_LOG_utm_campaign,
    EVENT_LOG_utm_content,
    EVENT_LOG_utm_term,
    EVENT_LOG_click_id,
    EVENT_LOG_bot,
    EVENT_FIELDS_END /* of the class that has most */
};
enum event_device_field {
    EVENT_DEVICE_screen_width = 1,
    EVENT_DEVICE_screen_height,
    EVENT_DEVICE_viewport_width,
    EVENT_DEVICE_viewport_height,
    EVENT_DEVICE_page_width,
    EVENT_DEVICE_page_height,
    EVENT_DEVICE_language,
    EVENT_DEVICE_zone,
    EVENT_DEVICE_device,
    EVENT_DEVICE_brand,
    EVENT_DEVICE_model,
    EVENT_DEVICE_os,
    EVENT_DEVICE_os_version,
    EVENT_DEVICE_browser,
    EVENT_DEVICE_browser_version
};
enum event_clickpath_field {
    EVENT_CLICKPATH_category = 1,
    EVENT_CLICKPATH_action,
    EVENT_CLICKPATH_label,
    EVENT_CLICKPATH_property,
    EVENT_CLICKPATH_value,
    EVENT_CLICKPATH_properties,
    EVENT_CLICKPATH_currency
};

/* The class without which an event of this kind is not stored at all: pv and pp are log, se is clickpath. */
enum event_class event_carrier(enum event_kind kind);

/* Appends the fields of @class that are set; nothing where none is. */
void event_encode(const struct event *event, enum event_class class, struct buffer *buffer);

/* Reads what event_encode() wrote into @event, texts borrowed from @section. False: not such bytes. */
bool event_decode(struct text section, enum event_class class, struct event *event);

/*
 * Where the fields of a section lie, for those who compare their bytes instead
 * of reading them.
 */
struct event_outline {
    const char *section;
    uint32_t size;
    uint32_t present;    /* a bit for the number of each field that is there */
    uint32_t starts[32]; /* of those; the first of several */
};
_Static_assert(EVENT_FIELDS_END < 32, "a bit for each field, and one behind the last");

/* False: not such bytes, or not in the order in which they are written. */
bool event_outline(struct text section, enum event_class class, struct event_outline *ret_outline);

static inline bool event_has(const struct event_outline *outline, unsigned number)
{
    return outline->present >> number & 1;
}

/* Where the first field with @number or a higher one is. */
static inline uint32_t event_start(const struct event_outline *outline, unsigned number)
{
    uint32_t later = outline->present >> number;

    return later ? outline->starts[number + (unsigned)__builtin_ctz(later)] : outline->size;
}

/* The bytes of the fields from number @first to @last, as they stand there; empty where there is none. */
static inline struct text event_span(const struct event_outline *outline, unsigned first, unsigned last)
{
    uint32_t start = event_start(outline, first);

    return (struct text){.data = outline->section + start, .size = event_start(outline, last + 1) - start};
}

/* The value of an integer, 0 where it is not there; and a text. */
uint64_t event_outline_integer(const struct event_outline *outline, unsigned number);
struct text event_outline_text(const struct event_outline *outline, unsigned number);

/*
 * For dumps and tests: calls @visit with the name and printable value of each
 * set field, in the table's order; properties are named as on the wire, x_p.NAME.
 */
void event_each_field(const struct event *event,
                      void (*visit)(void *context, enum event_class class, const char *name, struct text value),
                      void *context);

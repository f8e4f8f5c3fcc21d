/*
 * The fields of an event, one table a class and one row a field: its number on
 * disk, its form and its place in struct event.  Encoding, decoding and dumping
 * walk these tables; there is no other list of fields.
 *
 * A field on disk: number (1 byte), then a varint (integers), a sized text, or
 * a sized name and a sized value (properties, repeated).
 */
#include "crumb/store/event.h"
#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>

enum form {
    FORM_INTEGER,
    FORM_CHANNEL, /* an integer that is a word, as are the next two */
    FORM_BOT,
    FORM_DEVICE,
    FORM_TEXT,
    FORM_ADDRESS, /* a text of bytes */
    FORM_PROPERTIES
};

struct field {
    uint8_t number; /* one more than its place in the table */
    enum form form;
    const char *name;
    size_t offset;
};

#define FIELD(class, form, name)                                                                                       \
    {                                                                                                                  \
        EVENT_##class##_##name, FORM_##form, #name, offsetof(struct event, name)                                       \
    }

static const struct field log_fields[] = {
    FIELD(LOG, INTEGER, at_ms),
    FIELD(LOG, TEXT, host),
    FIELD(LOG, TEXT, path),
    FIELD(LOG, TEXT, referrer),
    FIELD(LOG, TEXT, title),
    FIELD(LOG, ADDRESS, address),
    FIELD(LOG, INTEGER, dwell_ms),
    FIELD(LOG, INTEGER, scroll_x_min),
    FIELD(LOG, INTEGER, scroll_x_max),
    FIELD(LOG, INTEGER, scroll_y_min),
    FIELD(LOG, INTEGER, scroll_y_max),
    FIELD(LOG, TEXT, country),
    FIELD(LOG, TEXT, region),
    FIELD(LOG, TEXT, city),
    FIELD(LOG, TEXT, source),
    FIELD(LOG, CHANNEL, channel),
    FIELD(LOG, TEXT, utm_source),
    FIELD(LOG, TEXT, utm_medium),
    FIELD(LOG, TEXT, utm_campaign),
    FIELD(LOG, TEXT, utm_content),
    FIELD(LOG, TEXT, utm_term),
    FIELD(LOG, TEXT, click_id),
    FIELD(LOG, BOT, bot),
};

static const struct field device_fields[] = {
    FIELD(DEVICE, INTEGER, screen_width),
    FIELD(DEVICE, INTEGER, screen_height),
    FIELD(DEVICE, INTEGER, viewport_width),
    FIELD(DEVICE, INTEGER, viewport_height),
    FIELD(DEVICE, INTEGER, page_width),
    FIELD(DEVICE, INTEGER, page_height),
    FIELD(DEVICE, TEXT, language),
    FIELD(DEVICE, TEXT, zone),
    FIELD(DEVICE, DEVICE, device),
    FIELD(DEVICE, TEXT, brand),
    FIELD(DEVICE, TEXT, model),
    FIELD(DEVICE, TEXT, os),
    FIELD(DEVICE, TEXT, os_version),
    FIELD(DEVICE, TEXT, browser),
    FIELD(DEVICE, TEXT, browser_version),
};

static const struct field clickpath_fields[] = {
    FIELD(CLICKPATH, TEXT, category), FIELD(CLICKPATH, TEXT, action), FIELD(CLICKPATH, TEXT, label),
    FIELD(CLICKPATH, TEXT, property), FIELD(CLICKPATH, TEXT, value),  FIELD(CLICKPATH, PROPERTIES, properties),
    FIELD(CLICKPATH, TEXT, currency),
};

#undef FIELD

static const struct class_fields {
    const struct field *fields, *end;
} classes[CLASS_N] = {
#define CLASS(fields)                                                                                                  \
    {                                                                                                                  \
        fields, fields + sizeof fields / sizeof fields[0]                                                              \
    }
    [CLASS_LOG] = CLASS(log_fields),
    [CLASS_DEVICE] = CLASS(device_fields),
    [CLASS_CLICKPATH] = CLASS(clickpath_fields),
#undef CLASS
};

#define PROPERTY_PREFIX "x_p."

static bool is_number(const struct field *field) { return field->form <= FORM_DEVICE; }

static void *place(struct event *event, const struct field *field) { return (char *)event + field->offset; }

static uint64_t integer_of(const struct event *event, const struct field *field)
{
    uint64_t value;

    memcpy(&value, (const char *)event + field->offset, sizeof value);
    return value;
}

static struct text text_field(const struct event *event, const struct field *field)
{
    struct text value;

    memcpy(&value, (const char *)event + field->offset, sizeof value);
    return value;
}

enum event_class event_carrier(enum event_kind kind) { return kind == EVENT_STRUCT ? CLASS_CLICKPATH : CLASS_LOG; }

static void encode_properties(const struct event *event, uint8_t number, struct buffer *buffer)
{
    for (unsigned i = 0; i < event->n_properties; i++) {
        buffer_put_u8(buffer, number);
        buffer_put_sized(buffer, event->properties[i].name);
        buffer_put_sized(buffer, event->properties[i].value);
    }
}

void event_encode(const struct event *event, enum event_class class, struct buffer *buffer)
{
    for (const struct field *field = classes[class].fields; field < classes[class].end; field++) {
        if (field->form == FORM_PROPERTIES) {
            encode_properties(event, field->number, buffer);
        } else if (is_number(field)) {
            uint64_t value = integer_of(event, field);

            if (value) {
                buffer_put_u8(buffer, field->number);
                buffer_put_varint(buffer, value);
            }
        } else {
            struct text value = text_field(event, field);

            if (value.size) {
                buffer_put_u8(buffer, field->number);
                buffer_put_sized(buffer, value);
            }
        }
    }
}

static const struct field *find_field(enum event_class class, uint8_t number)
{
    const struct field *field = classes[class].fields + number - 1;

    return number && field < classes[class].end ? field : NULL;
}

static void decode_field(struct reader *reader, const struct field *field, struct event *event)
{
    if (is_number(field)) {
        *(uint64_t *)place(event, field) = reader_varint(reader);
    } else if (field->form == FORM_TEXT || field->form == FORM_ADDRESS) {
        *(struct text *)place(event, field) = reader_sized(reader);
    } else if (event->n_properties < PROPERTIES_MAX) {
        struct event_property *property = &event->properties[event->n_properties++];
        property->name = reader_sized(reader);
        property->value = reader_sized(reader);
    } else {
        reader->bad = true;
    }
}

bool event_decode(struct text section, enum event_class class, struct event *event)
{
    struct reader reader = reader_of(section);

    while (!reader.bad && reader_left(&reader) > 0) {
        const struct field *field = find_field(class, reader_u8(&reader));

        if (!field)
            return false;
        decode_field(&reader, field, event);
    }
    return !reader.bad;
}

/* ---- outlines ---- */

static bool skip_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool skip_sized(const uint8_t **at, const uint8_t *end)
{
    uint64_t size;

    if (!skip_varint(at, end, &size) || size > (uint64_t)(end - *at))
        return false;
    *at += size;
    return true;
}

static bool skip_field(const uint8_t **at, const uint8_t *end, const struct field *field)
{
    uint64_t value;

    if (is_number(field))
        return skip_varint(at, end, &value);
    return skip_sized(at, end) && (field->form != FORM_PROPERTIES || skip_sized(at, end));
}

#define HIGH_BITS 0x8080808080808080

/*
 * The size of what follows a field's number, where eight bytes tell it: a
 * number, whose last byte has no high bit, or a text of less than 128 bytes.
 * No branch depends on which: what the next field is cannot be foreseen.
 */
static size_t size_at_once(const uint8_t *at, size_t n_left, const struct field *field)
{
    uint64_t word = 0;

    if (n_left < sizeof word || field->form == FORM_PROPERTIES)
        return 0;
    memcpy(&word, at, sizeof word);
    uint64_t ends = ~le64toh(word) & HIGH_BITS;
    size_t as_number = ends ? (size_t)__builtin_ctzll(ends) / 8 + 1 : 0;
    size_t as_text = *at < 0x80 ? (size_t)*at + 1 : 0;
    return is_number(field) ? as_number : as_text;
}

bool event_outline(struct text section, enum event_class class, struct event_outline *ret_outline)
{
    const uint8_t *start = (const uint8_t *)section.data, *at = start, *end = start + section.size;
    uint32_t present = 0;

    ret_outline->section = section.size ? section.data : "";
    while (at < end) {
        uint8_t number = *at;
        const struct field *field = find_field(class, number);

        /* Shifted, it shows this field and higher ones: none comes later, nor twice unless it may be repeated. */
        if (!field || present >> number > (field->form == FORM_PROPERTIES))
            return false;
        if (!(present >> number))
            ret_outline->starts[number] = (uint32_t)(at - start);
        present |= 1u << number;
        at++;
        size_t size = size_at_once(at, (size_t)(end - at), field);
        if (size && size <= (size_t)(end - at))
            at += size;
        else if (!skip_field(&at, end, field))
            return false;
    }
    ret_outline->size = (uint32_t)section.size;
    ret_outline->present = present;
    return true;
}

uint64_t event_outline_integer(const struct event_outline *outline, unsigned number)
{
    uint64_t value = 0;

    if (event_has(outline, number)) {
        const uint8_t *start = (const uint8_t *)outline->section, *at = start + outline->starts[number] + 1;

        skip_varint(&at, start + outline->size, &value);
    }
    return value;
}

struct text event_outline_text(const struct event_outline *outline, unsigned number)
{
    struct text span = event_span(outline, number, number);
    const uint8_t *at = (const uint8_t *)span.data + 1, *end = (const uint8_t *)span.data + span.size;
    uint64_t size;

    if (!span.size || !skip_varint(&at, end, &size))
        return TEXT_NONE;
    return (struct text){.data = (const char *)at, .size = (size_t)(end - at)};
}

/* The network of a truncated address is shown with zeros. */
static struct text print_address(struct text address, char *text, size_t size)
{
    uint8_t bytes[16] = {0};

    if (address.size > sizeof bytes)
        return TEXT_NONE;
    memcpy(bytes, address.data, address.size);
    return text_of(inet_ntop(address.size <= 4 ? AF_INET : AF_INET6, bytes, text, (socklen_t)size));
}

static struct text print_number(const struct field *field, uint64_t value, char *text, size_t size)
{
    unsigned word = value < UINT_MAX ? (unsigned)value : UINT_MAX;

    switch (field->form) {
    case FORM_CHANNEL:
        return text_of(words_channel(word));
    case FORM_BOT:
        return text_of(words_bot(word));
    case FORM_DEVICE:
        return text_of(words_device(word));
    default:
        return (struct text){.data = text, .size = (size_t)snprintf(text, size, "%" PRIu64, value)};
    }
}

typedef void (*visit_field)(void *context, enum event_class class, const char *name, struct text value);

static void visit_one(const struct event *event, enum event_class class, const struct field *field, visit_field visit,
                      void *context)
{
    char text[PROPERTY_NAME_BYTES_MAX + sizeof PROPERTY_PREFIX]; /* the longest thing that is made here */

    if (field->form == FORM_TEXT && text_field(event, field).size) {
        visit(context, class, field->name, text_field(event, field));
    } else if (field->form == FORM_ADDRESS && text_field(event, field).size) {
        visit(context, class, field->name, print_address(text_field(event, field), text, sizeof text));
    } else if (is_number(field) && integer_of(event, field)) {
        visit(context, class, field->name, print_number(field, integer_of(event, field), text, sizeof text));
    } else if (field->form == FORM_PROPERTIES) {
        for (unsigned i = 0; i < event->n_properties; i++) {
            snprintf(text, sizeof text, PROPERTY_PREFIX "%.*s", TEXT_ARGS(event->properties[i].name));
            visit(context, class, text, event->properties[i].value);
        }
    }
}

void event_each_field(const struct event *event, visit_field visit, void *context)
{
    for (unsigned class = 0; class < CLASS_N; class ++)
        for (const struct field *field = classes[class].fields; field < classes[class].end; field++)
            visit_one(event, class, field, visit, context);
}

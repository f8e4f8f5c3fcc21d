/*
 * The fields of an event, one row each: the class a field belongs to, its
 * number on disk, its form and its place in struct event.  Encoding, decoding
 * and dumping walk this table; there is no other list of fields.
 *
 * A field on disk: number (1 byte), then a varint (integers), a sized text, or
 * a sized name and a sized value (properties, repeated).
 */
#include "crumb/store/event.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

enum form { FORM_INTEGER, FORM_TEXT, FORM_ADDRESS /* a text of bytes */, FORM_PROPERTIES };

static const struct field {
    enum event_class class;
    uint8_t number; /* append, never renumber; unique within its class */
    enum form form;
    const char *name;
    size_t offset;
} fields[] = {
    /* by class, ascending */
    {CLASS_LOG, 1, FORM_INTEGER, "at_ms", offsetof(struct event, at_ms)},
    {CLASS_LOG, 2, FORM_TEXT, "host", offsetof(struct event, host)},
    {CLASS_LOG, 3, FORM_TEXT, "path", offsetof(struct event, path)},
    {CLASS_LOG, 4, FORM_TEXT, "referrer", offsetof(struct event, referrer)},
    {CLASS_LOG, 5, FORM_TEXT, "title", offsetof(struct event, title)},
    {CLASS_LOG, 6, FORM_ADDRESS, "address", offsetof(struct event, address)},
    {CLASS_LOG, 7, FORM_INTEGER, "dwell_ms", offsetof(struct event, dwell_ms)},
    {CLASS_LOG, 8, FORM_INTEGER, "scroll_x_min", offsetof(struct event, scroll_x_min)},
    {CLASS_LOG, 9, FORM_INTEGER, "scroll_x_max", offsetof(struct event, scroll_x_max)},
    {CLASS_LOG, 10, FORM_INTEGER, "scroll_y_min", offsetof(struct event, scroll_y_min)},
    {CLASS_LOG, 11, FORM_INTEGER, "scroll_y_max", offsetof(struct event, scroll_y_max)},
    {CLASS_DEVICE, 1, FORM_INTEGER, "screen_width", offsetof(struct event, screen_width)},
    {CLASS_DEVICE, 2, FORM_INTEGER, "screen_height", offsetof(struct event, screen_height)},
    {CLASS_DEVICE, 3, FORM_INTEGER, "viewport_width", offsetof(struct event, viewport_width)},
    {CLASS_DEVICE, 4, FORM_INTEGER, "viewport_height", offsetof(struct event, viewport_height)},
    {CLASS_DEVICE, 5, FORM_INTEGER, "page_width", offsetof(struct event, page_width)},
    {CLASS_DEVICE, 6, FORM_INTEGER, "page_height", offsetof(struct event, page_height)},
    {CLASS_DEVICE, 7, FORM_TEXT, "language", offsetof(struct event, language)},
    {CLASS_DEVICE, 8, FORM_TEXT, "zone", offsetof(struct event, zone)},
    {CLASS_CLICKPATH, 1, FORM_TEXT, "category", offsetof(struct event, category)},
    {CLASS_CLICKPATH, 2, FORM_TEXT, "action", offsetof(struct event, action)},
    {CLASS_CLICKPATH, 3, FORM_TEXT, "label", offsetof(struct event, label)},
    {CLASS_CLICKPATH, 4, FORM_TEXT, "property", offsetof(struct event, property)},
    {CLASS_CLICKPATH, 5, FORM_TEXT, "value", offsetof(struct event, value)},
    {CLASS_CLICKPATH, 6, FORM_PROPERTIES, "properties", offsetof(struct event, properties)},
};

#define PROPERTY_PREFIX "x_p."

#define N_FIELDS (sizeof fields / sizeof fields[0])

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
    for (const struct field *field = fields; field < fields + N_FIELDS && field->class <= class; field++) {
        if (field->class != class)
            continue;
        if (field->form == FORM_PROPERTIES) {
            encode_properties(event, field->number, buffer);
        } else if (field->form == FORM_INTEGER) {
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
    for (const struct field *field = fields; field < fields + N_FIELDS; field++)
        if (field->class == class && field->number == number)
            return field;
    return NULL;
}

static void decode_field(struct reader *reader, const struct field *field, struct event *event)
{
    if (field->form == FORM_INTEGER) {
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

/* The network of a truncated address is shown with zeros. */
static struct text print_address(struct text address, char *text, size_t size)
{
    uint8_t bytes[16] = {0};

    if (address.size > sizeof bytes)
        return TEXT_NONE;
    memcpy(bytes, address.data, address.size);
    return text_of(inet_ntop(address.size <= 4 ? AF_INET : AF_INET6, bytes, text, (socklen_t)size));
}

void event_each_field(const struct event *event,
                      void (*visit)(void *context, enum event_class class, const char *name, struct text value),
                      void *context)
{
    char text[PROPERTY_NAME_BYTES_MAX + sizeof PROPERTY_PREFIX]; /* the longest thing that is made here */

    for (const struct field *field = fields; field < fields + N_FIELDS; field++) {
        if (field->form == FORM_TEXT && text_field(event, field).size) {
            visit(context, field->class, field->name, text_field(event, field));
        } else if (field->form == FORM_ADDRESS && text_field(event, field).size) {
            visit(context, field->class, field->name, print_address(text_field(event, field), text, sizeof text));
        } else if (field->form == FORM_INTEGER && integer_of(event, field)) {
            int n = snprintf(text, sizeof text, "%" PRIu64, integer_of(event, field));
            visit(context, field->class, field->name, (struct text){.data = text, .size = (size_t)n});
        } else if (field->form == FORM_PROPERTIES) {
            for (unsigned i = 0; i < event->n_properties; i++) {
                snprintf(text, sizeof text, PROPERTY_PREFIX "%.*s", TEXT_ARGS(event->properties[i].name));
                visit(context, field->class, text, event->properties[i].value);
            }
        }
    }
}

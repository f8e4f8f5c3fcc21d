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
    uint8_t number; /* append, never renumber; unique within its class */
    enum form form;
    const char *name;
    size_t offset;
};

#define FIELD(number, form, name)                                                                                      \
    {                                                                                                                  \
        number, FORM_##form, #name, offsetof(struct event, name)                                                       \
    }

static const struct field log_fields[] = {
    FIELD(1, INTEGER, at_ms),
    FIELD(2, TEXT, host),
    FIELD(3, TEXT, path),
    FIELD(4, TEXT, referrer),
    FIELD(5, TEXT, title),
    FIELD(6, ADDRESS, address),
    FIELD(7, INTEGER, dwell_ms),
    FIELD(8, INTEGER, scroll_x_min),
    FIELD(9, INTEGER, scroll_x_max),
    FIELD(10, INTEGER, scroll_y_min),
    FIELD(11, INTEGER, scroll_y_max),
    FIELD(12, TEXT, country),
    FIELD(13, TEXT, region),
    FIELD(14, TEXT, city),
    FIELD(15, TEXT, source),
    FIELD(16, CHANNEL, channel),
    FIELD(17, TEXT, utm_source),
    FIELD(18, TEXT, utm_medium),
    FIELD(19, TEXT, utm_campaign),
    FIELD(20, TEXT, utm_content),
    FIELD(21, TEXT, utm_term),
    FIELD(22, TEXT, click_id),
    FIELD(23, BOT, bot),
};

static const struct field device_fields[] = {
    FIELD(1, INTEGER, screen_width),
    FIELD(2, INTEGER, screen_height),
    FIELD(3, INTEGER, viewport_width),
    FIELD(4, INTEGER, viewport_height),
    FIELD(5, INTEGER, page_width),
    FIELD(6, INTEGER, page_height),
    FIELD(7, TEXT, language),
    FIELD(8, TEXT, zone),
    FIELD(9, DEVICE, device),
    FIELD(10, TEXT, brand),
    FIELD(11, TEXT, model),
    FIELD(12, TEXT, os),
    FIELD(13, TEXT, os_version),
    FIELD(14, TEXT, browser),
    FIELD(15, TEXT, browser_version),
};

static const struct field clickpath_fields[] = {
    FIELD(1, TEXT, category), FIELD(2, TEXT, action),           FIELD(3, TEXT, label),    FIELD(4, TEXT, property),
    FIELD(5, TEXT, value),    FIELD(6, PROPERTIES, properties), FIELD(7, TEXT, currency),
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
    for (const struct field *field = classes[class].fields; field < classes[class].end; field++)
        if (field->number == number)
            return field;
    return NULL;
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

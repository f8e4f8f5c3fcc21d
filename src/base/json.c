/*
 * JSON text into a buffer, whole or not at all.
 */
#include "crumb/base/json.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>

void json_free_at(json_t **json) { json_decref(*json); }

json_t *json_member(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) == 0)
        return object;
    json_decref(object);
    return NULL;
}

json_t *json_item(json_t *array, json_t *item)
{
    if (json_array_append_new(array, item) == 0)
        return array;
    json_decref(array);
    return NULL;
}

json_t *json_hex(const void *bytes, size_t size)
{
    char hex[2 * JSON_HEX_BYTES_MAX + 1];

    assert(size <= JSON_HEX_BYTES_MAX);
    sodium_bin2hex(hex, sizeof hex, bytes, size);
    return json_string(hex);
}

static int put_bytes(const char *bytes, size_t size, void *context)
{
    buffer_put(context, bytes, size);
    return 0;
}

int json_put(struct buffer *buffer, json_t *json, size_t flags)
{
    int r = json ? json_dump_callback(json, put_bytes, buffer, flags | JSON_COMPACT) : -1;

    json_decref(json);
    if (buffer->fault)
        return error_origin(buffer->fault);
    return r ? error_origin(-ENOMEM) : 0;
}

/* How many bytes the character at the front of @text has, by its first byte and the bounds of RFC 3629; 0: it is none.
 */
static size_t character_bytes(struct text text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t n = bytes[0] < 0x80 ? 1 : bytes[0] < 0xc2 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    /* The second byte rules out what is longer than needed, surrogates, and what is past U+10FFFF. */
    unsigned char least = bytes[0] == 0xe0 ? 0xa0 : bytes[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char most = bytes[0] == 0xed ? 0x9f : bytes[0] == 0xf4 ? 0x8f : 0xbf;

    if (n == 0 || n > text.size || bytes[0] > 0xf4 || (n > 1 && (bytes[1] < least || bytes[1] > most)))
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static bool is_plain(char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; }

void json_put_text(struct buffer *buffer, struct text text)
{
    buffer_put_u8(buffer, '"');
    while (text.size) {
        size_t n = 0;

        while (n < text.size && is_plain(text.data[n]))
            n++;
        buffer_put(buffer, text.data, n);
        text = text_from(text, n);
        if (!text.size)
            break;
        n = character_bytes(text);
        if (n == 0)
            buffer_put_text(buffer, TEXT("\xef\xbf\xbd"));
        else if (n > 1)
            buffer_put(buffer, text.data, n);
        else if (*text.data == '"' || *text.data == '\\')
            buffer_printf(buffer, "\\%c", *text.data);
        else
            buffer_printf(buffer, "\\u%04x", (unsigned)*text.data);
        text = text_from(text, n ? n : 1);
    }
    buffer_put_u8(buffer, '"');
}

void json_put_text_member(struct buffer *buffer, const char *name, struct text text)
{
    buffer_printf(buffer, ",\"%s\":", name);
    if (text.size)
        json_put_text(buffer, text);
    else
        buffer_put_text(buffer, TEXT("null"));
}

/* What stands outside of texts: how deep brackets nest, and how many values there are at most. */
struct shape {
    unsigned depth;
    size_t n_values;
};

static struct shape shape_of(struct text text)
{
    struct shape shape = {.n_values = 1};
    unsigned depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if ((c == '[' || c == '{') && ++depth > shape.depth)
            shape.depth = depth;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        else if (c == ',')
            shape.n_values++; /* a value or a member: each is an allocation or three */
    }
    return shape;
}

bool json_too_deep(struct text text) { return shape_of(text).depth > JSON_DEPTH_MAX; }

int json_read(struct text text, json_t **ret_json)
{
    struct shape shape = shape_of(text);
    json_error_t error;

    if (shape.depth > JSON_DEPTH_MAX || shape.n_values > JSON_VALUES_MAX)
        return JSON_E_INVALID;
    json_t *json = json_loadb(text.size ? text.data : "", text.size, JSON_REJECT_DUPLICATES, &error);
    /* jansson tells what is wrong with a text; where it tells nothing, memory was. */
    if (!json && (!error.text[0] || json_error_code(&error) == json_error_out_of_memory))
        return error_origin(-ENOMEM);
    if (!json)
        return JSON_E_INVALID;
    *ret_json = json;
    return 0;
}

json_t *json_read_canonical(struct text text)
{
    json_t *json = json_loadb(text.size ? text.data : "", text.size, JSON_REJECT_DUPLICATES, NULL);
    BUFFER_AUTO again = BUFFER_INIT(text.size);

    if (json && (json_put(&again, json_incref(json), JSON_SORT_KEYS) || !text_equal(buffer_text(&again), text))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

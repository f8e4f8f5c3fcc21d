/*
 * Reading and refusing requests.  Everything that was sent is quoted in part
 * only, and without control characters: the sentence may end in a terminal.
 */
#include "crumb/query/request.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/query/query.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define LIST_BYTES 256

int request_complain(struct buffer *complaint, const char *format, ...)
{
    char sentence[QUERY_COMPLAINT_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    for (char *c = sentence; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    buffer_put_text(complaint, text_of(sentence));
    return complaint->fault ? error_origin(complaint->fault) : QUERY_E_INVALID;
}

struct request_quote request_quote(const char *string)
{
    struct request_quote quote;
    size_t size = strlen(string), max = sizeof quote.text - sizeof "\"...\"";
    bool cut = size > max;

    if (cut)
        for (size = max; ((unsigned char)string[size] & 0xc0) == 0x80; size--)
            ;
    snprintf(quote.text, sizeof quote.text, "\"%.*s%s\"", (int)size, string, cut ? "..." : "");
    return quote;
}

int request_read(struct text json, const char *example, json_t **ret_object, struct buffer *complaint)
{
    json_error_t error;

    if (json.size > QUERY_BODY_BYTES_MAX)
        return request_complain(complaint, "the request: has more than %d bytes; ask for less", QUERY_BODY_BYTES_MAX);
    if (json_too_deep(json))
        return request_complain(complaint, "the request: is nested deeper than %d levels; ask for less",
                                JSON_DEPTH_MAX);
    json_t *root = json_loadb(json.size ? json.data : "", json.size, JSON_REJECT_DUPLICATES, &error);
    /* jansson tells what is wrong with a text; where it tells nothing, memory was. */
    if (!root && (json_error_code(&error) == json_error_out_of_memory || !error.text[0]))
        return error_origin(-ENOMEM);
    if (!root)
        return request_complain(complaint, "the request: is not JSON: %s at line %d, column %d", error.text, error.line,
                                error.column);
    if (!json_is_object(root)) {
        json_decref(root);
        return request_complain(complaint, "the request: must be a JSON object, like %s", example);
    }
    *ret_object = root;
    return 0;
}

/* "a, b, c", cut where it would be too long. */
static void list_words(const char *const *words, char list[LIST_BYTES])
{
    size_t size = 0;

    list[0] = '\0';
    for (size_t i = 0; words[i] && size < LIST_BYTES; i++)
        size += (size_t)snprintf(list + size, LIST_BYTES - size, "%s%s", i ? ", " : "", words[i]);
}

static bool has_word(const char *const *words, const char *word, unsigned *ret_index)
{
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0) {
            *ret_index = i;
            return true;
        }
    return false;
}

int request_keys(json_t *object, const char *place, const char *const *known, struct buffer *complaint)
{
    char list[LIST_BYTES];
    const char *key;
    json_t *value;
    unsigned index;

    json_object_foreach(object, key, value)
    {
        if (has_word(known, key, &index))
            continue;
        list_words(known, list);
        return request_complain(complaint, "%s: %s is not a key of it; this version knows %s", place,
                                request_quote(key).text, list);
    }
    return 0;
}

int request_site(json_t *value, char ret_site[SITE_NAME_BYTES_MAX + 1], struct buffer *complaint)
{
    const char *site = json_string_value(value);

    if (!site || !*site || strlen(site) > SITE_NAME_BYTES_MAX)
        return request_complain(complaint, "site_id: must be the name of a site, a text of 1 to %d bytes",
                                SITE_NAME_BYTES_MAX);
    memcpy(ret_site, site, strlen(site) + 1);
    return 0;
}

int request_count(json_t *object, const char *key, unsigned min, unsigned max, unsigned *count,
                  struct buffer *complaint)
{
    json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);

    if (!value)
        return 0;
    if (!json_is_integer(value) || number < min || number > max)
        return request_complain(complaint, "%s: must be a whole number from %u to %u", key, min, max);
    *count = (unsigned)number;
    return 0;
}

int request_bool(json_t *value, const char *place, bool *flag, struct buffer *complaint)
{
    if (!value)
        return 0;
    if (!json_is_boolean(value))
        return request_complain(complaint, "%s: must be true or false", place);
    *flag = json_is_true(value);
    return 0;
}

int request_word(json_t *value, const char *key, const char *const *words, unsigned *ret_index,
                 struct buffer *complaint)
{
    const char *word = json_string_value(value);
    char list[LIST_BYTES];

    if (!value) {
        *ret_index = 0;
        return 0;
    }
    if (word && has_word(words, word, ret_index))
        return 0;
    list_words(words, list);
    return request_complain(complaint, "%s: must be one of %s", key, list);
}

int request_filters(json_t *list, const char *place, struct filter **ret_filter, struct buffer *complaint)
{
    BUFFER_AUTO below = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct filter *filter = NULL;
    int r = list ? filter_parse(list, &filter, &below) : 0;

    if (r == FILTER_E_INVALID)
        return request_complain(complaint, "%s%.*s", place, TEXT_ARGS(buffer_text(&below)));
    if (r < 0)
        return error_trace(r);
    *ret_filter = filter;
    return 0;
}

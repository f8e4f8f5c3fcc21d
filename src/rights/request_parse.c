/*
 * JSON objects with known members; anything else is told to be wrong, as a
 * misspelt member would otherwise be lost.
 */
#include "crumb/rights/request_parse.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_BYTES_MAX 512

static int invalid(struct buffer *complaint, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int invalid(struct buffer *complaint, const char *format, ...)
{
    char sentence[SENTENCE_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    buffer_put_text(complaint, text_of(sentence));
    return REQUEST_E_INVALID;
}

/* An object without other members than @known, which ends with NULL. */
static int read_object(struct text body, const char *const *known, json_t **ret_json, struct buffer *complaint)
{
    const char *name;
    json_t *value;
    int r = body.size > REQUEST_BODY_BYTES_MAX ? JSON_E_INVALID : json_read(body, ret_json);

    if (r < 0)
        return error_trace(r);
    if (r || !json_is_object(*ret_json))
        return invalid(complaint, "the body must be a JSON object of at most %d bytes", REQUEST_BODY_BYTES_MAX);
    json_object_foreach(*ret_json, name, value)
    {
        const char *const *at = known;

        while (*at && strcmp(*at, name) != 0)
            at++;
        if (!*at)
            return invalid(complaint, "there is no member `%.64s` here", name);
        bool is_version = strcmp(name, "version") == 0;
        if (is_version && !(json_is_integer(value) && json_integer_value(value) > 0))
            return invalid(complaint, "`version` must be a number from 1 on");
        if (!is_version && !json_is_string(value))
            return invalid(complaint, "`%s` must be a string", name);
    }
    return 0;
}

static struct text member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return (struct text){.data = json_string_value(value), .size = json_string_length(value)};
}

/* Letters, or whatever else is no blank. */
static bool says_something(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!strchr(" \t\r\n", text.data[i]))
            return true;
    return false;
}

static bool is_one_line(struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((uint8_t)text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    return true;
}

static void put_words(const char *(*word)(unsigned), unsigned n, char *text, size_t size)
{
    size_t at = 0;

    for (unsigned i = 1; i < n; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", word(i));
}

static int read_what(struct request_wish *wish, struct buffer *complaint)
{
    char words[256];
    int kind = request_find_kind(member(wish->json, "kind"));

    wish->text = member(wish->json, "text");
    wish->contact = member(wish->json, "contact");
    if (kind < 0) {
        put_words(request_kind_word, REQUEST_KIND_N, words, sizeof words);
        return invalid(complaint, "`kind` must be one of %s", words);
    }
    wish->kind = (enum request_kind)kind;
    if (!says_something(wish->text))
        return invalid(complaint, "`text` must say what it is about");
    if (wish->text.size > REQUEST_TEXT_BYTES_MAX)
        return invalid(complaint, "`text` has %zu bytes; write at most %d, and how to reach you for more",
                       wish->text.size, REQUEST_TEXT_BYTES_MAX);
    if (wish->contact.size > REQUEST_CONTACT_BYTES_MAX || !is_one_line(wish->contact))
        return invalid(complaint, "`contact` must be one line of at most %d bytes", REQUEST_CONTACT_BYTES_MAX);
    return 0;
}

int request_parse(struct text body, const struct config *config, struct request_wish *ret_wish,
                  struct buffer *complaint)
{
    static const char *const known[] = {"site", "kind", "text", "contact", NULL};
    struct request_wish wish = {.json = NULL};
    int r = read_object(body, known, &wish.json, complaint);

    if (r == 0) {
        wish.site = config_site(config, member(wish.json, "site"));
        if (!wish.site) {
            invalid(complaint, "`site` must be one of the sites of the configuration");
            r = REQUEST_E_UNKNOWN_SITE;
        }
    }
    if (r == 0)
        r = read_what(&wish, complaint);
    *ret_wish = wish;
    return error_trace(r);
}

/* ---- steps ---- */

static int read_change(struct request_change *change, struct buffer *complaint)
{
    struct text state = member(change->json, "state"), answer = member(change->json, "answer"),
                note = member(change->json, "note");
    char words[256];
    int found = state.data ? request_find_state(state) : 0;

    if (found < 0) {
        put_words(request_state_word, REQUEST_STATE_N, words, sizeof words);
        return invalid(complaint, "`state` must be one of %s", words);
    }
    if (answer.data && note.data)
        return invalid(complaint,
                       "write an `answer`, which whoever asked can read, or a `note`, which nobody else can");
    if (!json_object_get(change->json, "version"))
        return invalid(complaint,
                       "send the `version` that GET of this request gave, so that nobody's step is overlooked");
    change->version = json_integer_value(json_object_get(change->json, "version"));
    change->state = (enum request_state)found;
    change->is_told = answer.data != NULL;
    change->note = answer.data ? answer : note;
    if (change->note.size > REQUEST_NOTE_BYTES_MAX)
        return invalid(complaint, "`%s` has %zu bytes; write at most %d", answer.data ? "answer" : "note",
                       change->note.size, REQUEST_NOTE_BYTES_MAX);
    if (!change->state && !says_something(change->note))
        return invalid(complaint, "say a new `state`, an `answer` or a `note`");
    /* GDPR art. 12(4): reasons, and without them nobody can complain about them. */
    if ((change->state == REQUEST_REFUSED || change->state == REQUEST_ANSWERED) &&
        !(change->is_told && says_something(change->note)))
        return invalid(complaint, "`%s` needs an `answer` that whoever asked can read",
                       request_state_word(change->state));
    return 0;
}

int request_parse_change(struct text body, struct request_change *ret_change, struct buffer *complaint)
{
    static const char *const known[] = {"state", "answer", "note", "version", NULL};
    struct request_change change = {.json = NULL};
    int r = read_object(body, known, &change.json, complaint);

    if (r == 0)
        r = read_change(&change, complaint);
    *ret_change = change;
    return error_trace(r);
}

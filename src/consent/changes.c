/*
 * Comparing notices.  Each thing that a notice tells is put into words from
 * both, and where the words differ, that is a change: so whatever a reader can
 * see differ is listed, and nothing else.
 */
#include "crumb/consent/changes.h"
#include "crumb/base/json.h"
#include "crumb/consent/texts.h"
#include <stdio.h>
#include <string.h>

#define NOTHING "–"

/* Of one notice, of one language. The buffers take what one row says. */
struct comparing {
    const struct site *site;
    const char *lang;
    json_t *before, *after;
    struct buffer what, was, is;
    json_t *changes; /* NULL: no memory */
};

static const char *word(const struct comparing *comparing, const char *key)
{
    return texts_get(comparing->site, comparing->lang, key);
}

static const char *string_of(json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "";
}

/* Appends @string to a list, where it is one. */
static void add(const struct comparing *comparing, struct buffer *list, const char *string)
{
    if (!string[0])
        return;
    if (list->size)
        buffer_put_text(list, text_of(texts_separator(comparing->lang)));
    buffer_put_text(list, text_of(string));
}

static void begin(struct comparing *comparing, const char *what, const char *of)
{
    buffer_clear(&comparing->what);
    buffer_clear(&comparing->was);
    buffer_clear(&comparing->is);
    buffer_put_text(&comparing->what, text_of(what));
    if (of[0])
        buffer_printf(&comparing->what, " (%s)", of);
}

static json_t *said(const struct buffer *buffer)
{
    return buffer->size ? json_stringn((const char *)buffer->data, buffer->size) : json_string(NOTHING);
}

/* The row is a change where both sides read differently. */
static void end(struct comparing *comparing)
{
    if (comparing->what.fault || comparing->was.fault || comparing->is.fault) {
        json_decref(comparing->changes);
        comparing->changes = NULL;
    } else if (!text_equal(buffer_text(&comparing->was), buffer_text(&comparing->is))) {
        comparing->changes =
            json_item(comparing->changes, json_pack("{s:o, s:o, s:o}", "what", said(&comparing->what), "before",
                                                    said(&comparing->was), "after", said(&comparing->is)));
    }
}

/* ---- one function for each thing that a notice tells ---- */

static void put_controller(const struct comparing *comparing, struct buffer *list, json_t *notice)
{
    json_t *controller = json_object_get(notice, "controller");

    add(comparing, list, string_of(controller, "name"));
    add(comparing, list, string_of(controller, "address"));
    add(comparing, list, string_of(controller, "contact"));
}

static void put_storage(const struct comparing *comparing, struct buffer *list, json_t *notice)
{
    json_t *storage = json_object_get(notice, "storage");

    add(comparing, list, string_of(storage, "location"));
    add(comparing, list, texts_country(comparing->lang, string_of(storage, "country")));
}

static void put_withdraw(const struct comparing *comparing, struct buffer *list, json_t *notice)
{
    bool keeps = strcmp(string_of(notice, "on_withdraw"), "keep") == 0;

    add(comparing, list, word(comparing, keeps ? "policy.keep" : "policy.erase"));
}

static void put_also(const struct comparing *comparing, struct buffer *list, json_t *notice)
{
    json_t *also;
    size_t i;

    json_array_foreach(json_object_get(notice, "also"), i, also)
    {
        add(comparing, list, string_of(also, "what"));
        buffer_put_text(list, TEXT(" ("));
        buffer_put_text(list, text_of(string_of(also, "why")));
        for (unsigned w = 0; w < 2; w++) {
            const char *more = string_of(also, w ? "kept" : "where");

            if (more[0])
                buffer_printf(list, "; %s", more);
        }
        buffer_put_u8(list, ')');
    }
}

static void compare(struct comparing *comparing, const char *key,
                    void (*put)(const struct comparing *comparing, struct buffer *list, json_t *notice))
{
    begin(comparing, word(comparing, key), "");
    put(comparing, &comparing->was, comparing->before);
    put(comparing, &comparing->is, comparing->after);
    end(comparing);
}

/* ---- purposes ---- */

static json_t *find_purpose(json_t *notice, const char *name)
{
    json_t *purpose;
    size_t i;

    json_array_foreach(json_object_get(notice, "purposes"), i,
                       purpose) if (strcmp(string_of(purpose, "name"), name) == 0) return purpose;
    return NULL;
}

/* By their titles: the later notice's words for what both have, so that a title put otherwise is no change. */
static void put_purposes(const struct comparing *comparing, struct buffer *list, json_t *notice)
{
    json_t *purpose;
    size_t i;

    json_array_foreach(json_object_get(notice, "purposes"), i, purpose)
    {
        json_t *later = find_purpose(comparing->after, string_of(purpose, "name"));

        add(comparing, list, string_of(later ? later : purpose, "title"));
    }
}

static void put_collects(const struct comparing *comparing, struct buffer *list, json_t *notice, json_t *purpose)
{
    json_t *class;
    size_t i;

    json_array_foreach(json_object_get(purpose, "collects"), i, class)
    {
        const char *name = json_string_value(class);
        char key[32];

        snprintf(key, sizeof key, "class.%s", name ? name : "");
        add(comparing, list, word(comparing, key));
        if (name && strcmp(name, words_class(CLASS_LOG)) == 0) {
            snprintf(key, sizeof key, "address.%.16s", string_of(notice, "address"));
            add(comparing, list, word(comparing, key));
        }
    }
}

static void put_recipients(const struct comparing *comparing, struct buffer *list, json_t *notice, json_t *purpose)
{
    json_t *recipient;
    size_t i;

    (void)notice;
    json_array_foreach(json_object_get(purpose, "recipients"), i, recipient)
    {
        const char *country = string_of(recipient, "country"), *why = string_of(recipient, "why");

        add(comparing, list, string_of(recipient, "name"));
        if (country[0])
            buffer_printf(list, " (%s)", texts_country(comparing->lang, country));
        if (why[0])
            buffer_printf(list, ": %s", why);
    }
}

static void put_separate(const struct comparing *comparing, struct buffer *list, json_t *notice, json_t *purpose)
{
    (void)notice;
    if (json_is_true(json_object_get(purpose, "separate")))
        add(comparing, list, word(comparing, "allow"));
}

static void compare_purpose(struct comparing *comparing, json_t *was, json_t *is)
{
    static const struct {
        const char *key;
        void (*put)(const struct comparing *comparing, struct buffer *list, json_t *notice, json_t *purpose);
    } rows[] = {{"collects", put_collects}, {"recipients", put_recipients}, {"accept_more", put_separate}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(comparing, word(comparing, rows[i].key), string_of(is, "title"));
        rows[i].put(comparing, &comparing->was, comparing->before, was);
        rows[i].put(comparing, &comparing->is, comparing->after, is);
        end(comparing);
    }
}

/* Of a purpose that is new, all of it is a change; one that is gone is gone with all of it. */
static void compare_purposes(struct comparing *comparing)
{
    json_t *purpose;
    size_t i;

    compare(comparing, "policy.purposes", put_purposes);
    json_array_foreach(json_object_get(comparing->after, "purposes"), i, purpose)
        compare_purpose(comparing, find_purpose(comparing->before, string_of(purpose, "name")), purpose);
}

/* ---- retention ---- */

static void put_period(const struct comparing *comparing, struct buffer *list, json_t *notice, const char *name)
{
    const char *seconds = string_of(json_object_get(notice, "retention"), name);

    if (seconds[0])
        texts_put_period(list, word(comparing, "days"), seconds);
}

static void compare_retention(struct comparing *comparing)
{
    for (unsigned i = 0; i < TEXTS_PERIODS; i++) {
        char key[32];

        snprintf(key, sizeof key, "retention.%s", texts_period(i));
        begin(comparing, word(comparing, "retention"), word(comparing, key));
        put_period(comparing, &comparing->was, comparing->before, texts_period(i));
        put_period(comparing, &comparing->is, comparing->after, texts_period(i));
        end(comparing);
    }
}

json_t *changes_of(const struct site *site, const char *lang, json_t *before, json_t *after)
{
    struct comparing comparing = {.site = site,
                                  .lang = lang,
                                  .before = before,
                                  .after = after,
                                  .what = BUFFER_INIT(CHANGES_BYTES_MAX),
                                  .was = BUFFER_INIT(CHANGES_BYTES_MAX),
                                  .is = BUFFER_INIT(CHANGES_BYTES_MAX),
                                  .changes = json_array()};

    compare(&comparing, "controller", put_controller);
    compare_purposes(&comparing);
    compare(&comparing, "storage", put_storage);
    compare_retention(&comparing);
    compare(&comparing, "withdraw", put_withdraw);
    compare(&comparing, "policy.also", put_also);
    buffer_deinit(&comparing.what);
    buffer_deinit(&comparing.was);
    buffer_deinit(&comparing.is);
    return comparing.changes;
}

/* Stronger than a comma, which names have themselves. */
static const char *stop_of(const char *lang)
{
    const char *comma = texts_separator(lang);

    return strcmp(comma, "、") == 0 ? "；" : strcmp(comma, "، ") == 0 ? "؛ " : "; ";
}

void changes_put_names(struct buffer *line, const char *lang, json_t *changes)
{
    json_t *change;
    size_t i;

    json_array_foreach(changes, i, change)
    {
        if (i)
            buffer_put_text(line, text_of(stop_of(lang)));
        buffer_put_text(line, text_of(string_of(change, "what")));
    }
}

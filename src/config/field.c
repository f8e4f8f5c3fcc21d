/*
 * Readers of single settings: the text from the document, the rule from
 * value.h, the complaint from here.
 */
#include "field.h"
#include "crumb/base/error.h"
#include "crumb/base/words.h"
#include "crumb/config/value.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

char *field_copy(struct yaml *yaml, struct text text)
{
    char *copy = malloc(text.size + 1);

    if (!copy) {
        yaml_fail(yaml, error_origin(-ENOMEM));
        return NULL;
    }
    if (text.size)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

void field_default(struct yaml *yaml, char **at_default, const char *text)
{
    if (!*at_default)
        *at_default = field_copy(yaml, text_of(text));
}

void field_check_name(const struct yaml_at *at, const char *what)
{
    if (!value_purpose_name(at->key))
        yaml_complain(at, "this is no name for a %s; write a small letter, then small letters, digits or _, at most %d",
                      what, PURPOSE_NAME_BYTES_MAX);
}

/* A text that can be shown on a page and held as a string. */
static bool plain_text(const struct yaml_at *at, struct text *ret_text)
{
    struct text text;

    if (!yaml_text(at, &text))
        return false;
    if (text.size == 0) {
        yaml_complain(at, "this text is empty; write one, or leave the key out");
        return false;
    }
    if (text.size > CONFIG_TEXT_BYTES_MAX) {
        yaml_complain(at, "this text has %zu bytes; write at most %d", text.size, CONFIG_TEXT_BYTES_MAX);
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            yaml_complain(at, "this text holds the control character 0x%02x; leave it out", c);
            return false;
        }
    }
    *ret_text = text;
    return true;
}

void field_text(const struct yaml_at *at, void *into)
{
    char **setting = into;
    struct text text;

    if (plain_text(at, &text))
        *setting = field_copy(at->yaml, text);
}

void field_path(const struct yaml_at *at, void *into)
{
    char **setting = into;
    const char *file = yaml_file(at->yaml);
    const char *slash = strrchr(file, '/');
    BUFFER_AUTO path = BUFFER_INIT(PATH_BYTES_MAX);
    struct text text;

    if (!plain_text(at, &text))
        return;
    if (text.data[0] != '/' && slash)
        buffer_put(&path, file, (size_t)(slash - file) + 1);
    buffer_put_text(&path, text);
    if (path.fault == -EOVERFLOW)
        yaml_complain(at, "this path has over %d bytes; write a shorter one", PATH_BYTES_MAX);
    else if (path.fault)
        yaml_fail(at->yaml, error_origin(path.fault));
    else
        *setting = field_copy(at->yaml, buffer_text(&path));
}

void field_bool(const struct yaml_at *at, void *into)
{
    bool *setting = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    bool yes = text_equal(text, TEXT("true"));
    if (yes || text_equal(text, TEXT("false")))
        *setting = yes;
    else
        yaml_refuse(at, "is not a yes or no; write true or false");
}

void field_period(const struct yaml_at *at, void *into)
{
    int64_t *setting = into;
    struct text text;
    int64_t ms;

    if (!yaml_text(at, &text))
        return;
    if (!value_duration(text, &ms))
        yaml_refuse(at, "is not a period; write a number and s, m, h, d, mo (30 days) or y (365 days), such as 30d");
    else if (ms <= 0 || ms > CONFIG_RETENTION_MS_MAX)
        yaml_refuse(at, "is out of range; write more than 0 and at most 10y");
    else
        *setting = ms;
}

void field_country(const struct yaml_at *at, void *into)
{
    char **setting = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (value_country(text))
        *setting = field_copy(at->yaml, text);
    else
        yaml_refuse(at, "is not a country; write the two capital letters of ISO 3166-1, such as DE or GB");
}

int field_choice(const struct yaml_at *at, const char *what, const struct walk_names *names)
{
    struct text text;

    return yaml_text(at, &text) ? walk_choose(at, text, what, names) : -1;
}

static const char *regime_name(const void *of, unsigned i)
{
    (void)of;
    return words_regime(i + 1);
}

unsigned field_regime(const struct yaml_at *at)
{
    static const struct walk_names regimes = {.name = regime_name, .n = REGIME_N - 1};

    return (unsigned)(field_choice(at, "regime", &regimes) + 1);
}

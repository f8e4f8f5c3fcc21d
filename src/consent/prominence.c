/*
 * The look of a text, by the properties that Unicode gives its characters.
 * What a text says is not judged: that takes its language.
 */
#include "crumb/consent/prominence.h"
#include "crumb/base/limits.h"
#include <glib.h>

#define FIRST_ARROW 0x2190 /* before it, mathematical symbols are the + and < of ordinary text */

static bool is_exclamation(gunichar c)
{
    return c == '!' || c == 0xa1 || c == 0x203c || c == 0x2049 || c == 0x55c || c == 0xfe57 || c == 0xff01;
}

static bool is_picture(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return type == G_UNICODE_OTHER_SYMBOL || (type == G_UNICODE_MATH_SYMBOL && c >= FIRST_ARROW);
}

struct prominence prominence_of(const char *text)
{
    struct prominence found = {.n_letters = 0};
    size_t n_capitals = 0, n_small = 0;

    for (const char *at = text; *at; at = g_utf8_find_next_char(at, NULL)) {
        gunichar c = g_utf8_get_char(at);

        found.n_letters += !g_unichar_ismark(c);
        found.exclaims |= is_exclamation(c);
        found.pictures |= is_picture(c);
        n_capitals += g_unichar_isupper(c) != 0;
        n_small += g_unichar_islower(c) != 0;
    }
    found.shouts = n_capitals >= 3 && n_small == 0;
    return found;
}

bool prominence_longer(const struct prominence *a, const struct prominence *b)
{
    return a->n_letters > LINT_BUTTON_RATIO * b->n_letters + LINT_BUTTON_LETTERS;
}

/*
 * Escaped writes.
 */
#include "html.h"
#include <assert.h>
#include <stdarg.h>

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&#34;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void put_escaped(struct buffer *buffer, const char *string)
{
    for (; *string; string++) {
        const char *escape = escape_of(*string);

        if (escape)
            buffer_put_text(buffer, text_of(escape));
        else
            buffer_put_u8(buffer, (uint8_t)*string);
    }
}

void html_put(struct buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (const char *at = format; *at; at++) {
        if (*at != '%') {
            buffer_put_u8(buffer, (uint8_t)*at);
        } else if (*++at == 's') {
            put_escaped(buffer, va_arg(args, const char *));
        } else {
            assert(*at == '%');
            buffer_put_u8(buffer, '%');
        }
    }
    va_end(args);
}

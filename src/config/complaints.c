/*
 * Complaints are found in the order in which the loader looks and read in the
 * order of the file, so they are sorted before they are shown.
 */
#include "crumb/config/complaints.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void complaints_deinit(struct complaints *complaints)
{
    buffer_deinit(&complaints->text);
    complaints->n = 0;
}

static void put_clean(struct buffer *line, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];

        buffer_put_u8(line, c < 0x20 || c == 0x7f ? '?' : c);
    }
}

/* A cut inside a character of UTF-8 goes back to where the character began. */
static size_t cut(const char *string, size_t max)
{
    size_t size = strnlen(string, max);

    while (size && ((unsigned char)string[size] & 0xc0) == 0x80)
        size--;
    return size;
}

int complaints_add(struct complaints *complaints, const char *file, unsigned line, const char *what)
{
    BUFFER_AUTO whole = BUFFER_INIT(PATH_BYTES_MAX + COMPLAINT_BYTES_MAX + 32);

    complaints->n++;
    if (complaints->n > CONFIG_COMPLAINTS_MAX)
        return 0;
    put_clean(&whole, file, strnlen(file, PATH_BYTES_MAX));
    buffer_printf(&whole, ":%u: ", line);
    put_clean(&whole, what, cut(what, COMPLAINT_BYTES_MAX));
    buffer_put_u8(&whole, '\n');
    if (whole.fault)
        return error_origin(whole.fault);
    /* Put in one piece: at the text's bound there is a whole line or none. */
    buffer_put_text(&complaints->text, buffer_text(&whole));
    return complaints->text.fault == -ENOMEM ? error_origin(-ENOMEM) : 0;
}

struct line {
    unsigned long number;
    struct text text; /* with its newline */
};

static int by_number(const void *a, const void *b)
{
    const struct line *left = a, *right = b;

    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    /* They lie in one text, in the order in which they were found. */
    return left->text.data < right->text.data ? -1 : left->text.data > right->text.data;
}

static unsigned split(struct text text, size_t prefix_size, struct line *lines)
{
    unsigned n = 0;

    while (text.size) {
        size_t size = text_find(text, '\n') + 1;

        assert(n < CONFIG_COMPLAINTS_MAX && size > prefix_size && size <= text.size);
        lines[n].text = (struct text){.data = text.data, .size = size};
        lines[n++].number = strtoul(text.data + prefix_size, NULL, 10);
        text = text_from(text, size);
    }
    return n;
}

int complaints_sort(struct complaints *complaints, const char *file, size_t offset)
{
    struct line lines[CONFIG_COMPLAINTS_MAX];
    struct text unsorted = text_from(buffer_text(&complaints->text), offset);
    BUFFER_AUTO sorted = BUFFER_INIT(unsorted.size);
    unsigned n = split(unsorted, strnlen(file, PATH_BYTES_MAX) + 1, lines);

    qsort(lines, n, sizeof *lines, by_number);
    for (unsigned i = 0; i < n; i++)
        buffer_put_text(&sorted, lines[i].text);
    if (sorted.fault)
        return error_origin(sorted.fault);
    if (n)
        memcpy(complaints->text.data + offset, sorted.data, sorted.size);
    return 0;
}

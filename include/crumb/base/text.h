/*
 * Text: a borrowed run of bytes with its length.  Never owns, never assumes a
 * terminating NUL, may be empty (data may then be NULL).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
    const char *data;
    size_t size;
};

#define TEXT(literal) ((struct text){.data = (literal), .size = sizeof(literal) - 1})
#define TEXT_NONE ((struct text){.data = NULL, .size = 0})

/* For printf("%.*s", TEXT_ARGS(t)). */
#define TEXT_ARGS(t) (int)(t).size, (t).size ? (t).data : ""

static inline struct text text_of(const char *string)
{
    return (struct text){.data = string, .size = string ? strlen(string) : 0};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool text_starts(struct text t, struct text prefix)
{
    return t.size >= prefix.size && (prefix.size == 0 || memcmp(t.data, prefix.data, prefix.size) == 0);
}

/* The offset of the first @c in @t, or t.size where there is none. */
static inline size_t text_find(struct text t, char c)
{
    const char *at = t.size ? memchr(t.data, c, t.size) : NULL;

    return at ? (size_t)(at - t.data) : t.size;
}

/* What stands before the first @c; @t becomes what stands behind it (empty where there is no @c). */
static inline struct text text_cut(struct text *t, char c)
{
    size_t at = text_find(*t, c);
    struct text head = {.data = t->data, .size = at};

    *t = at < t->size ? (struct text){.data = t->data + at + 1, .size = t->size - at - 1} : TEXT_NONE;
    return head;
}

/* The bytes from @offset on. @offset must not exceed the size. */
static inline struct text text_from(struct text t, size_t offset)
{
    return (struct text){.data = offset ? t.data + offset : t.data, .size = t.size - offset};
}

/* Without the blanks and tabs at both ends. */
static inline struct text text_trim(struct text t)
{
    while (t.size && (t.data[0] == ' ' || t.data[0] == '\t'))
        t = text_from(t, 1);
    while (t.size && (t.data[t.size - 1] == ' ' || t.data[t.size - 1] == '\t'))
        t.size--;
    return t;
}

/*
 * The document's tree as one array in the order of the file: each entry is
 * followed by what it holds, and knows where that ends.
 */
#include "crumb/config/places.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <stdlib.h>

struct entry {
    size_t key; /* offset in the keys; of list items an empty one */
    unsigned line;
    size_t after; /* the first entry that is not in this one */
};

struct places {
    struct entry *entries; /* the first is the document itself */
    size_t n, capacity;
    struct buffer keys; /* each ended by a NUL */
};

/* A key in the file takes at least half the bytes that it stands for: "\L" is three. */
#define KEYS_BYTES_MAX ((size_t)4 * CONFIG_FILE_BYTES_MAX)

static struct entry *append(struct places *places, const struct yaml_at *at)
{
    if (places->n == places->capacity) {
        size_t capacity = places->capacity ? 2 * places->capacity : 64;
        struct entry *entries = realloc(places->entries, capacity * sizeof *entries);

        if (!entries)
            return NULL;
        places->entries = entries;
        places->capacity = capacity;
    }
    struct entry *entry = &places->entries[places->n++];
    *entry = (struct entry){.key = places->keys.size, .line = at->line};
    buffer_put_text(&places->keys, at->key);
    buffer_put_u8(&places->keys, '\0');
    return places->keys.fault ? NULL : entry;
}

/* As deep as the document is, which is at most CONFIG_DEPTH_MAX. */
static bool add(struct places *places, const struct yaml_at *at)
{
    size_t self = places->n;
    unsigned n = yaml_size(at);
    bool is_list = yaml_kind(at) == YAML_LIST;

    if (!append(places, at))
        return false;
    for (unsigned i = 0; i < n; i++) {
        struct yaml_at inner = is_list ? yaml_item(at, i) : yaml_entry(at, i);

        if (!add(places, &inner))
            return false;
    }
    places->entries[self].after = places->n;
    return true;
}

int places_new(const struct yaml_at *root, struct places **ret_places)
{
    struct places *places = calloc(1, sizeof *places);

    if (!places)
        return error_origin(-ENOMEM);
    places->keys = BUFFER_INIT(KEYS_BYTES_MAX);
    if (!add(places, root)) {
        places_free(places);
        return error_origin(-ENOMEM);
    }
    *ret_places = places;
    return 0;
}

struct places *places_free(struct places *places)
{
    if (places) {
        free(places->entries);
        buffer_deinit(&places->keys);
        free(places);
    }
    return NULL;
}

/* The entry of @key in @outer, or 0, which is in none. */
static size_t find_key(const struct places *places, size_t outer, const char *key)
{
    for (size_t i = outer + 1; i < places->entries[outer].after; i = places->entries[i].after)
        if (strcmp((const char *)places->keys.data + places->entries[i].key, key) == 0)
            return i;
    return 0;
}

static size_t find_item(const struct places *places, size_t outer, unsigned item)
{
    for (size_t i = outer + 1; i < places->entries[outer].after; i = places->entries[i].after)
        if (--item == 0)
            return i;
    return 0;
}

unsigned places_line(const struct places *places, const struct config_place *place)
{
    size_t at = 0, inner = 0;

    for (const char *const *key = place->keys; *key; key++) {
        inner = find_key(places, at, *key);
        if (!inner)
            return places->entries[at].line;
        at = inner;
    }
    if (place->item)
        inner = find_item(places, at, place->item);
    return places->entries[inner ? inner : at].line;
}

void config_place_put(const struct config_place *place, struct buffer *text)
{
    for (const char *const *key = place->keys; *key; key++)
        buffer_printf(text, "%s%s", key == place->keys ? "" : ".", *key);
    if (place->item)
        buffer_printf(text, "[%u]", place->item - 1);
}

/*
 * Strict reading of mappings and lists.
 */
#include "crumb/config/walk.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/config/value.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

const char *walk_word(const void *of, unsigned i) { return ((const char *const *)of)[i]; }

/* All names, or as many as a complaint has room for. */
static void put_names(struct buffer *list, const struct walk_names *names)
{
    for (unsigned i = 0; i < names->n; i++) {
        const char *name = names->name(names->of, i);

        if (list->size + strlen(name) > COMPLAINT_BYTES_MAX / 2) {
            buffer_put_text(list, TEXT(", ..."));
            break;
        }
        buffer_printf(list, "%s%s", i ? ", " : "", name);
    }
    buffer_put_u8(list, '\0');
}

/* The name that @word may have meant, or NULL. */
static const char *nearest(struct text word, const struct walk_names *names)
{
    unsigned distance = VALUE_DISTANCE_FAR;
    const char *found = NULL;

    for (unsigned i = 0; i < names->n; i++) {
        const char *name = names->name(names->of, i);
        unsigned to_name = value_distance(word, text_of(name));

        if (to_name < distance) {
            distance = to_name;
            found = name;
        }
    }
    return found;
}

static void complain_unknown(const struct yaml_at *at, struct text word, const char *what,
                             const struct walk_names *names)
{
    BUFFER_AUTO list = BUFFER_INIT(COMPLAINT_BYTES_MAX);
    const char *meant = nearest(word, names);

    put_names(&list, names);
    if (list.fault)
        yaml_fail(at->yaml, error_origin(list.fault));
    else if (meant)
        yaml_complain(at, "unknown %s \"%.*s\"; did you mean \"%s\"?", what, TEXT_ARGS(yaml_shorten(word)), meant);
    else if (names->n == 0)
        yaml_complain(at, "unknown %s \"%.*s\"; none is declared", what, TEXT_ARGS(yaml_shorten(word)));
    else
        yaml_complain(at, "unknown %s \"%.*s\"; write one of %s", what, TEXT_ARGS(yaml_shorten(word)),
                      (const char *)list.data);
}

int walk_choose(const struct yaml_at *at, struct text word, const char *what, const struct walk_names *names)
{
    for (unsigned i = 0; i < names->n; i++)
        if (text_equal(word, text_of(names->name(names->of, i))))
            return (int)i;
    complain_unknown(at, word, what, names);
    return -1;
}

void *walk_array(const struct yaml_at *at, enum yaml_kind kind, size_t item_bytes, unsigned max)
{
    unsigned n = yaml_size(at);

    if (!yaml_expect(at, kind))
        return NULL;
    if (n > max) {
        yaml_complain(at, "%u entries are too many; write at most %u", n, max);
        return NULL;
    }
    void *items = calloc(n ? n : 1, item_bytes);
    if (!items)
        yaml_fail(at->yaml, error_origin(-ENOMEM));
    return items;
}

static bool has_value(const struct yaml_at *at)
{
    if (!yaml_is_null(at))
        return true;
    yaml_complain(at, "there is no value; write one, or leave the entry out");
    return false;
}

void walk_list(const struct yaml_at *at, walk_reader *read, void *into)
{
    unsigned n = yaml_size(at);

    if (!yaml_expect(at, YAML_LIST))
        return;
    for (unsigned i = 0; i < n; i++) {
        struct yaml_at item = yaml_item(at, i);

        if (has_value(&item))
            read(&item, into);
    }
}

struct entry {
    struct yaml_at at;
    unsigned first_line; /* where an earlier entry has the same key; else 0 */
};

static int by_key(const void *a, const void *b)
{
    const struct entry *left = *(struct entry *const *)a, *right = *(struct entry *const *)b;
    struct text l = left->at.key, r = right->at.key;
    int order = memcmp(l.data, r.data, l.size < r.size ? l.size : r.size);

    if (order == 0 && l.size != r.size)
        order = l.size < r.size ? -1 : 1;
    return order ? order : left < right ? -1 : left > right;
}

/* Sorting keeps this quick for a mapping of a hundred thousand keys. */
static bool find_repeats(struct entry *entries, unsigned n)
{
    struct entry **sorted = calloc(n, sizeof *sorted);

    if (!sorted)
        return false;
    for (unsigned i = 0; i < n; i++)
        sorted[i] = &entries[i];
    qsort(sorted, n, sizeof *sorted, by_key);
    for (unsigned i = 1; i < n; i++)
        if (text_equal(sorted[i]->at.key, sorted[i - 1]->at.key))
            sorted[i]->first_line = sorted[i - 1]->first_line ? sorted[i - 1]->first_line : sorted[i - 1]->at.line;
    free(sorted);
    return true;
}

/* The entries of a mapping, or NULL where there are none to read; the caller frees them. */
static struct entry *entries_of(const struct yaml_at *at, unsigned *ret_n)
{
    unsigned n = yaml_size(at);

    if (!yaml_expect(at, YAML_MAPPING) || n == 0)
        return NULL;
    struct entry *entries = calloc(n, sizeof *entries);

    for (unsigned i = 0; entries && i < n; i++)
        entries[i].at = yaml_entry(at, i);
    if (!entries || !find_repeats(entries, n)) {
        yaml_fail(at->yaml, error_origin(-ENOMEM));
        free(entries);
        return NULL;
    }
    *ret_n = n;
    return entries;
}

static bool is_first(const struct entry *entry)
{
    if (entry->first_line)
        yaml_complain(&entry->at, "this key was given before, on line %u; keep one of the two", entry->first_line);
    return entry->first_line == 0;
}

void walk_mapping(const struct yaml_at *at, walk_reader *read, void *into)
{
    unsigned n = 0;
    struct entry *entries = entries_of(at, &n);

    for (unsigned i = 0; entries && i < n; i++)
        if (is_first(&entries[i]) && has_value(&entries[i].at))
            read(&entries[i].at, into);
    free(entries);
}

static const char *field_key(const void *of, unsigned i) { return ((const struct walk_field *)of)[i].key; }

static void complain_missing(const struct yaml_at *at, const struct walk_field *field)
{
    struct yaml_at place = {.yaml = at->yaml, .above = at, .key = text_of(field->key), .line = at->line};

    yaml_complain(&place, "this key is missing; write %s", field->missing);
}

void walk_fields(const struct yaml_at *at, const struct walk_field *fields, unsigned n_fields, void *into)
{
    const struct walk_names names = {.name = field_key, .of = fields, .n = n_fields};
    const struct entry *found[WALK_FIELDS_MAX] = {NULL};
    unsigned n = 0;
    struct entry *entries = entries_of(at, &n);

    assert(n_fields <= WALK_FIELDS_MAX);
    for (unsigned i = 0; i < n; i++) {
        int field = is_first(&entries[i]) ? walk_choose(&entries[i].at, entries[i].at.key, "key", &names) : -1;

        if (field >= 0)
            found[field] = &entries[i];
    }
    bool is_mapping = yaml_kind(at) == YAML_MAPPING;
    for (unsigned i = 0; i < n_fields && is_mapping && !yaml_fault(at->yaml); i++) {
        if (found[i] && has_value(&found[i]->at))
            fields[i].read(&found[i]->at, (char *)into + fields[i].offset);
        else if (!found[i] && fields[i].missing)
            complain_missing(at, &fields[i]);
    }
    free(entries);
}

/*
 * A bounded walk over the data section.
 */
#include "crumb/ingest/geodata.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"

enum { TYPE_POINTER = 1, TYPE_TEXT = 2, TYPE_MAP = 7, TYPE_LIST = 11, TYPE_BOOLEAN = 14 };

struct walk {
    struct text section;
    unsigned n_steps;
};

struct value {
    unsigned type;
    size_t size;   /* bytes, or entries of a map or list; of a pointer: where it leads */
    size_t at;     /* where its content begins */
    size_t behind; /* where its content ends; of a map or list: where it begins */
};

static size_t read_big_endian(struct reader *reader, unsigned n_bytes)
{
    size_t number = 0;

    while (n_bytes--)
        number = number << 8 | reader_u8(reader);
    return number;
}

/* Sizes from 29 on stand behind the control byte, each form where the one before ends. */
static size_t read_size(struct reader *reader, unsigned control)
{
    switch (control & 31) {
    case 29:
        return 29 + read_big_endian(reader, 1);
    case 30:
        return 285 + read_big_endian(reader, 2);
    case 31:
        return 65821 + read_big_endian(reader, 3);
    default:
        return control & 31;
    }
}

static size_t read_pointer(struct reader *reader, unsigned control)
{
    static const size_t bases[] = {0, 2048, 526336, 0};
    unsigned form = control >> 3 & 3;

    if (form == 3)
        return read_big_endian(reader, 4);
    return bases[form] + ((size_t)(control & 7) << 8 * (form + 1)) + read_big_endian(reader, form + 1);
}

static bool read_value(struct walk *walk, size_t at, struct value *ret_value)
{
    if (at >= walk->section.size || walk->n_steps++ >= GEO_STEPS_MAX)
        return false;
    struct reader reader = reader_of(text_from(walk->section, at));
    unsigned control = reader_u8(&reader), type = control >> 5;
    if (type == 0)
        type = 7u + reader_u8(&reader);
    struct value value = {.type = type,
                          .size = type == TYPE_POINTER ? read_pointer(&reader, control) : read_size(&reader, control)};
    if (reader.bad)
        return false;
    value.at = value.behind = walk->section.size - reader_left(&reader);
    /* A boolean's size is its value. */
    if (type != TYPE_POINTER && type != TYPE_MAP && type != TYPE_LIST && type != TYPE_BOOLEAN) {
        if (value.size > reader_left(&reader))
            return false;
        value.behind += value.size;
    }
    *ret_value = value;
    return true;
}

/* The value at @at, or the one that a pointer there leads to, with *ret_behind the place behind what stands at @at. */
static bool resolve(struct walk *walk, size_t at, struct value *ret_value, size_t *ret_behind)
{
    struct value value;

    if (!read_value(walk, at, &value))
        return false;
    *ret_behind = value.behind;
    if (value.type == TYPE_POINTER && (!read_value(walk, value.size, &value) || value.type == TYPE_POINTER))
        return false;
    *ret_value = value;
    return true;
}

/* Moves behind the value at *@at, whatever is inside: what is still to be passed is counted, not stacked. */
static bool skip(struct walk *walk, size_t *at, bool plain)
{
    for (size_t n_left = 1; n_left; n_left--) {
        struct value value, target;

        if (!read_value(walk, *at, &value))
            return false;
        if (plain && value.type == TYPE_POINTER &&
            (!read_value(walk, value.size, &target) || target.type == TYPE_POINTER || target.type == TYPE_MAP ||
             target.type == TYPE_LIST))
            return false;
        if (value.type == TYPE_MAP)
            n_left += 2 * value.size;
        else if (value.type == TYPE_LIST)
            n_left += value.size;
        *at = value.behind;
    }
    return true;
}

static struct text text_at(const struct walk *walk, const struct value *value)
{
    return (struct text){.data = walk->section.data + value->at, .size = value->size};
}

static bool find_in_map(struct walk *walk, const struct value *map, const char *key, size_t *ret_at)
{
    size_t at = map->at;

    for (size_t i = 0; i < map->size; i++) {
        struct value name;

        if (!resolve(walk, at, &name, &at) || name.type != TYPE_TEXT)
            return false;
        if (text_equal(text_at(walk, &name), text_of(key))) {
            *ret_at = at;
            return true;
        }
        if (!skip(walk, &at, false))
            return false;
    }
    return false;
}

static bool find_in_list(struct walk *walk, const struct value *list, const char *index, size_t *ret_at)
{
    size_t at = list->at, n = (size_t)(index[0] - '0');

    if (n >= list->size)
        return false;
    while (n--)
        if (!skip(walk, &at, false))
            return false;
    *ret_at = at;
    return true;
}

bool geodata_text(struct text section, size_t offset, const char *const *path, struct text *ret_text)
{
    struct walk walk = {.section = section};
    struct value value;
    size_t behind;

    for (; *path; path++) {
        if (!resolve(&walk, offset, &value, &behind))
            return false;
        bool found = value.type == TYPE_MAP    ? find_in_map(&walk, &value, *path, &offset)
                     : value.type == TYPE_LIST ? find_in_list(&walk, &value, *path, &offset)
                                               : false;
        if (!found)
            return false;
    }
    if (!resolve(&walk, offset, &value, &behind) || value.type != TYPE_TEXT)
        return false;
    *ret_text = text_at(&walk, &value);
    return true;
}

bool geodata_is_plain(struct text section, size_t offset)
{
    struct walk walk = {.section = section};

    return skip(&walk, &offset, true);
}

/*
 * Strict reading of YAML by tables: every mapping has its known keys with a
 * reader for each, and what is unknown, repeated, missing or empty is
 * complained about.
 */
#pragma once

#include "crumb/config/yaml.h"

/* Reads what stands at @at into what @into points to; the two agree on its type. */
typedef void walk_reader(const struct yaml_at *at, void *into);

/* A key that a mapping may have. */
struct walk_field {
    const char *key;
    walk_reader *read;
    size_t offset;       /* added to `into` for the reader */
    const char *missing; /* what to write where the key is missing; NULL: it may be */
};
#define WALK_FIELDS_MAX 24
#define WALK_COUNT(array) ((unsigned)(sizeof(array) / sizeof *(array)))

/* Words to choose from. */
struct walk_names {
    const char *(*name)(const void *of, unsigned i);
    const void *of;
    unsigned n;
};
/* Their name() where @of is an array of strings. */
const char *walk_word(const void *of, unsigned i);

/*
 * Memory for as many items of @item_bytes as the mapping or list there has
 * entries (at least one), all zeros; the caller frees it.  NULL, with a
 * complaint: it is not of @kind or has more than @max.
 */
void *walk_array(const struct yaml_at *at, enum yaml_kind kind, size_t item_bytes, unsigned max);

/* Reads each item of a list. */
void walk_list(const struct yaml_at *at, walk_reader *read, void *into);

/* Reads each entry of a mapping with free keys; of keys given twice the first. */
void walk_mapping(const struct yaml_at *at, walk_reader *read, void *into);

/*
 * Reads a mapping with known keys, in the order of @fields, not of the file:
 * a reader may use what an earlier field was read into.
 */
void walk_fields(const struct yaml_at *at, const struct walk_field *fields, unsigned n_fields, void *into);

/*
 * The number of @word among @names, or -1 with a complaint that it is no
 * @what and which name comes closest.
 */
int walk_choose(const struct yaml_at *at, struct text word, const char *what, const struct walk_names *names);

/*
 * Where the settings of a configuration stand in its file, so that whatever is
 * said about one after the file was read has a line, too.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/config/yaml.h"

#define PLACE_KEYS_MAX 6

/* A setting by its way from the top: {.keys = {"sites", "shop", "origins"}, .item = 2} is the second origin. */
struct config_place {
    const char *keys[PLACE_KEYS_MAX + 1]; /* ended by NULL */
    unsigned item;                        /* of the list there, from 1; 0: the whole of it */
};

/* Appends it as complaints name it: "sites.shop.origins[1]". */
void config_place_put(const struct config_place *place, struct buffer *text);

struct places;

/* Notes the line of everything in a document, which may be closed afterwards. 0 or -ENOMEM. */
int places_new(const struct yaml_at *root, struct places **ret_places);
struct places *places_free(struct places *places);

/* The line where the key or item begins; of one that was left out, that of the nearest mapping or list around it. */
unsigned places_line(const struct places *places, const struct config_place *place);

/*
 * A small day of visits for targets that answer what they read.
 */
#pragma once

#include "crumb/base/json.h"
#include "crumb/rollup/tabulate.h"
#include <assert.h>

/* Made once, and never freed. */
static inline const struct table *fuzz_visits(void)
{
    static const char *const paths[] = {"/", "/shop", "/", "/shop", "/cart", "/\xff\"", "/shop", "/"};
    static struct table table;
    static bool is_made;
    struct gather *gather;

    if (is_made)
        return &table;
    assert(gather_new(1767222000000, &gather) == 0);
    for (uint64_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct event event = {.kind = i == 4 ? EVENT_STRUCT : EVENT_PAGEVIEW, .at_ms = 1767222000000 + 1000 * i};
        struct gather_event one = {.sequence = i + 1, .visitor = i > 5, .traced = true, .event = &event};

        event.path = (struct text){.data = paths[i], .size = strlen(paths[i])};
        if (i == 4) {
            event.category = TEXT("event");
            event.action = TEXT("Buy");
        }
        assert(gather_add(gather, &one) == 0);
    }
    assert(tabulate_table(gather, &table) == 0);
    gather_free(gather);
    is_made = true;
    return &table;
}

static inline void fuzz_check_json(const struct buffer *output)
{
    assert(!output->fault);
    json_t *root = json_loadb((const char *)output->data, output->size, JSON_REJECT_DUPLICATES, NULL);
    assert(root);
    json_decref(root);
}

/*
 * What the filters mean is the query's to know; here they must be JSON, and
 * their id must be theirs alone.
 */
#include "saved.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "field.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static void read_filters(const struct yaml_at *at, void *into)
{
    char **filters = into;
    struct text text;
    json_t *list = NULL;

    if (!yaml_text(at, &text))
        return;
    int r = json_read(text, &list);
    if (r < 0)
        yaml_fail(at->yaml, r);
    else if (r || !json_is_array(list) || json_array_size(list) == 0)
        yaml_refuse(at, "is no list of filters; write JSON, such as '[[\"is\", \"visit:country\", [\"US\"]]]'");
    else
        *filters = field_copy(at->yaml, text);
    json_decref(list);
}

void saved_read(const struct yaml_at *at, struct saved_filters *all, unsigned n)
{
    static const struct walk_field fields[] = {
        {"id", field_text, offsetof(struct saved_filters, id), "a number or word to ask for it by, such as 1"},
        {"filters", read_filters, offsetof(struct saved_filters, filters),
         "JSON, such as '[[\"is\", \"visit:country\", [\"US\"]]]'"}};

    walk_fields(at, fields, WALK_COUNT(fields), &all[n]);
    for (unsigned i = 0; all[n].id && i < n; i++)
        if (all[i].id && strcmp(all[i].id, all[n].id) == 0) {
            yaml_complain(at, "the id \"%.*s\" was given before; write another",
                          TEXT_ARGS(yaml_shorten(text_of(all[n].id))));
            return;
        }
}

void saved_deinit(struct saved_filters *saved)
{
    free(saved->id);
    free(saved->filters);
}

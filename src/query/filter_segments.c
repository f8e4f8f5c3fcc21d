/*
 * Leaves on `segment`: they stand for filters that the site's configuration
 * has.  The request's JSON is written out with these in their places and read
 * again, so that applying knows nothing of them.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/query/request.h"
#include "filter_tree.h"
#include <errno.h>
#include <stdlib.h>

struct expansion {
    const struct site *site;
    struct buffer *complaint;
    int fault; /* or FILTER_E_INVALID */
};

/* NULL, and the fault is kept. */
static json_t *fail(struct expansion *expansion, int fault)
{
    if (!expansion->fault)
        expansion->fault = fault;
    return NULL;
}

static json_t *refuse(struct expansion *expansion, const char *id)
{
    int r = expansion->fault ? 0
                             : request_complain(expansion->complaint,
                                                "filters: segment %s is not among the `segments` of the site's "
                                                "configuration",
                                                request_quote(id).text);

    return fail(expansion, r == QUERY_E_INVALID ? FILTER_E_INVALID : r);
}

/* ["and", filters] of one id. */
static json_t *written_out(struct expansion *expansion, json_t *id)
{
    char number[24] = "";
    const char *name = json_string_value(id) ? json_string_value(id) : number;
    json_t *list = NULL;
    unsigned i = 0;

    if (json_is_integer(id))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    while (i < expansion->site->n_segments && strcmp(expansion->site->segments[i].id, name) != 0)
        i++;
    if (i == expansion->site->n_segments)
        return refuse(expansion, name);
    if (json_read(text_of(expansion->site->segments[i].filters), &list))
        return fail(expansion, -ENOMEM); /* the configuration was read, so it is JSON */
    return json_item(json_item(json_array(), json_string("and")), list);
}

/* ["is", "segment", [ids]] is any of them; "is_not" none. */
static json_t *expand_leaf(struct expansion *expansion, json_t *leaf)
{
    json_t *any = json_array(), *id;
    size_t i;

    json_array_foreach(json_array_get(leaf, 2), i, id) any = json_item(any, written_out(expansion, id));
    json_t *joined = json_item(json_item(json_array(), json_string("or")), any);
    if (strcmp(json_string_value(json_array_get(leaf, 0)), "is") == 0)
        return joined;
    return json_item(json_item(json_array(), json_string("not")), joined);
}

/* What a leaf looks at; NULL: filters that are joined, or a list of some. */
static const char *dimension_of(json_t *filter) { return json_string_value(json_array_get(filter, 1)); }

/* Filters lie in lists; as the request was read, they are no deeper than QUERY_FILTER_DEPTH_MAX. */
static json_t *expand(struct expansion *expansion, json_t *value)
{
    const char *dimension = dimension_of(value);
    json_t *copy, *item;
    size_t i;

    if (!json_is_array(value) || (dimension && strcmp(dimension, "segment") != 0))
        return json_incref(value);
    if (dimension)
        return expand_leaf(expansion, value);
    copy = json_array();
    json_array_foreach(value, i, item) copy = json_item(copy, expand(expansion, item));
    return copy;
}

int filter_segments_bind(struct filter *filter, const struct site *site, struct buffer *complaint)
{
    struct expansion expansion = {.site = site, .complaint = complaint};
    struct filter *read = NULL;

    if (!filter->has_segments)
        return 0;
    json_t *list = expand(&expansion, filter->request);
    int r = expansion.fault ? expansion.fault : list ? 0 : error_origin(-ENOMEM);
    r = r ? r : filter_parse(list, &read, complaint);
    json_decref(list);
    if (r == 0 && read->has_segments) {
        filter_free(read);
        buffer_put_text(complaint,
                        TEXT("filters: a segment of the configuration names another; write its filters out"));
        return complaint->fault ? error_origin(complaint->fault) : FILTER_E_INVALID;
    }
    if (r)
        return r;
    struct filter before = *filter;
    *filter = *read;
    *read = before;
    filter_free(read);
    return 0;
}

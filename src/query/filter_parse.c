/*
 * From JSON to a filter's nodes.  Every complaint says where it is by the way
 * there, such as filters[0][1][2].
 */
#include "crumb/base/error.h"
#include "filter_tree.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACE_BYTES 96
#define OPERATORS "is, is_not, contains, contains_not, matches, matches_not, and, or, not, has_done or has_not_done"

static const struct operation {
    const char *name;
    enum filter_kind kind;
    bool negated;
    bool takes_list; /* of filters; else, where it is no leaf, one filter */
} operations[] = {
    {"is", FILTER_IS, false, false},
    {"is_not", FILTER_IS, true, false},
    {"contains", FILTER_CONTAINS, false, false},
    {"contains_not", FILTER_CONTAINS, true, false},
    {"matches", FILTER_MATCHES, false, false},
    {"matches_not", FILTER_MATCHES, true, false},
    {"and", FILTER_AND, false, true},
    {"or", FILTER_OR, false, true},
    {"not", FILTER_AND, true, false},
    {"has_done", FILTER_HAS_DONE, false, false},
    {"has_not_done", FILTER_HAS_DONE, true, false},
};

/* Where the walk is: "filters[0][1]". */
struct way {
    char text[PLACE_BYTES];
};

struct parse {
    struct filter *filter;
    struct buffer *complaint;
    unsigned depth;
};

static int complain(struct parse *parse, const struct way *way, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int complain(struct parse *parse, const struct way *way, const char *format, ...)
{
    char sentence[QUERY_COMPLAINT_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    buffer_printf(parse->complaint, "%s: %s", way->text, sentence);
    return parse->complaint->fault ? error_origin(parse->complaint->fault) : FILTER_E_INVALID;
}

/* Cut where it gets too long, which only a filter that is refused for its depth can make it. */
static struct way step(const struct way *way, size_t index)
{
    struct way next;

    if (snprintf(next.text, sizeof next.text, "%s[%zu]", way->text, index) >= (int)sizeof next.text)
        next = *way;
    return next;
}

static int add_node(struct parse *parse, const struct way *way, struct filter_node **ret_node)
{
    struct filter *filter = parse->filter;

    if (filter->n_nodes == QUERY_FILTERS_MAX)
        return complain(parse, way, "there are more than %d filters in all; ask for less at once", QUERY_FILTERS_MAX);
    *ret_node = &filter->nodes[filter->n_nodes++];
    return 0;
}

/* ---- leaves ---- */

static int parse_pattern(struct parse *parse, const struct way *way, struct filter_clause *clause)
{
    PCRE2_SIZE at;
    int code;

    if (clause->text.size > QUERY_PATTERN_BYTES_MAX)
        return complain(parse, way, "an expression may have at most %d bytes", QUERY_PATTERN_BYTES_MAX);
    clause->pattern = pcre2_compile((PCRE2_SPTR)clause->text.data, clause->text.size,
                                    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
    if (!clause->pattern) {
        PCRE2_UCHAR message[128];

        pcre2_get_error_message(code, message, sizeof message);
        return complain(parse, way, "this is no regular expression: %s, at byte %zu", (const char *)message, at);
    }
    pcre2_jit_compile(clause->pattern, PCRE2_JIT_COMPLETE); /* without it, it is only slower */
    return 0;
}

static int parse_clauses(struct parse *parse, const struct way *way, json_t *list, struct filter_node *node)
{
    size_t n = json_array_size(list);

    if (n == 0 || n > QUERY_CLAUSES_MAX)
        return complain(parse, way, "must be a list of 1 to %d texts", QUERY_CLAUSES_MAX);
    node->clauses = calloc(n, sizeof *node->clauses);
    if (!node->clauses)
        return error_origin(-ENOMEM);
    node->n_clauses = (unsigned)n;
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_array_get(list, i);
        struct way here = step(way, i);

        if (!json_is_string(item))
            return complain(parse, &here, "must be a text");
        node->clauses[i].text = (struct text){.data = json_string_value(item), .size = json_string_length(item)};
        int r = node->kind == FILTER_MATCHES ? parse_pattern(parse, &here, &node->clauses[i]) : 0;
        if (r)
            return error_trace(r);
    }
    return 0;
}

static int parse_modifiers(struct parse *parse, const struct way *way, json_t *object, struct filter_node *node)
{
    json_t *sensitive = json_object_get(object, "case_sensitive");

    if (!json_is_boolean(sensitive) || json_object_size(object) != 1)
        return complain(parse, way, "must be {\"case_sensitive\": true} or {\"case_sensitive\": false}");
    if (node->kind == FILTER_MATCHES)
        return complain(parse, way, "an expression says itself that it ignores case: begin it with (?i)");
    node->ignores_case = json_is_false(sensitive);
    return 0;
}

/* What the leaf looks at. */
static int parse_dimension(struct parse *parse, const struct way *way, json_t *name, struct filter_node *node)
{
    struct text text = json_is_string(name) ? text_of(json_string_value(name)) : TEXT_NONE;

    node->is_of_goals = text_equal(text, TEXT("event:goal"));
    node->field = field_find(text, &node->property);
    if (node->is_of_goals && (node->negated || node->kind == FILTER_MATCHES))
        return complain(parse, way, "event:goal is only filtered by is and contains");
    if (node->field == FIELD_N && !node->is_of_goals)
        return complain(parse, way, "must be a dimension of events or visits, such as event:page or visit:country");
    return 0;
}

/* ["is", "segment", [ids]], to be written out once the site is known. */
static int parse_segment(struct parse *parse, const struct way *way, json_t *list, struct filter_node *node)
{
    struct way ids = step(way, 2);
    json_t *id;
    size_t i;

    node->field = FIELD_N;
    parse->filter->has_segments = true;
    if (node->kind != FILTER_IS || json_array_size(list) != 3)
        return complain(parse, way, "must be [\"is\", \"segment\", [ids]], or \"is_not\"");
    if (json_array_size(json_array_get(list, 2)) == 0)
        return complain(parse, &ids, "must be a list of ids");
    json_array_foreach(json_array_get(list, 2), i, id)
    {
        struct way here = step(&ids, i);

        if (!json_is_string(id) && !json_is_integer(id))
            return complain(parse, &here, "must be the id of a segment, a number or a text");
    }
    return 0;
}

static int parse_leaf(struct parse *parse, const struct way *way, json_t *list, struct filter_node *node)
{
    struct way where = step(way, 1), clauses = step(way, 2), modifiers = step(way, 3);
    const char *dimension = json_string_value(json_array_get(list, 1));

    if (dimension && strcmp(dimension, "segment") == 0)
        return error_trace(parse_segment(parse, way, list, node));

    if (json_array_size(list) < 3 || json_array_size(list) > 4)
        return complain(parse, way,
                        "must be [operator, dimension, [values]], and may have {\"case_sensitive\": false} "
                        "behind");
    int r = parse_dimension(parse, &where, json_array_get(list, 1), node);
    r = r ? r : parse_clauses(parse, &clauses, json_array_get(list, 2), node);
    if (r == 0 && json_array_size(list) == 4)
        r = parse_modifiers(parse, &modifiers, json_array_get(list, 3), node);
    return error_trace(r);
}

/* ---- the tree ---- */

static int parse_node(struct parse *parse, const struct way *way, json_t *list);

static int parse_children(struct parse *parse, const struct way *way, json_t *list)
{
    int r = 0;

    if (json_array_size(list) == 0)
        return complain(parse, way, "must be a list of filters, and have one at least");
    for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
        struct way here = step(way, i);

        r = parse_node(parse, &here, json_array_get(list, i));
    }
    return r;
}

static const struct operation *find_operation(json_t *name)
{
    for (size_t i = 0; json_is_string(name) && i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(operations[i].name, json_string_value(name)) == 0)
            return &operations[i];
    return NULL;
}

static int parse_below(struct parse *parse, const struct way *way, json_t *list, const struct operation *operation)
{
    struct way below = step(way, 1);

    if (json_array_size(list) != 2)
        return complain(parse, way, "must be [\"%s\", %s]", operation->name,
                        operation->takes_list ? "[filters]" : "filter");
    if (operation->takes_list)
        return parse_children(parse, &below, json_array_get(list, 1));
    return parse_node(parse, &below, json_array_get(list, 1));
}

static int parse_node(struct parse *parse, const struct way *way, json_t *list)
{
    const struct operation *operation = find_operation(json_array_get(list, 0));
    struct filter_node *node = NULL;
    struct way first = step(way, 0);

    if (!json_is_array(list))
        return complain(parse, way, "must be a filter, such as [\"is\", \"event:page\", [\"/\"]]");
    if (!operation)
        return complain(parse, &first, "must be %s", OPERATORS);
    if (parse->depth == QUERY_FILTER_DEPTH_MAX)
        return complain(parse, way, "filters lie more than %d deep in each other", QUERY_FILTER_DEPTH_MAX);
    int r = add_node(parse, way, &node);
    if (r)
        return r;
    size_t at = parse->filter->n_nodes;
    node->kind = operation->kind;
    node->negated = operation->negated;
    parse->depth++;
    r = filter_is_leaf(node->kind) ? parse_leaf(parse, way, list, node) : parse_below(parse, way, list, operation);
    parse->depth--;
    node->n_below = parse->filter->n_nodes - at;
    return r;
}

int filter_parse(json_t *list, struct filter **ret_filter, struct buffer *complaint)
{
    struct filter *filter = calloc(1, sizeof *filter);
    struct parse parse = {.filter = filter, .complaint = complaint};
    const struct way top = {"filters"};
    struct filter_node *root = NULL;

    if (!filter)
        return error_origin(-ENOMEM);
    filter->n_steps = calloc(1, sizeof *filter->n_steps);
    if (!filter->n_steps) {
        filter_free(filter);
        return error_origin(-ENOMEM);
    }
    filter->request = json_incref(list);
    int r = json_is_array(list) ? add_node(&parse, &top, &root) : complain(&parse, &top, "must be a list of filters");
    if (r == 0 && json_array_size(list)) {
        root->kind = FILTER_AND;
        r = parse_children(&parse, &top, list);
        root->n_below = filter->n_nodes - 1;
    }
    if (r || json_array_size(list) == 0)
        filter = filter_free(filter);
    if (r == 0)
        *ret_filter = filter;
    return r;
}

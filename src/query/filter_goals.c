/*
 * Leaves on event:goal: from names to the goals of a site.  The site is known
 * only when the filter is applied, so this comes between reading and applying.
 */
#include "crumb/base/error.h"
#include "crumb/query/request.h"
#include "filter_tree.h"
#include <errno.h>
#include <stdlib.h>

/* FILTER_E_NO_GOAL or a fault. */
static int complain(struct text name, const struct site *site, struct buffer *complaint)
{
    BUFFER_AUTO known = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX); /* as many as fit */

    if (!site->n_goals)
        buffer_put_text(&known, TEXT("it has none, they are configured as `goals`"));
    for (unsigned i = 0; i < site->n_goals; i++)
        buffer_printf(&known, "%s\"%s\"", i ? ", " : "it has ", site->goals[i].name);
    int r = request_complain(complaint, "filters: no goal of this site is called %s; %.*s",
                             request_quote(name.data).text, TEXT_ARGS(buffer_text(&known)));
    return r == QUERY_E_INVALID ? FILTER_E_NO_GOAL : r;
}

static bool is_named(const struct goal *goal, const struct filter_node *node, unsigned clause)
{
    struct text name = text_of(goal->name), wanted = node->clauses[clause].text;

    return node->kind == FILTER_IS ? filter_text_is(name, wanted, node->ignores_case)
                                   : filter_text_contains(name, wanted, node->ignores_case);
}

static bool is_any(const struct goal *goal, const struct filter_node *node)
{
    for (unsigned i = 0; i < node->n_clauses; i++)
        if (is_named(goal, node, i))
            return true;
    return false;
}

/* `contains` may find none; a whole name that does not exist is a slip of the pen. */
static bool names_exist(const struct filter_node *node, const struct site *site, struct text *ret_missing)
{
    for (unsigned clause = 0; node->kind == FILTER_IS && clause < node->n_clauses; clause++) {
        unsigned goal = 0;

        while (goal < site->n_goals && !is_named(&site->goals[goal], node, clause))
            goal++;
        if (goal == site->n_goals) {
            *ret_missing = node->clauses[clause].text;
            return false;
        }
    }
    return true;
}

static int bind_leaf(struct filter_node *node, const struct site *site, struct buffer *complaint)
{
    struct text missing;

    if (!names_exist(node, site, &missing))
        return complain(missing, site, complaint);
    const struct goal **goals = calloc(site->n_goals + 1, sizeof(struct goal *));
    if (!goals)
        return error_origin(-ENOMEM);
    free(node->goals);
    node->goals = goals;
    node->n_goals = 0;
    for (unsigned i = 0; i < site->n_goals; i++)
        if (is_any(&site->goals[i], node))
            node->goals[node->n_goals++] = &site->goals[i];
    return 0;
}

int filter_goals_bind(struct filter *filter, const struct site *site, struct buffer *complaint)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < filter->n_nodes; i++)
        if (filter->nodes[i].is_of_goals)
            r = bind_leaf(&filter->nodes[i], site, complaint);
    return r;
}

/* Its leaf number @n on goals at the top: elsewhere they say what else may be, or what must not be. NULL: no more. */
static const struct filter_node *goals_at_top(const struct filter *filter, size_t n)
{
    for (size_t i = 1; i < filter->n_nodes; i += 1 + filter->nodes[i].n_below)
        if (filter->nodes[i].is_of_goals && n-- == 0)
            return &filter->nodes[i];
    return NULL;
}

bool filter_goals_any(const struct filter *filter) { return goals_at_top(filter, 0) != NULL; }

bool filter_goals_has(const struct filter *filter, const struct goal *goal)
{
    const struct filter_node *node;

    for (size_t n = 0; (node = goals_at_top(filter, n)); n++)
        for (unsigned k = 0; k < node->n_goals; k++)
            if (node->goals[k] == goal)
                return true;
    return false;
}

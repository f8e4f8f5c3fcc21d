/*
 * A goal is a page or an event, and is asked for by its name, so no two have
 * the same.  Revenue is an event's: a page brings none.
 */
#include "goal.h"
#include "crumb/base/error.h"
#include "crumb/config/value.h"
#include "field.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define VISIT "Visit "

static void read_page(const struct yaml_at *at, void *into)
{
    char **page = into;

    field_text(at, page);
    if (*page && **page != '/')
        yaml_refuse(at, "is not the path of a page; write one that begins with /, such as /thanks or /blog/**");
}

static void read_currency(const struct yaml_at *at, void *into)
{
    char **currency = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_currency(text))
        yaml_refuse(at, "is not a currency; write the three capital letters of ISO 4217, such as EUR");
    else
        *currency = field_copy(at->yaml, text);
}

/* Tells what is wrong with the goal as a whole. */
static void check_whole(const struct yaml_at *at, const struct goal *goal)
{
    if (!goal->page && !goal->event)
        yaml_complain(at, "this goal has no page and no event; write one of them, such as {page: /thanks} or "
                          "{event: Signup}");
    else if (goal->page && goal->event)
        yaml_complain(at, "this goal has a page and an event; make two of it, one for each");
    else if (goal->page && goal->currency)
        yaml_complain(at, "this goal is a page and has a currency; only events bring revenue, so leave it out");
}

/* "Visit /thanks"; NULL where memory lacks. */
static char *visit_of(struct yaml *yaml, const char *page)
{
    size_t size = sizeof VISIT + strlen(page);
    char *name = malloc(size);

    if (name)
        snprintf(name, size, VISIT "%s", page);
    else
        yaml_fail(yaml, error_origin(-ENOMEM));
    return name;
}

static void check_name(const struct yaml_at *at, const struct goal *goals, unsigned n)
{
    for (unsigned i = 0; goals[n].name && i < n; i++)
        if (goals[i].name && strcmp(goals[i].name, goals[n].name) == 0) {
            yaml_complain(at, "the name \"%.*s\" was given to a goal before; write another `name`",
                          TEXT_ARGS(yaml_shorten(text_of(goals[n].name))));
            return;
        }
}

void goal_read(const struct yaml_at *at, struct goal *goals, unsigned n)
{
    static const struct walk_field fields[] = {{"name", field_text, offsetof(struct goal, name), NULL},
                                               {"page", read_page, offsetof(struct goal, page), NULL},
                                               {"event", field_text, offsetof(struct goal, event), NULL},
                                               {"currency", read_currency, offsetof(struct goal, currency), NULL}};
    struct goal *goal = &goals[n];

    walk_fields(at, fields, WALK_COUNT(fields), goal);
    if (yaml_kind(at) == YAML_MAPPING)
        check_whole(at, goal);
    if (goal->event)
        field_default(at->yaml, &goal->name, goal->event);
    else if (!goal->name && goal->page)
        goal->name = visit_of(at->yaml, goal->page);
    check_name(at, goals, n);
}

void goal_deinit(struct goal *goal)
{
    free(goal->name);
    free(goal->page);
    free(goal->event);
    free(goal->currency);
}

/*
 * Answers about paths and funnels as tables for people: the whole paths, most
 * common first, and the steps of a funnel.
 */
#include "crumb/query/journeys_output.h"
#include "grid.h"
#include <inttypes.h>

struct share {
    char text[24];
};

/* "66.7%"; "-" of nothing. */
static struct share share_of(uint64_t part, uint64_t whole)
{
    uint64_t tenths = whole ? (part * 1000 + whole / 2) / whole : 0;
    struct share share = {"-"};

    if (whole)
        snprintf(share.text, sizeof share.text, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10, tenths % 10);
    return share;
}

static void put_taking_part(uint64_t traced, uint64_t untraced, struct buffer *buffer)
{
    buffer_printf(buffer, "\n%" PRIu64 " of %" PRIu64 " visits allowed that the order of their pages is used\n", traced,
                  traced + untraced);
}

void journeys_table_paths(const struct paths_request *request, const struct paths_answer *answer, struct buffer *buffer)
{
    GRID_AUTO grid = grid_init(3, 1);
    const char *arrow = request->question.backward ? " ← " : " → ";

    grid_cell(&grid, "path");
    grid_cell(&grid, "visits");
    grid_cell(&grid, "share");
    for (unsigned i = 0; i < answer->n_paths; i++) {
        const struct paths_path *path = &answer->paths[i];
        struct buffer *cell = grid_begin(&grid);

        for (unsigned k = 0; k < path->n_pages; k++) {
            buffer_put_text(cell, text_of(k ? arrow : ""));
            buffer_put_text(cell, path->pages[k]);
        }
        grid_end(&grid);
        grid_cell(&grid, "%" PRIu64, path->visits);
        grid_cell(&grid, "%s", share_of(path->visits, answer->visits).text);
        grid_bar(&grid, (int64_t)path->visits);
    }
    grid_put(&grid, buffer);
    put_taking_part(answer->traced, answer->untraced, buffer);
}

static void put_step(const struct funnel_request *request, const struct funnel_answer *answer, unsigned i,
                     struct grid *grid)
{
    const struct funnel_step *step = &answer->steps[i], *before = i ? step - 1 : step;
    struct text name = request->names[i];

    buffer_printf(grid_begin(grid), "%u. ", i + 1);
    buffer_put_text(grid_begin(grid), name.data ? name : TEXT("(any of several)"));
    grid_end(grid);
    grid_cell(grid, "%" PRIu64, step->visits);
    grid_cell(grid, "%" PRIu64, step->visitors);
    grid_cell(grid, "%" PRIu64, before->visits - step->visits);
    grid_cell(grid, "%s", share_of(step->visits, answer->steps[0].visits).text);
    grid_cell(grid, "%s", share_of(step->visits, before->visits).text);
    if (i && step->visits)
        grid_cell(grid, "%" PRIu64 " s", (step->after_s + step->visits / 2) / step->visits);
    else
        grid_cell(grid, "-");
    grid_bar(grid, (int64_t)step->visits);
}

void journeys_table_funnel(const struct funnel_request *request, const struct funnel_answer *answer,
                           struct buffer *buffer)
{
    static const char *const heads[] = {"step", "visits", "visitors", "left", "of all", "of the step before", "after"};
    unsigned n = sizeof heads / sizeof heads[0];
    GRID_AUTO grid = grid_init(n, 1);

    for (unsigned i = 0; i < n; i++)
        grid_cell(&grid, "%s", heads[i]);
    for (unsigned i = 0; i < answer->n_steps; i++)
        put_step(request, answer, i, &grid);
    grid_put(&grid, buffer);
    put_taking_part(answer->traced, answer->untraced, buffer);
}

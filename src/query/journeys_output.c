/*
 * Written straight into the buffer, as the shapes are fixed.  Means and shares
 * are whole numbers of seconds and of hundredths of a percent, rounded to the
 * nearest, so that nothing depends on floating point.
 */
#include "crumb/query/journeys_output.h"
#include "crumb/base/json.h"
#include <inttypes.h>

static void comma(struct buffer *buffer, size_t i)
{
    if (i > 0)
        buffer_put_u8(buffer, ',');
}

/* @part / @whole to the nearest; null of nothing. */
static void put_mean(struct buffer *buffer, const char *key, uint64_t part, uint64_t whole)
{
    if (whole)
        buffer_printf(buffer, ",\"%s\":%" PRIu64, key, (part + whole / 2) / whole);
    else
        buffer_printf(buffer, ",\"%s\":null", key);
}

/* @part of @whole in percent with two decimals; null of nothing. */
static void put_rate(struct buffer *buffer, const char *key, uint64_t part, uint64_t whole)
{
    uint64_t rate = whole ? (part * 10000 + whole / 2) / whole : 0;

    if (whole)
        buffer_printf(buffer, ",\"%s\":%" PRIu64 ".%02" PRIu64, key, rate / 100, rate % 100);
    else
        buffer_printf(buffer, ",\"%s\":null", key);
}

/* ---- paths ---- */

static void put_node(const struct paths_node *node, bool backward, struct buffer *buffer)
{
    static const char *const kinds[] = {[PATHS_PAGE] = "page", [PATHS_OTHER] = "other", [PATHS_END] = "exit"};
    const char *kind = node->kind == PATHS_END && backward ? "entry" : kinds[node->kind];

    buffer_printf(buffer, "{\"kind\":\"%s\",\"name\":", kind);
    if (node->kind == PATHS_PAGE)
        json_put_text(buffer, node->page);
    else
        buffer_printf(buffer, "\"(%s)\"", kind);
    buffer_printf(buffer, ",\"visits\":%" PRIu64, node->visits);
    if (node->kind != PATHS_END)
        put_mean(buffer, "dwell", node->dwell_s, node->visits);
    if (node->kind == PATHS_OTHER)
        buffer_printf(buffer, ",\"pages\":%zu", node->n_pages);
    buffer_put_u8(buffer, '}');
}

static void put_steps(const struct paths_answer *answer, bool backward, struct buffer *buffer)
{
    buffer_put_text(buffer, TEXT(",\"steps\":["));
    for (unsigned i = 0; i < answer->n_steps; i++) {
        comma(buffer, i);
        buffer_printf(buffer, "{\"visits\":%" PRIu64 ",\"nodes\":[", answer->steps[i].visits);
        for (unsigned k = 0; k < answer->steps[i].n_nodes; k++) {
            comma(buffer, k);
            put_node(&answer->steps[i].nodes[k], backward, buffer);
        }
        buffer_put_text(buffer, TEXT("]}"));
    }
    buffer_put_u8(buffer, ']');
}

static void put_links(const struct paths_answer *answer, struct buffer *buffer)
{
    buffer_put_text(buffer, TEXT(",\"links\":["));
    for (size_t i = 0; i < answer->n_links; i++) {
        const struct paths_link *link = &answer->links[i];

        comma(buffer, i);
        buffer_printf(buffer, "{\"step\":%u,\"source\":%u,\"target\":%u,\"visits\":%" PRIu64 "}", link->step,
                      link->source, link->target, link->visits);
    }
    buffer_put_u8(buffer, ']');
}

static void put_paths(const struct paths_answer *answer, bool backward, struct buffer *buffer)
{
    buffer_put_text(buffer, TEXT(",\"paths\":["));
    for (unsigned i = 0; i < answer->n_paths; i++) {
        const struct paths_path *path = &answer->paths[i];

        comma(buffer, i);
        buffer_put_text(buffer, TEXT("{\"pages\":["));
        for (unsigned k = 0; k < path->n_pages; k++) {
            comma(buffer, k);
            json_put_text(buffer, path->pages[k]);
        }
        buffer_printf(buffer, "],\"%s\":%s,\"visits\":%" PRIu64 "}", backward ? "entry" : "exit",
                      path->ended ? "true" : "false", path->visits);
    }
    buffer_put_u8(buffer, ']');
}

void journeys_output_paths(const struct paths_request *request, const struct paths_answer *answer,
                           struct buffer *buffer)
{
    bool backward = request->question.backward;

    buffer_printf(buffer, "{\"visits\":%" PRIu64 ",\"traced\":%" PRIu64 ",\"untraced\":%" PRIu64, answer->visits,
                  answer->traced, answer->untraced);
    put_steps(answer, backward, buffer);
    put_links(answer, buffer);
    put_paths(answer, backward, buffer);
    buffer_put_u8(buffer, '}');
}

/* ---- funnels ---- */

static void put_step(const struct funnel_request *request, const struct funnel_answer *answer, unsigned i,
                     struct buffer *buffer)
{
    const struct funnel_step *step = &answer->steps[i], *before = i ? step - 1 : step;
    struct text name = request->names[i];

    buffer_put_text(buffer, TEXT("{\"name\":"));
    if (name.data)
        json_put_text(buffer, name);
    else
        buffer_put_text(buffer, TEXT("null"));
    buffer_printf(buffer, ",\"visits\":%" PRIu64 ",\"visitors\":%" PRIu64 ",\"drop_off\":%" PRIu64, step->visits,
                  step->visitors, before->visits - step->visits);
    put_rate(buffer, "conversion_rate", step->visits, answer->steps[0].visits);
    put_rate(buffer, "step_conversion_rate", step->visits, before->visits);
    put_mean(buffer, "time_from_previous", i ? step->after_s : 0, i ? step->visits : 0);
    buffer_put_u8(buffer, '}');
}

void journeys_output_funnel(const struct funnel_request *request, const struct funnel_answer *answer,
                            struct buffer *buffer)
{
    buffer_printf(buffer, "{\"traced\":%" PRIu64 ",\"untraced\":%" PRIu64 ",\"steps\":[", answer->traced,
                  answer->untraced);
    for (unsigned i = 0; i < answer->n_steps; i++) {
        comma(buffer, i);
        put_step(request, answer, i, buffer);
    }
    buffer_put_text(buffer, TEXT("]}"));
}

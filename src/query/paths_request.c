/*
 * JSON -> struct paths_request, key by key.
 */
#include "crumb/query/paths_request.h"
#include "crumb/base/error.h"
#include "crumb/query/request.h"

#define EXAMPLE "{\"site_id\": \"shop\", \"date_range\": \"7d\", \"start\": \"/\"}"

static const char *const keys[] = {"site_id", "date_range", "filters", "start", "end", "direction",
                                   "steps",   "limit",      "paths",   "loops", NULL};

static int parse_page(json_t *root, const char *key, struct text *page, struct buffer *complaint)
{
    json_t *value = json_object_get(root, key);

    if (!value)
        return 0;
    if (!json_is_string(value) || json_string_length(value) > URL_BYTES_MAX)
        return request_complain(complaint, "%s: must be a page, such as \"/\", of %d bytes at most", key,
                                URL_BYTES_MAX);
    *page = (struct text){.data = json_string_value(value), .size = json_string_length(value)};
    return 0;
}

static int parse_direction(json_t *root, struct paths_question *question, struct buffer *complaint)
{
    static const char *const words[] = {"forward", "backward", NULL};
    json_t *value = json_object_get(root, "direction");
    unsigned index;
    int r = request_word(value, "direction", words, &index, complaint);

    if (r == 0)
        question->backward = value ? index == 1 : question->end.data && !question->start.data;
    return r;
}

static int parse_loops(json_t *root, struct paths_question *question, struct buffer *complaint)
{
    static const char *const words[] = {"collapsed", "kept", NULL};
    unsigned index;
    int r = request_word(json_object_get(root, "loops"), "loops", words, &index, complaint);

    if (r == 0)
        question->keeps_loops = index == 1;
    return r;
}

static int parse_question(json_t *root, struct paths_question *question, struct buffer *complaint)
{
    int r = parse_page(root, "start", &question->start, complaint);

    r = r ? r : parse_page(root, "end", &question->end, complaint);
    r = r ? r : parse_direction(root, question, complaint);
    r = r ? r : parse_loops(root, question, complaint);
    r = r ? r : request_count(root, "steps", 1, PATHS_STEPS_MAX, &question->n_steps, complaint);
    r = r ? r : request_count(root, "limit", 1, PATHS_NODES_MAX, &question->n_nodes, complaint);
    return r ? r : request_count(root, "paths", 0, PATHS_NODES_MAX, &question->n_paths, complaint);
}

static int parse_root(struct paths_request *request, struct buffer *complaint)
{
    int r = request_keys(request->json, "the request", keys, complaint);

    r = r ? r : request_site(json_object_get(request->json, "site_id"), request->site, complaint);
    r = r ? r : request_range(json_object_get(request->json, "date_range"), "date_range", &request->range, complaint);
    r = r ? r : parse_question(request->json, &request->question, complaint);
    r = r ? r : request_filters(json_object_get(request->json, "filters"), "", &request->filter, complaint);
    request->question.filter = request->filter;
    return r;
}

void paths_request_deinit(struct paths_request *request)
{
    filter_free(request->filter);
    json_decref(request->json);
    *request = (struct paths_request){.filter = NULL};
}

int paths_request_parse(struct text json, struct paths_request *ret_request, struct buffer *complaint)
{
    struct paths_request request = {
        .question = {.n_steps = PATHS_STEPS_DEFAULT, .n_nodes = PATHS_NODES_DEFAULT, .n_paths = PATHS_NODES_DEFAULT}};
    int r = request_read(json, EXAMPLE, &request.json, complaint);

    r = r ? r : parse_root(&request, complaint);
    if (r) {
        paths_request_deinit(&request);
        return error_trace(r);
    }
    *ret_request = request;
    return 0;
}

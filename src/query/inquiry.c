/*
 * One switch a step; what each kind does is in files of its own.
 */
#include "crumb/query/inquiry.h"
#include "crumb/base/error.h"
#include "crumb/query/journeys_output.h"
#include "crumb/query/output.h"
#include "crumb/query/request.h"
#include <stdlib.h>

static int parse(struct inquiry *inquiry, struct text json, struct buffer *complaint)
{
    switch (inquiry->kind) {
    case INQUIRY_PATHS:
        return error_trace(paths_request_parse(json, &inquiry->paths, complaint));
    case INQUIRY_FUNNEL:
        return error_trace(funnel_request_parse(json, &inquiry->funnel, complaint));
    default:
        return error_trace(query_parse(json, &inquiry->query, complaint));
    }
}

int inquiry_parse(enum inquiry_kind kind, enum inquiry_form form, struct text json, struct inquiry *ret_inquiry,
                  struct buffer *complaint)
{
    struct inquiry inquiry = {.kind = kind, .form = form};

    if (kind != INQUIRY_QUERY && form > INQUIRY_TABLE)
        return request_complain(complaint, "the form: paths and funnels are told as JSON or as a table");
    int r = parse(&inquiry, json, complaint);
    if (r == 0)
        *ret_inquiry = inquiry;
    return r;
}

int inquiry_values(const struct schema_wish *wish, struct inquiry *ret_inquiry, struct buffer *complaint)
{
    struct inquiry inquiry = {.kind = INQUIRY_VALUES};
    int r = schema_query(wish, &inquiry.query, complaint);

    if (r == 0)
        *ret_inquiry = inquiry;
    return r;
}

void inquiry_deinit(struct inquiry *inquiry)
{
    switch (inquiry->kind) {
    case INQUIRY_PATHS:
        paths_request_deinit(&inquiry->paths);
        break;
    case INQUIRY_FUNNEL:
        funnel_request_deinit(&inquiry->funnel);
        break;
    default:
        query_deinit(&inquiry->query);
    }
}

struct text inquiry_site(const struct inquiry *inquiry)
{
    return text_of(inquiry->kind == INQUIRY_PATHS    ? inquiry->paths.site
                   : inquiry->kind == INQUIRY_FUNNEL ? inquiry->funnel.site
                                                     : inquiry->query.site);
}

static void put_query(const struct inquiry *inquiry, const struct query_answer *answer, const struct site *site,
                      struct buffer *buffer)
{
    if (inquiry->kind == INQUIRY_VALUES)
        schema_put_values(&inquiry->query, answer, buffer);
    else if (inquiry->form == INQUIRY_TABLE)
        query_output_table(&inquiry->query, answer, buffer);
    else if (inquiry->form == INQUIRY_CSV)
        query_output_csv(&inquiry->query, answer, buffer);
    else if (inquiry->form == INQUIRY_NDJSON)
        query_output_ndjson(&inquiry->query, answer, site, buffer);
    else
        query_output_json(&inquiry->query, answer, site, buffer);
}

static int answer_query(struct inquiry *inquiry, const struct site *site, int64_t now_ms,
                        const struct query_source *source, struct buffer *buffer, struct buffer *complaint)
{
    struct query_answer answer;
    int r = query_run(&inquiry->query, site, now_ms, source, &answer, complaint);

    if (r)
        return error_trace(r);
    inquiry->is_empty = answer.is_empty;
    inquiry->days = answer.days;
    put_query(inquiry, &answer, site, buffer);
    query_answer_deinit(&answer);
    return 0;
}

static int answer_paths(struct inquiry *inquiry, const struct site *site, int64_t now_ms,
                        const struct query_source *source, struct buffer *buffer, struct buffer *complaint)
{
    struct paths *paths = NULL;
    struct paths_answer answer;
    int r = journeys_run_paths(&inquiry->paths, site, now_ms, source, &paths, complaint);

    if (r)
        return error_trace(r);
    r = paths_answer(paths, &answer);
    if (r == 0) {
        if (inquiry->form == INQUIRY_TABLE)
            journeys_table_paths(&inquiry->paths, &answer, buffer);
        else
            journeys_output_paths(&inquiry->paths, &answer, buffer);
        paths_answer_deinit(&answer);
    }
    paths_free(paths);
    return error_trace(r);
}

static int answer_funnel(struct inquiry *inquiry, const struct site *site, int64_t now_ms,
                         const struct query_source *source, struct buffer *buffer, struct buffer *complaint)
{
    struct funnel *funnel = NULL;
    int r = journeys_run_funnel(&inquiry->funnel, site, now_ms, source, &funnel, complaint);

    if (r)
        return error_trace(r);
    struct funnel_answer answer = funnel_answer(funnel);
    if (inquiry->form == INQUIRY_TABLE)
        journeys_table_funnel(&inquiry->funnel, &answer, buffer);
    else
        journeys_output_funnel(&inquiry->funnel, &answer, buffer);
    funnel_free(funnel);
    return 0;
}

int inquiry_answer(struct inquiry *inquiry, const struct site *site, int64_t now_ms, const struct query_source *source,
                   struct buffer *answer, struct buffer *complaint)
{
    int r = (inquiry->kind == INQUIRY_PATHS    ? answer_paths
             : inquiry->kind == INQUIRY_FUNNEL ? answer_funnel
                                               : answer_query)(inquiry, site, now_ms, source, answer, complaint);

    return r ? error_trace(r) : error_fold(answer->fault);
}

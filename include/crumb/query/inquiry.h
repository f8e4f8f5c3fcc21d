/*
 * Whatever an analyst asks, from its request to its answer: a query, the values
 * of a dimension, paths, or a funnel.  HTTP and the command line differ only in
 * where a request comes from and where its answer goes.
 */
#pragma once

#include "crumb/query/journeys_run.h"
#include "crumb/query/schema.h"

enum inquiry_kind { INQUIRY_QUERY, INQUIRY_VALUES, INQUIRY_PATHS, INQUIRY_FUNNEL };

/* Paths and funnels have no CSV and NDJSON, values are JSON alone. */
enum inquiry_form { INQUIRY_JSON, INQUIRY_TABLE, INQUIRY_CSV, INQUIRY_NDJSON };

struct inquiry {
    enum inquiry_kind kind;
    enum inquiry_form form;
    union {
        struct query query; /* INQUIRY_QUERY, INQUIRY_VALUES */
        struct paths_request paths;
        struct funnel_request funnel;
    };
    /* Of the answer to a query: nothing happened on these days. */
    bool is_empty;
    struct query_days days;
};

/* Reads a request other than INQUIRY_VALUES. Results as of query_parse(). The caller deinits the inquiry. */
int inquiry_parse(enum inquiry_kind kind, enum inquiry_form form, struct text json, struct inquiry *ret_inquiry,
                  struct buffer *complaint);
/* Reads that one. */
int inquiry_values(const struct schema_wish *wish, struct inquiry *ret_inquiry, struct buffer *complaint);
void inquiry_deinit(struct inquiry *inquiry);

/* The site it names, which may be none of the configuration's. */
struct text inquiry_site(const struct inquiry *inquiry);

/* Appends the answer to @answer. Results as of query_run(), or the fault of @answer. */
int inquiry_answer(struct inquiry *inquiry, const struct site *site, int64_t now_ms, const struct query_source *source,
                   struct buffer *answer, struct buffer *complaint);

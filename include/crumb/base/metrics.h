/*
 * Counters of the running process, for GET /metrics.  They start at zero with
 * it; the books (store/accounting.h) are what lasts.  Any thread.
 */
#pragma once

#include "crumb/base/buffer.h"
#include <stdint.h>

/* name, help */
#define METRICS(X)                                                                                                     \
    X(connections_total, "Connections accepted.")                                                                      \
    X(connections_refused_total, "Connections closed at once because CONNECTIONS_MAX were open.")                      \
    X(requests_total, "HTTP requests handled.")                                                                        \
    X(requests_vanished_total, "Requests whose client was gone when the answer was ready.")                            \
    X(events_stored_total, "Events stored.")                                                                           \
    X(events_dropped_total, "Events received and not stored, for any reason.")                                         \
    X(events_rate_limited_total, "Events of them that were too many from one client or to one site.")                  \
    X(choices_rate_limited_total, "Choices and showings refused because one client sent too many.")                    \
    X(choices_recorded_total, "Consent records written.")                                                              \
    X(writer_batches_total, "Write transactions committed.")                                                           \
    X(writer_operations_total, "Operations committed.")                                                                \
    X(writer_refused_total, "Operations refused because the writer's queue was full.")                                 \
    X(writer_failures_total, "Write transactions that failed and were answered 503.")                                  \
    X(pool_refused_total, "Queries refused because the query queue was full.")                                         \
    X(queries_cancelled_total, "Queries not answered, or not to their end, because nobody waited for them any more.")  \
    X(visitors_expired_total, "Visitors removed because their choice or id had expired.")                              \
    X(events_expired_total, "Events removed from the journal because their time was over.")                            \
    X(months_folded_total, "Months whose visits were removed because their time was over.")                            \
    X(jobs_done_total, "Erasures, restrictions and corrections that were finished.")                                   \
    X(days_sealed_total, "Site-days sealed into rollups.")                                                             \
    X(requests_made_total, "Subject requests made.")                                                                   \
    X(requests_rate_limited_total, "Subject requests refused because one client sent too many.")                       \
    X(refusals_unrecorded_total, "Uses of tokens that were refused and are not in the audit trail: too many came.")

enum metric {
#define METRIC_NAME(name, help) METRIC_##name,
    METRICS(METRIC_NAME)
#undef METRIC_NAME
        METRIC_N
};

void metrics_add(enum metric metric, uint64_t n);
uint64_t metrics_get(enum metric metric);

/* Appends every counter in Prometheus' text format 0.0.4. */
void metrics_write(struct buffer *buffer);

/*
 * One atomic a counter; relaxed, as no counter orders anything.
 */
#include "crumb/base/metrics.h"
#include <inttypes.h>
#include <stdatomic.h>

static _Atomic uint64_t counters[METRIC_N];

static const struct {
    const char *name;
    const char *help;
} metrics[METRIC_N] = {
#define METRIC_ROW(name, help) {#name, help},
    METRICS(METRIC_ROW)
#undef METRIC_ROW
};

void metrics_add(enum metric metric, uint64_t n)
{
    atomic_fetch_add_explicit(&counters[metric], n, memory_order_relaxed);
}

uint64_t metrics_get(enum metric metric) { return atomic_load_explicit(&counters[metric], memory_order_relaxed); }

void metrics_write(struct buffer *buffer)
{
    for (unsigned i = 0; i < METRIC_N; i++)
        buffer_printf(buffer, "# HELP crumb_%s %s\n# TYPE crumb_%s counter\ncrumb_%s %" PRIu64 "\n", metrics[i].name,
                      metrics[i].help, metrics[i].name, metrics[i].name, metrics_get(i));
}

/*
 * GET /metrics, /healthz, /readyz.
 *
 * The counters are the process's own.  What is to be done about requests is read
 * from the store, on a thread of the pool; where that cannot be, the counters
 * alone are told, as somebody may be looking for the reason.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/base/metrics.h"
#include "crumb/rights/requests.h"
#include "loop.h"
#include <stdlib.h>

#define METRICS_BYTES_MAX ((64 << 10) + SITES_MAX * 512)

struct measuring {
    struct pool_job super;
    struct wait wait;
    struct edition *edition;
    const struct service *service;
    int64_t now_ms;
    struct requests_count *counts; /* of each site */
    int outcome;
};

static void measuring_free(struct measuring *measuring)
{
    edition_unref(measuring->edition);
    free(measuring->counts);
    free(measuring);
}

static int count_all(struct measuring *measuring)
{
    DB_TXN_AUTO *txn = NULL;
    const struct config *config = measuring->edition->config;
    int r = db_begin_read(measuring->service->db, &txn);

    for (unsigned i = 0; r == 0 && i < config->n_sites; i++)
        r = requests_count(txn, &config->sites[i], measuring->now_ms, &measuring->counts[i]);
    return error_trace(r);
}

/* On one of the pool's threads. */
static void measuring_run(struct pool_job *job)
{
    struct measuring *measuring = (struct measuring *)job;

    measuring->outcome = count_all(measuring);
    if (measuring->outcome)
        log_fault("GET /metrics: requests cannot be counted", measuring->outcome);
    wait_wake(&measuring->wait);
}

/* Gauges of one kind for every site. */
static void put_gauge(struct buffer *buffer, const struct measuring *measuring, const char *name, const char *help,
                      size_t offset)
{
    const struct config *config = measuring->edition->config;

    buffer_printf(buffer, "# HELP crumb_%s %s\n# TYPE crumb_%s gauge\n", name, help, name);
    for (unsigned i = 0; i < config->n_sites; i++)
        buffer_printf(buffer, "crumb_%s{site=\"%s\"} %u\n", name, config->sites[i].name,
                      *(const unsigned *)(const void *)((const char *)&measuring->counts[i] + offset));
}

static void answer_metrics(h2o_req_t *req, const struct measuring *measuring)
{
    BUFFER_AUTO buffer = BUFFER_INIT(METRICS_BYTES_MAX);

    metrics_write(&buffer);
    if (measuring) {
        put_gauge(&buffer, measuring, "requests_open", "Subject requests that nobody has answered yet.",
                  offsetof(struct requests_count, n_open));
        put_gauge(&buffer, measuring, "requests_due_soon", "Those of them that are due within three working days.",
                  offsetof(struct requests_count, n_soon));
        put_gauge(&buffer, measuring, "requests_overdue", "Those of them whose day has passed.",
                  offsetof(struct requests_count, n_overdue));
    }
    if (buffer.fault)
        answer_later(req, "there is no memory now");
    else
        answer_text(req, 200, TEXT("text/plain; version=0.0.4"), buffer_text(&buffer));
}

_Static_assert(REQUEST_SOON_DAYS == 3, "the help above names them");

static void measuring_answer(struct wait *wait, h2o_req_t *req)
{
    struct measuring *measuring = H2O_STRUCT_FROM_MEMBER(struct measuring, wait, wait);

    if (req)
        answer_metrics(req, measuring->outcome ? NULL : measuring);
    measuring_free(measuring);
}

void status_metrics(struct exchange *exchange)
{
    struct measuring *measuring = calloc(1, sizeof *measuring);

    if (measuring)
        measuring->counts = calloc(exchange->loop->edition->config->n_sites, sizeof *measuring->counts);
    if (!measuring || !measuring->counts) {
        free(measuring);
        answer_metrics(exchange->req, NULL);
        return;
    }
    measuring->super.run = measuring_run;
    measuring->edition = edition_ref(exchange->loop->edition);
    measuring->service = exchange->loop->service;
    measuring->now_ms = clock_now_ms(measuring->service->clock);
    wait_begin(&measuring->wait, exchange, measuring_answer);
    if (pool_submit(exchange->loop->service->lookups, &measuring->super)) {
        answer_metrics(wait_cancel(&measuring->wait), NULL);
        measuring_free(measuring);
    }
}

void status_alive(struct exchange *exchange) { answer_text(exchange->req, 200, TEXT("text/plain"), TEXT("ok\n")); }

void status_ready(struct exchange *exchange)
{
    if (writer_ready(exchange->loop->service->writer))
        answer_text(exchange->req, 200, TEXT("text/plain"), TEXT("ok\n"));
    else
        answer_later(exchange->req, "the store cannot be written now: the disk or the map may be full");
}

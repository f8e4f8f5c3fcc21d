/*
 * GET /metrics, /healthz, /readyz.
 */
#include "crumb/base/metrics.h"
#include "loop.h"

void status_metrics(struct exchange *exchange)
{
    BUFFER_AUTO buffer = BUFFER_INIT(64 << 10);

    metrics_write(&buffer);
    if (buffer.fault)
        answer_later(exchange->req, "there is no memory now");
    else
        answer_text(exchange->req, 200, TEXT("text/plain; version=0.0.4"), buffer_text(&buffer));
}

void status_alive(struct exchange *exchange) { answer_text(exchange->req, 200, TEXT("text/plain"), TEXT("ok\n")); }

void status_ready(struct exchange *exchange)
{
    if (writer_ready(exchange->loop->service->writer))
        answer_text(exchange->req, 200, TEXT("text/plain"), TEXT("ok\n"));
    else
        answer_later(exchange->req, "the store cannot be written now: the disk or the map may be full");
}

/*
 * Requests that wait for another thread, and may be gone when it is ready.
 *
 * The request's pool holds a shared chunk with a pointer to the wait.  If the
 * request dies first, disposing the chunk tells the wait; if the answer comes
 * first, the chunk is told that there is no wait any more.  Both happen on the
 * loop's thread, so neither needs a lock.
 *
 * HTTP/1: libh2o stops reading a connection while its request is handled, and
 * starts again behind the answer.  For a handler that waits this would be two
 * epoll_ctl(2) a request, a fifth of what a beacon costs, so reading goes on
 * meanwhile, with a callback that takes nothing.  It learns that the client has
 * gone before libh2o does, and tells those waits that are watched.
 */
#include "crumb/base/metrics.h"
#include "loop.h"

static void on_vanish(void *chunk)
{
    struct wait *wait = *(struct wait **)chunk;

    if (wait) {
        wait->req = NULL;
        wait->link = NULL;
        wait->is_gone = true;
        metrics_add(METRIC_requests_vanished_total, 1);
    }
}

/*
 * Something arrived behind a request that waits: the client has gone, which the
 * answer's write will find, or has sent its next request, which stays in the
 * buffer until libh2o reads on.  Either way this is enough.
 */
static void on_early(h2o_socket_t *socket, const char *err)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, h2o, ((h2o_conn_t *)socket->data)->ctx);

    h2o_socket_read_stop(socket);
    for (struct wait *wait = loop->watched; err && wait; wait = wait->next)
        if (wait->req && wait->req->conn == socket->data)
            wait->is_gone = true;
}

/*
 * Bytes that arrive now may move the buffer that the request's headers point
 * into.  Handlers have taken what they need; libh2o must not look either.
 */
static void keep_reading(h2o_req_t *req)
{
    if (req->version >= 0x200)
        return;
    req->headers.size = 0;
    h2o_socket_read_start(req->conn->callbacks->get_socket(req->conn), on_early);
}

void wait_begin(struct wait *wait, const struct exchange *exchange, void (*answer)(struct wait *wait, h2o_req_t *req))
{
    struct wait **link = h2o_mem_alloc_shared(&exchange->req->pool, sizeof(struct wait *), on_vanish);

    *link = wait;
    *wait = (struct wait){.loop = exchange->loop, .req = exchange->req, .link = link, .answer = answer};
    exchange->loop->n_waits++;
    keep_reading(exchange->req);
}

void wait_watch(struct wait *wait)
{
    wait->next = wait->loop->watched;
    wait->loop->watched = wait;
}

static void unwatch(struct wait *wait)
{
    for (struct wait **at = &wait->loop->watched; *at; at = &(*at)->next)
        if (*at == wait) {
            *at = wait->next;
            return;
        }
}

void wait_wake(struct wait *wait) { h2o_multithread_send_message(&wait->loop->answers, &wait->message); }

h2o_req_t *wait_cancel(struct wait *wait)
{
    wait->loop->n_waits--;
    unwatch(wait);
    if (wait->link)
        *wait->link = NULL;
    wait->link = NULL;
    return wait->req;
}

void wait_receive(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    (void)receiver;
    while (!h2o_linklist_is_empty(messages)) {
        struct wait *wait = H2O_STRUCT_FROM_MEMBER(struct wait, message.link, messages->next);

        h2o_linklist_unlink(&wait->message.link);
        h2o_req_t *req = wait_cancel(wait);
        wait->answer(wait, req);
    }
}

/*
 * Requests that wait for another thread, and may be gone when it is ready.
 *
 * The request's pool holds a shared chunk with a pointer to the wait.  If the
 * request dies first, disposing the chunk tells the wait; if the answer comes
 * first, the chunk is told that there is no wait any more.  Both happen on the
 * loop's thread, so neither needs a lock.
 */
#include "crumb/base/metrics.h"
#include "loop.h"

static void on_vanish(void *chunk)
{
    struct wait *wait = *(struct wait **)chunk;

    if (wait) {
        wait->req = NULL;
        wait->link = NULL;
        metrics_add(METRIC_requests_vanished_total, 1);
    }
}

void wait_begin(struct wait *wait, const struct exchange *exchange, void (*answer)(struct wait *wait, h2o_req_t *req))
{
    struct wait **link = h2o_mem_alloc_shared(&exchange->req->pool, sizeof(struct wait *), on_vanish);

    *link = wait;
    *wait = (struct wait){.loop = exchange->loop, .req = exchange->req, .link = link, .answer = answer};
}

void wait_wake(struct wait *wait) { h2o_multithread_send_message(&wait->loop->answers, &wait->message); }

h2o_req_t *wait_cancel(struct wait *wait)
{
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

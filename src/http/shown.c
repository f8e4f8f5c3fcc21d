/*
 * POST /v1/shown: a notice was shown.  Counted for the site's statistics and
 * nothing else: no cookie is read or set, and nothing tells one visitor from
 * another.
 */
#include "crumb/consent/choice.h"
#include "loop.h"
#include <errno.h>
#include <stdlib.h>

struct showing {
    struct write_op super;
    struct wait wait;
    struct edition *edition;
    struct choice choice; /* site, notice and surface of it */
    struct choice_context context;
    int outcome;
};

static void showing_free(struct showing *showing)
{
    edition_unref(showing->edition);
    free(showing);
}

/* On the writer's thread. */
static int showing_apply(struct write_op *op, struct batch *batch)
{
    struct showing *showing = (struct showing *)op;

    return choice_count_shown(batch, &showing->choice, &showing->context);
}

static void showing_done(struct write_op *op, int result)
{
    struct showing *showing = (struct showing *)op;

    showing->outcome = result;
    wait_wake(&showing->wait);
}

static void showing_answer(struct wait *wait, h2o_req_t *req)
{
    struct showing *showing = H2O_STRUCT_FROM_MEMBER(struct showing, wait, wait);

    if (req && showing->outcome)
        answer_later(req, "it could not be counted now; there is no need to try again");
    else if (req)
        answer_empty(req, 204);
    showing_free(showing);
}

static void count_shown(struct exchange *exchange, const struct choice *choice)
{
    struct showing *showing = calloc(1, sizeof *showing);

    if (!showing) {
        answer_later(exchange->req, "there is no memory now; there is no need to try again");
        return;
    }
    showing->super = (struct write_op){.bytes = sizeof *showing, .apply = showing_apply, .done = showing_done};
    showing->edition = edition_ref(exchange->loop->edition);
    showing->choice = *choice;
    showing->context.at_ms = clock_now_ms(exchange->loop->service->clock);
    showing->context.place = exchange_place(exchange);
    showing->context.device = exchange_device(exchange);
    wait_begin(&showing->wait, exchange, showing_answer);
    if (writer_submit(exchange->loop->service->writer, &showing->super)) {
        answer_later(wait_cancel(&showing->wait), "too much is waiting to be stored; there is no need to try again");
        showing_free(showing);
    }
}

void shown_post(struct exchange *exchange)
{
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct choice choice = {.site = NULL};
    int r = choice_parse_shown(exchange_body(exchange), exchange->loop->edition, &choice, &complaint);

    if (r < 0) {
        answer_later(exchange->req, "there is no memory now; there is no need to try again");
        return;
    }
    if (choice.site && !exchange_same_origin(exchange, choice.site))
        return;
    if (choice.site)
        answer_cors(exchange, choice.site);
    if (r) {
        int status = r == CHOICE_E_STALE_NOTICE ? 409 : r == CHOICE_E_UNKNOWN_SITE ? 404 : 400;
        answer_error(exchange->req, status, "%.*s", TEXT_ARGS(buffer_text(&complaint)));
        return;
    }
    if (!exchange_may_choose(exchange, RATE_SHOWN)) {
        answer_too_many(exchange->req, "too much came from this address; there is no need to try again");
        return;
    }
    count_shown(exchange, &choice);
}

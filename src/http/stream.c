/*
 * Long answers.  A piece is made on a thread of the pool, sent, and only when the
 * client has taken it the next one is made: a slow client holds one day's table
 * and no thread.  The response has begun by then, so that what fails in the
 * middle ends the connection before the body's end, which every client notices.
 */
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "loop.h"
#include <errno.h>
#include <stdlib.h>

struct stream {
    h2o_generator_t super;
    struct pool_job job;
    struct wait wait;
    bool is_waiting; /* a piece is being made */
    bool has_begun;  /* the response */
    struct loop *loop;
    struct stream *next; /* of the loop */
    struct edition *edition;
    struct stream_source source;
    struct text piece; /* lent by the maker; empty: there is no more */
    int outcome;
};

static void stream_free(struct stream *stream)
{
    struct stream **at = &stream->loop->streams;

    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    stream->source.free(stream->source.maker);
    edition_unref(stream->edition);
    free(stream);
}

void stream_give_up(struct loop *loop)
{
    while (loop->streams)
        stream_free(loop->streams);
}

bool stream_has_room(struct exchange *exchange)
{
    unsigned n = 0;

    for (const struct stream *stream = exchange->loop->streams; stream; stream = stream->next)
        n++;
    if (n < LOOP_EXPORTS_MAX)
        return true;
    answer_later(exchange->req, "other exports are under way; try again later");
    return false;
}

/* On one of the pool's threads. */
static void stream_run(struct pool_job *job)
{
    struct stream *stream = H2O_STRUCT_FROM_MEMBER(struct stream, job, job);
    bool is_gone = job->cancelled || stream->wait.is_gone;

    stream->outcome = is_gone ? -ECANCELED : stream->source.next(stream->source.maker, &stream->piece);
    if (stream->outcome < 0 && stream->outcome != -ECANCELED)
        log_fault(stream->source.what, stream->outcome);
    wait_wake(&stream->wait);
}

static void fail(struct stream *stream, h2o_req_t *req)
{
    if (stream->has_begun)
        h2o_send(req, NULL, 0, H2O_SEND_STATE_ERROR);
    else if (stream->outcome == STREAM_E_NOT_FOUND && stream->source.missing)
        stream->source.missing(req);
    else
        answer_later(req, "the export cannot be made now; try again later");
}

static void stream_answer(struct wait *wait, h2o_req_t *req)
{
    struct stream *stream = H2O_STRUCT_FROM_MEMBER(struct stream, wait, wait);
    h2o_iovec_t piece = h2o_iovec_init(stream->piece.data, stream->piece.size);

    stream->is_waiting = false;
    if (req && stream->outcome == 0) {
        if (!stream->has_begun)
            answer_stream(req, stream->source.type, &stream->super);
        stream->has_begun = true;
        if (piece.len) {
            h2o_send(req, &piece, 1, H2O_SEND_STATE_IN_PROGRESS);
            return;
        }
        h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
    } else if (req) {
        fail(stream, req);
    }
    stream_free(stream);
}

/* 0, or the pool's outcome; then nothing waits. */
static int make_piece(struct stream *stream, struct exchange *exchange)
{
    wait_begin(&stream->wait, exchange, stream_answer);
    int r = pool_submit(exchange->loop->service->queries, &stream->job);

    if (r)
        wait_cancel(&stream->wait);
    stream->is_waiting = r == 0;
    return r;
}

/* The client has taken what was sent. */
static void stream_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    struct stream *stream = (struct stream *)generator;
    struct exchange exchange = {.req = req, .loop = stream->loop};

    if (make_piece(stream, &exchange) == 0)
        return;
    fail(stream, req);
    stream_free(stream);
}

/* The request ends before the response did. A piece that is being made is waited for. */
static void stream_stop(h2o_generator_t *generator, h2o_req_t *req)
{
    struct stream *stream = (struct stream *)generator;

    if (!stream->is_waiting)
        stream_free(stream);
}

void stream_begin(struct exchange *exchange, const struct stream_source *source)
{
    struct stream *stream = calloc(1, sizeof *stream);

    if (!stream) {
        source->free(source->maker);
        answer_later(exchange->req, "there is no memory now; try again later");
        return;
    }
    stream->super = (h2o_generator_t){.proceed = stream_proceed, .stop = stream_stop};
    stream->job.run = stream_run;
    stream->source = *source;
    stream->loop = exchange->loop;
    stream->next = stream->loop->streams;
    stream->loop->streams = stream;
    stream->edition = edition_ref(exchange->loop->edition);
    if (make_piece(stream, exchange) == 0)
        return;
    fail(stream, exchange->req);
    stream_free(stream);
}

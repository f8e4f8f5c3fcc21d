/*
 * The writer's queue and its batches.
 */
#include "crumb/ingest/writer.h"
#include "crumb/base/clock.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/base/metrics.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* A batch of at least this many tells that operations come quickly. */
#define BUSY_OPS 8

struct queue {
    struct write_op *first, **last;
    size_t n_ops, bytes;
};

struct writer {
    struct db *db;
    pthread_t thread;
    bool running; /* the thread was started */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct queue queue;
    size_t n_wanted; /* the thread sleeps until this many are queued; 0: it is awake */
    bool stopping;

    atomic_size_t n_last; /* size of the last batch; the writer's thread sets it */
    atomic_bool ready, broken;
};

static void queue_init(struct queue *queue) { *queue = (struct queue){.last = &queue->first}; }

static void queue_push(struct queue *queue, struct write_op *op)
{
    op->next = NULL;
    *queue->last = op;
    queue->last = &op->next;
    queue->n_ops++;
    queue->bytes += op->bytes;
}

static struct write_op *queue_pop(struct queue *queue)
{
    struct write_op *op = queue->first;

    if (op) {
        queue->first = op->next;
        if (!queue->first)
            queue->last = &queue->first;
        queue->n_ops--;
        queue->bytes -= op->bytes;
    }
    return op;
}

int writer_new(struct db *db, struct writer **ret_writer)
{
    struct writer *writer = calloc(1, sizeof *writer);
    pthread_condattr_t attributes;

    if (!writer)
        return error_origin(-ENOMEM);
    writer->db = db;
    queue_init(&writer->queue);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    atomic_init(&writer->n_last, 0);
    atomic_init(&writer->ready, true);
    *ret_writer = writer;
    return 0;
}

struct writer *writer_free(struct writer *writer)
{
    if (writer) {
        struct write_op *op;

        assert(!writer->running);
        while ((op = queue_pop(&writer->queue)))
            op->done(op, -ECANCELED);
        pthread_cond_destroy(&writer->wake);
        pthread_mutex_destroy(&writer->lock);
        free(writer);
    }
    return NULL;
}

int writer_submit(struct writer *writer, struct write_op *op)
{
    int r = 0;
    bool wake = false;

    pthread_mutex_lock(&writer->lock);
    if (writer->stopping) {
        r = WRITER_E_STOPPED;
    } else if (writer->queue.n_ops >= WRITER_QUEUE_OPS_MAX ||
               writer->queue.bytes + op->bytes > WRITER_QUEUE_BYTES_MAX) {
        r = WRITER_E_FULL;
    } else {
        queue_push(&writer->queue, op);
        wake = writer->n_wanted && writer->queue.n_ops >= writer->n_wanted;
        if (wake)
            writer->n_wanted = 0;
    }
    pthread_mutex_unlock(&writer->lock);
    if (wake)
        pthread_cond_signal(&writer->wake);
    if (r == WRITER_E_FULL)
        metrics_add(METRIC_writer_refused_total, 1);
    return r;
}

/* ---- batches ---- */

/* *ret_everybodys: a fault is that of the store, whatever the operations are. */
static int apply_all(struct writer *writer, struct write_op *const *ops, size_t n_ops, bool reserve,
                     bool *ret_everybodys)
{
    struct batch batch;
    int r = batch_begin(writer->db, &batch);

    *ret_everybodys = r != 0;
    if (r)
        return error_trace(r);
    if (reserve)
        batch_use_reserve(&batch);
    for (size_t i = 0; i < n_ops; i++) {
        r = ops[i]->apply(ops[i], &batch);
        if (r) {
            batch_abort(&batch);
            return error_trace(r);
        }
    }
    return error_trace(batch_commit(&batch));
}

/* A full or failing disk is nobody's fault in particular. */
static bool is_everybodys(int fault)
{
    return fault == -ENOSPC || fault == -EIO || fault == -EROFS || fault == -EUCLEAN;
}

static void take_note(struct writer *writer, int r, size_t n_ops)
{
    if (r) {
        metrics_add(METRIC_writer_failures_total, 1);
    } else {
        metrics_add(METRIC_writer_batches_total, 1);
        metrics_add(METRIC_writer_operations_total, n_ops);
    }
    if (db_broken(writer->db))
        atomic_store(&writer->broken, true);
}

static int commit_ops(struct writer *writer, struct write_op *const *ops, size_t n_ops, bool *ret_everybodys)
{
    bool cannot_begin;
    int r = apply_all(writer, ops, n_ops, false, &cannot_begin);
    bool works = r == 0 || !(cannot_begin || is_everybodys(r));
    bool was_ready = atomic_exchange(&writer->ready, works);

    /* A thread's loop is nobody's callee: it reports its faults itself, once each time they begin. */
    if (r && works && n_ops == 1)
        log_fault("an operation cannot be done", r);
    else if (!works && was_ready)
        log_fault("cannot write to the store; answering 503 until it works again", r);
    else if (works && !was_ready)
        log_info("the store takes writes again");
    take_note(writer, r, n_ops);
    *ret_everybodys = !works;
    return r;
}

/* Tells how an operation ended, behind a last try where the store is full. That says nothing of other operations. */
static void finish(struct writer *writer, struct write_op *op, int r)
{
    bool everybodys;

    if (r == -ENOSPC && op->reserve) {
        r = apply_all(writer, &op, 1, true, &everybodys);
        take_note(writer, r, 1);
    }
    op->done(op, r);
}

static void run_batch(struct writer *writer, struct write_op *const *ops, size_t n_ops)
{
    bool everybodys;
    int r = commit_ops(writer, ops, n_ops, &everybodys);

    if (r && n_ops > 1 && !everybodys) {
        for (size_t i = 0; i < n_ops; i++)
            finish(writer, ops[i], commit_ops(writer, &ops[i], 1, &everybodys));
        return;
    }
    for (size_t i = 0; i < n_ops; i++)
        finish(writer, ops[i], r);
}

static size_t take_batch(struct writer *writer, struct write_op *ops[WRITER_BATCH_OPS_MAX])
{
    size_t n = 0;

    while (n < WRITER_BATCH_OPS_MAX && (ops[n] = queue_pop(&writer->queue)))
        n++;
    return n;
}

static struct timespec in_us(int64_t us)
{
    int64_t at = clock_monotonic_us() + us;

    return (struct timespec){.tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000};
}

/*
 * Sleeps until there is something to do, and a little longer while much is
 * coming; after a failure, until it is time to look whether it has passed. Called and left with the lock held.
 */
static void wait_for_work(struct writer *writer)
{
    while (writer->queue.n_ops == 0 && !writer->stopping) {
        struct timespec until = in_us(READY_PROBE_MS * 1000LL);

        writer->n_wanted = 1;
        if (atomic_load(&writer->ready))
            pthread_cond_wait(&writer->wake, &writer->lock);
        else if (pthread_cond_timedwait(&writer->wake, &writer->lock, &until) == ETIMEDOUT)
            return; /* with nothing: the empty batch tells whether the store works again */
    }
    /* Twice as many as last time: while more keeps coming a batch gathers for as long as it may. */
    size_t wanted = 2 * atomic_load(&writer->n_last);
    if (wanted > WRITER_BATCH_OPS_MAX)
        wanted = WRITER_BATCH_OPS_MAX;
    if (wanted >= BUSY_OPS && writer->queue.n_ops < wanted && !writer->stopping) {
        struct timespec until = in_us(WRITER_BATCH_WAIT_US_MAX);

        writer->n_wanted = wanted;
        while (writer->n_wanted && !writer->stopping &&
               pthread_cond_timedwait(&writer->wake, &writer->lock, &until) != ETIMEDOUT)
            ;
    }
    writer->n_wanted = 0;
}

static void *run(void *context)
{
    struct writer *writer = context;
    struct write_op *ops[WRITER_BATCH_OPS_MAX];

    pthread_setname_np(pthread_self(), "crumb-writer");
    for (;;) {
        pthread_mutex_lock(&writer->lock);
        wait_for_work(writer);
        size_t n = take_batch(writer, ops);
        bool ended = n == 0 && writer->stopping;
        pthread_mutex_unlock(&writer->lock);
        if (ended)
            return NULL;
        atomic_store(&writer->n_last, n);
        run_batch(writer, ops, n);
    }
}

int writer_start(struct writer *writer)
{
    int r = pthread_create(&writer->thread, NULL, run, writer);

    if (r)
        return error_origin(-r);
    writer->running = true;
    return 0;
}

void writer_stop(struct writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_signal(&writer->wake);
    if (writer->running) {
        pthread_join(writer->thread, NULL);
        writer->running = false;
    }
}

void writer_drain(struct writer *writer)
{
    struct write_op *ops[WRITER_BATCH_OPS_MAX];
    size_t n;

    assert(!writer->running);
    while ((n = take_batch(writer, ops)))
        run_batch(writer, ops, n);
}

/* ---- waiting ---- */

struct waiting {
    struct write_op super;
    struct write_op *op;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
    int result;
};

static int waiting_apply(struct write_op *super, struct batch *batch)
{
    struct waiting *waiting = (struct waiting *)super;

    return waiting->op->apply(waiting->op, batch);
}

static void waiting_done(struct write_op *super, int result)
{
    struct waiting *waiting = (struct waiting *)super;

    waiting->op->done(waiting->op, result);
    pthread_mutex_lock(&waiting->lock);
    waiting->result = result;
    waiting->is_done = true;
    pthread_cond_signal(&waiting->done);
    pthread_mutex_unlock(&waiting->lock);
}

int writer_submit_wait(struct writer *writer, struct write_op *op)
{
    struct waiting waiting = {
        .super = {.reserve = op->reserve, .bytes = op->bytes, .apply = waiting_apply, .done = waiting_done},
        .op = op,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .done = PTHREAD_COND_INITIALIZER};
    int r = writer_submit(writer, &waiting.super);

    if (r)
        return r;
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.is_done)
        pthread_cond_wait(&waiting.done, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    return waiting.result;
}

bool writer_is_busy(struct writer *writer) { return atomic_load(&writer->n_last) >= BUSY_OPS; }

bool writer_ready(struct writer *writer) { return atomic_load(&writer->ready) && !atomic_load(&writer->broken); }

bool writer_broken(struct writer *writer) { return atomic_load(&writer->broken); }

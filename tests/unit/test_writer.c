/*
 * The writer: order, bounds, and that everyone is told the truth: 0 is on disk,
 * a fault is not.
 */
#include "check.h"
#include "crumb/base/clock.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/writer.h"
#include "crumb/store/key.h"
#include "store_fixture.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

/* ---- a writer whose steps can be made to fail ---- */

struct service {
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct db *db;
    struct writer *writer;
    enum db_step step; /* that fails ... */
    int code;          /* ... with this, ... */
    unsigned n_times;  /* ... so often */
    atomic_uint n_commits, n_begins;
};

static int inject(void *context, enum db_step step)
{
    struct service *service = context;

    service->n_commits += step == DB_STEP_COMMIT;
    service->n_begins += step == DB_STEP_BEGIN;
    if (step != service->step || service->n_times == 0)
        return 0;
    service->n_times--;
    return service->code;
}

static int setup(void **state)
{
    struct service *service = calloc(1, sizeof *service);

    assert_non_null(service);
    store_fixture_folder(service->folder);
    assert_int_equal(db_open(&(struct db_options){.folder = service->folder,
                                                  .mode = DB_SERVE,
                                                  .size_bytes_max = 64 << 20,
                                                  .fault = inject,
                                                  .fault_context = service},
                             &service->db),
                     0);
    assert_int_equal(writer_new(service->db, &service->writer), 0);
    *state = service;
    return 0;
}

static int teardown(void **state)
{
    struct service *service = *state;

    writer_free(service->writer);
    db_close(service->db);
    store_fixture_remove(service->folder);
    free(service);
    return 0;
}

/* ---- operations: each writes its number under the sequence it gets ---- */

#define NOT_DONE 99

struct op {
    struct write_op super;
    uint64_t number, sequence;
    int fault; /* what apply returns, after it has written */
    atomic_int result;
    unsigned n_applied, n_done;
    atomic_uint *n_all_done; /* of all operations; NULL: nobody counts */
    uint64_t done_as;        /* the count before */
};

static int op_apply(struct write_op *super, struct batch *batch)
{
    struct op *op = (struct op *)super;

    op->n_applied++;
    op->sequence = batch_take_sequence(batch);
    struct key key = key_sequence(op->sequence), value = key_sequence(op->number);
    int r = db_put(batch->txn, DB_JOURNAL, key_text(&key), key_text(&value));
    if (r)
        return error_trace(r);
    return op->fault ? error_origin(op->fault) : 0;
}

static void op_done(struct write_op *super, int result)
{
    struct op *op = (struct op *)super;

    op->n_done++;
    if (op->n_all_done)
        op->done_as = atomic_fetch_add(op->n_all_done, 1);
    atomic_store(&op->result, result);
}

static struct op op_of(uint64_t number)
{
    return (struct op){
        .super = {.bytes = 10, .apply = op_apply, .done = op_done}, .number = number, .result = NOT_DONE};
}

static struct op *new_ops(size_t n)
{
    struct op *ops = calloc(n, sizeof *ops);

    assert_non_null(ops);
    for (size_t i = 0; i < n; i++)
        ops[i] = op_of(i);
    return ops;
}

static void submit_all(struct service *service, struct op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(writer_submit(service->writer, &ops[i].super), 0);
}

/* What is in the store: the numbers in the order of their sequence. */
static size_t read_numbers(struct service *service, uint64_t *ret_numbers, size_t n_max)
{
    DB_TXN_AUTO *txn = NULL;
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    size_t n = 0;

    assert_int_equal(db_begin_read(service->db, &txn), 0);
    assert_int_equal(db_cursor_new(txn, DB_JOURNAL, &cursor), 0);
    for (int r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        assert_true(n < n_max);
        assert_true(key_read_sequence(value, &ret_numbers[n++]));
    }
    return n;
}

/* ---- on one thread ---- */

static void test_order(void **state)
{
    enum { N = 2 * WRITER_BATCH_OPS_MAX + 100 };
    struct service *service = *state;
    struct op *ops = new_ops(N);
    uint64_t numbers[N];
    atomic_uint n_done = 0;

    for (size_t i = 0; i < N; i++)
        ops[i].n_all_done = &n_done;
    submit_all(service, ops, N);
    assert_int_equal(ops[0].n_applied, 0); /* nothing happens before the drain */
    writer_drain(service->writer);
    assert_int_equal(service->n_commits, 3); /* two full batches and the rest */
    assert_int_equal(read_numbers(service, numbers, N), N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(ops[i].result, 0);
        assert_int_equal(ops[i].n_applied, 1);
        assert_int_equal(ops[i].n_done, 1);
        assert_int_equal(ops[i].sequence, i + 1);
        assert_int_equal(ops[i].done_as, i); /* told in order, too */
        assert_int_equal(numbers[i], i);
    }
    writer_drain(service->writer); /* nothing to do */
    assert_int_equal(service->n_commits, 3);
    free(ops);
}

static void test_full_by_count(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(WRITER_QUEUE_OPS_MAX + 1);
    struct op *last = &ops[WRITER_QUEUE_OPS_MAX];

    submit_all(service, ops, WRITER_QUEUE_OPS_MAX);
    assert_int_equal(writer_submit(service->writer, &last->super), WRITER_E_FULL);
    assert_int_equal(writer_submit(service->writer, &last->super), WRITER_E_FULL);
    writer_drain(service->writer);
    assert_int_equal(last->result, NOT_DONE); /* what was not taken is not told */
    assert_int_equal(ops[WRITER_QUEUE_OPS_MAX - 1].result, 0);
    assert_int_equal(writer_submit(service->writer, &last->super), 0);
    writer_drain(service->writer);
    assert_int_equal(last->result, 0);
    free(ops);
}

static void test_full_by_bytes(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(3);

    ops[0].super.bytes = WRITER_QUEUE_BYTES_MAX - 10;
    ops[2].super.bytes = 1;
    assert_int_equal(writer_submit(service->writer, &ops[0].super), 0);
    assert_int_equal(writer_submit(service->writer, &ops[1].super), 0); /* to the byte */
    assert_int_equal(writer_submit(service->writer, &ops[2].super), WRITER_E_FULL);
    writer_drain(service->writer);
    assert_int_equal(writer_submit(service->writer, &ops[2].super), 0); /* the bytes are given back */
    writer_drain(service->writer);
    assert_int_equal(ops[2].result, 0);
    free(ops);
}

static void test_freed_before_it_ran(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(3);

    submit_all(service, ops, 3);
    service->writer = writer_free(service->writer);
    assert_null(service->writer);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ops[i].result, -ECANCELED);
        assert_int_equal(ops[i].n_applied, 0);
    }
    assert_null(writer_free(NULL));
    free(ops);
}

/* ---- failures ---- */

static void test_poisoned_op_fails_alone(void **state)
{
    enum { N = 20 };
    struct service *service = *state;

    for (unsigned bad = 0; bad < N; bad++) {
        struct op *ops = new_ops(N);
        uint64_t numbers[N * N], before[N * N];
        size_t n_before = read_numbers(service, before, N * N);

        ops[bad].fault = -EBADMSG;
        submit_all(service, ops, N);
        writer_drain(service->writer);
        size_t n = read_numbers(service, numbers, N * N);
        assert_int_equal(n, n_before + N - 1);
        for (unsigned i = 0, at = 0; i < N; i++) {
            assert_int_equal(ops[i].result, i == bad ? -EBADMSG : 0);
            assert_int_equal(ops[i].n_done, 1);
            assert_int_equal(ops[i].n_applied, i <= bad ? 2 : 1); /* once more by itself, where it had been tried */
            if (i != bad)
                assert_int_equal(numbers[n_before + at++], i); /* in order; what the bad one wrote is gone */
        }
        assert_true(writer_ready(service->writer)); /* the store works */
        free(ops);
    }
}

static void test_two_poisoned_ops(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(5);
    uint64_t numbers[5];

    ops[1].fault = -EBADMSG;
    ops[4].fault = -EINVAL;
    submit_all(service, ops, 5);
    writer_drain(service->writer);
    assert_int_equal(read_numbers(service, numbers, 5), 3);
    assert_memory_equal(numbers, ((uint64_t[]){0, 2, 3}), 3 * sizeof *numbers);
    assert_int_equal(ops[1].result, -EBADMSG);
    assert_int_equal(ops[4].result, -EINVAL);
    assert_int_equal(ops[3].result, 0);
    assert_true(writer_ready(service->writer)); /* the store works, whatever became of the last one */
    free(ops);
}

static void test_faults_of_the_store(void **state)
{
    static const struct {
        const char *name;
        enum db_step step;
        int code;
        bool everybodys; /* else each is tried again by itself */
    } rows[] = {
        {"no room to begin", DB_STEP_BEGIN, -ENOSPC, true},    {"no room to put", DB_STEP_PUT, -ENOSPC, true},
        {"no room to commit", DB_STEP_COMMIT, -ENOSPC, true},  {"disk fails to begin", DB_STEP_BEGIN, -EIO, true},
        {"disk fails to put", DB_STEP_PUT, -EIO, true},        {"disk fails to commit", DB_STEP_COMMIT, -EIO, true},
        {"no memory to begin", DB_STEP_BEGIN, -ENOMEM, true},  {"no memory to put", DB_STEP_PUT, -ENOMEM, false},
        {"damage to begin", DB_STEP_BEGIN, -EBADMSG, true},    {"damage to put", DB_STEP_PUT, -EBADMSG, false},
        {"a broken file to put", DB_STEP_PUT, -EUCLEAN, true}, {"no memory to commit", DB_STEP_COMMIT, -ENOMEM, false},
    };
    struct service *service = *state;
    uint64_t numbers[200];

    for (size_t row = 0; row < N_ROWS(rows); row++) {
        struct op *ops = new_ops(7);
        size_t n_before = read_numbers(service, numbers, 200);
        int wanted = rows[row].everybodys ? rows[row].code : 0;

        service->step = rows[row].step;
        service->code = rows[row].code;
        service->n_times = 1;
        submit_all(service, ops, 7);
        writer_drain(service->writer);
        for (unsigned i = 0; i < 7; i++) {
            check_equal(rows[row].name, ops[i].result, wanted);
            check_equal(rows[row].name, ops[i].n_done, 1);
        }
        check_equal(rows[row].name, read_numbers(service, numbers, 200), n_before + (wanted ? 0 : 7));
        check_equal(rows[row].name, writer_ready(service->writer), !wanted);
        check(rows[row].name, !writer_broken(service->writer));

        /* The disk has room again. */
        ops[0] = op_of(0);
        submit_all(service, ops, 1);
        writer_drain(service->writer);
        check_equal(rows[row].name, ops[0].result, 0);
        check(rows[row].name, writer_ready(service->writer));
        free(ops);
    }
}

/* A fault that stays: everyone is told it, each by himself. */
static void test_fault_that_stays(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(4);
    uint64_t numbers[4];

    service->step = DB_STEP_COMMIT;
    service->code = -ENOMEM;
    service->n_times = 1 + 2;
    submit_all(service, ops, 4);
    writer_drain(service->writer);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ops[i].result, i < 2 ? -ENOMEM : 0);
    assert_int_equal(read_numbers(service, numbers, 4), 2);
    free(ops);
}

static void test_sequence_after_a_failure(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(2);

    service->step = DB_STEP_COMMIT;
    service->code = -ENOSPC;
    service->n_times = 1;
    submit_all(service, &ops[0], 1);
    writer_drain(service->writer);
    assert_int_equal(ops[0].sequence, 1);
    submit_all(service, &ops[1], 1);
    writer_drain(service->writer);
    assert_int_equal(ops[1].sequence, 1); /* what was never on disk has no number */
    free(ops);
}

/* ---- with its thread ---- */

static void wait_for(const struct op *op)
{
    while (atomic_load(&op->result) == NOT_DONE)
        sched_yield();
}

static void test_lone_ops_do_not_wait(void **state)
{
    struct service *service = *state;
    int64_t shortest_us = INT64_MAX;

    assert_int_equal(writer_start(service->writer), 0);
    for (unsigned i = 0; i < 30; i++) {
        struct op op = op_of(i);
        int64_t before_us = clock_monotonic_us();

        assert_int_equal(writer_submit(service->writer, &op.super), 0);
        wait_for(&op);
        assert_int_equal(op.result, 0);
        int64_t took_us = clock_monotonic_us() - before_us;
        shortest_us = took_us < shortest_us ? took_us : shortest_us;
    }
    assert_int_equal(service->n_commits, 30);
    assert_true(shortest_us < 1000000); /* of thirty one surely had the machine to itself */
    writer_stop(service->writer);
}

/* Nobody sends anything any more, and yet it is seen that there is room again: GET /readyz. */
static void test_ready_again_by_itself(void **state)
{
    struct service *service = *state;
    struct op op = op_of(1);

    service->step = DB_STEP_COMMIT;
    service->code = -ENOSPC;
    service->n_times = 2;
    assert_int_equal(writer_start(service->writer), 0);
    assert_int_equal(writer_submit(service->writer, &op.super), 0);
    wait_for(&op);
    assert_int_equal(op.result, -ENOSPC);
    assert_false(writer_ready(service->writer));
    int64_t until_us = clock_monotonic_us() + 20000000;
    while (!writer_ready(service->writer) && clock_monotonic_us() < until_us)
        sched_yield();
    assert_true(writer_ready(service->writer));
    writer_stop(service->writer);
    assert_int_equal(op.n_applied, 1); /* who was told is not tried again */
}

#define N_THREADS 4
#define N_PER_THREAD 2500

struct crowd {
    struct service *service;
    struct op *ops;
};

static void *submit_some(void *context)
{
    struct crowd *crowd = context;

    for (unsigned i = 0; i < N_PER_THREAD; i++) {
        while (writer_submit(crowd->service->writer, &crowd->ops[i].super) == WRITER_E_FULL)
            sched_yield();
        if (i % 500 == 499)
            wait_for(&crowd->ops[i]); /* the queue runs dry now and then */
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(N_THREADS * N_PER_THREAD);
    uint64_t *numbers = calloc(N_THREADS * N_PER_THREAD, sizeof *numbers);
    struct crowd crowds[N_THREADS];
    pthread_t threads[N_THREADS];
    uint64_t next[N_THREADS] = {0};

    assert_int_equal(writer_start(service->writer), 0);
    for (unsigned t = 0; t < N_THREADS; t++) {
        crowds[t] = (struct crowd){.service = service, .ops = ops + t * N_PER_THREAD};
        assert_int_equal(pthread_create(&threads[t], NULL, submit_some, &crowds[t]), 0);
    }
    for (unsigned t = 0; t < N_THREADS; t++)
        pthread_join(threads[t], NULL);
    writer_stop(service->writer); /* finishes what is queued */
    assert_int_equal(read_numbers(service, numbers, N_THREADS * N_PER_THREAD), N_THREADS * N_PER_THREAD);
    for (unsigned i = 0; i < N_THREADS * N_PER_THREAD; i++) {
        uint64_t thread = numbers[i] / N_PER_THREAD;

        assert_int_equal(numbers[i] % N_PER_THREAD, next[thread]++); /* each thread's in its order */
        assert_int_equal(ops[i].result, 0);
        assert_int_equal(ops[i].n_applied, 1);
    }
    assert_true(service->n_commits < N_THREADS * N_PER_THREAD / 2); /* a commit is shared */
    free(numbers);
    free(ops);
}

static void test_stop(void **state)
{
    struct service *service = *state;
    struct op *ops = new_ops(3000), late = op_of(1);
    uint64_t *numbers = calloc(3000, sizeof *numbers);

    submit_all(service, ops, 1500);
    assert_int_equal(writer_start(service->writer), 0);
    submit_all(service, ops + 1500, 1500);
    writer_stop(service->writer);
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(ops[i].result, 0);
    assert_int_equal(read_numbers(service, numbers, 3000), 3000);
    assert_int_equal(writer_submit(service->writer, &late.super), WRITER_E_STOPPED);
    assert_int_equal(writer_submit_wait(service->writer, &late.super), WRITER_E_STOPPED);
    assert_int_equal(late.result, NOT_DONE);
    writer_stop(service->writer); /* twice is once */
    free(numbers);
    free(ops);
}

static void test_stop_without_work(void **state)
{
    struct service *service = *state;

    assert_int_equal(writer_start(service->writer), 0);
    writer_stop(service->writer);
    assert_int_equal(service->n_begins, 0);
}

static void test_submit_wait(void **state)
{
    struct service *service = *state;
    struct op good = op_of(1), bad = op_of(2);

    assert_int_equal(writer_start(service->writer), 0);
    assert_int_equal(writer_submit_wait(service->writer, &good.super), 0);
    assert_int_equal(good.result, 0); /* its own done was called before */
    assert_int_equal(good.n_done, 1);
    bad.fault = -EBADMSG;
    assert_int_equal(writer_submit_wait(service->writer, &bad.super), -EBADMSG);
    assert_int_equal(bad.result, -EBADMSG);
    writer_stop(service->writer);
}

/* An operation is its owner's again when it is told: it may go back into the queue at once. */
struct again {
    struct op op;
    struct service *service;
    unsigned n_left;
    atomic_bool over;
};

static void again_done(struct write_op *super, int result)
{
    struct again *again = (struct again *)super;

    assert_int_equal(result, 0);
    if (again->n_left-- == 0)
        atomic_store(&again->over, true);
    else
        assert_int_equal(writer_submit(again->service->writer, super), 0);
}

static void test_submit_from_done(void **state)
{
    struct service *service = *state;
    struct again again = {.op = op_of(3), .service = service, .n_left = 5};
    uint64_t numbers[10];

    again.op.super.done = again_done;
    assert_int_equal(writer_start(service->writer), 0);
    assert_int_equal(writer_submit(service->writer, &again.op.super), 0);
    while (!atomic_load(&again.over))
        sched_yield();
    writer_stop(service->writer);
    assert_int_equal(read_numbers(service, numbers, 10), 6);
}

/* What was queued before the thread began is one batch; a lone operation is another. */
static void test_busy_while_operations_come_quickly(void **state)
{
    static const struct row {
        size_t n;
        bool busy;
    } rows[] = {{1, false}, {7, false}, {8, true}, {200, true}};
    struct service *service = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct op *ops = new_ops(rows[i].n), lone = op_of(1);

        service->writer = writer_free(service->writer);
        assert_int_equal(writer_new(service->db, &service->writer), 0);
        assert_false(writer_is_busy(service->writer));
        submit_all(service, ops, rows[i].n);
        assert_int_equal(writer_start(service->writer), 0);
        while (atomic_load(&ops[rows[i].n - 1].result) == NOT_DONE)
            sched_yield();
        assert_int_equal(writer_is_busy(service->writer), rows[i].busy);
        assert_int_equal(writer_submit_wait(service->writer, &lone.super), 0);
        assert_false(writer_is_busy(service->writer));
        writer_stop(service->writer);
        free(ops);
    }
}

#define WRITER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITER_TEST(test_order),
        WRITER_TEST(test_full_by_count),
        WRITER_TEST(test_full_by_bytes),
        WRITER_TEST(test_freed_before_it_ran),
        WRITER_TEST(test_poisoned_op_fails_alone),
        WRITER_TEST(test_two_poisoned_ops),
        WRITER_TEST(test_faults_of_the_store),
        WRITER_TEST(test_fault_that_stays),
        WRITER_TEST(test_sequence_after_a_failure),
        WRITER_TEST(test_lone_ops_do_not_wait),
        WRITER_TEST(test_ready_again_by_itself),
        WRITER_TEST(test_many_threads),
        WRITER_TEST(test_stop),
        WRITER_TEST(test_stop_without_work),
        WRITER_TEST(test_submit_wait),
        WRITER_TEST(test_submit_from_done),
        WRITER_TEST(test_busy_while_operations_come_quickly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

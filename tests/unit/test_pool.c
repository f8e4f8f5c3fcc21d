/*
 * The pool: every job that was taken runs once, a full pool says so, and its end
 * waits for what is queued.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/base/metrics.h"
#include "crumb/base/pool.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct job {
    struct pool_job super;
    atomic_uint n_runs;
    atomic_bool begun;
    atomic_bool *gate; /* not before this is true; NULL: at once */
};

static void run(struct pool_job *super)
{
    struct job *job = (struct job *)super;

    atomic_store(&job->begun, true);
    while (job->gate && !atomic_load(job->gate))
        sched_yield();
    atomic_fetch_add(&job->n_runs, 1);
}

static struct job *new_jobs(unsigned n, atomic_bool *gate)
{
    struct job *jobs = calloc(n, sizeof *jobs);

    assert_non_null(jobs);
    for (unsigned i = 0; i < n; i++) {
        jobs[i].super.run = run;
        jobs[i].gate = gate;
    }
    return jobs;
}

static void test_every_job_runs_once(void **state)
{
    enum { N = 5000 };
    struct job *jobs = new_jobs(N, NULL);
    struct pool *pool = NULL;

    assert_int_equal(pool_new("pool", 3, &pool), 0);
    for (unsigned i = 0; i < N; i++)
        while (pool_submit(pool, &jobs[i].super) == POOL_E_FULL)
            sched_yield();
    assert_null(pool_free(pool)); /* finishes what is queued */
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(jobs[i].n_runs, 1);
    free(jobs);
}

static void test_full(void **state)
{
    atomic_bool gate = false;
    struct job *jobs = new_jobs(POOL_JOBS_MAX + 2, &gate);
    struct job *late = &jobs[POOL_JOBS_MAX + 1];
    struct pool *pool = NULL;
    unsigned n = 0;

    assert_int_equal(pool_new("pool", 1, &pool), 0);
    /* One is with the thread, sooner or later; the rest waits. */
    while (n < POOL_JOBS_MAX + 1)
        if (pool_submit(pool, &jobs[n].super) == 0)
            n++;
        else
            sched_yield();
    uint64_t n_refused = metrics_get(METRIC_pool_refused_total);
    assert_int_equal(pool_submit(pool, &late->super), POOL_E_FULL);
    assert_int_equal(metrics_get(METRIC_pool_refused_total), n_refused + 1);
    assert_int_equal(late->n_runs, 0);
    atomic_store(&gate, true);
    while (pool_submit(pool, &late->super) == POOL_E_FULL)
        sched_yield();
    pool_free(pool);
    for (unsigned i = 0; i < POOL_JOBS_MAX + 2; i++)
        assert_int_equal(jobs[i].n_runs, 1);
    free(jobs);
}

static void *stop(void *pool) { return pool_free(pool); }

/* What is still queued when the pool stops is told that nobody waits for its result. */
static void test_cancelled(void **state)
{
    atomic_bool gate = false;
    struct job *held = new_jobs(1, &gate), *jobs = new_jobs(POOL_JOBS_MAX, NULL);
    struct pool *pool = NULL;
    pthread_t thread;
    unsigned n = 0;
    int r;

    assert_int_equal(pool_new("pool", 1, &pool), 0);
    assert_int_equal(pool_submit(pool, &held->super), 0);
    while (!atomic_load(&held->begun))
        sched_yield();
    assert_int_equal(pthread_create(&thread, NULL, stop, pool), 0);
    while ((r = pool_submit(pool, &jobs[n].super)) != POOL_E_STOPPED)
        n += r == 0 && n < POOL_JOBS_MAX - 1;
    atomic_store(&gate, true);
    pthread_join(thread, NULL);
    assert_false(held->super.cancelled);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(jobs[i].n_runs, 1);
        assert_true(jobs[i].super.cancelled);
    }
    free(jobs);
    free(held);
}

/* Asks for more work until it is told that there will be none. */
struct asking {
    struct pool_job super;
    struct pool *pool;
    struct job *more;
    int r;
};

static void ask(struct pool_job *super)
{
    struct asking *asking = (struct asking *)super;

    while ((asking->r = pool_submit(asking->pool, &asking->more->super)) == POOL_E_FULL)
        ;
    if (asking->r == 0) {
        while (!atomic_load(&asking->more->n_runs))
            sched_yield();
        atomic_store(&asking->more->n_runs, 0);
        ask(super);
    }
}

static void test_stopped(void **state)
{
    struct job *more = new_jobs(1, NULL);
    struct asking asking = {.super = {.run = ask}, .more = more};

    assert_int_equal(pool_new("pool", 2, &asking.pool), 0);
    assert_int_equal(pool_submit(asking.pool, &asking.super), 0);
    pool_free(asking.pool);
    assert_int_equal(asking.r, POOL_E_STOPPED);
    free(more);
    assert_null(pool_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_runs_once),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A queue with a bound and the threads that empty it.
 */
#include "crumb/base/pool.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/metrics.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct pool_job *first, **last;
    unsigned n_jobs;
    bool stopping;
    const char *name;
    unsigned n_threads;
    pthread_t threads[];
};

static struct pool_job *take(struct pool *pool)
{
    struct pool_job *job;

    pthread_mutex_lock(&pool->lock);
    while (!pool->first && !pool->stopping)
        pthread_cond_wait(&pool->wake, &pool->lock);
    job = pool->first;
    if (job) {
        pool->first = job->next;
        if (!pool->first)
            pool->last = &pool->first;
        pool->n_jobs--;
        job->cancelled = pool->stopping;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *run(void *context)
{
    struct pool *pool = context;
    struct pool_job *job;

    pthread_setname_np(pthread_self(), pool->name);
    while ((job = take(pool)))
        job->run(job);
    return NULL;
}

int pool_new(const char *name, unsigned n_threads, struct pool **ret_pool)
{
    struct pool *pool = calloc(1, sizeof *pool + n_threads * sizeof pool->threads[0]);

    if (!pool)
        return error_origin(-ENOMEM);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->last = &pool->first;
    pool->name = name;
    for (; pool->n_threads < n_threads; pool->n_threads++) {
        int r = pthread_create(&pool->threads[pool->n_threads], NULL, run, pool);
        if (r) {
            pool_free(pool);
            return error_origin(-r);
        }
    }
    *ret_pool = pool;
    return 0;
}

struct pool *pool_free(struct pool *pool)
{
    if (pool) {
        pthread_mutex_lock(&pool->lock);
        pool->stopping = true;
        pthread_mutex_unlock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        for (unsigned i = 0; i < pool->n_threads; i++)
            pthread_join(pool->threads[i], NULL);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->lock);
        free(pool);
    }
    return NULL;
}

int pool_submit(struct pool *pool, struct pool_job *job)
{
    int r = 0;

    pthread_mutex_lock(&pool->lock);
    if (pool->stopping) {
        r = POOL_E_STOPPED;
    } else if (pool->n_jobs == POOL_JOBS_MAX) {
        r = POOL_E_FULL;
        metrics_add(METRIC_pool_refused_total, 1);
    } else {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->n_jobs++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (r == 0)
        pthread_cond_signal(&pool->wake);
    return r;
}

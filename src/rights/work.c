/*
 * From jobs to deeds.
 */
#include "crumb/rights/work.h"
#include "crew.h"
#include "crumb/base/error.h"
#include "crumb/base/metrics.h"
#include "crumb/rollup/seal.h"
#include <errno.h>
#include <stdlib.h>

static bool is_stopped(const struct work *work) { return work->stop && atomic_load(work->stop); }

/* ---- a crew ---- */

/* The jobs of the first site that was not tried yet. */
struct hiring {
    const struct config *config;
    const uint32_t *tried;
    size_t n_tried;
    struct crew *crew;
};

static bool was_tried(const struct hiring *hiring, uint32_t site)
{
    for (size_t i = 0; i < hiring->n_tried; i++)
        if (hiring->tried[i] == site)
            return true;
    return false;
}

static int hire(void *context, const struct job *job)
{
    struct hiring *hiring = context;
    struct crew *crew = hiring->crew;
    unsigned at = crew->n;

    if (was_tried(hiring, job->site))
        return 0;
    if (!crew->site)
        crew->site = config_site_of_id(hiring->config, job->site);
    /* Of one visitor only the first: what came later builds on it. */
    if (!crew->site || crew->site->id != job->site || crew->n == JOBS_TOGETHER_MAX ||
        look_find_job(crew, job->number) >= 0)
        return 0;
    for (; at > 0 && crew->jobs[at - 1].number > job->number; at--)
        crew->jobs[at] = crew->jobs[at - 1];
    crew->jobs[at] = *job;
    crew->n++;
    return 0;
}

static int hire_crew(const struct work *work, const uint32_t *tried, size_t n_tried, struct crew *crew)
{
    struct hiring hiring = {.config = work->config, .tried = tried, .n_tried = n_tried, .crew = crew};
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(work->db, &txn);

    return r ? error_trace(r) : error_trace(job_each(txn, hire, &hiring));
}

/* ---- its days ---- */

enum { OTHER_SITE = 1 };

struct days {
    uint32_t site;
    int32_t *list;
    size_t n, capacity;
};

static int add_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct days *days = context;

    (void)state;
    if (site != days->site)
        return OTHER_SITE;
    if (days->n == days->capacity) {
        size_t capacity = days->capacity ? days->capacity * 2 : 64;
        int32_t *grown = reallocarray(days->list, capacity, sizeof *grown);

        if (!grown)
            return error_origin(-ENOMEM);
        days->list = grown;
        days->capacity = capacity;
    }
    days->list[days->n++] = day;
    return 0;
}

static int find_days(const struct crew *crew, struct days *days)
{
    DB_TXN_AUTO *txn = NULL;
    int32_t first = crew->jobs[0].first;
    int r = db_begin_read(crew->work->db, &txn);

    for (unsigned i = 1; i < crew->n; i++)
        first = crew->jobs[i].first < first ? crew->jobs[i].first : first;
    if (r == 0)
        r = day_each_from(txn, crew->site->id, first < 0 ? 0 : first, add_day, days);
    return r == OTHER_SITE ? 0 : error_trace(r);
}

/* Keeps those that tell of the crew's visitors, and marks them. */
static int mark(const struct crew *crew, struct days *days)
{
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < days->n; i++) {
        struct found found;

        r = is_stopped(crew->work) ? error_origin(-ECANCELED) : look_at_day(crew, days->list[i], &found);
        if (r)
            break;
        if (look_concerns_any(crew, &found))
            days->list[n++] = days->list[i];
        look_deinit(&found);
    }
    days->n = n;
    return r ? error_trace(r) : error_trace(mark_days(crew, days->list, n));
}

/* A day that was sealed tells of the visitor until it is built again; one that never was has nothing to build. */
static int seal_again(const struct crew *crew, int32_t day)
{
    const struct work *work = crew->work;
    DB_TXN_AUTO *txn = NULL;
    struct day_state state;
    int r = db_begin_read(work->db, &txn);

    if (r == 0)
        r = error_fold(day_get(txn, crew->site->id, day, &state));
    if (r)
        return error_trace(r);
    txn = db_abort(txn);
    if (!state.sealed || state.built == state.changes)
        return 0;
    return error_trace(seal_day(work->db, crew->site, day, work->submit, work->context));
}

static int work_day(struct crew *crew, int32_t day)
{
    bool again;
    int r;

    do {
        struct found found;

        r = look_at_day(crew, day, &found);
        if (r)
            return error_trace(r);
        r = step_day(crew, &found);
        again = found.is_full;
        look_deinit(&found);
    } while (r == 0 && again && !is_stopped(crew->work));
    return r ? error_trace(r) : error_trace(seal_again(crew, day));
}

static int work_crew(struct crew *crew, unsigned *n)
{
    struct days days = {.site = crew->site->id};
    int r = find_days(crew, &days);

    if (r == 0)
        r = mark(crew, &days);
    for (size_t i = 0; r == 0 && i < days.n; i++)
        r = is_stopped(crew->work) ? error_origin(-ECANCELED) : work_day(crew, days.list[i]);
    free(days.list);
    for (unsigned i = 0; r == 0 && i < crew->n; i++) {
        r = finish_job(crew->work, crew->site, &crew->jobs[i]);
        *n += r == 0;
    }
    return error_trace(r);
}

int work_jobs(const struct work *work, unsigned *ret_n)
{
    uint32_t tried[SITES_MAX];
    struct crew *crew = malloc(sizeof *crew);
    size_t n_tried = 0;
    unsigned n = 0;
    int first = crew ? 0 : error_origin(-ENOMEM);

    while (crew && n_tried < SITES_MAX && !is_stopped(work)) {
        *crew = (struct crew){.work = work};
        int r = hire_crew(work, tried, n_tried, crew);
        if (r == 0 && crew->n)
            r = work_crew(crew, &n);
        first = first ? first : r;
        if (!crew->site)
            break;
        tried[n_tried++] = crew->site->id;
    }
    free(crew);
    metrics_add(METRIC_jobs_done_total, n);
    *ret_n = n;
    return error_trace(first);
}

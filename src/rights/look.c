/*
 * What a day has of some visitors: rows of its journal, visits of its segment.
 *
 * Visits are counted in the segment where that tells all of the day, else in a
 * table of the visitors' own rows.
 */
#include "crew.h"
#include "crumb/base/error.h"
#include "crumb/rollup/gather.h"
#include "crumb/rollup/segments.h"
#include "crumb/rollup/tabulate.h"
#include <errno.h>
#include <stdlib.h>

int look_find_job(const struct crew *crew, uint32_t number)
{
    unsigned low = 0, high = crew->n;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (crew->jobs[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < crew->n && crew->jobs[low].number == number ? (int)low : -1;
}

bool look_concerns_any(const struct crew *crew, const struct found *found)
{
    bool any = false;

    for (unsigned i = 0; i < crew->n; i++)
        any |= found->concerns[i];
    return any;
}

void look_deinit(struct found *found)
{
    free(found->rows);
    found->rows = NULL;
}

/* ---- visits ---- */

static void count_visits(const struct crew *crew, const uint32_t *visitors, uint32_t n, struct found *found)
{
    for (uint32_t i = 0; i < n; i++) {
        int job = look_find_job(crew, visitors[i]);

        if (job >= 0)
            found->visits[job]++;
    }
}

static int look_at_segment(struct db_txn *txn, const struct crew *crew, struct found *found)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    SEGMENT_AUTO segment = {.n_texts = 0};
    int r = segments_open(txn, crew->site->id, found->day, &segment);

    if (r == SEGMENTS_E_GONE)
        return 0; /* nothing can be read of it */
    if (r)
        return r == SEGMENTS_E_NONE ? error_origin(-EBADMSG) : error_trace(r);
    r = segment_read(&segment, COLUMN_BIT(COLUMN_VISIT_visitor), &table);
    if (r == 0)
        count_visits(crew, table.columns[COLUMN_VISIT_visitor], table.n[RELATION_VISIT], found);
    return error_trace(r);
}

/* ---- rows ---- */

struct looking {
    const struct crew *crew;
    struct found *found;
    struct gather *gather; /* NULL: visits are counted in the segment */
};

/* Linear: there are few of them, and comparing costs nothing beside reading. */
static bool is_theirs(void *context, struct key_ref ref)
{
    const struct crew *crew = ((const struct looking *)context)->crew;

    for (unsigned i = 0; i < crew->n; i++)
        if (key_ref_equal(crew->jobs[i].key, ref))
            return true;
    return false;
}

static int look_at_row(void *context, const struct journal_record *record)
{
    struct looking *looking = context;
    struct found *found = looking->found;
    int job = look_find_job(looking->crew, record->number);

    if (job < 0)
        return 0;
    found->concerns[job] = true;
    if (looking->crew->jobs[job].kind != JOB_REFRESH && found->n_rows < JOB_FOUND_MAX)
        found->rows[found->n_rows++] = (struct found_row){.sequence = record->sequence, .job = (unsigned)job};
    else if (looking->crew->jobs[job].kind != JOB_REFRESH)
        found->is_full = true;
    return looking->gather ? error_trace(gather_record(looking->gather, record)) : 0;
}

static int count_gathered(const struct crew *crew, const struct gather *gather, struct found *found)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    int r = tabulate_table(gather, &table);

    if (r == 0)
        count_visits(crew, table.columns[COLUMN_VISIT_visitor], table.n[RELATION_VISIT], found);
    return error_trace(r);
}

static int look_at_journal(struct db_txn *txn, const struct crew *crew, struct found *found)
{
    struct looking looking = {.crew = crew, .found = found};
    int r = 0;

    found->rows = malloc(JOB_FOUND_MAX * sizeof *found->rows);
    if (!found->rows)
        return error_origin(-ENOMEM);
    if (!day_has_segment(&found->state))
        r = gather_new(zone_day_start_ms(crew->site->zone, found->day), &looking.gather);
    if (r == 0)
        r = journal_each_under(txn, crew->site->id, found->day, is_theirs, look_at_row, &looking);
    if (r == 0 && looking.gather)
        r = count_gathered(crew, looking.gather, found);
    gather_free(looking.gather);
    return error_trace(r);
}

/*
 * Of a segment alone nobody can tell whether classes were cut before; that is
 * done once a job, on the first look.  A day that was counted and not built since
 * is looked at again, whatever its journal has: it has to be built before the job
 * ends, and the amendment with it.
 */
static void see_segment(const struct crew *crew, struct found *found)
{
    bool is_built = found->state.built == found->state.changes;

    for (unsigned i = 0; i < crew->n; i++) {
        const struct job *job = &crew->jobs[i];
        bool is_counted = found->day <= job->counted;
        bool by_segment = job->kind == JOB_CUT && !is_counted ? found->state.expired : found->state.sealed != 0;

        if (job->kind != JOB_ERASE && is_counted && is_built)
            found->concerns[i] = found->concerns[i] && job->kind == JOB_CUT;
        else
            found->concerns[i] |= found->visits[i] && by_segment;
    }
}

static int look(struct db_txn *txn, const struct crew *crew, struct found *found)
{
    int r = day_get(txn, crew->site->id, found->day, &found->state);

    if (r)
        return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
    if (found->state.folded)
        return 0; /* nothing of it is anybody's any more */
    if (day_has_segment(&found->state))
        r = look_at_segment(txn, crew, found);
    if (r == 0 && found->state.events && !found->state.expired)
        r = look_at_journal(txn, crew, found);
    if (r == 0)
        see_segment(crew, found);
    return error_trace(r);
}

int look_at_day(const struct crew *crew, int32_t day, struct found *ret_found)
{
    DB_TXN_AUTO *txn = NULL;
    struct found found = {.day = day};
    int r = db_begin_read(crew->work->db, &txn);

    if (r == 0)
        r = look(txn, crew, &found);
    if (r) {
        look_deinit(&found);
        return error_trace(r);
    }
    *ret_found = found;
    return 0;
}

/*
 * First every row as it lies there, then every sealed day and every month that
 * has totals, as these say that the month was done.
 */
#include "crumb/base/error.h"
#include "crumb/rollup/audit.h"
#include "crumb/rollup/rollups.h"
#include "crumb/store/day.h"
#include "crumb/store/key.h"
#include <errno.h>

struct audit {
    struct db_txn *txn;
    bool rebuild;
    struct audit_finding finding;
};

static void find(struct audit *audit, uint32_t site, struct period period, enum field field, const char *what)
{
    if (audit->finding.n++ == 0) {
        audit->finding.site = site;
        audit->finding.period = period;
        audit->finding.field = field;
        audit->finding.what = what;
    }
}

/* ---- built again ---- */

static int compare_row(struct audit *audit, uint32_t site, struct period period, enum field field, struct text built)
{
    BUFFER_AUTO kept = BUFFER_INIT(3ul * ROLLUP_BYTES_MAX);
    int r = rollups_get(audit->txn, site, period, field, true, &kept);

    if (r < 0)
        return error_trace(r);
    if (r == ROLLUPS_E_NONE && built.size)
        find(audit, site, period, field, "it is not there");
    else if (r == 0 && !text_equal(buffer_text(&kept), built))
        find(audit, site, period, field, "building it again gives other bytes");
    return 0;
}

static int compare_rows(struct audit *audit, uint32_t site, struct period period, const struct rollups *built)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < SUMMARY_FIELDS; i++)
        if (summary_has((enum field)i))
            r = compare_row(audit, site, period, (enum field)i, buffer_text(&built->of[i]));
    return error_trace(r);
}

static int build(struct audit *audit, uint32_t site, struct period period, struct rollups *rollups)
{
    struct summary *summary = NULL;
    int r = summary_new(site, period.kind, &summary);

    for (int32_t day = period_first_day(period); r == 0 && day <= period_last_day(period); day++)
        r = rollups_add_day(audit->txn, site, day, summary);
    if (r == 0)
        r = summary_encode_all(summary, rollups);
    summary_free(summary);
    return error_trace(r);
}

static int rebuild(struct audit *audit, uint32_t site, struct period period)
{
    struct rollups rollups;

    rollups_init(&rollups);
    int r = build(audit, site, period, &rollups);
    if (r == 0)
        r = compare_rows(audit, site, period, &rollups);
    rollups_deinit(&rollups);
    return error_trace(r);
}

/* ---- as they lie there ---- */

/*
 * Whether some day of the period was sealed at least, and whether all that were
 * are as they were built: else the rows tell of amendments that were in force
 * then.
 */
static int look_at_days(struct audit *audit, uint32_t site, struct period period, bool *ret_sealed, bool *ret_built)
{
    bool is_sealed = false, is_built = true;

    for (int32_t day = period_first_day(period); day <= period_last_day(period); day++) {
        struct day_state state;
        int r = day_get(audit->txn, site, day, &state);

        if (r && r != DB_E_NOT_FOUND)
            return error_trace(r);
        is_sealed |= r == 0 && state.sealed;
        is_built &= r != 0 || state.built == state.changes;
    }
    *ret_sealed = is_sealed;
    *ret_built = is_built;
    return 0;
}

static bool read_key(struct text bytes, struct key_rollup *ret_key, enum field *ret_field)
{
    return key_read_rollup(bytes, ret_key) && (ret_key->kind == PERIOD_DAY || ret_key->kind == PERIOD_MONTH) &&
           summary_field(ret_key->field, ret_field);
}

static int check_row(struct audit *audit, struct text key, struct text bytes)
{
    BUFFER_AUTO plain = BUFFER_INIT(3ul * ROLLUP_BYTES_MAX);
    struct cells cells;
    struct key_rollup of;
    enum field field;
    bool is_sealed = false, is_built = false;

    if (!read_key(key, &of, &field)) {
        find(audit, 0, (struct period){PERIOD_DAY, 0}, FIELD_N, "a key is none");
        return 0;
    }
    struct period period = {.kind = (enum period_kind)of.kind, .number = of.period};
    int r = rollups_open_row(audit->txn, key, bytes, true, &plain);
    if (r == ROLLUPS_E_NONE)
        return 0;
    if (r == 0)
        r = cells_decode(buffer_text(&plain), summary_sketches(period.kind, field), &cells);
    if (r == -EBADMSG || r == -EFBIG) {
        find(audit, of.site, period, field, "damaged");
        return 0;
    }
    if (r)
        return error_trace(r);
    bool has_sketches = cells.has_sketches, is_folded = false;
    cells_deinit(&cells);
    r = look_at_days(audit, of.site, period, &is_sealed, &is_built);
    if (r == 0)
        r = rollups_are_folded(audit->txn, of.site, period, &is_folded);
    if (r == 0 && is_folded && field != FIELD_N && (has_sketches || period.kind == PERIOD_DAY))
        find(audit, of.site, period, field, "it is there as it was, but its time is over");
    if (r == 0 && !is_sealed)
        find(audit, of.site, period, field, "none of its days was ever sealed");
    if (r == 0 && period.kind == PERIOD_MONTH && field == FIELD_N && audit->rebuild && is_built && !is_folded)
        r = rebuild(audit, of.site, period);
    return error_trace(r);
}

static int check_rows(struct audit *audit)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, bytes;
    int r = db_cursor_new(audit->txn, DB_ROLLUPS, &cursor);

    if (r)
        return error_trace(r);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &key, &bytes); r == 0; r = db_cursor_next(cursor, &key, &bytes)) {
        r = check_row(audit, key, bytes);
        if (r)
            return error_trace(r);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

/* ---- every sealed day ---- */

static int check_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct audit *audit = context;
    struct period period = {.kind = PERIOD_DAY, .number = day};

    if (!state->sealed)
        return 0;
    int r = rollups_has(audit->txn, site, period, FIELD_N);
    if (r == ROLLUPS_E_GONE) /* the store is older than its keys */
        return 0;
    if (r == ROLLUPS_E_NONE) {
        find(audit, site, period, FIELD_N, "it is not there, but the day is sealed");
        return 0;
    }
    /* They are of the amendments that were in force then. */
    if (r == 0 && audit->rebuild && state->built == state->changes && !state->folded)
        r = rebuild(audit, site, period);
    return error_trace(r);
}

int audit_rollups(struct db_txn *txn, bool rebuild, struct audit_finding *ret_finding)
{
    struct audit audit = {.txn = txn};
    uint64_t n_jobs;
    int r = db_entries(txn, DB_JOBS, &n_jobs);

    /* An amendment is in force at once; a job brings it into rollups, day by day. */
    audit.rebuild = rebuild && r == 0 && n_jobs == 0;
    if (r == 0)
        r = check_rows(&audit);
    if (r == 0)
        r = day_each(txn, check_day, &audit);
    if (r)
        return error_trace(r);
    if (!audit.finding.n)
        return 0;
    *ret_finding = audit.finding;
    return AUDIT_E_WRONG;
}

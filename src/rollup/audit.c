/*
 * First every segment as it lies there, then every sealed day.
 */
#include "crumb/rollup/audit.h"
#include "crumb/base/error.h"
#include "crumb/rollup/seal.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/day.h"
#include "crumb/store/key.h"
#include <errno.h>

struct audit {
    struct db_txn *txn;
    const struct config *config;
    bool rebuild;
    struct audit_finding finding;
};

static void find(struct audit *audit, uint32_t site, int32_t day, const char *what)
{
    if (audit->finding.n++ == 0) {
        audit->finding.site = site;
        audit->finding.period = (struct period){.kind = PERIOD_DAY, .number = day};
        audit->finding.what = what;
    }
}

/* ---- as they lie there ---- */

static int read_whole(struct audit *audit, struct text key, struct text bytes)
{
    __attribute__((cleanup(table_deinit))) struct table table = TABLE_INIT;
    SEGMENT_AUTO segment = {.n_texts = 0};
    int r = segments_open_row(audit->txn, key, bytes, &segment);

    if (r == SEGMENTS_E_GONE)
        return 0;
    return r ? error_trace(r) : error_trace(segment_read(&segment, COLUMN_ALL, &table));
}

static int check_row(struct audit *audit, struct text key, struct text bytes)
{
    struct day_state state;
    uint32_t site;
    int32_t day;

    if (!key_read_day(key, &site, &day)) {
        find(audit, 0, 0, "a key is none");
        return 0;
    }
    int r = read_whole(audit, key, bytes);
    if (r == -EBADMSG || r == -EFBIG) {
        find(audit, site, day, "damaged");
        return 0;
    }
    if (r)
        return error_trace(r);
    r = day_get(audit->txn, site, day, &state);
    if (r == DB_E_NOT_FOUND || (r == 0 && !state.sealed)) {
        find(audit, site, day, "its day was never sealed");
        return 0;
    }
    if (r == 0 && state.folded)
        find(audit, site, day, "it is there, but its time is over");
    return error_trace(r);
}

static int check_rows(struct audit *audit)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, bytes;
    int r = db_cursor_new(audit->txn, DB_SEGMENTS, &cursor);

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

static int compare(struct audit *audit, const struct site *site, int32_t day, const struct segment *segment)
{
    BUFFER_AUTO built = BUFFER_INIT(SEGMENT_BYTES_MAX);
    BUFFER_AUTO kept = BUFFER_INIT(SEGMENT_BYTES_MAX);
    int r = seal_segment(audit->txn, site, day, &built);

    if (r == 0)
        r = segments_plain(segment, &kept);
    if (r)
        return error_trace(r);
    if (!text_equal(buffer_text(&kept), buffer_text(&built)))
        find(audit, site->id, day, "building it again gives other bytes");
    return 0;
}

/* Questions about a sealed day read its segment and nothing else. One that has expired has nothing to compare with. */
static int check_day(void *context, uint32_t id, int32_t day, const struct day_state *state)
{
    struct audit *audit = context;
    const struct site *site = config_site_of_id(audit->config, id);
    SEGMENT_AUTO segment = {.n_texts = 0};

    if (!day_is_sealed(state) || state->folded)
        return 0;
    int r = segments_open(audit->txn, id, day, &segment);
    if (r == SEGMENTS_E_NONE)
        find(audit, id, day, "it is not there, but the day is sealed");
    /* Damage was found among the rows already; what was sealed again or erased meanwhile is not wrong. */
    if (r > 0 || r == -EBADMSG || r == -EFBIG || r == -ESTALE)
        return 0;
    if (r == 0 && audit->rebuild && site && state->events && !state->expired)
        r = compare(audit, site, day, &segment);
    return error_trace(r);
}

int audit_segments(struct db_txn *txn, const struct config *config, bool rebuild, struct audit_finding *ret_finding)
{
    struct audit audit = {.txn = txn, .config = config, .rebuild = rebuild};
    int r = check_rows(&audit);

    if (r == 0)
        r = day_each(txn, check_day, &audit);
    if (r)
        return error_trace(r);
    if (!audit.finding.n)
        return 0;
    *ret_finding = audit.finding;
    return AUDIT_E_WRONG;
}

/* ---- what has expired ---- */

struct expired {
    uint64_t n_segments, n_rollups;
};

static int see_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct expired *expired = context;

    (void)site;
    (void)day;
    expired->n_segments += state->expired && !state->folded;
    expired->n_rollups += state->folded;
    return 0;
}

int audit_expired(struct db_txn *txn, uint64_t *ret_n_segments, uint64_t *ret_n_rollups)
{
    struct expired expired = {0};
    int r = day_each(txn, see_day, &expired);

    if (r)
        return error_trace(r);
    *ret_n_segments = expired.n_segments;
    *ret_n_rollups = expired.n_rollups;
    return 0;
}

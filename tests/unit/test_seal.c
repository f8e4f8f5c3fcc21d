/*
 * Sealing: when a day is due, that its segment is what its journal gives, and
 * that it makes no difference how often and how interrupted it is done.
 */
#include "crumb/rollup/segments.h"
#include "crumb/store/day.h"
#include "day_store.h"
#include <errno.h>
#include <stdio.h>

#define HOUR_MS (3600 * 1000LL)
#define DAY_MS (24 * HOUR_MS)

/* A copy, as the next transaction may write elsewhere. */
static void copy_segment(struct db *db, const struct site *site, int32_t day, struct buffer *copy)
{
    DB_TXN_AUTO *txn = NULL;

    SEGMENT_AUTO segment = {.n_texts = 0};

    assert_int_equal(db_begin_read(db, &txn), 0);
    int r = segments_open(txn, site->id, day, &segment);
    assert_true(r == 0 || r == SEGMENTS_E_NONE);
    if (r == 0)
        assert_int_equal(segments_plain(&segment, copy), 0);
}

static struct table read_segment(struct text bytes)
{
    struct table table = TABLE_INIT;
    struct segment segment;

    assert_int_equal(segment_open(bytes, &segment), 0);
    assert_int_equal(segment_read(&segment, COLUMN_ALL, &table), 0);
    return table;
}

/* ---- when ---- */

/* Days of Berlin: of 24 hours, of 23 (the clock goes forward) and of 25. */
static const struct {
    const char *name;
    struct zone_date date;
    int64_t hours;
} lengths[] = {
    {"a day", {2026, 3, 2}, 24},
    {"a short day", {2026, 3, 29}, 23},
    {"a long day", {2026, 10, 25}, 25},
};

static void test_due(void **state)
{
    for (size_t i = 0; i < N_ROWS(lengths); i++) {
        struct store_fixture fixture;

        store_fixture_init(&fixture, store_fixture_yaml);
        const struct site *shop = store_fixture_site(&fixture, "shop");
        int32_t day = zone_day_of_date(lengths[i].date);
        int64_t start_ms = zone_day_start_ms(shop->zone, day), end_ms = start_ms + lengths[i].hours * HOUR_MS;
        BUFFER_AUTO bytes = BUFFER_INIT(1 << 20);

        day_store_add(fixture.db, shop, day, 1, start_ms, "/first");
        day_store_add(fixture.db, shop, day, 2, end_ms - 1, "/last");
        check_equal(lengths[i].name, day_store_seal(&fixture, end_ms + SEAL_GRACE_MS - 1), 0);
        check_equal(lengths[i].name, day_store_seal(&fixture, end_ms + SEAL_GRACE_MS), 1);
        copy_segment(fixture.db, shop, day, &bytes);
        struct table table = read_segment(buffer_text(&bytes));
        check_equal(lengths[i].name, table.n[RELATION_VISIT], 2);
        check_equal(lengths[i].name, table.columns[COLUMN_VISIT_start_s][0], 0);
        check_equal(lengths[i].name, table.columns[COLUMN_VISIT_start_s][1], lengths[i].hours * 3600 - 1);
        table_deinit(&table);
        store_fixture_deinit(&fixture);
    }
}

static void test_nothing_to_seal(void **state)
{
    struct store_fixture *fixture = *state;

    assert_int_equal(day_store_seal(fixture, STORE_FIXTURE_NOW_MS + 400 * DAY_MS), 0);
    assert_int_equal(store_fixture_rows(fixture->db, DB_SEGMENTS), 0);
}

/* ---- how often ---- */

static void test_late_events(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    int64_t later_ms = zone_day_start_ms(blog->zone, DAY_STORE_FIRST + 1) + HOUR_MS;
    BUFFER_AUTO first = BUFFER_INIT(1 << 20), again = BUFFER_INIT(1 << 20), other = BUFFER_INIT(1 << 20);

    day_store_fill(fixture->db, blog, DAY_STORE_FIRST, 20);
    assert_int_equal(day_store_seal(fixture, later_ms), 1);
    copy_segment(fixture->db, blog, DAY_STORE_FIRST, &first);
    assert_int_equal(day_store_seal(fixture, later_ms), 0); /* it is sealed */

    day_store_add(fixture->db, blog, DAY_STORE_FIRST, 3, later_ms - 2 * HOUR_MS, "/late");
    copy_segment(fixture->db, blog, DAY_STORE_FIRST, &again);
    assert_true(text_equal(buffer_text(&first), buffer_text(&again))); /* dirty, and as it was */
    assert_int_equal(day_store_seal(fixture, later_ms), 1);
    copy_segment(fixture->db, blog, DAY_STORE_FIRST, &other);
    assert_false(text_equal(buffer_text(&first), buffer_text(&other)));
    struct table table = read_segment(buffer_text(&other));
    assert_int_equal(table.n[RELATION_HIT], 21);
    table_deinit(&table);
}

/* Sealing is stopped in the middle of its transaction; what is there then is an open day. */
static int submit_and_die(void *context, struct write_op *op)
{
    struct batch batch;

    assert_int_equal(batch_begin(context, &batch), 0);
    assert_int_equal(op->apply(op, &batch), 0);
    batch_abort(&batch);
    return -ECANCELED;
}

static void test_interrupted(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    int64_t later_ms = zone_day_start_ms(blog->zone, DAY_STORE_FIRST + 4) + HOUR_MS;
    BUFFER_AUTO bytes = BUFFER_INIT(1 << 20), built = BUFFER_INIT(1 << 20);
    DB_TXN_AUTO *txn = NULL;
    unsigned n;

    for (int32_t i = 0; i < 4; i++)
        day_store_fill(fixture->db, blog, DAY_STORE_FIRST + i, 5);
    assert_int_equal(seal_due(fixture->db, NULL, fixture->config, later_ms, submit_and_die, fixture->db, NULL, &n),
                     -ECANCELED);
    copy_segment(fixture->db, blog, DAY_STORE_FIRST, &bytes);
    assert_int_equal(bytes.size, 0);
    assert_int_equal(day_store_seal(fixture, later_ms), 4);
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    for (int32_t i = 0; i < 4; i++) {
        buffer_clear(&built);
        assert_int_equal(seal_segment(txn, blog, DAY_STORE_FIRST + i, &built), 0);
        BUFFER_AUTO kept = BUFFER_INIT(1 << 20);
        copy_segment(fixture->db, blog, DAY_STORE_FIRST + i, &kept);
        assert_true(text_equal(buffer_text(&kept), buffer_text(&built)));
    }
}

/* Asked to stop, it ends after the day it is at. */
struct stopping {
    struct db *db;
    atomic_bool stop;
};

static int submit_and_stop(void *context, struct write_op *op)
{
    struct stopping *stopping = context;

    atomic_store(&stopping->stop, true);
    return day_store_submit(stopping->db, op);
}

static void test_stop(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    int64_t later_ms = zone_day_start_ms(blog->zone, DAY_STORE_FIRST + 4) + HOUR_MS;
    struct stopping stopping = {.db = fixture->db};
    unsigned n = 0;

    for (int32_t i = 0; i < 4; i++)
        day_store_fill(fixture->db, blog, DAY_STORE_FIRST + i, 1);
    assert_int_equal(
        seal_due(fixture->db, NULL, fixture->config, later_ms, submit_and_stop, &stopping, &stopping.stop, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(day_store_seal(fixture, later_ms), 3);
}

/* A day that cannot be built stays open, and the others are sealed all the same. */
static void test_damaged_journal(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *blog = store_fixture_site(fixture, "blog");
    int64_t later_ms = zone_day_start_ms(blog->zone, DAY_STORE_FIRST + 2) + HOUR_MS;
    struct key key = key_journal(blog->id, DAY_STORE_FIRST, 1);
    struct batch batch;
    unsigned n = 0;

    day_store_fill(fixture->db, blog, DAY_STORE_FIRST, 1);
    day_store_fill(fixture->db, blog, DAY_STORE_FIRST + 1, 1);
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    store_fixture_damage(batch.txn, DB_JOURNAL, key_text(&key), 5);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(seal_due(fixture->db, NULL, fixture->config, later_ms, day_store_submit, fixture->db, NULL, &n),
                     -EBADMSG);
    BUFFER_AUTO damaged = BUFFER_INIT(1 << 20), good = BUFFER_INIT(1 << 20);
    copy_segment(fixture->db, blog, DAY_STORE_FIRST, &damaged);
    copy_segment(fixture->db, blog, DAY_STORE_FIRST + 1, &good);
    assert_true(damaged.size == 0 && good.size > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),           STORE_FIXTURE_TEST(test_nothing_to_seal),
        STORE_FIXTURE_TEST(test_late_events), STORE_FIXTURE_TEST(test_interrupted),
        STORE_FIXTURE_TEST(test_stop),        STORE_FIXTURE_TEST(test_damaged_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

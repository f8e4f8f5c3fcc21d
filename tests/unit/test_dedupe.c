/*
 * Event ids that were seen: against a plain model, at the ring's end, and after
 * a restart.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/dedupe.h"
#include "crumb/store/journal.h"
#include "splitmix.h"
#include "store_fixture.h"
#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#define N_SLOTS (2 * DEDUPE_EVENTS_MAX)

static struct dedupe *new_dedupe(void)
{
    struct dedupe *dedupe = NULL;

    assert_int_equal(dedupe_new(&dedupe), 0);
    return dedupe;
}

/* True where it is there; leaves it as it was. */
static bool knows(struct dedupe *dedupe, uint64_t fingerprint) { return !dedupe_add(dedupe, fingerprint); }

/* ---- a model: the same ring, and a set that GLib keeps ---- */

struct model {
    uint64_t ring[DEDUPE_EVENTS_MAX];
    uint32_t next;
    GHashTable *places; /* fingerprint -> 1 + place in the ring */
};

static bool model_add(struct model *model, uint64_t fingerprint)
{
    if (g_hash_table_lookup(model->places, (void *)(uintptr_t)fingerprint))
        return false;
    g_hash_table_remove(model->places, (void *)(uintptr_t)model->ring[model->next]);
    model->ring[model->next] = fingerprint;
    g_hash_table_insert(model->places, (void *)(uintptr_t)fingerprint, (void *)(uintptr_t)(model->next + 1));
    model->next = (model->next + 1) % DEDUPE_EVENTS_MAX;
    return true;
}

static void model_remove(struct model *model, uint64_t fingerprint)
{
    uintptr_t place = (uintptr_t)g_hash_table_lookup(model->places, (void *)(uintptr_t)fingerprint);

    if (place) {
        model->ring[place - 1] = 0;
        g_hash_table_remove(model->places, (void *)(uintptr_t)fingerprint);
    }
}

/* Fingerprints crowd into a part of the slots, so that they are in each other's way, also around the end. */
static uint64_t crowded(uint64_t *random)
{
    uint64_t value = splitmix(random);
    uint64_t home = (N_SLOTS - 1000 + value % 180000) % N_SLOTS;

    return ((value >> 32) % 4 + 1) << 32 | home;
}

static void test_against_a_model(void **state)
{
    struct dedupe *dedupe = new_dedupe();
    struct model *model = calloc(1, sizeof *model);
    uint64_t random = 11;

    assert_non_null(model);
    model->places = g_hash_table_new(NULL, NULL);
    for (unsigned n = 0; n < 1000000; n++) {
        uint64_t fingerprint = crowded(&random);

        if (splitmix(&random) % 4) {
            assert_int_equal(dedupe_add(dedupe, fingerprint), model_add(model, fingerprint));
        } else {
            dedupe_remove(dedupe, fingerprint);
            model_remove(model, fingerprint);
        }
    }
    g_hash_table_unref(model->places);
    free(model);
    dedupe_free(dedupe);
}

static void test_oldest_leaves(void **state)
{
    struct dedupe *dedupe = new_dedupe();

    for (uint64_t i = 1; i <= DEDUPE_EVENTS_MAX; i++)
        assert_true(dedupe_add(dedupe, i));
    for (uint64_t i = 1; i <= DEDUPE_EVENTS_MAX; i += 1000)
        assert_true(knows(dedupe, i));
    assert_true(dedupe_add(dedupe, DEDUPE_EVENTS_MAX + 1));
    assert_true(knows(dedupe, 2));
    assert_true(knows(dedupe, DEDUPE_EVENTS_MAX + 1));
    assert_false(knows(dedupe, 1)); /* and now it is there again, in the place of 2 */
    assert_false(knows(dedupe, 2));
    assert_true(knows(dedupe, 1));
    assert_true(knows(dedupe, DEDUPE_EVENTS_MAX));
    assert_null(dedupe_free(dedupe));
    assert_null(dedupe_free(NULL));
}

/* One home for all, so that each removal has to close a gap. */
static void test_removals_in_a_crowd(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct dedupe *dedupe = new_dedupe();
        uint64_t random = seed, fingerprints[64];
        bool there[64];

        for (unsigned i = 0; i < 64; i++) {
            fingerprints[i] = (uint64_t)(i + 1) << 32 | (N_SLOTS - 8 + splitmix(&random) % 16) % N_SLOTS;
            there[i] = dedupe_add(dedupe, fingerprints[i]);
            assert_true(there[i]);
        }
        for (unsigned n = 0; n < 64; n++) {
            unsigned gone = splitmix(&random) % 64;

            dedupe_remove(dedupe, fingerprints[gone]);
            there[gone] = false;
            for (unsigned i = 0; i < 64; i++) {
                bool known = knows(dedupe, fingerprints[i]);

                assert_int_equal(known, there[i]);
                if (!known)
                    dedupe_remove(dedupe, fingerprints[i]);
            }
        }
        dedupe_free(dedupe);
    }
}

/* ---- after a restart ---- */

static void append(struct batch *batch, uint32_t site, int32_t day, uint64_t fingerprint)
{
    struct journal_record record = {.site = site,
                                    .day = day,
                                    .kind = EVENT_PAGEVIEW,
                                    .fingerprint = fingerprint,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_BIT(CLASS_LOG)};

    record.key = store_fixture_key(batch);
    assert_int_equal(journal_append(batch, &record), 0);
}

static void test_load(void **state)
{
    struct store_fixture *fixture = *state;
    struct dedupe *dedupe = new_dedupe();
    struct batch batch;

    assert_int_equal(dedupe_load(dedupe, fixture->db), 0); /* an empty store */
    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    for (uint64_t i = 1; i <= 500; i++)
        append(&batch, (uint32_t)(1 + i % 3), 20000 + (int32_t)(i % 7), i % 5 ? i : 0); /* each fifth had no id */
    assert_int_equal(batch_commit(&batch), 0);
    store_fixture_reopen(fixture);
    assert_int_equal(dedupe_load(dedupe, fixture->db), 0);
    for (uint64_t i = 1; i <= 500; i++)
        assert_int_equal(knows(dedupe, i), i % 5 != 0);
    dedupe_free(dedupe);
}

/* The last DEDUPE_EVENTS_MAX numbers, to the number. */
static void test_load_the_newest(void **state)
{
    struct store_fixture *fixture = *state;
    struct dedupe *dedupe = new_dedupe();
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    append(&batch, 1, 20000, 1001); /* sequence 1 */
    append(&batch, 1, 20000, 1002);
    append(&batch, 2, 20000, 1003);
    while (batch_take_sequence(&batch) < DEDUPE_EVENTS_MAX)
        ;                           /* consent records, say */
    append(&batch, 1, 20000, 2001); /* DEDUPE_EVENTS_MAX + 1: the next is one more */
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(dedupe_load(dedupe, fixture->db), 0);
    assert_true(knows(dedupe, 2001));
    assert_true(knows(dedupe, 1003));
    assert_false(knows(dedupe, 1001));
    assert_false(knows(dedupe, 1002));
    dedupe_free(dedupe);
}

static void test_load_of_a_damaged_journal(void **state)
{
    struct store_fixture *fixture = *state;
    struct dedupe *dedupe = new_dedupe();
    struct key key = key_journal(1, 20000, 1);
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    append(&batch, 1, 20000, 7);
    store_fixture_damage(batch.txn, DB_JOURNAL, key_text(&key), 5);
    assert_int_equal(batch_commit(&batch), 0);
    assert_int_equal(dedupe_load(dedupe, fixture->db), -EBADMSG);
    dedupe_free(dedupe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_model),     cmocka_unit_test(test_oldest_leaves),
        cmocka_unit_test(test_removals_in_a_crowd), STORE_FIXTURE_TEST(test_load),
        STORE_FIXTURE_TEST(test_load_the_newest),   STORE_FIXTURE_TEST(test_load_of_a_damaged_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Which notices were in force when: a row for each change, none for none, and
 * nothing believed that is damaged.
 */
#include "check.h"
#include "crumb/consent/versions.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdlib.h>

#define NOW STORE_FIXTURE_NOW_MS

/* The fixture's shop with other words or other facts, which has the shop's number. */
static struct edition *changed(const struct store_fixture *fixture, const char *part, const char *instead)
{
    BUFFER_AUTO yaml = BUFFER_INIT(1 << 20);
    const char *at = strstr(store_fixture_yaml, part);

    assert_non_null(at);
    buffer_put(&yaml, store_fixture_yaml, (size_t)(at - store_fixture_yaml));
    buffer_put_text(&yaml, text_of(instead));
    buffer_put_text(&yaml, text_of(at + strlen(part)));
    buffer_put_u8(&yaml, '\0');
    struct edition *edition = store_fixture_edition((const char *)yaml.data);
    for (unsigned i = 0; i < edition->config->n_sites; i++)
        edition->config->sites[i].id = fixture->config->sites[i].id;
    return edition;
}

static void store(struct store_fixture *fixture, const struct edition *edition, int64_t at_ms)
{
    struct db_txn *txn;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(versions_store(edition, txn, at_ms), 0);
    assert_int_equal(db_commit(txn), 0);
}

static int count(void *context, const struct version *version)
{
    (void)version;
    ++*(unsigned *)context;
    return 0;
}

static unsigned n_rows(struct store_fixture *fixture)
{
    struct db_txn *txn;
    unsigned n = 0;

    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(versions_each(txn, count, &n), 0);
    db_abort(txn);
    return n;
}

/* The version of the shop before @before_ms: when it began, or 0, and that it names what @edition shows in @lang. */
static int64_t version_at(struct store_fixture *fixture, int64_t before_ms, const struct edition *edition,
                          const char *lang)
{
    const struct site *shop = store_fixture_site(fixture, "shop");
    struct db_txn *txn;
    struct version version;
    uint8_t hash[HASH_BYTES];

    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    int r = versions_before(txn, shop->id, before_ms, &version);
    if (r == 0 && edition) {
        versions_notice(&version, lang, hash);
        assert_memory_equal(hash, edition_notice(edition, &edition->config->sites[0], text_of(lang))->hash, HASH_BYTES);
        assert_memory_equal(version.material, edition->sites[0].material, HASH_BYTES);
    }
    db_abort(txn);
    assert_in_range(r, 0, DB_E_NOT_FOUND);
    return r ? 0 : version.from_ms;
}

static void test_a_row_for_each_change(void **state)
{
    struct store_fixture *fixture = *state;
    struct edition *words = changed(fixture, "de: {title: Ihre Wahl}", "de: {title: Sie haben die Wahl}");
    struct edition *facts = changed(fixture, "segments: 25mo", "segments: 13mo");

    assert_int_equal(version_at(fixture, INT64_MAX, NULL, "en"), 0);
    store(fixture, fixture->edition, NOW);
    store(fixture, fixture->edition, NOW + 5);
    assert_int_equal(n_rows(fixture), 2); /* of two sites */
    assert_int_equal(version_at(fixture, INT64_MAX, fixture->edition, "de"), NOW);
    store(fixture, words, NOW + 10);
    assert_int_equal(n_rows(fixture), 3); /* the blog's did not change */
    assert_int_equal(version_at(fixture, INT64_MAX, words, "de"), NOW + 10);
    assert_int_equal(version_at(fixture, INT64_MAX, fixture->edition, "en"), NOW + 10); /* nor did its English */
    store(fixture, facts, NOW + 20);
    store(fixture, words, NOW + 30);
    assert_int_equal(n_rows(fixture), 5);
    assert_int_equal(version_at(fixture, NOW + 30, facts, "fr"), NOW + 20);
    assert_int_equal(version_at(fixture, NOW + 20, words, "tlh"), NOW + 10); /* the first language */
    assert_int_equal(version_at(fixture, NOW, NULL, "en"), 0);
    edition_unref(words);
    edition_unref(facts);
}

static void test_clock_set_back(void **state)
{
    struct store_fixture *fixture = *state;
    struct edition *words = changed(fixture, "Frankfurt", "Berlin");

    store(fixture, fixture->edition, NOW);
    store(fixture, words, NOW - 1000);
    assert_int_equal(version_at(fixture, INT64_MAX, words, "en"), NOW + 1);
    edition_unref(words);
}

/* One that was never put in force leaves no row, and what was before is what is. */
static void test_taken_back(void **state)
{
    struct store_fixture *fixture = *state;
    struct edition *words = changed(fixture, "Frankfurt", "Berlin");
    struct db_txn *txn;

    store(fixture, fixture->edition, NOW);
    store(fixture, words, NOW + 10);
    for (unsigned i = 0; i < 2; i++) { /* twice is once; and of what was there before nothing goes */
        assert_int_equal(db_begin_write(fixture->db, &txn), 0);
        assert_int_equal(versions_take_back(words, txn, NOW + 10), 0);
        assert_int_equal(versions_take_back(fixture->edition, txn, NOW + 10), 0);
        assert_int_equal(db_commit(txn), 0);
        assert_int_equal(version_at(fixture, INT64_MAX, fixture->edition, "en"), NOW);
        assert_int_equal(n_rows(fixture), 2);
    }
    edition_unref(words);
}

static void test_damage(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");
    struct key key = key_version(shop->id, NOW);
    struct version version;
    struct text value;
    struct db_txn *txn;
    unsigned n = 0;

    store(fixture, fixture->edition, NOW);
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(db_get(txn, DB_VERSIONS, key_text(&key), &value), 0);
    size_t size = value.size;
    for (size_t i = 0; i < size; i++) {
        store_fixture_damage(txn, DB_VERSIONS, key_text(&key), i);
        assert_int_equal(versions_before(txn, shop->id, INT64_MAX, &version), -EBADMSG);
        assert_int_equal(versions_each(txn, count, &n), -EBADMSG);
        assert_int_equal(versions_store(fixture->edition, txn, NOW + 1), -EBADMSG);
        store_fixture_damage(txn, DB_VERSIONS, key_text(&key), i);
    }
    assert_int_equal(versions_before(txn, shop->id, INT64_MAX, &version), 0);
    db_abort(txn);
}

/* What nobody of us would write, with a checksum that says it is right. */
static void test_bad_rows(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");
    struct key key = key_version(shop->id, NOW);
    struct version version;
    struct db_txn *txn;
    static const struct {
        const char *name;
        uint8_t head, n, lang, more; /* version, languages told, bytes of the one there, bytes behind */
        int r;
    } bad[] = {{"good", 1, 1, 2, 0, 0},
               {"another version", 2, 1, 2, 0, -EBADMSG},
               {"no language", 1, 0, 2, 0, -EBADMSG},
               {"more languages than there are", 1, 2, 2, 0, -EBADMSG},
               {"a language without a name", 1, 1, 0, 0, -EBADMSG},
               {"a language that is too long", 1, 1, LANGUAGE_BYTES_MAX + 1, 0, -EBADMSG},
               {"something behind it", 1, 1, 2, 1, -EBADMSG}};

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    for (size_t i = 0; i < N_ROWS(bad); i++) {
        BUFFER_AUTO row = BUFFER_INIT(1024);

        buffer_put_u8(&row, bad[i].head);
        for (unsigned b = 0; b < HASH_BYTES; b++)
            buffer_put_u8(&row, 7);
        buffer_put_u8(&row, bad[i].n);
        buffer_put_u8(&row, bad[i].lang);
        for (int b = 0; b < bad[i].lang + HASH_BYTES + bad[i].more; b++)
            buffer_put_u8(&row, 'e');
        store_fixture_put_checked(txn, DB_VERSIONS, key_text(&key), buffer_text(&row));
        check_equal(bad[i].name, versions_before(txn, shop->id, INT64_MAX, &version), bad[i].r);
    }
    db_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_a_row_for_each_change),
        STORE_FIXTURE_TEST(test_clock_set_back),
        STORE_FIXTURE_TEST(test_taken_back),
        STORE_FIXTURE_TEST(test_damage),
        STORE_FIXTURE_TEST(test_bad_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

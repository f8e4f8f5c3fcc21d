/*
 * Keys: their byte order is the order of what they say, and they come apart as
 * they were put together.
 */
#include "check.h"
#include "crumb/store/key.h"

#define VISITOR_A "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
#define VISITOR_B "\x80\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"

static const uint8_t *visitor(const char *bytes) { return (const uint8_t *)bytes; }

static int order(const struct key *a, const struct key *b)
{
    size_t shared = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->bytes, b->bytes, shared);

    return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* @keys ascend by what they say. */
static void check_ascending(const char *row, const struct key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            int found = order(&keys[i], &keys[j]);

            check(row, (found < 0) == (i < j) && (found > 0) == (i > j));
        }
}

static void test_order(void **state)
{
    const struct key sequences[] = {key_sequence(0),         key_sequence(1),          key_sequence(255),
                                    key_sequence(256),       key_sequence(UINT32_MAX), key_sequence(1ULL << 32),
                                    key_sequence(UINT64_MAX)};
    const struct key visitors[] = {key_visitor(1, visitor(VISITOR_A)), key_visitor(1, visitor(VISITOR_B)),
                                   key_visitor(2, visitor(VISITOR_A)), key_visitor(256, visitor(VISITOR_A))};
    const struct key journals[] = {
        key_journal(1, 0, 0),     key_journal(1, 0, UINT64_MAX), key_journal(1, 1, 0),         key_journal(1, 255, 3),
        key_journal(1, 256, 2),   key_journal(1, INT32_MAX, 1),  key_journal(2, 0, 0),         key_journal(255, 1, 1),
        key_journal(256, 0, 256), key_journal(256, 0, 257),      key_journal(UINT32_MAX, 0, 0)};
    const struct key days[] = {key_day(1, 0), key_day(1, 1), key_day(1, 20000), key_day(1, INT32_MAX), key_day(2, 0)};
    const struct key hours[] = {key_hour(0, 0), key_hour(0, UINT32_MAX), key_hour(1, 0), key_hour(1, 1)};
    const struct key rollups[] = {
        key_rollup(&(struct key_rollup){1, 1, 5, 1}), key_rollup(&(struct key_rollup){1, 1, 5, 2}),
        key_rollup(&(struct key_rollup){1, 1, 6, 1}), key_rollup(&(struct key_rollup){1, 2, 0, 0}),
        key_rollup(&(struct key_rollup){2, 1, 0, 1})};

    const struct key due[] = {key_due(1, 5, 2), key_due(1, 5, 3), key_due(1, 6, 1), key_due(2, 0, 1)};
    const struct key requests[] = {key_request(1, 1), key_request(1, 256), key_request(2, 1)};
    const struct key askers[] = {key_asker(1, visitor(VISITOR_A), 1), key_asker(1, visitor(VISITOR_A), 2),
                                 key_asker(1, visitor(VISITOR_B), 1), key_asker(2, visitor(VISITOR_A), 1)};

    check_ascending("due", due, N_ROWS(due));
    check_ascending("request", requests, N_ROWS(requests));
    check_ascending("asker", askers, N_ROWS(askers));
    check_ascending("sequence", sequences, N_ROWS(sequences));
    check_ascending("visitor", visitors, N_ROWS(visitors));
    check_ascending("journal", journals, N_ROWS(journals));
    check_ascending("day", days, N_ROWS(days));
    check_ascending("hour", hours, N_ROWS(hours));
    check_ascending("rollup", rollups, N_ROWS(rollups));
}

static void test_round_trip(void **state)
{
    static const uint32_t sites[] = {0, 1, 0x01020304, UINT32_MAX};
    static const int32_t days[] = {0, 1, 20514, -1, INT32_MIN, INT32_MAX};
    static const uint64_t sequences[] = {0, 1, 0x0102030405060708, UINT64_MAX};

    for (size_t s = 0; s < N_ROWS(sites); s++)
        for (size_t d = 0; d < N_ROWS(days); d++)
            for (size_t q = 0; q < N_ROWS(sequences); q++) {
                uint32_t site, hour;
                int32_t day;
                uint64_t sequence;
                uint8_t id[VISITOR_BYTES];
                struct key_rollup rollup;
                struct key key = key_journal(sites[s], days[d], sequences[q]);

                assert_true(key_read_journal(key_text(&key), &site, &day, &sequence));
                assert_true(site == sites[s] && day == days[d] && sequence == sequences[q]);
                key = key_day(sites[s], days[d]);
                assert_true(key_read_day(key_text(&key), &site, &day));
                assert_true(site == sites[s] && day == days[d]);
                key = key_hour(sites[s], (uint32_t)days[d]);
                assert_true(key_read_hour(key_text(&key), &site, &hour));
                assert_true(site == sites[s] && hour == (uint32_t)days[d]);
                key = key_rollup(&(struct key_rollup){sites[s], 2, days[d], (uint8_t)q});
                assert_true(key_read_rollup(key_text(&key), &rollup));
                assert_true(rollup.site == sites[s] && rollup.kind == 2 && rollup.period == days[d] &&
                            rollup.field == q);
                key = key_sequence(sequences[q]);
                assert_true(key_read_sequence(key_text(&key), &sequence));
                assert_true(sequence == sequences[q]);
                key = key_visitor(sites[s], visitor(VISITOR_B));
                assert_true(key_read_visitor(key_text(&key), &site, id));
                assert_true(site == sites[s]);
                assert_memory_equal(id, VISITOR_B, VISITOR_BYTES);
            }
}

static bool read_sequence(struct text key)
{
    uint64_t sequence;

    return key_read_sequence(key, &sequence);
}

static bool read_visitor(struct text key)
{
    uint32_t site;
    uint8_t id[VISITOR_BYTES];

    return key_read_visitor(key, &site, id);
}

static bool read_journal(struct text key)
{
    uint32_t site;
    int32_t day;
    uint64_t sequence;

    return key_read_journal(key, &site, &day, &sequence);
}

static bool read_day(struct text key)
{
    uint32_t site;
    int32_t day;

    return key_read_day(key, &site, &day);
}

static bool read_hour(struct text key)
{
    uint32_t site, hour;

    return key_read_hour(key, &site, &hour);
}

static bool read_rollup(struct text key)
{
    struct key_rollup of;

    return key_read_rollup(key, &of);
}

static void test_requests(void **state)
{
    struct key request = key_request(3, 0x01020304), due = key_due(3, -7, UINT32_MAX);
    struct key asker = key_asker(3, visitor(VISITOR_B), 9);
    uint32_t site, number;
    int32_t day;
    uint8_t of[ASKER_BYTES];

    (void)state;
    assert_true(key_read_request(key_text(&request), &site, &number) && site == 3 && number == 0x01020304);
    assert_true(key_read_due(key_text(&due), &site, &day, &number) && day == -7 && number == UINT32_MAX);
    assert_true(key_read_asker(key_text(&asker), &site, of, &number) && number == 9);
    assert_memory_equal(of, VISITOR_B, ASKER_BYTES);
    assert_false(key_read_request(key_text(&due), &site, &number));
    assert_false(key_read_due(key_text(&request), &site, &day, &number));
    assert_false(key_read_asker(key_text(&due), &site, of, &number));
}

static void test_wrong_sizes(void **state)
{
    static const struct {
        const char *name;
        bool (*read)(struct text key);
        size_t size;
    } rows[] = {
        {"sequence", read_sequence, 8}, {"visitor", read_visitor, 20}, {"journal", read_journal, 16},
        {"day", read_day, 8},           {"hour", read_hour, 8},        {"rollup", read_rollup, 10},
    };
    static const char bytes[DB_KEY_BYTES_MAX + 1];

    for (size_t i = 0; i < N_ROWS(rows); i++)
        for (size_t size = 0; size <= sizeof bytes; size++)
            check_equal(rows[i].name, rows[i].read((struct text){bytes, size}), size == rows[i].size);
}

static void test_country(void **state)
{
    static const struct {
        const char *bytes, *country; /* NULL: none */
    } rows[] = {{"DE", "DE"}, {"--", ""}, {"ZZ", "ZZ"}, {"de", NULL}, {"D-", NULL}, {"-E", NULL}, {"D1", NULL}};

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        char country[3] = "xx";
        uint8_t back[COUNTRY_BYTES];
        bool good = key_read_country((const uint8_t *)rows[i].bytes, country);

        check_equal(rows[i].bytes, good, rows[i].country != NULL);
        if (!good)
            continue;
        check_text(rows[i].bytes, text_of(country), rows[i].country);
        key_write_country(country, back);
        assert_memory_equal(back, rows[i].bytes, COUNTRY_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_country),  cmocka_unit_test(test_order),       cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_requests), cmocka_unit_test(test_wrong_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Requests: who may move them where, and what is written is read back.
 */
#include "check.h"
#include "crumb/rights/request.h"
#include "crumb/rights/request_parse.h"
#include "store_fixture.h"
#include <errno.h>
#include <stdio.h>

#define NOW STORE_FIXTURE_NOW_MS

/* Every pair of states, for both sides. */
static void test_moves(void **state)
{
    /* Columns: to open, in_progress, answered, refused, withdrawn. */
    static const struct {
        const char *from, *asker, *officer;
    } rows[] = {{"open", "....x", "xxxx."},
                {"in_progress", "....x", ".xxx."},
                {"answered", ".....", ".xx.."},
                {"refused", ".....", ".x.x."},
                {"withdrawn", ".....", "....x"}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        enum request_state from = (enum request_state)request_find_state(text_of(rows[i].from));

        for (unsigned to = 1; to < REQUEST_STATE_N; to++) {
            check_equal(rows[i].from, request_may_move(from, (enum request_state)to, REQUEST_BY_ASKER),
                        rows[i].asker[to - 1] == 'x');
            check_equal(rows[i].from, request_may_move(from, (enum request_state)to, REQUEST_BY_OFFICER),
                        rows[i].officer[to - 1] == 'x');
        }
    }
    assert_true(request_is_open(REQUEST_OPEN) && request_is_open(REQUEST_IN_PROGRESS));
    assert_false(request_is_open(REQUEST_ANSWERED) || request_is_open(REQUEST_REFUSED) ||
                 request_is_open(REQUEST_WITHDRAWN));
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned i = 1; i < REQUEST_KIND_N; i++)
        assert_int_equal(request_find_kind(text_of(request_kind_word(i))), i);
    for (unsigned i = 1; i < REQUEST_STATE_N; i++)
        assert_int_equal(request_find_state(text_of(request_state_word(i))), i);
    assert_int_equal(request_find_kind(TEXT("")), -1);
    assert_int_equal(request_find_state(TEXT("?")), -1);
    assert_string_equal(request_kind_word(0), "?");
    assert_string_equal(request_state_word(REQUEST_STATE_N), "?");
}

static struct request request_of(unsigned n_steps)
{
    struct request request = {.site = 3,
                              .number = 9,
                              .kind = REQUEST_COMPLAINT,
                              .state = REQUEST_IN_PROGRESS,
                              .made_ms = NOW,
                              .changed_ms = NOW + n_steps - 1,
                              .due = -7,
                              .has_asker = true,
                              .text = TEXT("a text"),
                              .contact = TEXT("a@b.example"),
                              .n_steps = n_steps};

    memset(request.follow, 0xf0, sizeof request.follow);
    memset(request.asker, 0xa0, sizeof request.asker);
    for (unsigned i = 0; i < n_steps; i++)
        request.steps[i] = (struct request_step){.at_ms = NOW + i,
                                                 .state = REQUEST_IN_PROGRESS,
                                                 .side = i % 2 ? REQUEST_BY_OFFICER : REQUEST_BY_ASKER,
                                                 .name = i % 2 ? TEXT("officer") : TEXT_NONE,
                                                 .is_told = i % 3 == 0,
                                                 .note = TEXT("a note")};
    return request;
}

static const uint8_t secret[CRYPT_KEY_BYTES] = "a secret of thirty-two bytes...";

static void encode(const struct request *request, struct buffer *row)
{
    struct key key = key_request(request->site, request->number);

    request_encode(request, &key, secret, row);
    assert_false(row->fault);
}

static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= REQUEST_STEPS_MAX; n += 21) {
        BUFFER_AUTO row = BUFFER_INIT(REQUEST_BYTES_MAX), plain = BUFFER_INIT(REQUEST_BYTES_MAX);
        struct request written = request_of(n), found;
        struct key key = key_request(3, 9);

        written.has_asker = n == 1;
        encode(&written, &row);
        assert_true(request_decode(key_text(&key), buffer_text(&row), &found));
        assert_int_equal(request_open(&found, secret, &plain), 0);
        assert_true(found.site == 3 && found.number == 9 && found.kind == written.kind);
        assert_true(found.state == written.state && found.made_ms == NOW && found.changed_ms == written.changed_ms);
        assert_true(found.due == -7 && found.has_asker == written.has_asker);
        assert_memory_equal(found.follow, written.follow, HASH_BYTES);
        assert_true(text_equal(found.text, written.text) && text_equal(found.contact, written.contact));
        assert_int_equal(found.n_steps, n);
        for (unsigned i = 0; i < n; i++) {
            const struct request_step *a = &found.steps[i], *b = &written.steps[i];

            assert_true(a->at_ms == b->at_ms && a->state == b->state && a->side == b->side);
            assert_true(a->is_told == b->is_told && text_equal(a->name, b->name) && text_equal(a->note, b->note));
        }
    }
}

/* The largest that can be has room. */
static void test_largest(void **state)
{
    static char many[REQUEST_NOTE_BYTES_MAX];
    BUFFER_AUTO row = BUFFER_INIT(REQUEST_BYTES_MAX), plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request request = request_of(REQUEST_STEPS_MAX), found;
    struct key key = key_request(3, 9);

    (void)state;
    memset(many, 'x', sizeof many);
    request.text = (struct text){many, REQUEST_TEXT_BYTES_MAX};
    request.contact = (struct text){many, REQUEST_CONTACT_BYTES_MAX};
    for (unsigned i = 0; i < REQUEST_STEPS_MAX; i++) {
        request.steps[i].name = (struct text){many, TRAIL_NAME_BYTES_MAX};
        request.steps[i].note = (struct text){many, REQUEST_NOTE_BYTES_MAX};
    }
    encode(&request, &row);
    assert_true(request_decode(key_text(&key), buffer_text(&row), &found));
    assert_int_equal(request_open(&found, secret, &plain), 0);
}

static void test_damaged(void **state)
{
    BUFFER_AUTO row = BUFFER_INIT(REQUEST_BYTES_MAX), plain = BUFFER_INIT(REQUEST_BYTES_MAX);
    struct request request = request_of(3), found;
    struct key key = key_request(3, 9), other = key_request(3, 10);

    (void)state;
    encode(&request, &row);
    for (size_t bit = 0; bit < 8 * row.size; bit++) {
        row.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(request_decode(key_text(&key), buffer_text(&row), &found));
        row.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 0; size < row.size; size++)
        assert_false(request_decode(key_text(&key), (struct text){(const char *)row.data, size}, &found));
    assert_false(request_decode(key_text(&other), buffer_text(&row), &found));
    assert_true(request_decode(key_text(&key), buffer_text(&row), &found));
    assert_int_equal(request_open(&found, (const uint8_t *)"another secret of thirty-two b..", &plain), -EBADMSG);
    assert_int_equal(request_open(&found, secret, &plain), 0);
    for (size_t size = 0; size < plain.size; size++)
        assert_false(request_decode_body((struct text){(const char *)plain.data, size}, &request));
    request.state = REQUEST_OPEN; /* the body of another state */
    assert_false(request_decode_body(buffer_text(&plain), &request));
    found.number = 10; /* or of another place */
    assert_int_equal(request_open(&found, secret, &plain), -EBADMSG);
}

/* ---- what people send ---- */

static void test_parse(void **state)
{
    static const struct {
        const char *name, *body, *complaint; /* NULL: it is good */
    } rows[] = {
        {"whole", "{\"site\":\"shop\",\"kind\":\"other\",\"text\":\"x\",\"contact\":\"a@b\"}", NULL},
        {"no contact", "{\"site\":\"shop\",\"kind\":\"access\",\"text\":\"x\"}", NULL},
        {"no object", "[]", "the body must be a JSON object of at most 32768 bytes"},
        {"null", "{\"site\":\"shop\",\"kind\":null,\"text\":\"x\"}", "`kind` must be a string"},
        {"another member", "{\"site\":\"shop\",\"lang\":\"en\"}", "there is no member `lang` here"},
        {"another site", "{\"site\":\"s\"}", "`site` must be one of the sites of the configuration"},
        {"another kind", "{\"site\":\"shop\",\"kind\":\"x\"}",
         "`kind` must be one of access, copy, correction, erasure, restriction, objection, complaint, other"},
        {"blank", "{\"site\":\"shop\",\"kind\":\"other\",\"text\":\"\\n\"}", "`text` must say what it is about"},
        {"contact of two lines", "{\"site\":\"shop\",\"kind\":\"other\",\"text\":\"x\",\"contact\":\"a\\u000ab\"}",
         "`contact` must be one line of at most 254 bytes"},
    };
    struct config *config = store_fixture_config(store_fixture_yaml);

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(1024);
        struct request_wish wish;
        int r = request_parse(text_of(rows[i].body), config, &wish, &complaint);

        check_equal(rows[i].name, r != 0, rows[i].complaint != NULL);
        check_text(rows[i].name, buffer_text(&complaint), rows[i].complaint ? rows[i].complaint : "");
        json_decref(wish.json);
    }
    config_unref(config);
}

static void test_parse_change(void **state)
{
    static const struct {
        const char *name, *body;
        enum request_state to; /* 0: as it is */
        bool is_told, is_good;
    } rows[] = {
        {"a state", "{\"version\":1,\"state\":\"in_progress\"}", REQUEST_IN_PROGRESS, false, true},
        {"a note", "{\"version\":1,\"note\":\"x\"}", 0, false, true},
        {"an answer", "{\"version\":1,\"answer\":\"x\"}", 0, true, true},
        {"answered", "{\"version\":1,\"state\":\"answered\",\"answer\":\"x\"}", REQUEST_ANSWERED, true, true},
        {"answered without words", "{\"version\":1,\"state\":\"answered\"}", 0, false, false},
        {"refused with a note alone", "{\"version\":1,\"state\":\"refused\",\"note\":\"x\"}", 0, false, false},
        {"both", "{\"version\":1,\"note\":\"x\",\"answer\":\"x\"}", 0, false, false},
        {"nothing", "{\"version\":1}", 0, false, false},
        {"of no version", "{\"note\":\"x\"}", 0, false, false},
        {"of version 0", "{\"version\":0,\"note\":\"x\"}", 0, false, false},
        {"of a version in words", "{\"version\":\"1\",\"note\":\"x\"}", 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(1024);
        struct request_change change;
        int r = request_parse_change(text_of(rows[i].body), &change, &complaint);

        check_equal(rows[i].name, r == 0, rows[i].is_good);
        if (r == 0) {
            check_equal(rows[i].name, change.version, 1);
            check_equal(rows[i].name, change.state, rows[i].to);
            check_equal(rows[i].name, change.is_told, rows[i].is_told);
        }
        json_decref(change.json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),        cmocka_unit_test(test_words),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_largest),      cmocka_unit_test(test_damaged), cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Sessions as a table of steps, and the promises about many of them: each token
 * has its share, and takes nothing from another.
 */
#include "check.h"
#include "crumb/http/session.h"
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1772443800000LL
#define N_THREADS 4
#define N_TURNS 200

static bool no_memory;
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size) { return no_memory ? NULL : __real_calloc(n, size); }

static struct random_seeded seeded;

static struct sessions *make(void)
{
    struct sessions *sessions;

    seeded = random_seeded(7);
    assert_int_equal(sessions_new(&sessions), 0);
    return sessions;
}

static const uint8_t *token_of(unsigned n)
{
    static uint8_t hash[SESSION_TOKEN_BYTES];

    memset(hash, 0, sizeof hash);
    memcpy(hash, &n, sizeof n);
    return hash;
}

static unsigned number_of(const uint8_t *hash)
{
    unsigned n;

    memcpy(&n, hash, sizeof n);
    return n;
}

static bool only_even(const void *context, const uint8_t *hash)
{
    return number_of(hash) % 2 == *(const unsigned *)context;
}

/* Whose session it is; -1: of nobody. */
static int whose(struct sessions *sessions, const char *id, int64_t now_ms)
{
    uint8_t token[SESSION_TOKEN_BYTES];
    int64_t end_ms;

    return sessions_find(sessions, text_of(id), now_ms, token, &end_ms) ? (int)number_of(token) : -1;
}

enum act { BEGIN, FIND, END, KEEP_EVEN };

/* One table after the other. Sessions are named by letters. */
static void test_steps(void **state)
{
    static const struct {
        const char *name;
        bool fresh; /* a table of its own begins */
        enum act act;
        char session;
        int token; /* that begins; that is found, -1: none */
        int64_t after_ms;
    } rows[] = {
        {"nobody has signed in", true, FIND, 'a', -1, 0},
        {"a signs in", false, BEGIN, 'a', 4, 0},
        {"and is known", false, FIND, 'a', 4, 0},
        {"b signs in with the same token", false, BEGIN, 'b', 4, 1000},
        {"c with another", false, BEGIN, 'c', 5, 1000},
        {"each is its own", false, FIND, 'c', 5, 1000},
        {"a signs out", false, END, 'a', 0, 1000},
        {"and is not known", false, FIND, 'a', -1, 1000},
        {"signing out again does no harm", false, END, 'a', 0, 1000},
        {"b still is known", false, FIND, 'b', 4, 1000},
        {"the last millisecond", false, FIND, 'b', 4, SESSION_MS_MAX + 999},
        {"the end", false, FIND, 'b', -1, SESSION_MS_MAX + 1000},
        {"an end is for ever", false, FIND, 'b', -1, 1000},

        {"a token leaves the configuration", true, BEGIN, 'a', 1, 0},
        {"another stays", false, BEGIN, 'b', 2, 0},
        {"now", false, KEEP_EVEN, ' ', 0, 0},
        {"the first is out", false, FIND, 'a', -1, 0},
        {"the other is not", false, FIND, 'b', 2, 0},

        {"the clock is set back a little", true, BEGIN, 'a', 1, 0},
        {"which ends nothing", false, FIND, 'a', 1, -5000},
        {"by much", false, FIND, 'a', -1, -SESSION_MS_MAX},
    };
    char ids[128][SESSION_ID_TEXT_BYTES] = {""};
    struct sessions *sessions = NULL;
    static const unsigned even = 0;

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        char *id = ids[(unsigned)rows[i].session];
        int64_t now_ms = NOW + rows[i].after_ms;

        if (rows[i].fresh) {
            sessions_free(sessions);
            sessions = make();
        }
        switch (rows[i].act) {
        case BEGIN:
            sessions_begin(sessions, token_of((unsigned)rows[i].token), now_ms, &seeded.super, id);
            break;
        case FIND:
            check_equal(rows[i].name, whose(sessions, id, now_ms), rows[i].token);
            break;
        case END:
            sessions_end(sessions, text_of(id));
            break;
        case KEEP_EVEN:
            sessions_keep(sessions, only_even, &even);
            break;
        }
    }
    sessions_free(sessions);
}

static void test_ids(void **state)
{
    struct sessions *sessions = make();
    char a[SESSION_ID_TEXT_BYTES], b[SESSION_ID_TEXT_BYTES];
    uint8_t token[SESSION_TOKEN_BYTES];
    int64_t end_ms = 0;

    (void)state;
    sessions_begin(sessions, token_of(1), NOW, &seeded.super, a);
    sessions_begin(sessions, token_of(1), NOW, &seeded.super, b);
    assert_int_equal(strlen(a), SESSION_ID_TEXT_BYTES - 1);
    assert_int_equal(strspn(a, "0123456789abcdef"), SESSION_ID_TEXT_BYTES - 1);
    assert_string_not_equal(a, b);
    assert_true(sessions_find(sessions, text_of(a), NOW + 5, token, &end_ms));
    assert_int_equal(end_ms, NOW + SESSION_MS_MAX);
    /* What is nearly an id is none. */
    assert_int_equal(whose(sessions, "", NOW), -1);
    assert_false(sessions_find(sessions, (struct text){a, SESSION_ID_TEXT_BYTES - 2}, NOW, token, &end_ms));
    assert_false(sessions_find(sessions, (struct text){a, SESSION_ID_TEXT_BYTES}, NOW, token, &end_ms));
    a[3] = a[3] == '0' ? '1' : '0';
    assert_int_equal(whose(sessions, a, NOW), -1);
    sessions_free(sessions);
}

/* By itself, as the compiler believes that what a constructor gives may be NULL. */
__attribute__((noinline)) static bool has(const void *table, size_t size, const void *what, size_t n)
{
    return memmem(table, size, what, n) != NULL;
}

/* What is kept could not be used to sign in: neither the id nor its bytes are anywhere in it. */
static void test_kept_as_hash(void **state)
{
    struct sessions *sessions = make();
    char id[SESSION_ID_TEXT_BYTES];
    uint8_t bytes[SESSION_ID_BYTES];
    size_t size = SESSIONS_MAX * 64; /* less than the table has */

    (void)state;
    sessions_begin(sessions, token_of(1), NOW, &seeded.super, id);
    sodium_hex2bin(bytes, sizeof bytes, id, strlen(id), NULL, NULL, NULL);
    assert_false(has(sessions, size, id, strlen(id)));
    assert_false(has(sessions, size, bytes, sizeof bytes));
    assert_true(has(sessions, size, token_of(1), SESSION_TOKEN_BYTES));
    sessions_free(sessions);
}

static void test_bounds(void **state)
{
    struct sessions *sessions = make();
    char first[SESSION_ID_TEXT_BYTES], other[SESSION_ID_TEXT_BYTES], id[SESSION_ID_TEXT_BYTES],
        second[SESSION_ID_TEXT_BYTES];

    (void)state;
    sessions_begin(sessions, token_of(2), NOW - 1000, &seeded.super, other);
    sessions_begin(sessions, token_of(1), NOW, &seeded.super, first);
    sessions_begin(sessions, token_of(1), NOW + 1, &seeded.super, second);
    for (int i = 2; i < SESSIONS_TOKEN_MAX; i++)
        sessions_begin(sessions, token_of(1), NOW + i, &seeded.super, id);
    assert_int_equal(whose(sessions, first, NOW + 100), 1);
    sessions_begin(sessions, token_of(1), NOW + 100, &seeded.super, id);
    assert_int_equal(whose(sessions, first, NOW + 100), -1); /* its token's oldest */
    assert_int_equal(whose(sessions, second, NOW + 100), 1);
    assert_int_equal(whose(sessions, other, NOW + 100), 2);
    /* As many tokens as a configuration may have, each with its share. */
    for (unsigned token = 10; token < 10 + TOKENS_MAX - 2; token++)
        for (int i = 0; i < SESSIONS_TOKEN_MAX; i++)
            sessions_begin(sessions, token_of(token), NOW + 200, &seeded.super, id);
    assert_int_equal(whose(sessions, other, NOW + 200), 2);
    assert_int_equal(whose(sessions, second, NOW + 200), 1);
    /* And more, of tokens that have left it: the oldest goes, and the new one is in. */
    for (unsigned i = 0; i < 2 * SESSIONS_TOKEN_MAX; i++)
        sessions_begin(sessions, token_of(5000 + i), NOW + 300, &seeded.super, id);
    assert_int_equal(whose(sessions, other, NOW + 300), -1);
    assert_int_equal(whose(sessions, id, NOW + 300), 5000 + 2 * SESSIONS_TOKEN_MAX - 1);
    sessions_free(sessions);
}

struct turn {
    struct sessions *sessions;
    unsigned token;
    bool failed;
};

static void *take_turns(void *context)
{
    struct turn *turn = context;
    struct random_seeded random = random_seeded(100 + turn->token);
    uint8_t hash[SESSION_TOKEN_BYTES] = {(uint8_t)turn->token};

    for (int i = 0; i < N_TURNS; i++) {
        char id[SESSION_ID_TEXT_BYTES];

        sessions_begin(turn->sessions, hash, NOW + i, &random.super, id);
        turn->failed |= whose(turn->sessions, id, NOW + i) != (int)turn->token;
        sessions_end(turn->sessions, text_of(id));
        turn->failed |= whose(turn->sessions, id, NOW + i) != -1;
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct sessions *sessions = make();
    struct turn turns[N_THREADS];
    pthread_t threads[N_THREADS];

    (void)state;
    for (unsigned i = 0; i < N_THREADS; i++) {
        turns[i] = (struct turn){.sessions = sessions, .token = i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &turns[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(turns[i].failed);
    }
    sessions_free(sessions);
}

static void test_no_memory(void **state)
{
    struct sessions *sessions = NULL;

    (void)state;
    no_memory = true;
    assert_int_equal(sessions_new(&sessions), -ENOMEM);
    no_memory = false;
    assert_null(sessions);
    assert_null(sessions_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),  cmocka_unit_test(test_ids),     cmocka_unit_test(test_kept_as_hash),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_threads), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

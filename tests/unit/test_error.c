/*
 * The fault trail: where it begins, what it collects, that threads do not share
 * it.
 */
#include "check.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

static void test_codes_pass_through(void **state)
{
    assert_int_equal(error_origin(-EIO), -EIO);
    assert_int_equal(error_trace(-EIO), -EIO);
    assert_int_equal(error_trace(0), 0);
    assert_int_equal(error_trace(3), 3);
    assert_int_equal(error_fold(0), 0);
    assert_int_equal(error_fold(-EIO), -EIO);
    assert_int_equal(error_fold(3), -ENOTRECOVERABLE);
}

static void test_trail(void **state)
{
    error_origin_at(-ENOSPC, "src/store/db.c", 120);
    error_trace_at(-ENOSPC, "src/store/journal.c", 33);
    assert_string_equal(error_trail(-ENOSPC), "No space left on device (db.c:120 <- journal.c:33)");

    /* What is no fault leaves no trace. */
    error_trace_at(0, "a.c", 1);
    error_trace_at(2, "a.c", 2);
    error_fold_at(0, "a.c", 3);
    assert_string_equal(error_trail(-ENOSPC), "No space left on device (db.c:120 <- journal.c:33)");

    /* A new fault begins a new trail, and so does an outcome that was not expected. */
    error_origin_at(-EIO, "b.c", 1);
    assert_string_equal(error_trail(-EIO), "Input/output error (b.c:1)");
    assert_int_equal(error_fold_at(1, "c.c", 9), -ENOTRECOVERABLE);
    assert_string_equal(error_trail(-ENOTRECOVERABLE), "State not recoverable (c.c:9)");
}

static void test_trail_is_bounded(void **state)
{
    char file[200];

    memset(file, 'f', sizeof file - 1);
    file[sizeof file - 1] = '\0';
    error_origin_at(-EIO, file, 1);
    for (int i = 0; i < 3 * ERROR_TRAIL_MAX; i++)
        error_trace_at(-EIO, file, i);
    assert_int_equal(strlen(error_trail(-EIO)), ERROR_TEXT_BYTES_MAX - 1);

    error_origin_at(-EIO, "a.c", 0);
    for (int i = 1; i < 3 * ERROR_TRAIL_MAX; i++)
        error_trace_at(-EIO, "a.c", i);
    char last[16], beyond[16];
    snprintf(last, sizeof last, "a.c:%d)", ERROR_TRAIL_MAX - 1);
    snprintf(beyond, sizeof beyond, "a.c:%d", ERROR_TRAIL_MAX);
    assert_non_null(strstr(error_trail(-EIO), last));
    assert_null(strstr(error_trail(-EIO), beyond));
}

static void *other_thread(void *context)
{
    error_origin_at(-EPERM, "other.c", 1);
    *(bool *)context = strcmp(error_trail(-EPERM), "Operation not permitted (other.c:1)") == 0;
    return NULL;
}

static void test_threads(void **state)
{
    bool good = false;
    pthread_t thread;

    error_origin_at(-EIO, "mine.c", 1);
    assert_int_equal(pthread_create(&thread, NULL, other_thread, &good), 0);
    pthread_join(thread, NULL);
    assert_true(good);
    assert_string_equal(error_trail(-EIO), "Input/output error (mine.c:1)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_pass_through),
        cmocka_unit_test(test_trail),
        cmocka_unit_test(test_trail_is_bounded),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

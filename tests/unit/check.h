/*
 * Assertions for tables: a failure names the row.  Brings what cmocka needs
 * before its own header.
 */
#pragma once

#include "crumb/base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define check(row, condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("\"%s\": not so: %s", (row), #condition);                                                         \
    } while (0)

#define check_equal(row, got, wanted)                                                                                  \
    do {                                                                                                               \
        long long check_got = (long long)(got), check_wanted = (long long)(wanted);                                    \
        if (check_got != check_wanted)                                                                                 \
            fail_msg("\"%s\": %s is %lld, not %lld", (row), #got, check_got, check_wanted);                            \
    } while (0)

/* @got is a struct text, @wanted a string. */
#define check_text(row, got, wanted)                                                                                   \
    do {                                                                                                               \
        struct text check_got = (got), check_wanted = text_of(wanted);                                                 \
        if (!text_equal(check_got, check_wanted))                                                                      \
            fail_msg("\"%s\": %s is \"%.*s\", not \"%.*s\"", (row), #got, TEXT_ARGS(check_got),                        \
                     TEXT_ARGS(check_wanted));                                                                         \
    } while (0)

#define assert_text(got, wanted) check_text(__func__, got, wanted)

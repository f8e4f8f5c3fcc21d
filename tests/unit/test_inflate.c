/*
 * Streams of zlib: whole ones of the size that was told open, others do not.
 */
#include "check.h"
#include "crumb/rollup/inflate.h"
#include <errno.h>
#include <zlib.h>

#define PLAIN_BYTES 5000

static size_t deflate_plain(char plain[PLAIN_BYTES], unsigned char *stream, size_t room)
{
    uLongf size = (uLongf)room;

    for (size_t i = 0; i < PLAIN_BYTES; i++)
        plain[i] = (char)(i * i % 251);
    assert_int_equal(compress2(stream, &size, (const Bytef *)plain, PLAIN_BYTES, 6), Z_OK);
    return size;
}

static void test_whole_or_not(void **state)
{
    static const struct {
        const char *name;
        int stream_more, plain_more; /* than there is */
        size_t damaged;              /* this byte from the end; 0: none */
        int result;
    } rows[] = {
        {"whole", 0, 0, 0, 0},
        {"cut off", -1, 0, 0, -EBADMSG},
        {"a byte behind", 1, 0, 0, -EBADMSG},
        {"told too small", 0, -1, 0, -EBADMSG},
        {"told too large", 0, 1, 0, -EBADMSG},
        {"its checksum is wrong", 0, 0, 1, -EBADMSG},
        {"damaged inside", 0, 0, 100, -EBADMSG},
    };
    char plain[PLAIN_BYTES];
    (void)state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        unsigned char stream[2 * PLAIN_BYTES] = {0};
        char opened[PLAIN_BYTES + 1];
        size_t size = deflate_plain(plain, stream, sizeof stream);

        if (rows[i].damaged)
            stream[size - rows[i].damaged] ^= 1;
        struct text text = {.data = (const char *)stream, .size = (size_t)((int)size + rows[i].stream_more)};
        check_equal(rows[i].name, inflate_whole(text, opened, (size_t)(PLAIN_BYTES + rows[i].plain_more)),
                    rows[i].result);
        if (rows[i].result == 0)
            assert_memory_equal(opened, plain, PLAIN_BYTES);
    }
}

/* 258 bytes in two bits is the best there is. */
static void test_absurd(void **state)
{
    struct text text = {.data = "12345678", .size = 8};
    (void)state;

    assert_false(inflate_is_absurd(text, 8 * 1032));
    assert_true(inflate_is_absurd(text, 9 * 1032));
    assert_false(inflate_is_absurd(TEXT_NONE, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_or_not),
        cmocka_unit_test(test_absurd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

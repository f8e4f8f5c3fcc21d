/*
 * Key files: made once, read ever after, refused where others may read them or
 * where they are no keys.
 */
#include "check.h"
#include "crumb/store/secret.h"
#include "store_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[STORE_FIXTURE_PATH_BYTES], file[STORE_FIXTURE_PATH_BYTES + 16];
    struct random_seeded random;
};

static int setup(void **state)
{
    struct folder *folder = malloc(sizeof *folder);

    assert_non_null(folder);
    folder->random = random_seeded(3);
    store_fixture_folder(folder->path);
    snprintf(folder->file, sizeof folder->file, "%s/cookie.key", folder->path);
    *state = folder;
    return random_init();
}

static int teardown(void **state)
{
    struct folder *folder = *state;

    store_fixture_remove(folder->path);
    free(folder);
    return 0;
}

static int get(struct folder *folder, bool may_make, uint8_t ret_key[SECRET_BYTES])
{
    return secret_key(folder->path, "cookie.key", may_make, &folder->random.super, ret_key);
}

static void write_file(const char *path, size_t size, mode_t mode)
{
    uint8_t bytes[64] = {1, 2, 3};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_made_once(void **state)
{
    struct folder *folder = *state;
    uint8_t first[SECRET_BYTES] = {0}, again[SECRET_BYTES], other[SECRET_BYTES];
    struct stat stat_of_file;

    assert_int_equal(get(folder, false, first), -ENOENT);
    mode_t before = umask(0); /* the mode is ours, not the shell's */
    assert_int_equal(get(folder, true, first), 0);
    umask(before);
    assert_memory_not_equal(first, ((uint8_t[SECRET_BYTES]){0}), sizeof first);
    assert_int_equal(stat(folder->file, &stat_of_file), 0);
    assert_int_equal(stat_of_file.st_mode & 07777, 0600);
    assert_int_equal(stat_of_file.st_size, SECRET_BYTES);
    assert_int_equal(get(folder, true, again), 0);
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(get(folder, false, again), 0);
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(secret_key(folder->path, "other.key", true, &folder->random.super, other), 0);
    assert_memory_not_equal(first, other, sizeof first);
}

static void test_modes(void **state)
{
    static const struct {
        mode_t mode;
        int r;
    } rows[] = {{0600, 0},      {0400, 0},      {0700, 0},      {0640, -EPERM}, {0604, -EPERM},
                {0620, -EPERM}, {0602, -EPERM}, {0610, -EPERM}, {0601, -EPERM}, {0644, -EPERM}};
    struct folder *folder = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        uint8_t key[SECRET_BYTES] = {9};

        write_file(folder->file, SECRET_BYTES, rows[i].mode);
        assert_int_equal(get(folder, true, key), rows[i].r);
        assert_int_equal(key[0], rows[i].r ? 9 : 1); /* untouched where it failed */
        unlink(folder->file);
    }
}

static void test_sizes(void **state)
{
    struct folder *folder = *state;
    uint8_t key[SECRET_BYTES];

    for (size_t size = 0; size <= 64; size++) {
        write_file(folder->file, size, 0600);
        assert_int_equal(get(folder, true, key), size == SECRET_BYTES ? 0 : -EBADMSG);
    }
}

/* Killed while it made the key: the draft is no key, and is written anew. */
static void test_after_a_crash(void **state)
{
    struct folder *folder = *state;
    char draft[sizeof folder->file + 4];
    uint8_t key[SECRET_BYTES];

    snprintf(draft, sizeof draft, "%s.new", folder->file);
    write_file(draft, 10, 0600);
    assert_int_equal(get(folder, false, key), -ENOENT);
    assert_int_equal(get(folder, true, key), 0);
    assert_int_equal(access(draft, F_OK), -1);
}

/* A disk that is full leaves no key, rather than a part of one. */
static void test_full_disk(void **state)
{
    struct folder *folder = *state;
    uint8_t key[SECRET_BYTES];
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (rlim_t room = 0; room < SECRET_BYTES; room += SECRET_BYTES / 2) {
        limit.rlim_cur = room;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int r = get(folder, true, key);
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(r, room ? -ENOSPC : -EFBIG);
        assert_int_equal(get(folder, false, key), -ENOENT);
    }
    assert_int_equal(get(folder, true, key), 0);
}

static void test_no_folder(void **state)
{
    struct folder *folder = *state;
    uint8_t key[SECRET_BYTES];
    char endless[5000];

    assert_int_equal(secret_key("/nowhere/at/all", "k", true, &folder->random.super, key), -ENOENT);
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(secret_key(endless, "k", true, &folder->random.super, key), -ENAMETOOLONG);
    endless[4094] = '\0'; /* the key's path fits, the draft's does not */
    assert_int_equal(secret_key(endless, "", true, &folder->random.super, key), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_a_crash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The store: what every call promises, who may open it, a map that is full, and
 * steps that are made to fail.
 *
 * LMDB may not be opened twice by one process, so who comes second is a child.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/store/db.h"
#include "store_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct db *db;
};

static int open_db(const char *folder, enum db_mode mode, int64_t size, struct db **ret_db)
{
    return db_open(&(struct db_options){.folder = folder, .mode = mode, .size_bytes_max = size}, ret_db);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    store_fixture_folder(fixture->folder);
    assert_int_equal(open_db(fixture->folder, DB_SERVE, 16 << 20, &fixture->db), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    db_close(fixture->db);
    store_fixture_remove(fixture->folder);
    free(fixture);
    return 0;
}

static struct db_txn *begin_write(struct db *db)
{
    struct db_txn *txn = NULL;

    assert_int_equal(db_begin_write(db, &txn), 0);
    return txn;
}

static struct db_txn *begin_read(struct db *db)
{
    struct db_txn *txn = NULL;

    assert_int_equal(db_begin_read(db, &txn), 0);
    return txn;
}

static bool is_there(struct db *db, const char *key)
{
    struct text value;
    DB_TXN_AUTO *txn = begin_read(db);
    int r = db_get(txn, DB_JOURNAL, text_of(key), &value);

    assert_true(r == 0 || r == DB_E_NOT_FOUND);
    return r == 0;
}

static void put_one(struct db *db, const char *key)
{
    struct db_txn *txn = begin_write(db);

    assert_int_equal(db_put(txn, DB_JOURNAL, text_of(key), TEXT("value")), 0);
    assert_int_equal(db_commit(txn), 0);
}

/* Rows. */

static void test_rows(void **state)
{
    struct fixture *fixture = *state;
    struct db_txn *txn = begin_write(fixture->db);
    struct text value = TEXT("untouched");
    uint64_t n = 9;

    assert_int_equal(db_get(txn, DB_JOURNAL, TEXT("a"), &value), DB_E_NOT_FOUND);
    assert_text(value, "untouched");
    assert_int_equal(db_put(txn, DB_JOURNAL, TEXT("a"), TEXT("one")), 0);
    assert_int_equal(db_put(txn, DB_JOURNAL, TEXT("b"), TEXT_NONE), 0);
    assert_int_equal(db_put(txn, DB_JOURNAL, TEXT("c"), TEXT("three")), 0);
    assert_int_equal(db_get(txn, DB_JOURNAL, TEXT("a"), &value), 0);
    assert_text(value, "one");
    assert_int_equal(db_put(txn, DB_JOURNAL, TEXT("a"), TEXT("another")), 0); /* replaces */
    assert_int_equal(db_commit(txn), 0);

    txn = begin_write(fixture->db);
    assert_int_equal(db_get(txn, DB_JOURNAL, TEXT("a"), &value), 0);
    assert_text(value, "another");
    assert_int_equal(db_get(txn, DB_JOURNAL, TEXT("b"), &value), 0);
    assert_int_equal(value.size, 0);
    assert_int_equal(db_get(txn, DB_JOURNAL, TEXT("c"), &value), 0);
    assert_text(value, "three");
    assert_int_equal(db_get(txn, DB_LEDGER, TEXT("a"), &value), DB_E_NOT_FOUND); /* tables do not mix */
    assert_int_equal(db_entries(txn, DB_JOURNAL, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(db_entries(txn, DB_LEDGER, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(db_delete(txn, DB_JOURNAL, TEXT("b")), 0);
    assert_int_equal(db_delete(txn, DB_JOURNAL, TEXT("b")), 0); /* also where there is none */
    assert_int_equal(db_get(txn, DB_JOURNAL, TEXT("b"), &value), DB_E_NOT_FOUND);
    db_abort(txn);
    assert_true(is_there(fixture->db, "b")); /* forgotten with its transaction */
    assert_null(db_abort(NULL));
    assert_null(db_close(NULL));
}

static void test_values_of_any_size(void **state)
{
    static const size_t sizes[] = {1, 100, 2000, 4096, 100000, 1 << 20};
    struct fixture *fixture = *state;
    char *bytes = malloc(1 << 20);

    assert_non_null(bytes);
    for (size_t i = 0; i < 1 << 20; i++)
        bytes[i] = (char)(i * 7);
    for (size_t i = 0; i < N_ROWS(sizes); i++) {
        struct db_txn *txn = begin_write(fixture->db);
        struct text value;

        assert_int_equal(db_put(txn, DB_ROLLUPS, TEXT("k"), (struct text){bytes, sizes[i]}), 0);
        assert_int_equal(db_commit(txn), 0);
        txn = begin_read(fixture->db);
        assert_int_equal(db_get(txn, DB_ROLLUPS, TEXT("k"), &value), 0);
        assert_true(text_equal(value, (struct text){bytes, sizes[i]}));
        db_abort(txn);
    }
    free(bytes);
}

static void test_snapshots(void **state)
{
    struct fixture *fixture = *state;
    struct db_txn *old = begin_read(fixture->db);
    struct text value;
    uint64_t before, after;

    assert_int_equal(db_bytes(old, &before), 0);
    put_one(fixture->db, "new");
    assert_int_equal(db_get(old, DB_JOURNAL, TEXT("new"), &value), DB_E_NOT_FOUND);
    db_abort(old);
    struct db_txn *later = begin_read(fixture->db);
    assert_int_equal(db_get(later, DB_JOURNAL, TEXT("new"), &value), 0);
    assert_int_equal(db_bytes(later, &after), 0);
    assert_true(after >= before && before > 0 && after <= 16 << 20);
    db_abort(later);
}

static void test_as_many_readers_as_told(void **state)
{
    struct fixture *fixture = *state;
    struct db_txn *txns[DB_READERS_MAX], *more = NULL;

    for (unsigned i = 0; i < DB_READERS_MAX; i++)
        txns[i] = begin_read(fixture->db);
    assert_int_equal(db_begin_read(fixture->db, &more), -EAGAIN);
    assert_null(more);
    db_abort(txns[0]);
    txns[0] = begin_read(fixture->db);
    for (unsigned i = 0; i < DB_READERS_MAX; i++)
        db_abort(txns[i]);
}

/* Cursors. */

static void test_cursor(void **state)
{
    static const struct {
        const char *key, *seek, *before; /* what is found; NULL: DB_E_NOT_FOUND */
    } rows[] = {{"", "b", NULL},  {"a", "b", NULL}, {"b", "b", NULL}, {"c", "d", "b"},    {"d", "d", "b"},
                {"dd", "f", "d"}, {"f", "f", "d"},  {"g", NULL, "f"}, {"\xff", NULL, "f"}};
    struct fixture *fixture = *state;
    DB_TXN_AUTO *txn = begin_write(fixture->db);
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;

    assert_int_equal(db_cursor_new(txn, DB_DAYS, &cursor), 0);
    assert_int_equal(db_cursor_seek(cursor, TEXT_NONE, &key, &value), DB_E_NOT_FOUND);
    assert_int_equal(db_cursor_before(cursor, TEXT("x"), &key, &value), DB_E_NOT_FOUND);
    cursor = db_cursor_free(cursor);
    for (const char *letter = "dbf"; *letter; letter++)
        assert_int_equal(db_put(txn, DB_DAYS, (struct text){letter, 1}, (struct text){letter, 1}), 0);

    assert_int_equal(db_cursor_new(txn, DB_DAYS, &cursor), 0);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        int r = db_cursor_seek(cursor, text_of(rows[i].key), &key, &value);

        check_equal(rows[i].key, r, rows[i].seek ? 0 : DB_E_NOT_FOUND);
        if (r == 0)
            check_text(rows[i].key, key, rows[i].seek);
        r = db_cursor_before(cursor, text_of(rows[i].key), &key, &value);
        check_equal(rows[i].key, r, rows[i].before ? 0 : DB_E_NOT_FOUND);
        if (r == 0)
            check_text(rows[i].key, value, rows[i].before);
    }
    assert_int_equal(db_cursor_seek(cursor, TEXT("c"), &key, &value), 0);
    assert_int_equal(db_cursor_next(cursor, &key, &value), 0);
    assert_text(key, "f");
    assert_int_equal(db_cursor_next(cursor, &key, &value), DB_E_NOT_FOUND);
    assert_null(db_cursor_free(NULL));
}

/* Opening. */

static void test_absent(void **state)
{
    struct db *db = NULL;
    char folder[STORE_FIXTURE_PATH_BYTES], deeper[STORE_FIXTURE_PATH_BYTES + 16];

    store_fixture_folder(folder);
    assert_int_equal(open_db(folder, DB_READ, 0, &db), DB_E_ABSENT);
    snprintf(deeper, sizeof deeper, "%s/data", folder);
    assert_int_equal(open_db(deeper, DB_READ, 0, &db), DB_E_ABSENT);
    assert_null(db);
    assert_int_equal(open_db(deeper, DB_SERVE, 16 << 20, &db), 0); /* the folder is made */
    db = db_close(db);
    assert_int_equal(open_db(deeper, DB_READ, 0, &db), 0);
    db = db_close(db);
    store_fixture_remove(deeper);
    store_fixture_remove(folder);
}

static void test_folders_that_are_none(void **state)
{
    struct fixture *fixture = *state;
    char path[STORE_FIXTURE_PATH_BYTES + 16], endless[5000];
    struct db *db = NULL;

    assert_int_equal(open_db("/nowhere/at/all", DB_SERVE, 16 << 20, &db), -ENOENT);
    snprintf(path, sizeof path, "%s/lock", fixture->folder); /* a file */
    assert_int_equal(open_db(path, DB_SERVE, 16 << 20, &db), -ENOTDIR);
    assert_int_equal(open_db(path, DB_READ, 0, &db), -ENOTDIR);
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(open_db(endless, DB_SERVE, 16 << 20, &db), -ENAMETOOLONG);
    assert_int_equal(open_db(endless, DB_READ, 0, &db), -ENAMETOOLONG);
    if (geteuid() != 0) { /* nothing is forbidden to root */
        store_fixture_folder(endless);
        assert_int_equal(chmod(endless, 0500), 0);
        assert_int_equal(open_db(endless, DB_SERVE, 16 << 20, &db), -EACCES);
        store_fixture_remove(endless);
    }
    assert_null(db);
}

static void test_format(void **state)
{
    struct fixture *fixture = *state;
    struct db_txn *txn = begin_write(fixture->db);
    struct db *db = NULL;

    assert_int_equal(db_put(txn, DB_META, TEXT("format"), TEXT("crumb 2")), 0);
    assert_int_equal(db_commit(txn), 0);
    fixture->db = db_close(fixture->db);
    assert_int_equal(open_db(fixture->folder, DB_SERVE, 16 << 20, &db), DB_E_FORMAT);
    assert_int_equal(open_db(fixture->folder, DB_READ, 0, &db), DB_E_FORMAT);
    assert_int_equal(open_db(fixture->folder, DB_SERVE, 16 << 20, &db), DB_E_FORMAT); /* the lock is free again */
    assert_null(db);
}

/* The tables are there, but nothing says which version made them. */
static void test_no_format(void **state)
{
    struct fixture *fixture = *state;
    struct db_txn *txn = begin_write(fixture->db);
    struct db *db = NULL;

    assert_int_equal(db_delete(txn, DB_META, TEXT("format")), 0);
    assert_int_equal(db_commit(txn), 0);
    fixture->db = db_close(fixture->db);
    assert_int_equal(open_db(fixture->folder, DB_READ, 0, &db), DB_E_FORMAT);
    assert_null(db);
}

static void test_file_that_is_no_store(void **state)
{
    struct fixture *fixture = *state;
    char path[STORE_FIXTURE_PATH_BYTES + 16], bytes[16384];
    struct db *db = NULL;

    fixture->db = db_close(fixture->db);
    memset(bytes, 0x5a, sizeof bytes);
    snprintf(path, sizeof path, "%s/crumb.mdb", fixture->folder);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    assert_int_equal(open_db(fixture->folder, DB_SERVE, 16 << 20, &db), -EUCLEAN);
    assert_int_equal(open_db(fixture->folder, DB_READ, 0, &db), -EUCLEAN);
    assert_null(db);
}

/* Runs @run in a child and returns what it returned, 0 to 99. */
static int in_child(int (*run)(const char *folder), const char *folder)
{
    int status;

    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run(folder));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int serve_code(const char *folder)
{
    struct db *db = NULL;
    int r = open_db(folder, DB_SERVE, 16 << 20, &db);

    return r < 0 ? 99 : r;
}

static void test_one_server(void **state)
{
    struct fixture *fixture = *state;
    struct db *db = NULL;

    assert_int_equal(open_db(fixture->folder, DB_SERVE, 16 << 20, &db), DB_E_LOCKED);
    assert_null(db);
    assert_int_equal(in_child(serve_code, fixture->folder), DB_E_LOCKED);
    put_one(fixture->db, "still"); /* whoever was refused did not disturb us */
    fixture->db = db_close(fixture->db);
    assert_int_equal(in_child(serve_code, fixture->folder), 0);
    assert_int_equal(open_db(fixture->folder, DB_SERVE, 16 << 20, &fixture->db), 0); /* a lock dies with its process */
}

/* Beside a server that has "one" committed and "two" not yet. */
static int read_beside(const char *folder)
{
    struct db *db = NULL;
    struct db_txn *txn = NULL, *write = NULL;
    struct text value;

    if (open_db(folder, DB_READ, 0, &db))
        return 1;
    if (db_begin_read(db, &txn))
        return 2;
    if (db_get(txn, DB_JOURNAL, TEXT("one"), &value) || !text_equal(value, TEXT("value")))
        return 3;
    if (db_get(txn, DB_JOURNAL, TEXT("two"), &value) != DB_E_NOT_FOUND)
        return 4;
    if (db_begin_write(db, &write) != -EACCES || write)
        return 5;
    db_abort(txn);
    db_close(db);
    return 0;
}

static void test_reader_beside_writer(void **state)
{
    struct fixture *fixture = *state;

    put_one(fixture->db, "one");
    struct db_txn *txn = begin_write(fixture->db);
    assert_int_equal(db_put(txn, DB_JOURNAL, TEXT("two"), TEXT("value")), 0);
    assert_int_equal(in_child(read_beside, fixture->folder), 0);
    assert_int_equal(db_commit(txn), 0);
    assert_true(is_there(fixture->db, "two"));
    assert_int_equal(in_child(read_beside, fixture->folder), 4);
}

/* A full map. */

#define SMALL_BYTES DB_SIZE_BYTES_MIN

static int fill_once(struct db *db, unsigned i)
{
    static char bytes[3000];
    struct db_txn *txn = begin_write(db);
    char key[16];
    int r = 0;

    for (unsigned n = 0; r == 0 && n < 4; n++) {
        snprintf(key, sizeof key, "%06u", 4 * i + n);
        r = db_put(txn, DB_JOURNAL, text_of(key), (struct text){bytes, sizeof bytes});
    }
    if (r == 0)
        return db_commit(txn);
    db_abort(txn);
    return r;
}

static unsigned fill(struct db *db, unsigned i)
{
    int r;

    while ((r = fill_once(db, i)) == 0)
        assert_true(++i < 10000);
    assert_int_equal(r, -ENOSPC);
    assert_false(db_broken(db));
    return i;
}

static uint64_t n_rows(struct db *db)
{
    DB_TXN_AUTO *txn = begin_read(db);
    uint64_t n = 0;

    assert_int_equal(db_entries(txn, DB_JOURNAL, &n), 0);
    return n;
}

static void test_full_map(void **state)
{
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct db *db = NULL;

    store_fixture_folder(folder);
    assert_int_equal(open_db(folder, DB_SERVE, SMALL_BYTES, &db), 0);
    unsigned n = fill(db, 0);
    assert_in_range(n, 10, 100);
    assert_int_equal(n_rows(db), 4 * n); /* nothing of what failed */
    assert_int_equal(fill_once(db, n), -ENOSPC);
    assert_true(is_there(db, "000000"));

    /* Room is made: it works again. */
    for (unsigned i = 0; i < 10; i++) {
        struct db_txn *txn = begin_write(db);
        char key[16];

        snprintf(key, sizeof key, "%06u", i);
        assert_int_equal(db_delete(txn, DB_JOURNAL, text_of(key)), 0);
        assert_int_equal(db_commit(txn), 0);
    }
    assert_int_equal(fill_once(db, n), 0);
    n = fill(db, n + 1);
    db = db_close(db);

    /* Or the map is made larger. */
    assert_int_equal(open_db(folder, DB_SERVE, 4 * SMALL_BYTES, &db), 0);
    assert_int_equal(n_rows(db), 4 * n - 10);
    assert_in_range(fill(db, n), n + 100, 1000);
    db = db_close(db);

    /* A map that is asked to be smaller than what is in it opens, and is full. */
    assert_int_equal(open_db(folder, DB_SERVE, SMALL_BYTES, &db), 0);
    assert_int_equal(fill_once(db, 5000), -ENOSPC);
    assert_true(is_there(db, "000011"));
    db_close(db);
    store_fixture_remove(folder);
}

/* A full disk, as far as a process can see: its files may not grow. */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_full_disk(void **state)
{
    struct fixture *fixture = *state;
    struct stat file;
    char path[STORE_FIXTURE_PATH_BYTES + 16];

    signal(SIGXFSZ, SIG_IGN);
    snprintf(path, sizeof path, "%s/crumb.mdb", fixture->folder);
    assert_int_equal(stat(path, &file), 0);
    limit_files((rlim_t)file.st_size + (1 << 20));
    unsigned n = fill(fixture->db, 0);
    limit_files(RLIM_INFINITY);
    assert_int_equal(n_rows(fixture->db), 4 * n);
    assert_int_equal(fill_once(fixture->db, n), 0); /* there is room again */
    assert_int_equal(n_rows(fixture->db), 4 * (n + 1));
}

/* A file that was cut off is found when it is opened, not by the page that is missing. */
static void test_file_that_was_cut_off(void **state)
{
    struct fixture *fixture = *state;
    struct stat file;
    char path[STORE_FIXTURE_PATH_BYTES + 16];
    struct db *db = NULL;

    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(fill_once(fixture->db, i), 0);
    fixture->db = db_close(fixture->db);
    snprintf(path, sizeof path, "%s/crumb.mdb", fixture->folder);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(truncate(path, file.st_size / 2), 0);
    assert_int_equal(open_db(fixture->folder, DB_SERVE, 16 << 20, &db), -EUCLEAN);
    assert_int_equal(open_db(fixture->folder, DB_READ, 0, &db), -EUCLEAN);
    assert_null(db);
}

/* Pages that a transaction takes at the end and frees again are never written: the file may be short and whole. */
static void test_file_that_is_short_and_whole(void **state)
{
    enum { N = 400 };
    struct fixture *fixture = *state;
    static const char bytes[300];
    struct text key, value;
    struct stat file;
    char path[STORE_FIXTURE_PATH_BYTES + 16];
    uint64_t n = 0, n_bytes = 0;

    for (unsigned i = 0; i < 6; i++) /* pages that are free already, so that the last ones are none that is kept */
        assert_int_equal(fill_once(fixture->db, i), 0);
    struct db_txn *txn = begin_write(fixture->db);
    for (unsigned i = 0; i < 2 * N; i++) {
        struct key number = key_sequence(i < N ? i : 2 * N - 1 - i);

        if (i < N)
            assert_int_equal(db_put(txn, DB_RECEIPTS, key_text(&number), (struct text){bytes, sizeof bytes}), 0);
        else
            assert_int_equal(db_delete(txn, DB_RECEIPTS, key_text(&number)), 0);
    }
    assert_int_equal(db_commit(txn), 0);
    txn = begin_read(fixture->db);
    assert_int_equal(db_bytes(txn, &n_bytes), 0);
    db_abort(txn);
    fixture->db = db_close(fixture->db);
    snprintf(path, sizeof path, "%s/crumb.mdb", fixture->folder);
    assert_int_equal(stat(path, &file), 0);
    assert_true((uint64_t)file.st_size < n_bytes); /* else this test shows nothing */

    for (unsigned turn = 0; turn < 2; turn++) {
        assert_int_equal(truncate(path, file.st_size), 0);
        assert_int_equal(open_db(fixture->folder, turn ? DB_SERVE : DB_READ, 16 << 20, &fixture->db), 0);
        txn = begin_read(fixture->db);
        assert_int_equal(db_entries(txn, DB_RECEIPTS, &n), 0);
        assert_int_equal(n, 0);
        db_abort(txn);
        if (turn == 0)
            fixture->db = db_close(fixture->db);
    }
    assert_int_equal(fill_once(fixture->db, 2), 0); /* and it can be written */
    DB_TXN_AUTO *last = begin_read(fixture->db);
    DB_CURSOR_AUTO *cursor = NULL;
    assert_int_equal(db_cursor_new(last, DB_JOURNAL, &cursor), 0);
    for (int r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value))
        ;
}

/* A reader that was killed does not keep pages from being used again. */
static void test_killed_reader(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before = 0, between = 0, after = 0;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct db *db = NULL;

        if (open_db(fixture->folder, DB_READ, 0, &db) == 0 && begin_read(db) && write(pipes[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    char ready;
    assert_int_equal(read(pipes[0], &ready, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(pipes[0]);
    close(pipes[1]);
    uint64_t *const sizes[] = {&before, &between, &after};
    for (unsigned i = 0; i < 3; i++) {
        if (i == 2)
            db_check_readers(fixture->db);
        for (unsigned n = 0; n < 50; n++)
            assert_int_equal(fill_once(fixture->db, 7), 0);
        struct db_txn *txn = begin_read(fixture->db);
        assert_int_equal(db_bytes(txn, sizes[i]), 0);
        db_abort(txn);
    }
    assert_true(between > before);
    assert_int_equal(after, between);
}

/* Pages of the store that are mapped here, in bytes. */
static size_t resident(void)
{
    unsigned long size, pages, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu %lu", &size, &pages, &shared), 3);
    fclose(file);
    return shared * (size_t)sysconf(_SC_PAGESIZE);
}

/* Whoever reads everything does not keep it all in memory. */
static void test_residency_is_bounded(void **state)
{
    enum { N = 6000, BYTES = 12000 }; /* three times what may be resident */
    static char bytes[BYTES];
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct text key, value;
    struct db *db = NULL;
    size_t most = 0, before = resident(); /* the program's own */

    store_fixture_folder(folder);
    assert_int_equal(open_db(folder, DB_SERVE, 128 << 20, &db), 0);
    struct db_txn *txn = begin_write(db);
    for (unsigned i = 0; i < N; i++) {
        struct key number = key_sequence(i);

        memset(bytes, (int)i, sizeof bytes);
        assert_int_equal(db_put(txn, DB_JOURNAL, key_text(&number), (struct text){bytes, sizeof bytes}), 0);
    }
    assert_int_equal(db_commit(txn), 0);
    txn = begin_read(db);
    struct db_cursor *cursor = NULL;
    unsigned n = 0;
    assert_int_equal(db_cursor_new(txn, DB_JOURNAL, &cursor), 0);
    for (int r = db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0; r = db_cursor_next(cursor, &key, &value)) {
        memset(bytes, (int)n++, sizeof bytes);
        assert_true(text_equal(value, (struct text){bytes, sizeof bytes})); /* given back is not lost */
        if (n % 100 == 0)
            most = resident() > most ? resident() : most;
    }
    assert_int_equal(n, N);
    size_t bound = before > DB_RESIDENT_BYTES_MAX ? before : DB_RESIDENT_BYTES_MAX;
    assert_in_range(most, 0, bound + DB_RESIDENT_STEPS * 4 * 4096);
    db_cursor_free(cursor);
    db_abort(txn);
    db_close(db);
    store_fixture_remove(folder);
}

/* Steps that fail. */

struct fault {
    enum db_step step;
    unsigned n_until; /* this many go well first */
    int code;
    unsigned n_seen[3];
};

static int inject(void *context, enum db_step step)
{
    struct fault *fault = context;

    fault->n_seen[step]++;
    return step == fault->step && fault->n_until-- == 0 ? fault->code : 0;
}

static int two_rows(struct db *db)
{
    struct db_txn *txn = NULL;
    int r = db_begin_write(db, &txn);

    if (r) {
        assert_null(txn);
        return r;
    }
    r = db_put(txn, DB_JOURNAL, TEXT("a"), TEXT("1"));
    if (r == 0)
        r = db_put(txn, DB_JOURNAL, TEXT("b"), TEXT("2"));
    if (r) {
        db_abort(txn);
        return r;
    }
    return db_commit(txn);
}

static void test_injected_faults(void **state)
{
    static const struct {
        const char *name;
        enum db_step step;
        unsigned n_until;
        int code, r;
    } rows[] = {
        {"begin", DB_STEP_BEGIN, 0, -EIO, -EIO},
        {"first put", DB_STEP_PUT, 0, -ENOSPC, -ENOSPC},
        {"second put", DB_STEP_PUT, 1, -EIO, -EIO},
        {"commit", DB_STEP_COMMIT, 0, -ENOSPC, -ENOSPC},
        {"the commit after this", DB_STEP_COMMIT, 1, -ENOSPC, 0},
        {"a result that is no fault", DB_STEP_COMMIT, 0, 5, 0},
    };

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct fault fault = {.step = rows[i].step, .n_until = rows[i].n_until, .code = rows[i].code};
        char folder[STORE_FIXTURE_PATH_BYTES];
        struct db *db = NULL;

        store_fixture_folder(folder);
        assert_int_equal(db_open(&(struct db_options){.folder = folder,
                                                      .mode = DB_SERVE,
                                                      .size_bytes_max = 16 << 20,
                                                      .fault = inject,
                                                      .fault_context = &fault},
                                 &db),
                         0);
        check_equal(rows[i].name, two_rows(db), rows[i].r);
        check_equal(rows[i].name, is_there(db, "a"), rows[i].r == 0);
        check_equal(rows[i].name, is_there(db, "b"), rows[i].r == 0);
        check_equal(rows[i].name, fault.n_seen[DB_STEP_BEGIN], 1);
        check(rows[i].name, !db_broken(db));
        fault.code = 0;
        check_equal(rows[i].name, two_rows(db), 0); /* and all is well again */
        check(rows[i].name, is_there(db, "a") && is_there(db, "b"));
        db_close(db);
        store_fixture_remove(folder);
    }
}

static void test_table_names(void **state)
{
    for (unsigned i = 0; i < DB_TABLE_N; i++) {
        assert_non_null(db_table_name(i));
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(db_table_name(i), db_table_name(j));
    }
}

#define DB_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(test_rows),
        DB_TEST(test_values_of_any_size),
        DB_TEST(test_snapshots),
        DB_TEST(test_as_many_readers_as_told),
        DB_TEST(test_cursor),
        cmocka_unit_test(test_absent),
        DB_TEST(test_folders_that_are_none),
        DB_TEST(test_format),
        DB_TEST(test_no_format),
        DB_TEST(test_file_that_is_no_store),
        DB_TEST(test_one_server),
        DB_TEST(test_reader_beside_writer),
        cmocka_unit_test(test_full_map),
        DB_TEST(test_full_disk),
        DB_TEST(test_file_that_was_cut_off),
        DB_TEST(test_file_that_is_short_and_whole),
        DB_TEST(test_killed_reader),
        cmocka_unit_test(test_residency_is_bounded),
        cmocka_unit_test(test_injected_faults),
        cmocka_unit_test(test_table_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

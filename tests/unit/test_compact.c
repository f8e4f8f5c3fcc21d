/*
 * Compacting: nothing of what was deleted is left in the file, everything else
 * is, whoever uses the store keeps it as it is, and so does being stopped.
 */
#include "crumb/store/compact.h"
#include "day_store.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS 400
#define MARKER_BYTES 32

struct store {
    struct store_fixture fixture;
    const struct site *blog;
    char marker[MARKER_BYTES]; /* of a row that was deleted */
    char kept[MARKER_BYTES];   /* of one that was not */
};

static struct db_options options_of(const struct store *store)
{
    return (struct db_options){.folder = store->fixture.folder, .mode = DB_SERVE, .size_bytes_max = 64 << 20};
}

static void path_of(const struct store *store, const char *name, char ret_path[STORE_FIXTURE_PATH_BYTES + 32])
{
    snprintf(ret_path, STORE_FIXTURE_PATH_BYTES + 32, "%s/%s", store->fixture.folder, name);
}

/* The end of a journal's row, in its box: found nowhere else. */
static void copy_row(struct db_txn *txn, const struct store *store, int32_t day, char ret_bytes[MARKER_BYTES])
{
    struct key from = key_journal(store->blog->id, day, 0);
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;

    assert_int_equal(db_cursor_new(txn, DB_JOURNAL, &cursor), 0);
    assert_int_equal(db_cursor_seek(cursor, key_text(&from), &key, &value), 0);
    assert_true(value.size > MARKER_BYTES);
    memcpy(ret_bytes, value.data + value.size - MARKER_BYTES, MARKER_BYTES);
}

static void delete_day(struct db *db, const struct site *site, int32_t day)
{
    struct key from = key_journal(site->id, day, 0);
    struct batch batch;
    struct day_state state;

    assert_int_equal(batch_begin(db, &batch), 0);
    for (int i = 0; i < EVENTS; i++) {
        DB_CURSOR_AUTO *cursor = NULL;
        struct text key, value;
        struct key row = {.size = 0};

        assert_int_equal(db_cursor_new(batch.txn, DB_JOURNAL, &cursor), 0);
        assert_int_equal(db_cursor_seek(cursor, key_text(&from), &key, &value), 0);
        row.size = key.size;
        memcpy(row.bytes, key.data, key.size);
        cursor = db_cursor_free(cursor);
        assert_int_equal(db_delete(batch.txn, DB_JOURNAL, key_text(&row)), 0);
    }
    assert_int_equal(day_get(batch.txn, site->id, day, &state), 0);
    state.events -= EVENTS;
    state.removed += EVENTS;
    assert_int_equal(day_put(batch.txn, site->id, day, &state), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

/* Two days of events, the first of which was deleted. */
static void make_store(struct store *store)
{
    struct db_txn *txn;

    store_fixture_init(&store->fixture, store_fixture_yaml);
    store->blog = store_fixture_site(&store->fixture, "blog");
    day_store_fill(store->fixture.db, store->blog, DAY_STORE_FIRST, EVENTS);
    day_store_fill(store->fixture.db, store->blog, DAY_STORE_FIRST + 1, EVENTS);
    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    copy_row(txn, store, DAY_STORE_FIRST, store->marker);
    copy_row(txn, store, DAY_STORE_FIRST + 1, store->kept);
    db_abort(txn);
    delete_day(store->fixture.db, store->blog, DAY_STORE_FIRST);
}

static void close_db(struct store *store) { store->fixture.db = db_close(store->fixture.db); }

static bool has(const struct store *store, const char bytes[MARKER_BYTES])
{
    return store_fixture_has_bytes(store->fixture.folder, (struct text){.data = bytes, .size = MARKER_BYTES});
}

static bool is_there(const struct store *store, const char *name)
{
    char path[STORE_FIXTURE_PATH_BYTES + 32];

    path_of(store, name, path);
    return access(path, F_OK) == 0;
}

/* Opens it again, reads what must be there, and writes once more. */
static void check_whole(struct store *store)
{
    char row[MARKER_BYTES];
    struct db_txn *txn;
    uint64_t n;

    store->fixture.db = store_fixture_open(store->fixture.folder);
    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(db_entries(txn, DB_JOURNAL, &n), 0);
    assert_int_equal(n, EVENTS);
    copy_row(txn, store, DAY_STORE_FIRST + 1, row);
    assert_memory_equal(row, store->kept, MARKER_BYTES);
    db_abort(txn);
    assert_true(store_fixture_can_read(store->fixture.db, TEXT("/7")));
    day_store_add(store->fixture.db, store->blog, DAY_STORE_FIRST + 2, 1, STORE_FIXTURE_NOW_MS, "/more");
    store_fixture_reopen(&store->fixture);
    assert_int_equal(db_begin_read(store->fixture.db, &txn), 0);
    assert_int_equal(db_entries(txn, DB_JOURNAL, &n), 0);
    assert_int_equal(n, EVENTS + 1);
    db_abort(txn);
    assert_false(is_there(store, DB_DRAFT));
}

static void test_compact(void **state)
{
    struct compact_sizes sizes;
    struct store store;
    struct stat info;
    char path[STORE_FIXTURE_PATH_BYTES + 32];

    (void)state;
    make_store(&store);
    close_db(&store);
    assert_true(has(&store, store.marker)); /* in a free page */
    struct db_options options = options_of(&store);
    assert_int_equal(compact_store(&options, &sizes), 0);
    assert_true(sizes.after < sizes.before);
    assert_false(has(&store, store.marker));
    assert_true(has(&store, store.kept));
    path_of(&store, "crumb.mdb", path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    check_whole(&store);
    store_fixture_deinit(&store.fixture);
}

static void test_absent(void **state)
{
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct compact_sizes sizes;

    (void)state;
    store_fixture_folder(folder);
    struct db_options options = {.folder = folder, .mode = DB_SERVE, .size_bytes_max = 64 << 20};
    assert_int_equal(compact_store(&options, &sizes), DB_E_ABSENT);
    store_fixture_remove(folder);
}

/* ---- others use it ---- */

/* A process that has the store open until its end of the pipe is closed. */
static pid_t open_elsewhere(const struct store *store, enum db_mode mode, int ret_pipe[2])
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ret_pipe), 0);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct db_options options = options_of(store);
        struct db *db = NULL;

        options.mode = mode;
        close(ret_pipe[1]);
        int r = db_open(&options, &db);
        if (r == 0 && write(ready[1], "", 1) == 1 && read(ret_pipe[0], &byte, 1) == 0)
            db_close(db);
        _exit(r ? 1 : 0);
    }
    close(ret_pipe[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void test_in_use(void **state)
{
    static const struct {
        const char *name;
        enum db_mode mode;
        int result;
    } rows[] = {{"a server", DB_SERVE, DB_E_LOCKED}, {"a command", DB_READ, COMPACT_E_READERS}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct compact_sizes sizes;
        struct store store;
        int line[2], status;

        make_store(&store);
        close_db(&store);
        pid_t pid = open_elsewhere(&store, rows[i].mode, line);
        struct db_options options = options_of(&store);
        check_equal(rows[i].name, compact_store(&options, &sizes), rows[i].result);
        check(rows[i].name, has(&store, store.marker));
        check(rows[i].name, !is_there(&store, DB_DRAFT));
        close(line[1]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        check_equal(rows[i].name, status, 0);
        check_equal(rows[i].name, compact_store(&options, &sizes), 0);
        check_whole(&store);
        store_fixture_deinit(&store.fixture);
    }
}

/* ---- stopped ---- */

static void write_file(const struct store *store, const char *name, const void *bytes, size_t size)
{
    char path[STORE_FIXTURE_PATH_BYTES + 32];

    path_of(store, name, path);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void leave_draft(const struct store *store) { write_file(store, DB_DRAFT, "half a store", 12); }

static void leave_invalid_lock(const struct store *store)
{
    leave_draft(store);
    write_file(store, "crumb.mdb-lock", "\0\0\0\0\0\0\0", 8);
}

/* The copy has taken its place, and the lock of the store before is still there. */
static void leave_lock(const struct store *store)
{
    struct db_options options = options_of(store);
    char lock[STORE_FIXTURE_PATH_BYTES + 32], kept[STORE_FIXTURE_PATH_BYTES + 32];
    struct compact_sizes sizes;

    path_of(store, "crumb.mdb-lock", lock);
    path_of(store, "kept", kept);
    assert_int_equal(link(lock, kept), 0); /* the same file, which is made invalid */
    assert_int_equal(compact_store(&options, &sizes), 0);
    assert_int_equal(rename(kept, lock), 0);
}

static void test_stopped(void **state)
{
    static void (*const leave[])(const struct store *store) = {leave_draft, leave_invalid_lock, leave_lock};

    (void)state;
    for (size_t i = 0; i < N_ROWS(leave); i++) {
        struct store store;

        make_store(&store);
        close_db(&store);
        leave[i](&store);
        check_whole(&store);
        store_fixture_deinit(&store.fixture);
    }
}

/* A full disk: the write of the copy fails, wherever it is. */
static void test_no_room(void **state)
{
    struct rlimit before, little;
    struct compact_sizes sizes;
    struct store store;

    (void)state;
    make_store(&store);
    close_db(&store);
    struct db_options options = options_of(&store);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t kib = 16; kib <= 64; kib *= 2) {
        little = (struct rlimit){.rlim_cur = kib << 10, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
        int r = compact_store(&options, &sizes);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(r, -ENOSPC);
        assert_false(is_there(&store, DB_DRAFT));
    }
    check_whole(&store);
    store_fixture_deinit(&store.fixture);
}

/* ---- copies ---- */

static void test_copy(void **state)
{
    char copy[STORE_FIXTURE_PATH_BYTES], to[STORE_FIXTURE_PATH_BYTES + 32], from[STORE_FIXTURE_PATH_BYTES + 32];
    static const char *const keys[] = {"keys", "master.key"};
    struct store store;
    struct stat info;

    (void)state;
    make_store(&store);
    store_fixture_folder(copy);
    snprintf(to, sizeof to, "%s/crumb.mdb", copy);
    assert_int_equal(compact_copy(store.fixture.db, to), 0); /* while it is open to write */
    assert_int_equal(compact_copy(store.fixture.db, to), COMPACT_E_EXISTS);
    assert_int_equal(stat(to, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_false(store_fixture_has_bytes(copy, (struct text){.data = store.marker, .size = MARKER_BYTES}));
    for (size_t i = 0; i < N_ROWS(keys); i++) {
        path_of(&store, keys[i], from);
        snprintf(to, sizeof to, "%s/%s", copy, keys[i]);
        assert_int_equal(compact_copy_file(from, to), 0);
        assert_int_equal(compact_copy_file(from, to), COMPACT_E_EXISTS);
    }
    path_of(&store, "no such file", from);
    assert_int_equal(compact_copy_file(from, "/nowhere/to"), -ENOENT);
    struct db *db = store_fixture_open(copy);
    assert_true(store_fixture_can_read(db, TEXT("/7")));
    db_close(db);
    store_fixture_remove(copy);
    store_fixture_deinit(&store.fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compact), cmocka_unit_test(test_absent),
                                       cmocka_unit_test(test_in_use),  cmocka_unit_test(test_stopped),
                                       cmocka_unit_test(test_no_room), cmocka_unit_test(test_copy)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

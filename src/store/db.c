/*
 * The only file that calls LMDB.
 *
 * The environment is opened with the defaults that make a commit durable: data
 * pages are written and synced, then the page that points to them is written
 * and synced.  No MDB_WRITEMAP: a full disk must be an error code of write(2),
 * not a SIGBUS.  MDB_NOTLS, so that a read transaction belongs to whoever holds
 * it.  MDB_NORDAHEAD, as most reads are single rows; a walk asks for what comes
 * next by itself, DB_AHEAD_BYTES at a time.
 *
 * Pages of the map that were read count as the process's memory until they are
 * unmapped, so a scan of a large journal would look like growth.  Every
 * DB_RESIDENT_STEPS steps it is asked how much is resident, and past
 * DB_RESIDENT_BYTES_MAX the map's pages are given back; they stay in the page
 * cache, and the next touch maps them again.
 *
 * The reserve: LMDB knows only "full".  Whether a transaction leaves as many
 * pages as are kept is asked by taking them in a nested transaction that is
 * then given up, which is exact whatever the lists of free pages look like.
 * This is done only where the store is so full that it could matter.
 *
 * A second lock beside LMDB's own, flock(2) on the file `lock`, keeps a second
 * server out of the folder; readers do not take it.
 */
#include "crumb/store/db.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include "crumb/store/doomed.h"
#include "crumb/store/keys.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DB_FILE_MODE 0600
#define DB_FOLDER_MODE 0700
#define DB_FORMAT "crumb 1"
#define LOCK_FILE_BYTES (192 + 64 * (DB_READERS_MAX - 1)) /* as large as LMDB makes it */

static const char *const table_names[DB_TABLE_N] = {
    [DB_META] = "meta",         [DB_SITES] = "sites",       [DB_NOTICES] = "notices",
    [DB_LEDGER] = "ledger",     [DB_RECEIPTS] = "receipts", [DB_VISITORS] = "visitors",
    [DB_JOURNAL] = "journal",   [DB_DAYS] = "days",         [DB_ACCOUNTING] = "accounting",
    [DB_ROLLUPS] = "rollups",   [DB_SEGMENTS] = "segments", [DB_CONSENTS] = "consents",
    [DB_DOOMED] = "doomed",     [DB_ORPHANS] = "orphans",   [DB_AUDIT] = "audit",
    [DB_REQUESTS] = "requests", [DB_DUE] = "due",           [DB_ASKERS] = "askers",
    [DB_VERSIONS] = "versions", [DB_CHOICES] = "choices",   [DB_AMENDED] = "amended",
    [DB_JOBS] = "jobs",         [DB_DEEDS] = "deeds",       [DB_MINORS] = "minors"};

struct db {
    MDB_env *env;
    MDB_dbi tables[DB_TABLE_N];
    int lock; /* descriptor, or -1 */
    bool broken;
    void *map; /* where LMDB mapped the file, or NULL: not found */
    size_t map_size;
    size_t size_bytes, page_bytes; /* of the store at most; 0: read only */
    atomic_uint n_steps;           /* since residency was asked last */
    int (*fault)(void *context, enum db_step step);
    void *fault_context;
    struct keyring *keyring;
    struct keys keys; /* the writer's */
};

struct db_txn {
    struct db *db;
    MDB_txn *txn;
    bool may_use_reserve, has_put;
    size_t touched_bytes;         /* by writes: no more pages than this were taken */
    unsigned n_steps;             /* not yet told to the db */
    MDB_cursor *puts[DB_TABLE_N]; /* of a write transaction, made when needed and ended with it: a put beside the last
                                     one needs no search */
};

struct db_cursor {
    struct db_txn *txn;
    MDB_cursor *cursor;
    size_t window; /* of the map, where the last row was */
    unsigned n_in_window;
};

/* LMDB's codes are converted here and nowhere else. */
static int db_error_at(int code, const char *file, int line)
{
    switch (code) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return DB_E_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return error_origin_at(-ENOSPC, file, line);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_BAD_DBI:
        return error_origin_at(-EUCLEAN, file, line);
    case MDB_PANIC:
        return error_origin_at(-EIO, file, line);
    case MDB_READERS_FULL:
    case MDB_TXN_FULL:
        return error_origin_at(-EAGAIN, file, line);
    default:
        return error_origin_at(code > 0 ? -code : -ENOTRECOVERABLE, file, line);
    }
}

#define db_error(code) db_error_at((code), __FILE__, __LINE__)

static MDB_val val_of(struct text text)
{
    return (MDB_val){.mv_size = text.size, .mv_data = (void *)(uintptr_t)text.data};
}

static struct text text_of_val(MDB_val val) { return (struct text){.data = val.mv_data, .size = val.mv_size}; }

static int injected(const struct db *db, enum db_step step)
{
    int r = db->fault ? db->fault(db->fault_context, step) : 0;

    return r < 0 ? error_origin(r) : 0;
}

/* ---- residency ---- */

/* LMDB does not tell where its map is; the kernel does. */
static void find_map(struct db *db)
{
    struct stat file;
    int fd;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");

    if (!maps || mdb_env_get_fd(db->env, &fd) || fstat(fd, &file) < 0) {
        if (maps)
            fclose(maps);
        return;
    }
    while (!db->map && fgets(line, sizeof line, maps)) {
        uintptr_t from, to;
        unsigned major_number, minor_number;
        uint64_t inode;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*x %x:%x %" SCNu64, &from, &to, &major_number, &minor_number,
                   &inode) == 5 &&
            inode == file.st_ino && major_number == major(file.st_dev) && minor_number == minor(file.st_dev)) {
            db->map = (void *)from;
            db->map_size = to - from;
        }
    }
    fclose(maps);
}

static void bound_residency(struct db *db)
{
    char text[128];
    unsigned long size, resident, shared = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "%lu %lu %lu", &size, &resident, &shared) == 3 &&
        shared * (unsigned long)sysconf(_SC_PAGESIZE) > DB_RESIDENT_BYTES_MAX)
        madvise(db->map, db->map_size, MADV_DONTNEED);
}

static void tell_steps(struct db_txn *txn)
{
    unsigned n = txn->n_steps;

    txn->n_steps = 0;
    if (txn->db->map && atomic_fetch_add(&txn->db->n_steps, n) + n >= DB_RESIDENT_STEPS) {
        atomic_store(&txn->db->n_steps, 0);
        bound_residency(txn->db);
    }
}

/* Counts one row read or written; a large one lies on many pages. */
static void step(struct db_txn *txn, size_t value_bytes)
{
    size_t n = 1 + value_bytes / DB_RESIDENT_STEP_BYTES;

    txn->n_steps += n < DB_RESIDENT_STEPS ? (unsigned)n : DB_RESIDENT_STEPS;
    if (txn->n_steps >= DB_RESIDENT_STEPS)
        tell_steps(txn);
}

/* ---- opening ---- */

static int open_lock(struct db *db, const char *folder)
{
    char path[PATH_BYTES_MAX];

    if (snprintf(path, sizeof path, "%s/lock", folder) >= (int)sizeof path)
        return error_origin(-ENAMETOOLONG);
    db->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, DB_FILE_MODE);
    if (db->lock < 0)
        return error_origin(-errno);
    if (flock(db->lock, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? DB_E_LOCKED : error_origin(-errno);
    return 0;
}

/* A new store names its keyring; every other one must find it, and not an older copy of it. */
static int meet_keyring(struct db *db, MDB_txn *txn, bool is_new)
{
    uint8_t bytes[KEYRING_ID_BYTES + 8 + CHECKSUM_BYTES];
    struct buffer row = BUFFER_OVER(bytes);
    MDB_val key = val_of(DOOMED_KEYRING_KEY), value;

    if (is_new) {
        doomed_encode_keyring(keyring_id(db->keyring), keyring_serial(db->keyring), &row);
        value = val_of(buffer_text(&row));
        return db_error(mdb_put(txn, db->tables[DB_META], &key, &value, 0));
    }
    int r = db_error(mdb_get(txn, db->tables[DB_META], &key, &value));
    if (r)
        return r == DB_E_NOT_FOUND ? DB_E_FORMAT : r;
    const uint8_t *id;
    uint64_t serial;
    if (!doomed_decode_keyring(text_of_val(value), &id, &serial))
        return error_origin(-EBADMSG);
    return keyring_meet(db->keyring, id, serial);
}

static int open_tables(struct db *db, bool writable)
{
    MDB_txn *txn;
    int r = db_error(mdb_txn_begin(db->env, NULL, writable ? 0 : MDB_RDONLY, &txn));

    if (r)
        return r;
    for (unsigned i = 0; i < DB_TABLE_N; i++) {
        r = db_error(mdb_dbi_open(txn, table_names[i], writable ? MDB_CREATE : 0, &db->tables[i]));
        if (r) {
            mdb_txn_abort(txn);
            return r == DB_E_NOT_FOUND ? DB_E_ABSENT : r;
        }
    }
    MDB_val key = {.mv_size = 6, .mv_data = (void *)(uintptr_t) "format"}, value;
    bool is_new = false;
    r = mdb_get(txn, db->tables[DB_META], &key, &value);
    if (r == MDB_NOTFOUND && writable) {
        value = val_of(TEXT(DB_FORMAT));
        r = mdb_put(txn, db->tables[DB_META], &key, &value, 0);
        is_new = true;
    } else if (r == MDB_NOTFOUND || (r == 0 && !text_equal(text_of_val(value), TEXT(DB_FORMAT)))) {
        mdb_txn_abort(txn);
        return DB_E_FORMAT;
    }
    r = db_error(r);
    if (r == 0)
        r = meet_keyring(db, txn, is_new);
    if (r) {
        mdb_txn_abort(txn);
        return r;
    }
    return db_error(mdb_txn_commit(txn));
}

/* ---- a file that ends early ---- */

/* How many pages from @from on are free. */
static int count_free(struct db *db, size_t from, size_t *ret_n)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t n = 0;
    int r = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn);

    if (r)
        return db_error(r);
    /* LMDB's own list of free pages is table 0: by transaction, a count and as many page numbers. */
    r = mdb_cursor_open(txn, 0, &cursor);
    if (r) {
        mdb_txn_abort(txn);
        return db_error(r);
    }
    while ((r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        const size_t *pages = value.mv_data;
        size_t count = value.mv_size / sizeof *pages;

        for (size_t i = 1; i < count && i <= pages[0]; i++)
            n += pages[i] >= from;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    if (r != MDB_NOTFOUND)
        return db_error(r);
    *ret_n = n;
    return 0;
}

/*
 * The file at @path has @n_there pages, and the store speaks of @n_wanted.
 * What a transaction took at the end and freed again is never written, so
 * pages that are missing may all be free; then the file is made longer, as a
 * page behind its end would be a SIGBUS.  Else it was cut off.
 */
static int mend_size(struct db *db, const char *path, size_t n_there, size_t n_wanted, size_t page_size)
{
    size_t n_free = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return error_origin(-errno);
    int r = fallocate(fd, 0, (off_t)(n_wanted * page_size) - 1, 1) < 0 ? error_origin(-errno) : 0;
    if (r == 0)
        r = count_free(db, n_there, &n_free);
    if (r == 0 && n_free != n_wanted - n_there)
        r = error_origin(-EUCLEAN);
    if (r && ftruncate(fd, (off_t)(n_there * page_size)) < 0) /* as it was: it is refused the next time, too */
        r = error_origin(-errno);
    close(fd);
    return r;
}

static int check_size(struct db *db, const char *path, const char *folder)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    int fd, r = db_error(mdb_env_info(db->env, &info));

    if (r == 0)
        r = db_error(mdb_env_stat(db->env, &stat));
    if (r == 0)
        r = db_error(mdb_env_get_fd(db->env, &fd));
    if (r)
        return r;
    if (fstat(fd, &file) < 0)
        return error_origin(-errno);
    size_t n_there = (size_t)file.st_size / stat.ms_psize, n_wanted = info.me_last_pgno + 1;
    if (n_there >= n_wanted)
        return 0;
    bool reads = db->lock < 0;
    r = reads ? open_lock(db, folder) : 0;
    if (r == DB_E_LOCKED)
        r = 0; /* a server has looked at it already and writes it now */
    else if (r == 0)
        r = mend_size(db, path, n_there, n_wanted, stat.ms_psize);
    if (reads && db->lock >= 0) {
        close(db->lock);
        db->lock = -1;
    }
    return r;
}

/*
 * LMDB writes its lock file through a map, where a full disk is a SIGBUS, so
 * its blocks are asked for first.
 */
static int allocate_lock(const char *path)
{
    char lock[PATH_BYTES_MAX + 16];

    snprintf(lock, sizeof lock, "%s-lock", path);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, DB_FILE_MODE);
    int r = fd < 0 ? -errno : -posix_fallocate(fd, 0, LOCK_FILE_BYTES);
    if (fd >= 0)
        close(fd);
    return r ? error_origin(r) : 0;
}

static int open_file(struct db *db, const char *path, const struct db_options *options)
{
    bool writable = options->mode == DB_SERVE;
    int r = allocate_lock(path);

    /* Who only reads may do so where nothing can be written; LMDB says whether. */
    if (!writable && (r == -EROFS || r == -EACCES || r == -EPERM))
        r = 0;
    if (r == 0)
        r = db_error(mdb_env_create(&db->env));
    if (r)
        return r;
    mdb_env_set_maxdbs(db->env, DB_TABLE_N);
    mdb_env_set_maxreaders(db->env, DB_READERS_MAX);
    if (writable)
        mdb_env_set_mapsize(db->env, (size_t)options->size_bytes_max);
    r = mdb_env_open(db->env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (writable ? 0 : MDB_RDONLY),
                     DB_FILE_MODE);
    if (r)
        return db_error(r);
    r = check_size(db, path, options->folder);
    return r ? error_trace(r) : error_trace(open_tables(db, writable));
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return r ? error_origin(r) : 0;
}

/*
 * A new store is made whole under another name and then renamed: LMDB does not
 * sync the first pages of a file before it relies on them, so a power cut could
 * leave one that can never be opened.
 */
static int make_file(struct db *db, const char *path, const struct db_options *options)
{
    char draft[PATH_BYTES_MAX + 16], draft_lock[PATH_BYTES_MAX + 16];

    snprintf(draft, sizeof draft, "%s.new", path);
    snprintf(draft_lock, sizeof draft_lock, "%s.new-lock", path);
    unlink(draft);
    int r = open_file(db, draft, options);
    if (db->env) {
        if (r == 0)
            r = db_error(mdb_env_sync(db->env, 1));
        mdb_env_close(db->env);
        db->env = NULL;
    }
    unlink(draft_lock);
    if (r == 0 && rename(draft, path) < 0)
        r = error_origin(-errno);
    if (r) {
        unlink(draft);
        return r;
    }
    return error_trace(sync_folder(options->folder));
}

static int find_size(struct db *db, const struct db_options *options)
{
    MDB_stat stat;
    int r = options->mode == DB_SERVE ? db_error(mdb_env_stat(db->env, &stat)) : 0;

    if (r == 0 && options->mode == DB_SERVE) {
        db->size_bytes = (size_t)options->size_bytes_max;
        db->page_bytes = stat.ms_psize;
    }
    return r;
}

static int keys_step(void *context)
{
    const struct db *db = context;

    return db->fault ? db->fault(db->fault_context, DB_STEP_KEYS) : 0;
}

static int open_keyring(struct db *db, const struct db_options *options, bool may_make)
{
    struct keyring_options keyring = {.folder = options->folder,
                                      .master_path = options->master_key,
                                      .writable = options->mode == DB_SERVE,
                                      .may_make = may_make,
                                      .random = options->random,
                                      .fault = keys_step,
                                      .fault_context = db};
    int r = keyring_open(&keyring, &db->keyring);

    if (r == 0)
        db->keys = KEYS_INIT(db->keyring, KEYS_OPENED_MAX);
    return r < 0 ? error_trace(r) : r;
}

/* Of somebody who was killed. */
static int drop_draft(const struct db_options *options)
{
    char path[PATH_BYTES_MAX];

    if (snprintf(path, sizeof path, "%s/" DB_DRAFT, options->folder) >= (int)sizeof path)
        return error_origin(-ENAMETOOLONG);
    return unlink(path) < 0 && errno != ENOENT ? error_origin(-errno) : 0;
}

static int open_env(struct db *db, const struct db_options *options)
{
    char path[PATH_BYTES_MAX];

    if (snprintf(path, sizeof path, "%s/crumb.mdb", options->folder) >= (int)sizeof path)
        return error_origin(-ENAMETOOLONG);
    bool is_there = access(path, F_OK) == 0;
    if (!is_there && errno != ENOENT)
        return error_origin(-errno);
    if (!is_there && options->mode == DB_READ)
        return DB_E_ABSENT;
    int r = open_keyring(db, options, !is_there);
    if (r == 0 && !is_there)
        r = make_file(db, path, options);
    if (r == 0)
        r = open_file(db, path, options);
    if (r)
        return error_trace(r);
    r = find_size(db, options);
    if (r)
        return r;
    find_map(db);
    db_check_readers(db);
    return 0;
}

int db_open(const struct db_options *options, struct db **ret_db)
{
    struct db *db = calloc(1, sizeof *db);
    int r = 0;

    if (!db)
        return error_origin(-ENOMEM);
    db->lock = -1;
    db->fault = options->fault;
    db->fault_context = options->fault_context;
    if (options->mode == DB_SERVE) {
        if (mkdir(options->folder, DB_FOLDER_MODE) < 0 && errno != EEXIST)
            r = error_origin(-errno);
        else
            r = open_lock(db, options->folder);
        if (r == 0)
            r = drop_draft(options);
    }
    if (r == 0)
        r = open_env(db, options);
    if (r == 0 && options->mode == DB_SERVE)
        r = doomed_work_off(db);
    if (r) {
        db_close(db);
        return error_trace(r);
    }
    *ret_db = db;
    return 0;
}

struct db *db_close(struct db *db)
{
    if (db) {
        if (db->env)
            mdb_env_close(db->env);
        keys_deinit(&db->keys);
        keyring_close(db->keyring);
        if (db->lock >= 0)
            close(db->lock);
        free(db);
    }
    return NULL;
}

int db_close_but_hold(struct db *db)
{
    int lock = db->lock;

    db->lock = -1;
    db_close(db);
    return lock;
}

int db_copy(struct db *db, int fd)
{
    int r = db_error(mdb_env_copyfd2(db->env, fd, MDB_CP_COMPACT));

    if (r)
        return r > 0 ? error_origin(-EUCLEAN) : r;
    return fdatasync(fd) < 0 ? error_origin(-errno) : 0;
}

void db_check_readers(struct db *db)
{
    int n_dead;

    mdb_reader_check(db->env, &n_dead);
}

bool db_broken(const struct db *db) { return db->broken; }
void db_break(struct db *db) { db->broken = true; }

struct db *db_of(struct db_txn *txn) { return txn->db; }
struct keyring *db_keyring(struct db_txn *txn) { return txn->db->keyring; }
struct keyring *db_keyring_of(struct db *db) { return db->keyring; }
struct keys *db_keys(struct db_txn *txn) { return &txn->db->keys; }
struct keys *db_keys_of(struct db *db) { return &db->keys; }

static int begin(struct db *db, unsigned flags, struct db_txn **ret_txn)
{
    struct db_txn *txn = calloc(1, sizeof *txn);

    if (!txn)
        return error_origin(-ENOMEM);
    int r = db_error(mdb_txn_begin(db->env, NULL, flags, &txn->txn));
    if (r) {
        free(txn);
        return r;
    }
    txn->db = db;
    *ret_txn = txn;
    return 0;
}

int db_begin_read(struct db *db, struct db_txn **ret_txn) { return error_trace(begin(db, MDB_RDONLY, ret_txn)); }

int db_begin_write(struct db *db, struct db_txn **ret_txn)
{
    int r = injected(db, DB_STEP_BEGIN);

    return r ? r : error_trace(begin(db, 0, ret_txn));
}

/* ---- the reserve ---- */

/* A write takes new pages for what it writes and for each level of the tree above it, twice where they split. */
#define DEPTH_MAX 16

static void touch(struct db_txn *txn, size_t value_bytes)
{
    txn->touched_bytes += value_bytes + 2 * DEPTH_MAX * txn->db->page_bytes;
}

static size_t reserve_bytes(const struct db *db)
{
    size_t share = db->size_bytes / DB_RESERVE_SHARE;

    return share < DB_RESERVE_BYTES_MIN   ? DB_RESERVE_BYTES_MIN
           : share > DB_RESERVE_BYTES_MAX ? DB_RESERVE_BYTES_MAX
                                          : share;
}

/* False where even the most that the transaction can have taken leaves enough. */
static bool is_near_reserve(const struct db_txn *txn)
{
    const struct db *db = txn->db;
    MDB_envinfo info;

    mdb_env_info(db->env, &info);
    return (info.me_last_pgno + 1) * db->page_bytes + txn->touched_bytes + reserve_bytes(db) > db->size_bytes;
}

/* Values that take a page each. */
static int take_pages(const struct db *db, MDB_txn *probe)
{
    int r = 0;

    for (uint32_t i = 0, n = (uint32_t)(reserve_bytes(db) / db->page_bytes); r == 0 && i < n; i++) {
        char name[32];
        MDB_val value = {.mv_size = db->page_bytes - 64};

        snprintf(name, sizeof name, "reserve %08" PRIx32, i);
        MDB_val key = {.mv_size = strlen(name), .mv_data = name};
        r = mdb_put(probe, db->tables[DB_META], &key, &value, MDB_RESERVE);
    }
    return db_error(r);
}

static int check_reserve(struct db_txn *txn)
{
    MDB_txn *probe;

    if (txn->may_use_reserve || !txn->has_put || !is_near_reserve(txn))
        return 0;
    int r = db_error(mdb_txn_begin(txn->db->env, txn->txn, 0, &probe));
    if (r)
        return r;
    r = take_pages(txn->db, probe);
    mdb_txn_abort(probe);
    return r;
}

void db_use_reserve(struct db_txn *txn) { txn->may_use_reserve = true; }

/* ---- transactions ---- */

int db_commit(struct db_txn *txn)
{
    struct db *db = txn->db;
    int r = injected(db, DB_STEP_COMMIT);

    if (r == 0)
        r = check_reserve(txn);
    if (r) {
        db_abort(txn);
        return r;
    }
    r = db_error(mdb_txn_commit(txn->txn));
    tell_steps(txn);
    free(txn);
    if (r) {
        /*
         * LMDB refuses everything after a failed write of its meta page, as it
         * cannot know which state the disk holds.  Ask it.
         */
        MDB_txn *probe;
        int state = mdb_txn_begin(db->env, NULL, 0, &probe);
        if (state == MDB_PANIC)
            db->broken = true;
        else if (state == 0)
            mdb_txn_abort(probe);
    }
    return r;
}

struct db_txn *db_abort(struct db_txn *txn)
{
    if (txn) {
        mdb_txn_abort(txn->txn);
        tell_steps(txn);
        free(txn);
    }
    return NULL;
}

void db_abort_at(struct db_txn **txn) { db_abort(*txn); }

int db_get(struct db_txn *txn, enum db_table table, struct text key, struct text *ret_value)
{
    MDB_val k = val_of(key), v = {.mv_size = 0};
    int r = db_error(mdb_get(txn->txn, txn->db->tables[table], &k, &v));

    step(txn, v.mv_size);
    if (r)
        return r;
    *ret_value = text_of_val(v);
    return 0;
}

int db_put(struct db_txn *txn, enum db_table table, struct text key, struct text value)
{
    MDB_val k = val_of(key), v = val_of(value);
    int r = injected(txn->db, DB_STEP_PUT);

    assert(key.size > 0 && key.size <= DB_KEY_BYTES_MAX);
    step(txn, value.size);
    txn->has_put = true;
    touch(txn, value.size);
    if (r == 0 && !txn->puts[table])
        r = db_error(mdb_cursor_open(txn->txn, txn->db->tables[table], &txn->puts[table]));
    return r ? r : db_error(mdb_cursor_put(txn->puts[table], &k, &v, 0));
}

int db_delete(struct db_txn *txn, enum db_table table, struct text key)
{
    MDB_val k = val_of(key);

    touch(txn, 0);
    int r = db_error(mdb_del(txn->txn, txn->db->tables[table], &k, NULL));

    return r == DB_E_NOT_FOUND ? 0 : r;
}

int db_cursor_new(struct db_txn *txn, enum db_table table, struct db_cursor **ret_cursor)
{
    struct db_cursor *cursor = malloc(sizeof *cursor);

    if (!cursor)
        return error_origin(-ENOMEM);
    int r = db_error(mdb_cursor_open(txn->txn, txn->db->tables[table], &cursor->cursor));
    if (r) {
        free(cursor);
        return r;
    }
    cursor->txn = txn;
    cursor->window = SIZE_MAX;
    cursor->n_in_window = 0;
    *ret_cursor = cursor;
    return 0;
}

struct db_cursor *db_cursor_free(struct db_cursor *cursor)
{
    if (cursor) {
        mdb_cursor_close(cursor->cursor);
        free(cursor);
    }
    return NULL;
}

void db_cursor_free_at(struct db_cursor **cursor) { db_cursor_free(*cursor); }

static int cursor_get(struct db_cursor *cursor, MDB_cursor_op op, struct text key, struct text *ret_key,
                      struct text *ret_value)
{
    MDB_val k = val_of(key), v = {.mv_size = 0};
    int r = db_error(mdb_cursor_get(cursor->cursor, &k, &v, op));

    step(cursor->txn, v.mv_size);
    if (r)
        return r;
    *ret_key = text_of_val(k);
    *ret_value = text_of_val(v);
    return 0;
}

int db_cursor_seek(struct db_cursor *cursor, struct text key, struct text *ret_key, struct text *ret_value)
{
    /* LMDB has no empty keys: "from the start" is its own operation. */
    return cursor_get(cursor, key.size ? MDB_SET_RANGE : MDB_FIRST, key, ret_key, ret_value);
}

/* A walk that comes from many rows of one window into the next one will want that as a whole. */
static void read_ahead(struct db_cursor *cursor, const char *row)
{
    const struct db *db = cursor->txn->db;
    size_t window = db->map ? (size_t)(row - (const char *)db->map) / DB_AHEAD_BYTES : 0,
           start = window * DB_AHEAD_BYTES;

    if (window == cursor->window) {
        cursor->n_in_window++;
        return;
    }
    if (window == cursor->window + 1 && cursor->n_in_window >= DB_AHEAD_ROWS_MIN && start < db->map_size) {
        size_t size = db->map_size - start < DB_AHEAD_BYTES ? db->map_size - start : DB_AHEAD_BYTES;

        madvise((char *)db->map + start, size, MADV_WILLNEED); /* no more than advice */
    }
    cursor->window = window;
    cursor->n_in_window = 0;
}

int db_cursor_next(struct db_cursor *cursor, struct text *ret_key, struct text *ret_value)
{
    int r = cursor_get(cursor, MDB_NEXT, TEXT_NONE, ret_key, ret_value);

    if (r == 0)
        read_ahead(cursor, ret_value->data);
    return r;
}

int db_cursor_before(struct db_cursor *cursor, struct text key, struct text *ret_key, struct text *ret_value)
{
    struct text found_key, found_value;
    int r = db_cursor_seek(cursor, key, &found_key, &found_value);

    return r < 0 ? r : cursor_get(cursor, r == 0 ? MDB_PREV : MDB_LAST, TEXT_NONE, ret_key, ret_value);
}

int db_entries(struct db_txn *txn, enum db_table table, uint64_t *ret_n)
{
    MDB_stat stat;
    int r = db_error(mdb_stat(txn->txn, txn->db->tables[table], &stat));

    if (r)
        return r;
    *ret_n = stat.ms_entries;
    return 0;
}

int db_table_bytes(struct db_txn *txn, enum db_table table, uint64_t *ret_bytes)
{
    MDB_stat stat;
    int r = db_error(mdb_stat(txn->txn, txn->db->tables[table], &stat));

    if (r)
        return r;
    *ret_bytes = (uint64_t)(stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
    return 0;
}

int db_bytes(struct db_txn *txn, uint64_t *ret_bytes)
{
    MDB_envinfo info;
    MDB_stat stat;
    int r = db_error(mdb_env_info(txn->db->env, &info));

    if (!r)
        r = db_error(mdb_env_stat(txn->db->env, &stat));
    if (r)
        return r;
    *ret_bytes = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
    return 0;
}

const char *db_table_name(enum db_table table) { return table_names[table]; }

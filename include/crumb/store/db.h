/*
 * The store: one LMDB environment, its tables, its transactions.
 *
 * Caveats
 *  - Bytes lent by db_get() and cursors are valid until the transaction ends,
 *    and in a write transaction until the next write.
 *  - A read transaction pins every page that was freed since it began: keep it
 *    short.
 *  - One write transaction exists at a time.  In the service only the writer
 *    thread opens one.
 *  - A read transaction may move between threads but not be used by two at
 *    once.
 *
 * Faults beside those named below: -ENOSPC (the disk or the map is full;
 * nothing of the transaction is kept, the store stays good and works again
 * when there is room), -EIO (the disk failed), -EUCLEAN (the file is damaged),
 * -ENOMEM.
 */
#pragma once

#include "crumb/base/text.h"
#include <stdbool.h>
#include <stdint.h>

/* One row each in docs/formats.md. Numbers are not on disk; names are. */
enum db_table {
    DB_META,       /* what is true of the whole store */
    DB_SITES,      /* site name -> number */
    DB_NOTICES,    /* hash -> what was shown */
    DB_LEDGER,     /* sequence -> consent record */
    DB_RECEIPTS,   /* record id -> sequence */
    DB_VISITORS,   /* site, visitor -> live choice */
    DB_JOURNAL,    /* site, day, sequence -> event */
    DB_DAYS,       /* site, day -> how much is in its journal, and what of it is sealed */
    DB_ACCOUNTING, /* site, hour -> received, stored, dropped by reason */
    DB_ROLLUPS,    /* site, kind of period, period, field -> cells */
    DB_SEGMENTS,   /* site, day -> the day's table */
    DB_DOOMED,     /* reference to a key -> nothing: it is to be destroyed */
    DB_ORPHANS,    /* reference to a visitor's key -> until when events need it */
    DB_CONSENTS,   /* site, day, notice, country, device, language -> shown, choices by kind */
    DB_VERSIONS,   /* site, time -> the notices in force from then on */
    DB_AUDIT,      /* sequence -> who did what */
    DB_REQUESTS,   /* site, number -> subject request */
    DB_DUE,        /* site, day, number -> nothing: the open requests, by the day on which they are due */
    DB_ASKERS,     /* site, who asked, number -> nothing: whose request it is */
    DB_CHOICES,    /* visitor, sequence -> nothing: the visitor's records */
    DB_AMENDED,    /* site, visitor's number -> what must not be told as it was stored */
    DB_JOBS,       /* sequence -> what a visitor asked for that is not finished */
    DB_MINORS,     /* site, visitor -> until when the id is that of a reported child */
    DB_DEEDS,      /* id -> what was done for a visitor, signed */
    DB_TABLE_N
};

struct db;
struct db_txn;
struct db_cursor;

enum {
    DB_E_NOT_FOUND = 1,
    DB_E_ABSENT = 2, /* db_open: there is no store in this folder */
    DB_E_LOCKED = 3, /* db_open: another server holds the folder */
    DB_E_FORMAT = 4  /* db_open: the store was written by another version of crumb */
    /* db_open: KEYRING_E_REFUSED and what follows, too (store/keyring.h): the keys of the store cannot be used. */
};

enum db_mode {
    DB_SERVE, /* read and write, the folder is locked, the store is made where there is none */
    DB_READ   /* read only, beside a running server */
};

/* Steps at which a test may make the store fail. */
enum db_step { DB_STEP_BEGIN, DB_STEP_PUT, DB_STEP_COMMIT, DB_STEP_KEYS };

struct db_options {
    const char *folder;
    enum db_mode mode;
    int64_t size_bytes_max; /* of the store's file; ignored for DB_READ */
    const char *master_key; /* path of its file; NULL or "": master.key in the folder */
    struct random *random;  /* of keys; NULL: the system's */
    /* Tests: called before each step; a negative result is returned as that step's fault. NULL in the service. */
    int (*fault)(void *context, enum db_step step);
    void *fault_context;
};

/*
 * 0, DB_E_ABSENT, DB_E_LOCKED, DB_E_FORMAT, a refusal of the keyring or a fault
 * (-EACCES, -ENOENT: the folder cannot be used).
 */
int db_open(const struct db_options *options, struct db **ret_db);
/* Every transaction must have ended. Returns NULL. */
struct db *db_close(struct db *db);

/*
 * A part of the store's size is kept for transactions that take consent away
 * or make room: a store that is full for everybody else must still take a
 * withdrawal (GDPR art. 7(3)).  Any other write transaction that puts something
 * is refused with -ENOSPC at its commit where it would leave less than that.
 */
void db_use_reserve(struct db_txn *txn);

int db_begin_read(struct db *db, struct db_txn **ret_txn);
int db_begin_write(struct db *db, struct db_txn **ret_txn);
/*
 * Makes the transaction durable: 0 means that it is on disk.  A fault means
 * that nothing of it is.  The transaction is gone either way.
 */
int db_commit(struct db_txn *txn);
/* Forgets the transaction; returns NULL. db_abort(NULL) does nothing. */
struct db_txn *db_abort(struct db_txn *txn);
/* True for a fault after which the environment must be closed: the last commit's state is unknown. */
bool db_broken(const struct db *db);

/* The keys of the store; and those that its writer has open: for write transactions. */
struct keyring;
struct keys;
struct keyring *db_keyring(struct db_txn *txn);
struct keyring *db_keyring_of(struct db *db);
struct keys *db_keys(struct db_txn *txn);
struct keys *db_keys_of(struct db *db);
/* Some key that was given up may not be destroyed: nothing is written any more until the store was opened again. */
void db_break(struct db *db);
struct db *db_of(struct db_txn *txn);

/* DB_E_NOT_FOUND, or the value, lent. */
int db_get(struct db_txn *txn, enum db_table table, struct text key, struct text *ret_value);
int db_put(struct db_txn *txn, enum db_table table, struct text key, struct text value);
/* 0 also where there was no such key. */
int db_delete(struct db_txn *txn, enum db_table table, struct text key);

int db_cursor_new(struct db_txn *txn, enum db_table table, struct db_cursor **ret_cursor);
/* Before its transaction ends. Returns NULL. */
struct db_cursor *db_cursor_free(struct db_cursor *cursor);
/* The first entry whose key is at least @key; the next; the last before @key. DB_E_NOT_FOUND at the end. */
int db_cursor_seek(struct db_cursor *cursor, struct text key, struct text *ret_key, struct text *ret_value);
int db_cursor_next(struct db_cursor *cursor, struct text *ret_key, struct text *ret_value);
int db_cursor_before(struct db_cursor *cursor, struct text key, struct text *ret_key, struct text *ret_value);

/*
 * Forgets readers whose process was killed, as the pages that they pin would
 * never be used again.  Done at db_open(); whoever serves does it now and then.
 * Any thread.
 */
void db_check_readers(struct db *db);

/*
 * Copies the newest snapshot, without pages that nothing refers to, to an empty
 * file, and syncs it.  Beside a writer or not; while it lasts no page that is
 * given up is used again.  0 or a fault.
 */
int db_copy(struct db *db, int fd);

/* What store/compact.h writes beside the store before it takes its place; db_open() for DB_SERVE removes it. */
#define DB_DRAFT "crumb.mdb.compact"

/* Closes the store, but goes on holding its folder: the caller closes the descriptor, which lets go of it. */
int db_close_but_hold(struct db *db);

/* Number of entries of a table, bytes of its pages, and bytes of the store's file in use. */
int db_entries(struct db_txn *txn, enum db_table table, uint64_t *ret_n);
int db_table_bytes(struct db_txn *txn, enum db_table table, uint64_t *ret_bytes);
int db_bytes(struct db_txn *txn, uint64_t *ret_bytes);
const char *db_table_name(enum db_table table);

/* For __attribute__((cleanup)). */
void db_abort_at(struct db_txn **txn);
void db_cursor_free_at(struct db_cursor **cursor);
#define DB_TXN_AUTO __attribute__((cleanup(db_abort_at))) struct db_txn
#define DB_CURSOR_AUTO __attribute__((cleanup(db_cursor_free_at))) struct db_cursor

/*
 * The commands of the program, and what they share.
 *
 * Exit codes: 0 good, 1 the answer is no, 2 wrong use, 3 the system failed.
 */
#pragma once

#include "crumb/consent/notice.h"
#include "crumb/store/db.h"

enum { EXIT_GOOD = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

struct command {
    const char *name;
    const char *usage;   /* behind "crumb NAME " */
    const char *summary; /* one line */
    const char *help;    /* the rest of --help */
    int (*run)(const struct command *self, int argc, char **argv);
};

/* The table, ended by a row without a name: main.c. */
extern const struct command commands[];

int command_serve(const struct command *self, int argc, char **argv);
int command_check(const struct command *self, int argc, char **argv);
int command_lint(const struct command *self, int argc, char **argv);
int command_stat(const struct command *self, int argc, char **argv);
int command_verify(const struct command *self, int argc, char **argv);
int command_dump(const struct command *self, int argc, char **argv);
int command_query(const struct command *self, int argc, char **argv);
int command_export(const struct command *self, int argc, char **argv);
int command_watch(const struct command *self, int argc, char **argv);
int command_key(const struct command *self, int argc, char **argv);
int command_retention(const struct command *self, int argc, char **argv);
int command_compact(const struct command *self, int argc, char **argv);
int command_backup(const struct command *self, int argc, char **argv);
int command_token(const struct command *self, int argc, char **argv);

/* ---- setup.c ---- */

void command_print_help(const struct command *self);
/* Says what is wrong with the call and how it is right; returns EXIT_USAGE. */
int command_misuse(const struct command *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Loads a configuration and its edition; otherwise says why and returns an exit code. 0: *ret_edition is the caller's.
 */
int command_load(const char *path, struct edition **ret_edition);
/* The edition of the same settings as they are now, when something that they announce has begun. Not 0: said why. */
int command_turn(const struct config *before, struct edition **ret_edition);

/* Reads a date such as 2026-01-31 as days since 1970. 0, or -1: it is none. */
int command_read_day(const char *date, int32_t *ret_day);

/* An open store and the edition it belongs to. */
struct setup {
    struct edition *edition;
    struct db *db;
    struct db_txn *txn; /* read */
};

/*
 * Takes `-c FILE` and --help from a command's arguments.  @options are further
 * long options (getopt_long(3)), each given to @take, which returns 0 or -1
 * for a wrong value.  *ret_word is the one argument that is no option, or NULL;
 * where @ret_word is NULL there may be none.  EXIT_GOOD: *ret_config is set, or
 * NULL after --help; else an exit code, after saying why.
 */
struct option;
int command_arguments(const struct command *self, int argc, char **argv, const struct option *options,
                      int (*take)(void *context, int option, const char *value), void *context, const char **ret_config,
                      const char **ret_word);

/* Opens the store for reading, beside a server or without. 0 or an exit code, after saying why. */
int setup_open(const char *config, struct setup *ret_setup);
/* Its transaction begins anew, with a newer snapshot. 0 or a fault. */
int setup_renew(struct setup *setup);
void setup_close(struct setup *setup);

/* Says why a store cannot be opened; returns EXIT_FAILED. */
int setup_refuse(const char *folder, int r);

/* ---- verify_keys.c ---- */

/* Looks at every reference to a key. Prints what is worth knowing, in words, to @buffer; 0, 1 (it is wrong) or a fault.
 */
struct buffer;
int command_verify_keys(struct db_txn *txn, struct buffer *buffer);

/* ---- act.c ---- */

/*
 * Puts what the command is about to show or do on record for the audit trail,
 * in the data folder @folder: @what without time and actor.  0 or an exit code, after saying why: then it
 * must not be shown or done.
 */
struct trail_entry;
int command_act(const char *folder, const struct trail_entry *what);

/* ---- progress.c ---- */

/*
 * Runs @work, which writes about @total bytes to the new file @path, and shows
 * how far it is where a terminal is looking.  What @work returned, or a fault.
 */
int command_progress(const char *label, const char *path, uint64_t total, int (*work)(void *context), void *context);
/* The bytes that a copy of a store will have, roughly. 0 or a fault. */
int command_copy_bytes(struct db_txn *txn, uint64_t *ret_bytes);

/* ---- dump_record.c ---- */

/* Prints what the ledger record of that id or sequence proves; returns an exit code, EXIT_NO where the chain is broken.
 */
int command_dump_record(const struct setup *setup, const char *name);

/* ---- verify_rights.c ---- */

/* 0, 1 with what is wrong appended to @said, or a fault. */
int command_verify_rights(struct db_txn *txn, struct buffer *said);
/* Whether the receipt in the file is of this store. 0 or a fault. */
int command_verify_receipt(struct db_txn *txn, const char *folder, const char *path, bool *ret_ours);

/* ---- dump_visitor.c ---- */

/* Prints everything of one visitor of @site, each line with its tier; returns an exit code, EXIT_NO: there is nothing.
 */
int command_dump_visitor(const struct setup *setup, const struct site *site, const uint8_t id[VISITOR_BYTES]);

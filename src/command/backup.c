/*
 * crumb backup: one moment of the store, and its keys only where they are asked
 * for.  The keyring is copied after the store, as it must not be older.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/store/compact.h"
#include "crumb/store/master.h"
#include "crumb/store/trail.h"
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define STORE "crumb.mdb"

struct backup {
    struct setup setup;
    const char *folder; /* to */
    bool with_keys;
    char store[PATH_BYTES_MAX];
};

enum { OPTION_KEYS = 256 };

static const struct option options[] = {{"with-keys", no_argument, NULL, OPTION_KEYS}, {0}};

static int take(void *context, int option, const char *value)
{
    struct backup *backup = context;

    (void)option;
    (void)value;
    backup->with_keys = true;
    return 0;
}

/* ---- where to ---- */

static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry = NULL;
    bool empty = dir != NULL;

    while (empty && (entry = readdir(dir)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    return empty;
}

static int make_folder(const char *folder)
{
    struct stat info;

    if (mkdir(folder, FOLDER_MODE) == 0)
        return EXIT_GOOD;
    if (errno != EEXIST) {
        log_fault(folder, error_origin(-errno));
        return EXIT_FAILED;
    }
    if (stat(folder, &info) < 0 || !S_ISDIR(info.st_mode) || !is_empty(folder)) {
        fprintf(stderr, "crumb: %s is there already, and is no empty folder\n", folder);
        return EXIT_NO;
    }
    if (info.st_mode & (S_IRWXG | S_IRWXO)) {
        fprintf(stderr, "crumb: others may use %s; chmod 700 it\n", folder);
        return EXIT_NO;
    }
    return EXIT_GOOD;
}

/* ---- what ---- */

static int copy_store(void *context)
{
    const struct backup *backup = context;

    return error_fold(compact_copy(backup->setup.db, backup->store));
}

static int copy_key(const struct backup *backup, const char *from, const char *name, bool is_needed)
{
    char to[PATH_BYTES_MAX];

    if (snprintf(to, sizeof to, "%s/%s", backup->folder, name) >= (int)sizeof to)
        return error_origin(-ENAMETOOLONG);
    int r = compact_copy_file(from, to);
    return r == -ENOENT && !is_needed ? 0 : error_fold(r);
}

static int copy_key_of_folder(const struct backup *backup, const char *name, bool is_needed)
{
    char from[PATH_BYTES_MAX];

    if (snprintf(from, sizeof from, "%s/%s", backup->setup.edition->config->data, name) >= (int)sizeof from)
        return error_origin(-ENAMETOOLONG);
    return error_trace(copy_key(backup, from, name, is_needed));
}

/* A master key of the environment is nowhere to be copied from. */
static int copy_master(const struct backup *backup)
{
    const char *path = backup->setup.edition->config->master_key;
    bool is_needed = !master_in_environment();

    if (path && path[0])
        return error_trace(copy_key(backup, path, MASTER_NAME, is_needed));
    return error_trace(copy_key_of_folder(backup, MASTER_NAME, is_needed));
}

static int copy_keys(const struct backup *backup)
{
    int r = copy_key_of_folder(backup, "keys", true);

    if (r == 0)
        r = copy_master(backup);
    if (r == 0)
        r = copy_key_of_folder(backup, SECRET_COOKIE, false);
    return r ? error_trace(r) : error_trace(copy_key_of_folder(backup, SECRET_LEDGER, false));
}

static int copy(struct backup *backup)
{
    uint64_t bytes = 0;

    if (snprintf(backup->store, sizeof backup->store, "%s/" STORE, backup->folder) >= (int)sizeof backup->store)
        return error_origin(-ENAMETOOLONG);
    int r = command_copy_bytes(backup->setup.txn, &bytes);
    backup->setup.txn = db_abort(backup->setup.txn); /* the copy is of its own moment */
    if (r == 0)
        r = command_progress("copying", backup->store, bytes, copy_store, backup);
    if (r == 0 && backup->with_keys)
        r = copy_keys(backup);
    return r ? error_trace(r) : error_trace(compact_sync_folder(backup->folder));
}

/* A part of a backup is none. */
static void clean(const struct backup *backup)
{
    static const char *const names[] = {STORE, "keys", MASTER_NAME, SECRET_COOKIE, SECRET_LEDGER};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PATH_BYTES_MAX];

        if (snprintf(path, sizeof path, "%s/%s", backup->folder, names[i]) < (int)sizeof path)
            unlink(path);
    }
    rmdir(backup->folder);
}

static void tell(const struct backup *backup)
{
    if (backup->with_keys)
        printf("%s has the store and its keys: whoever has it can read everything. Keep master.key elsewhere.\n"
               "To bring it back, take the `keys` of now, if they are still there: with those of the backup, what\n"
               "was erased since can be read again.\n",
               backup->folder);
    else
        printf("%s has the store, which nobody can read without its keys. Keep keys, master.key, cookie.key and\n"
               "ledger.key elsewhere, copied after the store: older keys do not open it.\n",
               backup->folder);
}

static int run(struct backup *backup)
{
    /* It is everything, though encrypted, and with its keys where they are asked for. */
    const struct trail_entry what = {.act = ACT_DUMPED,
                                     .object = TEXT("backup"),
                                     .details = backup->with_keys ? TEXT("with keys") : TEXT("without keys")};
    int exit = make_folder(backup->folder);

    if (exit == EXIT_GOOD)
        exit = command_act(backup->setup.edition->config->data, &what);
    if (exit)
        return exit;
    int r = copy(backup);
    if (r == 0) {
        tell(backup);
        return EXIT_GOOD;
    }
    log_fault(backup->folder, r);
    clean(backup);
    return EXIT_FAILED;
}

int command_backup(const struct command *self, int argc, char **argv)
{
    struct backup backup = {.with_keys = false};
    const char *config = NULL, *folder = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &backup, &config, &folder);

    if (exit || !config)
        return exit;
    if (!folder)
        return command_misuse(self, "say where to: a folder");
    exit = setup_open(config, &backup.setup);
    if (exit)
        return exit;
    backup.folder = folder;
    exit = run(&backup);
    setup_close(&backup.setup);
    return exit;
}

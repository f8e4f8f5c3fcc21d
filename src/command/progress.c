/*
 * A bar for work that cannot be asked how far it is: the file that it writes
 * grows.
 */
#include "crumb/base/progress.h"
#include "command.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS (100 * 1000000L)

struct watched {
    int (*work)(void *context);
    void *context;
    int result;
    atomic_bool done;
};

int command_copy_bytes(struct db_txn *txn, uint64_t *ret_bytes)
{
    uint64_t sum = 0;
    int r = 0;

    for (unsigned table = 0; r == 0 && table < DB_TABLE_N; table++) {
        uint64_t bytes = 0;

        r = db_table_bytes(txn, (enum db_table)table, &bytes);
        sum += bytes;
    }
    if (r == 0)
        *ret_bytes = sum;
    return error_trace(r);
}

static void *run(void *context)
{
    struct watched *watched = context;

    watched->result = watched->work(watched->context);
    atomic_store(&watched->done, true);
    return NULL;
}

static void watch(const struct watched *watched, const char *label, const char *path, uint64_t total)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};
    struct progress progress;
    struct stat file;

    progress_begin(&progress, label, total);
    while (!atomic_load(&watched->done)) {
        nanosleep(&tick, NULL);
        if (stat(path, &file) == 0)
            progress_set(&progress, (uint64_t)file.st_size);
    }
    progress_end(&progress);
}

int command_progress(const char *label, const char *path, uint64_t total, int (*work)(void *context), void *context)
{
    struct watched watched = {.work = work, .context = context};
    pthread_t thread;

    if (!isatty(STDERR_FILENO))
        return work(context);
    int r = pthread_create(&thread, NULL, run, &watched);
    if (r)
        return error_origin(-r);
    watch(&watched, label, path, total);
    pthread_join(thread, NULL);
    return watched.result;
}

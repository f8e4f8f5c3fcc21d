/*
 * A bar on a terminal, of a file that grows.
 */
#include "command.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BAR_CELLS 40
#define TICK_NS (100 * 1000000L)

struct progress {
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
    struct progress *progress = context;

    progress->result = progress->work(progress->context);
    atomic_store(&progress->done, true);
    return NULL;
}

static void show(const char *label, uint64_t done, uint64_t total)
{
    uint64_t percent = total && done < total ? done * 100 / total : 100;
    unsigned cells = (unsigned)(percent * BAR_CELLS / 100);

    fprintf(stderr, "\r%s [", label);
    for (unsigned i = 0; i < BAR_CELLS; i++)
        fputc(i < cells ? '#' : '.', stderr);
    fprintf(stderr, "] %3" PRIu64 " %%", percent);
    fflush(stderr);
}

static void watch(struct progress *progress, const char *label, const char *path, uint64_t total)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};
    struct stat file;

    while (!atomic_load(&progress->done)) {
        show(label, stat(path, &file) == 0 ? (uint64_t)file.st_size : 0, total);
        nanosleep(&tick, NULL);
    }
    if (progress->result == 0)
        show(label, total, total);
    fputc('\n', stderr);
}

int command_progress(const char *label, const char *path, uint64_t total, int (*work)(void *context), void *context)
{
    struct progress progress = {.work = work, .context = context};
    pthread_t thread;

    if (!isatty(STDERR_FILENO))
        return work(context);
    int r = pthread_create(&thread, NULL, run, &progress);
    if (r)
        return error_origin(-r);
    watch(&progress, label, path, total);
    pthread_join(thread, NULL);
    return progress.result;
}

/*
 * seal: what sealing a day costs, phase by phase, in CPU of one thread.
 *
 *   build/bench/seal -c FILE --site NAME [--rounds N]
 *
 * Takes each day of a store from its journal to the bytes of its segment, by the
 * library's own steps, and writes nothing:
 *
 *   gather     the journal's records are read, decoded and interned
 *   tabulate   visits are cut, the table is made and renumbered
 *   encode     the table becomes the segment
 *
 * A day that somebody asked for is held in memory, gathered already: held_events_per_s
 * is without that phase.
 *
 * Prints the median of the rounds as JSON.
 */
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/consent/choice.h"
#include "crumb/rollup/fill.h"
#include "crumb/rollup/segment.h"
#include "crumb/rollup/tabulate.h"
#include "crumb/store/journal.h"
#include "edition.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_MAX 99

enum phase { GATHER, TABULATE, ENCODE, PHASE_N };

struct round {
    double seconds[PHASE_N], all;
    uint64_t n_events, n_hits, n_visits, n_bytes;
};

struct sealing {
    struct db_txn *txn;
    const struct site *site;
    struct gather *gather;
    struct round round;
};

static double cpu_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One day; the phases' times are added to the round. */
static int seal_day(struct sealing *sealing, int32_t day)
{
    BUFFER_AUTO bytes = BUFFER_INIT(SEGMENT_BYTES_MAX);
    struct table table = TABLE_INIT;
    double times[PHASE_N + 1] = {cpu_s()};
    int r = gather_new(zone_day_start_ms(sealing->site->zone, day), &sealing->gather);

    if (r)
        return error_trace(r);
    r = fill_gather(sealing->txn, sealing->site->id, day, 0, sealing->gather);
    times[1] = cpu_s();
    if (r == 0)
        r = tabulate_table(sealing->gather, &table);
    times[2] = cpu_s();
    if (r == 0)
        segment_encode(&table, &bytes);
    times[3] = cpu_s();
    for (unsigned i = 0; i < PHASE_N; i++)
        sealing->round.seconds[i] += times[i + 1] - times[i];
    sealing->round.n_events += gather_n_events(sealing->gather);
    sealing->round.n_hits += table.n[RELATION_HIT];
    sealing->round.n_visits += table.n[RELATION_VISIT];
    sealing->round.n_bytes += bytes.size;
    table_deinit(&table);
    sealing->gather = gather_free(sealing->gather);
    return r ? error_trace(r) : error_trace(bytes.fault);
}

static int each_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct sealing *sealing = context;

    return site == sealing->site->id && state->events ? seal_day(sealing, day) : 0;
}

static int by_time(const void *left, const void *right)
{
    const struct round *a = left, *b = right;

    return (a->all > b->all) - (a->all < b->all);
}

static int run(struct db *db, const struct site *site, unsigned n_rounds)
{
    struct round rounds[ROUNDS_MAX];

    for (unsigned i = 0; i < n_rounds; i++) {
        DB_TXN_AUTO *txn = NULL;
        struct sealing sealing = {.site = site};
        int r = db_begin_read(db, &txn);

        sealing.txn = txn;
        r = r ? r : day_each(txn, each_day, &sealing);
        if (r)
            return error_trace(r);
        for (unsigned phase = 0; phase < PHASE_N; phase++)
            sealing.round.all += sealing.round.seconds[phase];
        rounds[i] = sealing.round;
    }
    qsort(rounds, n_rounds, sizeof rounds[0], by_time);
    const struct round *median = &rounds[n_rounds / 2];
    double events = median->n_events ? (double)median->n_events : 1, all = median->all > 0 ? median->all : 1;
    printf(
        "{\"events\":%.0f,\"hits\":%llu,\"visits\":%llu,\"events_per_s\":%.0f,\"held_events_per_s\":%.0f,"
        "\"gather_ns\":%.0f,\"tabulate_ns\":%.0f,\"encode_ns\":%.0f,\"segment_bytes\":%llu,\"bytes_per_event\":%.2f}\n",
        events, (unsigned long long)median->n_hits, (unsigned long long)median->n_visits, events / all,
        events / (all - median->seconds[GATHER]), median->seconds[GATHER] * 1e9 / events,
        median->seconds[TABULATE] * 1e9 / events, median->seconds[ENCODE] * 1e9 / events,
        (unsigned long long)median->n_bytes, (double)median->n_bytes / events);
    return 0;
}

static int open_store(const char *path, struct edition **ret_edition, struct db **ret_db)
{
    DB_TXN_AUTO *txn = NULL;
    int r = edition_of_file(path, ret_edition);

    if (r)
        return r;
    struct db_options options = {
        .folder = (*ret_edition)->config->data, .mode = DB_READ, .master_key = (*ret_edition)->config->master_key};
    r = db_open(&options, ret_db);
    r = r ? r : db_begin_read(*ret_db, &txn);
    return r ? r : edition_bind(*ret_edition, txn);
}

static int usage(void)
{
    fprintf(stderr, "usage: seal -c FILE --site NAME [--rounds N]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"site", required_argument, NULL, 's'}, {"rounds", required_argument, NULL, 'r'}, {0}};
    const char *path = NULL, *name = NULL;
    struct edition *edition = NULL;
    struct db *db = NULL;
    unsigned n_rounds = 5;
    int option;

    while ((option = getopt_long(argc, argv, "c:", known, NULL)) >= 0) {
        if (option == 'c')
            path = optarg;
        else if (option == 's')
            name = optarg;
        else if (option == 'r')
            n_rounds = (unsigned)strtoul(optarg, NULL, 10);
        else
            return usage();
    }
    if (!path || !name || n_rounds == 0 || n_rounds > ROUNDS_MAX)
        return usage();
    int r = open_store(path, &edition, &db);
    const struct site *site = r ? NULL : config_site(edition->config, text_of(name));
    if (site)
        r = run(db, site, n_rounds);
    if (r < 0)
        log_fault("seal", r);
    db_close(db);
    edition_unref(edition);
    return site && !r ? 0 : 1;
}

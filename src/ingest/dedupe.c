/*
 * An open-addressed set of 64-bit fingerprints, half full at most, and a ring
 * that remembers in which order they came: the oldest leaves as a new one
 * comes.  A slot is a place in the ring, so an entry costs 8 + 2 * 4 bytes.
 */
#include "crumb/ingest/dedupe.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/store/batch.h"
#include "crumb/store/journal.h"
#include <errno.h>
#include <stdlib.h>

#define N_SLOTS (2u * DEDUPE_EVENTS_MAX)
_Static_assert((N_SLOTS & (N_SLOTS - 1)) == 0, "slots are found by masking");

struct dedupe {
    uint64_t ring[DEDUPE_EVENTS_MAX]; /* 0: empty */
    uint32_t slots[N_SLOTS];          /* 1 + index into the ring, 0: empty */
    uint32_t next;                    /* in the ring: the oldest, to be replaced */
};

int dedupe_new(struct dedupe **ret_dedupe)
{
    struct dedupe *dedupe = calloc(1, sizeof *dedupe);

    if (!dedupe)
        return error_origin(-ENOMEM);
    *ret_dedupe = dedupe;
    return 0;
}

struct dedupe *dedupe_free(struct dedupe *dedupe)
{
    free(dedupe);
    return NULL;
}

static uint32_t home(uint64_t fingerprint) { return (uint32_t)fingerprint & (N_SLOTS - 1); }

/* The slot that holds @fingerprint, or the empty one where it belongs. */
static uint32_t find(const struct dedupe *dedupe, uint64_t fingerprint)
{
    uint32_t slot = home(fingerprint);

    while (dedupe->slots[slot] && dedupe->ring[dedupe->slots[slot] - 1] != fingerprint)
        slot = (slot + 1) & (N_SLOTS - 1);
    return slot;
}

/* Empties a slot and moves up those behind it that would no longer be found (Knuth, TAOCP 3, 6.4, algorithm R). */
static void clear_slot(struct dedupe *dedupe, uint32_t hole)
{
    for (uint32_t slot = (hole + 1) & (N_SLOTS - 1); dedupe->slots[slot]; slot = (slot + 1) & (N_SLOTS - 1)) {
        uint32_t wanted = home(dedupe->ring[dedupe->slots[slot] - 1]);

        if (((slot - wanted) & (N_SLOTS - 1)) >= ((slot - hole) & (N_SLOTS - 1))) {
            dedupe->slots[hole] = dedupe->slots[slot];
            hole = slot;
        }
    }
    dedupe->slots[hole] = 0;
}

bool dedupe_add(struct dedupe *dedupe, uint64_t fingerprint)
{
    if (dedupe->slots[find(dedupe, fingerprint)])
        return false;
    uint64_t oldest = dedupe->ring[dedupe->next];
    if (oldest)
        clear_slot(dedupe, find(dedupe, oldest));
    dedupe->ring[dedupe->next] = fingerprint;
    dedupe->slots[find(dedupe, fingerprint)] = dedupe->next + 1;
    dedupe->next = (dedupe->next + 1) % DEDUPE_EVENTS_MAX;
    return true;
}

void dedupe_remove(struct dedupe *dedupe, uint64_t fingerprint)
{
    uint32_t slot = find(dedupe, fingerprint);

    if (dedupe->slots[slot]) {
        uint32_t at = dedupe->slots[slot] - 1;

        clear_slot(dedupe, slot);
        dedupe->ring[at] = 0;
    }
}

/* The journal is in the order of sites and days; the ring is in the order in which events came. */
struct load {
    struct db_txn *txn;
    uint64_t after;
    uint64_t *fingerprints; /* of the events with the sequences after + 1, after + 2, ... */
};

static int load_record(void *context, const struct journal_record *record)
{
    struct load *load = context;

    if (record->sequence - load->after <= DEDUPE_EVENTS_MAX)
        load->fingerprints[record->sequence - load->after - 1] = record->fingerprint;
    return 0;
}

static int load_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct load *load = context;

    if (state->last <= load->after)
        return 0;
    return error_trace(journal_each(load->txn, site, day, load->after, load_record, load));
}

int dedupe_load(struct dedupe *dedupe, struct db *db)
{
    DB_TXN_AUTO *txn = NULL;
    uint64_t next;
    int r = db_begin_read(db, &txn);

    if (r == 0)
        r = batch_next_sequence(txn, &next);
    if (r)
        return error_trace(r);
    struct load load = {.txn = txn,
                        .after = next > DEDUPE_EVENTS_MAX ? next - DEDUPE_EVENTS_MAX : 0,
                        .fingerprints = calloc(DEDUPE_EVENTS_MAX, sizeof(uint64_t))};
    if (!load.fingerprints)
        return error_origin(-ENOMEM);
    r = day_each(txn, load_day, &load);
    for (size_t i = 0; r == 0 && i < DEDUPE_EVENTS_MAX; i++)
        if (load.fingerprints[i])
            dedupe_add(dedupe, load.fingerprints[i]);
    free(load.fingerprints);
    return error_trace(r);
}

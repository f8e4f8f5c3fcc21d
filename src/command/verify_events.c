/*
 * What crumb verify says of events: each was allowed when it was stored, and all of
 * them are counted.
 */
#include "crumb/base/error.h"
#include "crumb/store/accounting.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include "verify.h"
#include <errno.h>
#include <inttypes.h>

/* ---- journal and days ---- */

static int check_event(void *context, const struct journal_record *record)
{
    struct verify *verify = context;
    struct event event;
    size_t at = verify_find_decision(verify, record->visitor, record->consent);
    const struct decision *decision = verify_decision_at(verify, at, record->visitor);
    const struct decision *next = verify_decision_at(verify, at + 1, record->visitor);

    verify->n_day_events++;
    if (record->sequence > verify->last_sequence)
        verify->last_sequence = record->sequence;
    if (!journal_event(record, &event))
        return verify_wrong(verify, "journal record %" PRIu64 ": its fields cannot be read", record->sequence);
    if (!decision || decision->sequence != record->consent || !decision->grants || record->consent > record->sequence)
        return verify_wrong(verify, "journal record %" PRIu64 ": no consent allows it", record->sequence);
    if (next && next->sequence < record->sequence)
        return verify_wrong(verify,
                            "journal record %" PRIu64 ": it was stored after its consent had ended with ledger record "
                            "%" PRIu64,
                            record->sequence, next->sequence);
    if (record->sequence > verify->day->last)
        return verify_wrong(verify, "journal record %" PRIu64 ": it is newer than its day knows", record->sequence);
    return 0;
}

static int check_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct verify *verify = context;

    verify->n_day_events = 0;
    verify->day = state;
    uint64_t n_erased = 0;
    int r = journal_count(verify->txn, site, day, check_event, verify, &n_erased);
    verify->n_day_events += n_erased;
    if (r == -EBADMSG)
        return verify_wrong(verify, "journal of %s: a record is damaged", verify_day_name(verify, site, day).text);
    if (r)
        return r;
    if (verify->n_day_events != state->events)
        return verify_wrong(verify, "%s: %" PRIu64 " events in the journal, %" PRIu64 " counted",
                            verify_day_name(verify, site, day).text, verify->n_day_events, state->events);
    verify->n_events += verify->n_day_events;
    progress_add(&verify->progress, verify->n_day_events);
    verify->n_removed += state->removed;
    return 0;
}

int verify_journal(struct verify *verify)
{
    uint64_t n_rows;
    int r = day_each(verify->txn, check_day, verify);

    if (r == -EBADMSG)
        return verify_wrong(verify, "days: a row is damaged");
    if (r == 0)
        r = db_entries(verify->txn, DB_JOURNAL, &n_rows);
    if (r == 0 && n_rows != verify->n_events)
        return verify_wrong(verify, "journal: %" PRIu64 " records belong to no day", n_rows - verify->n_events);
    return r;
}

/* ---- books ---- */

static int sum_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    (void)site;
    (void)hour;
    accounting_sum(context, books);
    return 0;
}

int verify_books(struct verify *verify)
{
    struct books sum = {0};
    uint32_t site, hour;
    int r = accounting_each(verify->txn, sum_books, &sum, &site, &hour);

    if (r == -EBADMSG)
        return verify_wrong(verify, "books of %s: damaged, or they do not balance",
                            verify_hour_name(verify, site, hour).text);
    if (r == 0 && sum.stored != verify->n_events + verify->n_removed)
        return verify_wrong(verify, "books: %" PRIu64 " events stored, %" PRIu64 " in the journal, %" PRIu64 " removed",
                            sum.stored, verify->n_events, verify->n_removed);
    return error_trace(r);
}

/* ---- the sequence ---- */

int verify_sequence(struct verify *verify)
{
    uint64_t next;
    int r = batch_next_sequence(verify->txn, &next);

    if (r == -EBADMSG)
        return verify_wrong(verify, "sequence: damaged");
    if (r == 0 && next <= verify->last_sequence)
        return verify_wrong(verify, "sequence: the next number is %" PRIu64 ", but %" PRIu64 " is taken", next,
                            verify->last_sequence);
    return error_trace(r);
}

/*
 * Reporting a child: the choice of one is recorded for them, what follows from
 * it is asked for, and their id is blocked.
 */
#include "crumb/rights/minor.h"
#include "crumb/base/error.h"
#include "crumb/consent/minors.h"
#include "crumb/rights/requests.h"
#include <errno.h>
#include <sodium.h>

int minor_report(struct batch *batch, const struct minor_report *report, struct asked *ret_asked)
{
    const struct site *site = report->site;
    struct choice choice = {.site = site,
                            .notice = edition_notice(report->edition, site, TEXT_NONE),
                            .kind = CHOICE_MINOR,
                            .surface = SURFACE_API};
    struct choice_context context = {.at_ms = report->at_ms, .known = true, .erase = true};
    struct choice_result result;
    struct visitor before;
    struct asked asked;
    int r = visitor_get(batch->txn, site->id, report->visitor, &before);

    if (r)
        return r == DB_E_NOT_FOUND ? MINOR_E_UNKNOWN : error_trace(r);
    memcpy(context.visitor, report->visitor, VISITOR_BYTES);
    memcpy(context.record_id, report->record_id, RECORD_ID_BYTES);
    r = choice_record(batch, &choice, report->edition, &context, &result);
    if (r == 0)
        r = ask_after_choice(batch, &choice, &context, &result, report->ids, &asked);
    if (r == 0) /* as long as the browser may keep the cookie */
        r = minors_put(batch->txn, site->id, report->visitor, before.since_ms + site->retention.visitor_ms);
    if (r)
        return error_trace(r);
    *ret_asked = asked;
    return 0;
}

enum { FOUND = 1 };

struct search {
    const struct trail *trail;
    uint32_t site;
    uint8_t asker[ASKER_BYTES], visitor[VISITOR_BYTES];
};

static int compare(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct search *search = context;
    uint8_t hash[TRAIL_VISITOR_BYTES];

    (void)visitor;
    if (site != search->site)
        return 0;
    trail_visitor(search->trail, id, hash);
    if (sodium_memcmp(hash, search->asker, sizeof hash) != 0)
        return 0;
    memcpy(search->visitor, id, VISITOR_BYTES);
    return FOUND;
}

int minor_find(struct db_txn *txn, const struct trail *trail, uint32_t site, uint32_t number,
               uint8_t ret_visitor[VISITOR_BYTES])
{
    struct search search = {.trail = trail, .site = site};
    struct request request;
    int r = requests_get(txn, site, number, &request);

    if (r || !request.has_asker)
        return r < 0 ? error_trace(r) : MINOR_E_UNKNOWN;
    memcpy(search.asker, request.asker, ASKER_BYTES);
    r = visitor_each(txn, compare, &search);
    if (r != FOUND)
        return r < 0 ? error_trace(r) : MINOR_E_UNKNOWN;
    memcpy(ret_visitor, search.visitor, VISITOR_BYTES);
    return 0;
}

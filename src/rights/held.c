/*
 * A walk over what a site has of each kind, each of which says when it goes.
 */
#include "crumb/rights/held.h"
#include "crumb/base/error.h"
#include "crumb/consent/visitor.h"
#include "crumb/rights/requests.h"
#include "crumb/rollup/retention.h"
#include "crumb/store/day.h"

enum { OTHER_SITE = 1 };

struct holding {
    const struct site *site;
    struct held held;
};

static void until(struct holding *holding, int64_t at_ms)
{
    if (at_ms > holding->held.until_ms)
        holding->held.until_ms = at_ms;
}

static int see_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct holding *holding = context;

    if (site != holding->site->id)
        return OTHER_SITE;
    if (state->events && !state->expired) {
        holding->held.event_days++;
        until(holding, retention_due_ms(holding->site, RETENTION_JOURNAL, day));
    }
    if (!state->folded) {
        holding->held.visit_days++;
        until(holding, retention_due_ms(holding->site, RETENTION_SEGMENTS, day));
    }
    return 0;
}

static int see_visitor(void *context, uint32_t site, const uint8_t id[VISITOR_BYTES], const struct visitor *visitor)
{
    struct holding *holding = context;

    (void)id;
    if (site != holding->site->id)
        return 0;
    holding->held.visitors++;
    until(holding, visitor_until_ms(visitor, holding->site));
    return 0;
}

static int see_request(void *context, const struct request *request)
{
    struct holding *holding = context;

    if (request->site != holding->site->id)
        return 0;
    holding->held.requests++;
    until(holding, request->changed_ms + holding->site->retention.requests_ms);
    return 0;
}

int held_find(struct db_txn *txn, const struct site *site, struct held *ret_held)
{
    struct holding holding = {.site = site};
    uint32_t at_site, number;
    int r = day_each_from(txn, site->id, 0, see_day, &holding);

    if (r >= 0)
        r = visitor_each(txn, see_visitor, &holding);
    if (r == 0)
        r = requests_each(txn, see_request, &holding, &at_site, &number);
    if (r < 0)
        return error_trace(r);
    *ret_held = holding.held;
    return 0;
}

bool held_is_nothing(const struct held *held)
{
    return !held->visitors && !held->event_days && !held->visit_days && !held->requests;
}

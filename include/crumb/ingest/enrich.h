/*
 * Enrichment: what an event says beside what its tracker wrote.  Place, agent and
 * bot are of the request and found once, when its first event needs them; source
 * and channel are of each page view.
 *
 * Everything is bounded and quick, as it happens on an event loop.  Nothing is
 * found for a request none of whose events will be looked at further.
 */
#pragma once

#include "crumb/consent/regime.h"
#include "crumb/ingest/address.h"
#include "crumb/ingest/bot.h"
#include "crumb/ingest/geo.h"
#include "crumb/ingest/suffixes.h"
#include "crumb/store/event.h"

/* Who asks, and where to look things up. Lent for as long as the enrichment is used. */
struct enrich_request {
    const struct sockaddr *client; /* NULL: unknown */
    struct bot_headers headers;
    const struct geo *geo;           /* where clients are */
    const struct suffixes *suffixes; /* public suffixes; each of these may be NULL: then nobody knows */
    struct agents *agent_rules;      /* without them nobody is taken for a program by headers */
    struct agent_cache *agent_cache; /* this thread's */
};

struct enrich {
    struct enrich_request request;
    /* private */
    bool done, located;
    struct agent agent;
    struct place place;
    struct text city;
    uint8_t address[ADDRESS_BYTES_MAX];
};

/* Looks nothing up yet. */
static inline struct enrich enrich_of(const struct enrich_request *request)
{
    return (struct enrich){.request = *request};
}

/* Where the client is. Lent by @enrich. */
const struct place *enrich_place(struct enrich *enrich);

/*
 * Fills in what an event of @site can be told to be: the kept address, place,
 * source and channel, agent and device, bot.  A ping repeats neither place nor
 * agent.  The texts are lent: static, the event's own, or @enrich's, which must
 * not move before the event was encoded.
 */
void enrich_event(struct enrich *enrich, const struct site *site, struct event *event);

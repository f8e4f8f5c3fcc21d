/*
 * Collecting: what becomes of the events of one request.
 *
 *   on the event loop   collect_new()   parse, check site, origin and cookie,
 *                                       enrich, encode each event class by
 *                                       itself
 *   on the writer       apply           look up the live consent, leave out what
 *                                       it does not cover, append, count
 *   back on the loop    collect_result  Crumb-Result
 *
 * The consent is read and the event written in one transaction (promise P1),
 * and every event that was received is counted in it, stored or not (P3).
 */
#pragma once

#include "crumb/consent/notice.h"
#include "crumb/consent/regime.h"
#include "crumb/ingest/dedupe.h"
#include "crumb/ingest/enrich.h"
#include "crumb/ingest/rate.h"
#include "crumb/ingest/writer.h"

/* What the request brought along, borrowed for the call. */
struct collect_request {
    struct edition *edition;
    const uint8_t *cookie_key; /* COOKIE_KEY_BYTES */
    struct dedupe *dedupe;     /* the writer's */
    struct rates *rates;       /* NULL: no limits */
    int64_t at_ms;             /* when it was received */
    bool gpc;                  /* Sec-GPC: 1 */
    struct text cookie, origin, referer;
    struct enrich_request who;
    bool is_body;    /* one event a line; else @events is one event */
    bool is_adapted; /* @events is what an adapter made of a body within its bound */
    struct text events;
    /* replay: the visitor is known and is this one; NULL: the cookie tells */
    const uint8_t *visitor;
};

struct collect_result {
    uint32_t received, stored;
    uint32_t dropped[REASON_N];
};

struct collect;

/*
 * Parses and encodes; the operation is to be given to the writer.  @done is
 * called as a write_op's done, with @context.  0, or -ENOMEM.
 */
int collect_new(const struct collect_request *request, void (*done)(void *context, int result), void *context,
                struct collect **ret_collect);
struct collect *collect_free(struct collect *collect);

/* For writer_submit(). */
struct write_op *collect_op(struct collect *collect);

/* Valid after collect_new() for what parsing alone tells, and complete once it was done with 0. */
const struct collect_result *collect_result(const struct collect *collect);

/* The edition of the request; lent. */
const struct edition *collect_edition(const struct collect *collect);

/* The site of the first event, or NULL: it names none of the edition. */
const struct site *collect_site(const struct collect *collect);

/* True where not one event could be read: the body is none. */
bool collect_is_malformed(const struct collect *collect);

/* True where the body was longer than BODY_BYTES_MAX. */
bool collect_is_oversize(const struct collect *collect);

/* True where everything was too much from this client, or for this site. */
bool collect_is_limited(const struct collect *collect);

/* True where an origin was refused and nothing else came. */
bool collect_is_foreign(const struct collect *collect);

/* Every reason, with a number of ten digits. */
#define COLLECT_RESULT_BYTES_MAX 512

/* "received=2, stored=1, no_consent=1": a dictionary, RFC 9651 section 3.2. */
void collect_put_result(struct buffer *buffer, const struct collect_result *result);

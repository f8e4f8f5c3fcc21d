/*
 * Adapters: what another product's tracker sends, as lines of our own pairs.
 *
 * An adapter reads a request's bytes and writes one line an event, in the form of
 * docs/wire.md.  Whatever judges our own beacons (the parser with its limits, the
 * consent gate, the origin check, the books) judges those lines, too; adapters
 * decide nothing.  The identifiers that such trackers bring are not read: the
 * visitor is who crumb_id says.
 *
 * Pure.  What is no event of the tracker's form becomes a line that is none, so
 * that it is counted as malformed, for its site where that can be told.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/config/config.h"

/* A request, borrowed for the call. */
struct adapt_request {
    const struct config *config;
    struct text query, body;
    struct text origin, referer; /* headers, or empty */
};

/* Appends lines to @lines, which has room for ADAPTED_BYTES_MAX. 0 or -ENOMEM. */
typedef int adapt_function(const struct adapt_request *request, struct buffer *lines);

adapt_function adapt_snowplow;    /* POST /com.snowplowanalytics.snowplow/tp2: payload_data 1-0-4 */
adapt_function adapt_plausible;   /* POST /api/event */
adapt_function adapt_goatcounter; /* GET and POST /count */
adapt_function adapt_matomo;      /* GET and POST /matomo.php, bulk requests, too */

/* Whether a request of Matomo's asks for an answer without a picture (send_image=0), or is a bulk request. */
bool adapt_matomo_plain(struct text query, struct text body);
bool adapt_matomo_bulk(struct text body);

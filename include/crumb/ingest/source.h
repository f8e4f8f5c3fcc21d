/*
 * Where a page view came from: a name for it, and the channel.  Pure.
 *
 * What is written on the link (utm_*, the click id of an advertisement) counts
 * before the page that it stood on, and both before nothing.  docs/wire.md,
 * "Sources", has the rules.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/ingest/suffixes.h"
#include "crumb/store/event.h"

struct source {
    struct text name; /* empty: direct or internal */
    enum channel channel;
};

/*
 * The source of a page view of @site, from its host, referrer, utm_* and
 * click_id.  The name is static or lent by the event.  Whatever else the event
 * is, CHANNEL_NONE.  @suffixes may be NULL: then hosts are told apart whole.
 */
struct source source_of(const struct suffixes *suffixes, const struct site *site, const struct event *event);

/*
 * Rates: how much one client, and one site, may send.
 *
 * Each has a token bucket: it holds what may come in RATE_BURST_S at the rate
 * in force, fills steadily, and is full for whoever was not heard of.  Clients
 * are told apart by their IPv4 address or the /64 of their IPv6 address.
 * Memory is fixed; time comes in from outside.  Any thread.
 *
 * What is kept of a client is a keyed hash of its address, with a key that lives
 * as long as the process, in memory only, and it means nothing once its bucket is
 * full again.
 */
#pragma once

#include "crumb/base/random.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* What is limited by client, each by itself. */
enum rate_kind {
    RATE_EVENTS,
    RATE_GRANTS,
    RATE_REFUSALS, /* whatever grants nothing: no crowd of grants is in the way of a withdrawal */
    RATE_SHOWN,
    RATE_RIGHTS /* access, copy and correction; erasure and restriction are refusals */
};

struct rates;

/* 0 or -ENOMEM. */
int rates_new(struct random *random, struct rates **ret_rates);
struct rates *rates_free(struct rates *rates);

/*
 * Takes up to @n tokens from the bucket of @client, which fills by @per_s a
 * second; how many there were.  All of them where @per_s is 0 (no limit) or
 * @client has no address (NULL, a Unix socket).
 */
unsigned rates_take(struct rates *rates, enum rate_kind kind, const struct sockaddr *client, unsigned per_s, unsigned n,
                    int64_t now_ms);

/* One token from the bucket of the site with this number in the store; whether there was one. */
bool rates_take_site(struct rates *rates, uint32_t site, unsigned per_s, int64_t now_ms);

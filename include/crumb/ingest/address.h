/*
 * The client's address: whose request is it, behind which proxies, and what of
 * the address a site may keep.  Pure.
 */
#pragma once

#include "crumb/config/config.h"

#define ADDRESS_BYTES_MAX 16

struct client {
    struct sockaddr_storage address;
    bool https; /* as far as trusted proxies tell */
};

/*
 * Who asks: the peer itself, or, where the peer is a trusted proxy, the
 * rightmost address of X-Forwarded-For that is no trusted proxy (of more than
 * FORWARDED_BYTES_MAX nothing is believed).  What an
 * untrusted peer writes into the headers changes nothing.  @proto is
 * X-Forwarded-Proto, believed from a trusted peer only.
 */
struct client address_client(const struct config *config, const struct sockaddr *peer, struct text forwarded_for,
                             struct text proto);

/*
 * What may be written of an address, as bytes in network order: all 4 or 16 of
 * them, the 3 of its /24 (IPv4) or the 6 of its /48 (IPv6) network, or none.
 * Borrowed from @ret_bytes.
 */
struct text address_kept(const struct sockaddr *address, enum address_mode mode, uint8_t ret_bytes[ADDRESS_BYTES_MAX]);

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

/* The headers of proxies; several of a name joined by commas, those that are not there empty. */
struct address_headers {
    struct text forwarded_for; /* X-Forwarded-For */
    struct text proto;         /* X-Forwarded-Proto */
    struct text forwarded;     /* Forwarded, RFC 7239 */
};

/*
 * Who asks: the peer itself, or, where the peer is a trusted proxy, the
 * rightmost address that is no trusted proxy of X-Forwarded-For or, only where
 * there is none, of Forwarded.  Belief ends at a hop that is no address, and
 * at FORWARDED_BYTES_MAX from the right.  What an untrusted peer
 * writes into the headers changes nothing.
 *
 * Why that order: a proxy that appends to X-Forwarded-For mostly hands on a
 * Forwarded that the client made up.
 */
struct client address_client(const struct config *config, const struct sockaddr *peer,
                             const struct address_headers *headers);

/*
 * What may be written of an address, as bytes in network order: all 4 or 16 of
 * them, the 3 of its /24 (IPv4) or the 6 of its /48 (IPv6) network, or none.
 * Borrowed from @ret_bytes.
 */
struct text address_kept(const struct sockaddr *address, enum address_mode mode, uint8_t ret_bytes[ADDRESS_BYTES_MAX]);

/*
 * The client's address: whose request is it, behind which proxies, and what of
 * the address a site may keep.  Pure.
 */
#pragma once

#include "crumb/config/config.h"

#define ADDRESS_TEXT_BYTES 48

struct client {
    struct sockaddr_storage address;
    bool https; /* as far as trusted proxies tell */
};

/*
 * Who asks: the peer itself, or, where the peer is a trusted proxy, the
 * rightmost address of X-Forwarded-For that is no trusted proxy.  What an
 * untrusted peer writes into the headers changes nothing.  @proto is
 * X-Forwarded-Proto, believed from a trusted peer only.
 */
struct client address_client(const struct config *config, const struct sockaddr *peer, struct text forwarded_for,
                             struct text proto);

/*
 * What may be written of an address: all of it, its /24 (IPv4) or /48 (IPv6)
 * network, or nothing.  Returns the text in @ret_text, empty for nothing.
 */
struct text address_kept(const struct sockaddr *address, enum address_mode mode, char ret_text[ADDRESS_TEXT_BYTES]);

/*
 * The two cookies, both set by the server.  Pure.
 *
 *   crumb_id      1.<base64url(visitor 16 bytes, MAC 16 bytes)>   HttpOnly
 *   crumb_choice  1.<material>.<unix seconds>.<action>.<purpose>=<0|1>&...
 *                                                                 readable by scripts
 *
 * The MAC is keyed BLAKE2b-128 (RFC 7693) over the visitor id and the site's
 * name, so that a cookie of one site is none of another.  <material> is the
 * first 16 hex digits of the notice's material hash: when it differs from the
 * current one, the visitor is to be asked again.  Values consist of cookie-octets only
 * (RFC 6265 section 4.1.1).
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/config/config.h"
#include "crumb/store/key.h"

#define COOKIE_ID_NAME "crumb_id"
#define COOKIE_CHOICE_NAME "crumb_choice"
#define COOKIE_KEY_BYTES 32
#define COOKIE_ID_TEXT_BYTES 45 /* "1." and 43 digits */
#define COOKIE_CHOICE_TEXT_BYTES_MAX 1536
_Static_assert(PURPOSES_MAX *(PURPOSE_NAME_BYTES_MAX + 3) + 64 <= COOKIE_CHOICE_TEXT_BYTES_MAX, "every purpose fits");

enum cookie_id_state { COOKIE_ID_NONE, COOKIE_ID_GOOD, COOKIE_ID_BAD };

/* Every good id in a header, each once. */
struct cookie_ids {
    enum cookie_id_state state; /* as cookie_read_id() says */
    uint8_t visitors[COOKIE_IDS_MAX][VISITOR_BYTES];
    unsigned n;
};

/*
 * For a choice: a browser may bring several, where `cookie_domain` has changed,
 * and each of them is one that a withdrawal must end.  Cookies of this name
 * behind the first COOKIE_IDS_MAX are not looked at; the state is bad, then.
 */
void cookie_read_ids(struct text header, const uint8_t key[COOKIE_KEY_BYTES], const struct site *site,
                     struct cookie_ids *ret_ids);

/*
 * Finds crumb_id in the value of a Cookie header and checks it for @site.
 * COOKIE_ID_GOOD: *ret_visitor is set.  COOKIE_ID_BAD: there is one, but it is
 * forged, truncated or another site's.  Two that differ are bad, too: the
 * browser cannot say which is meant.
 */
enum cookie_id_state cookie_read_id(struct text header, const uint8_t key[COOKIE_KEY_BYTES], const struct site *site,
                                    uint8_t ret_visitor[VISITOR_BYTES]);

/* True where the header has a cookie of that name, or is too large to be searched. */
bool cookie_is_sent(struct text header, struct text name);

/* Appends the value of crumb_id. */
void cookie_put_id(struct buffer *buffer, const uint8_t key[COOKIE_KEY_BYTES], const struct site *site,
                   const uint8_t visitor[VISITOR_BYTES]);

struct cookie_choice {
    char material[17]; /* hex digits */
    int64_t at_s;      /* seconds since 1970 UTC */
    enum choice_kind action;
    uint32_t granted; /* set of indexes into the site's purposes */
    uint32_t asked;   /* the purposes that the cookie names */
};

/* False: there is no crumb_choice in the header, or it is not one that cookie_put_choice() writes. */
bool cookie_read_choice(struct text header, const struct site *site, struct cookie_choice *ret_choice);
void cookie_put_choice(struct buffer *buffer, const struct site *site, const struct cookie_choice *choice);

/*
 * Appends "NAME=VALUE; Path=/; Max-Age=...; SameSite=Lax[; Domain=...][; Secure][; HttpOnly]".
 * @max_age_s 0 deletes the cookie.  @domain NULL: it is the host's alone.
 */
void cookie_put_header(struct buffer *buffer, const char *name, struct text value, int64_t max_age_s,
                       const char *domain, bool secure, bool http_only);

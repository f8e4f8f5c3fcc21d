/*
 * The scripts that pages load, the part that needs no request.
 *
 *     (()=>{const SETTINGS={...};BUNDLE})()
 *
 * consent.js holds code, styles, texts of one language and the site's settings,
 * and is the same for everybody of one site, language and regime; pixel.js and
 * clicks.js are the same for everybody of a site.  So each is rendered and
 * compressed once, when it is first asked for, and kept in the edition's cache
 * (edition->scripts).  The answer to GET /v1/notice, {"hash", "dir", "notice"}, is
 * made and kept in the same way.
 */
#pragma once

#include "crumb/base/cache.h"
#include "crumb/consent/notice.h"

enum script_kind { SCRIPT_CONSENT, SCRIPT_PIXEL, SCRIPT_CLICKS, SCRIPT_NOTICE };

/* Which script. */
struct script_wish {
    enum script_kind kind;
    const struct site *site;
    const struct notice *notice; /* of SCRIPT_CONSENT and SCRIPT_NOTICE: what is shown */
    enum regime regime;          /* of SCRIPT_CONSENT: under which law */
};

enum script_coding { SCRIPT_IDENTITY, SCRIPT_GZIP, SCRIPT_BROTLI, SCRIPT_CODING_N };

#define SCRIPT_ETAG_BYTES 40

struct script {
    struct cache_value super;
    struct buffer bodies[SCRIPT_CODING_N];
    char etags[SCRIPT_CODING_N][SCRIPT_ETAG_BYTES]; /* strong, RFC 9110 section 8.8.3; one a coding, with quotes */
};

/* Its name in an edition's cache. */
uint64_t script_key(const struct edition *edition, const struct script_wish *wish);

/*
 * Appends SETTINGS of consent.js, JSON that can stand inside a script: `<`, U+2028 and
 * U+2029 are escaped, so that nothing in a site's texts ends the script or the
 * line.  0, -ENOMEM, -EOVERFLOW, -EBADMSG.
 */
int script_put_settings(struct buffer *buffer, const struct edition *edition, const struct site *site,
                        const struct notice *notice, enum regime regime);

/* Renders and compresses. Takes about 50 ms: not on an event loop. 0: *ret_script is the caller's reference. */
int script_make(const struct edition *edition, const struct script_wish *wish, struct script **ret_script);

/*
 * The page of an event: what its address says that may be kept.  Pure.
 *
 *   https://Shop.example:8443/hats?q=red&utm_source=mail&gclid=x&id=7#/large?a=b
 *
 *   host          shop.example
 *   path          /hats, with the query pairs that the site lists, in the
 *                 list's order (?q=red), and the route where it asks for it (#/large)
 *   utm_source    mail: decoded; what cannot be is not there
 *   click_id      gclid: the name, never the value
 *
 * Everything else of the address is dropped.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/store/event.h"

/*
 * Reads event->url into host and path and, for a page view, utm_* and click_id.
 * Texts are borrowed from @scratch, from the URL, whose bytes are changed, and
 * from constants.  False: it is no http(s) URL of at most URL_BYTES_MAX bytes.
 */
bool page_read(struct event *event, const struct site *site, char scratch[URL_BYTES_MAX]);

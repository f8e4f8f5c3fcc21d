/*
 * What the build makes out of consent-js/ and pixel/: constants of the program.
 */
#pragma once

#include "crumb/base/text.h"

/*
 * The banner, minified, without its settings.  It refers to a free name,
 * SETTINGS, so it is sent as
 *
 *     (()=>{const SETTINGS=<JSON>;<this>})()
 *
 * It has no line comment at its end and no `</script`.
 */
extern const struct text asset_consent_js;
/* The same for a site that announces a change (SETTINGS.next). */
extern const struct text asset_announcing_js;

/* The tracker, in the same way; and the part of it for clicks, without settings: (()=>{<this>})() */
extern const struct text asset_pixel_js;
extern const struct text asset_clicks_js;

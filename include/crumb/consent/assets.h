/*
 * What the build makes of consent-js/: C sources, so that the program is one
 * file.
 */
#pragma once

#include "crumb/base/text.h"

/* The banner and dialog, bundled and minified: an ES module body that reads the free identifier SETTINGS. */
extern const struct text asset_consent_js;

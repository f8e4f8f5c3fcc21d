/*
 * The files of the dashboard, as the build of web/dashboard made them.
 */
#pragma once

#include "crumb/base/text.h"

enum { DASHBOARD_IDENTITY, DASHBOARD_GZIP, DASHBOARD_BROTLI, DASHBOARD_CODING_N };

struct dashboard_asset {
    struct text type;
    struct text bodies[DASHBOARD_CODING_N], etags[DASHBOARD_CODING_N];
};

extern const struct dashboard_asset asset_dashboard_html, asset_dashboard_js, asset_dashboard_css;

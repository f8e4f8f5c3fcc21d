/*
 * From a place to a regime.
 */
#include "crumb/consent/regime.h"

/* The numbers are ordered: whoever asks for more has the smaller one. */
_Static_assert(REGIME_OPT_IN < REGIME_OPT_OUT && REGIME_OPT_OUT < REGIME_NOTICE_ONLY, "from strict to mild");

enum regime regime_stricter(enum regime a, enum regime b) { return a < b ? a : b; }

/* The regime of exactly that region, or of the country as a whole for ""; 0: none is written. */
static enum regime find(const struct site *site, const char *country, const char *region)
{
    for (unsigned i = 0; i < site->n_regimes; i++)
        if (strcmp(site->regimes[i].country, country) == 0 && strcmp(site->regimes[i].region, region) == 0)
            return site->regimes[i].regime;
    return (enum regime)0;
}

enum regime regime_of(const struct site *site, const struct place *place)
{
    if (!place->country[0])
        return site->regime;
    enum regime of_region = place->region[0] ? find(site, place->country, place->region) : (enum regime)0;
    if (of_region)
        return of_region;
    enum regime regime = find(site, place->country, "");
    if (!regime)
        regime = site->regime;
    for (unsigned i = 0; !place->region[0] && i < site->n_regimes; i++)
        if (strcmp(site->regimes[i].country, place->country) == 0)
            regime = regime_stricter(regime, site->regimes[i].regime);
    return regime;
}

/*
 * Every metric by itself, so that none depends on which others are asked for.
 */
#include "measure.h"
#include "crumb/query/names.h"
#include <assert.h>

#define THOUSANDTHS 1000

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

static int64_t count_of(uint64_t n) { return n > INT64_MAX ? INT64_MAX : (int64_t)n; }

/* @part * @scale / @whole, rounded half up; @whole * @scale is far from the end of its range. */
static int64_t mean(uint64_t part, uint64_t whole, uint64_t scale)
{
    uint64_t units;

    if (whole == 0)
        return QUERY_NULL;
    if (__builtin_mul_overflow(part / whole, scale, &units)) /* only a damaged table counts this far */
        return INT64_MAX;
    units += part % whole * scale / whole;
    return count_of(units + (part % whole * scale % whole >= whole - whole / 2));
}

/* In per cent. Of two estimates the part may come out as the larger. */
static int64_t share(uint64_t part, uint64_t whole, uint64_t scale)
{
    return mean(part < whole ? part : whole, whole, 100 * scale);
}

/* Thousandths over @n, in units of a @scale-th; halves go away from zero. */
static int64_t money(int64_t thousandths, uint64_t n, uint64_t scale)
{
    uint64_t size = thousandths < 0 ? -(uint64_t)thousandths : (uint64_t)thousandths;
    int64_t value = mean(size, n * (THOUSANDTHS / scale), 1);

    return value != QUERY_NULL && thousandths < 0 ? -value : value;
}

int64_t measure(enum query_metric metric, const struct measures *measures)
{
    const struct figures *figures = &measures->figures;
    uint64_t scale = power_of_ten(names_decimals(metric));

    switch (metric) {
    case QUERY_VISITORS:
        return count_of(measures->visitors);
    case QUERY_VISITS:
        return count_of(figures->visits);
    case QUERY_PAGEVIEWS:
        return count_of(figures->views);
    case QUERY_EVENTS:
        return count_of(figures->events);
    case QUERY_VIEWS_PER_VISIT:
        return mean(figures->whole_views, figures->whole, scale);
    case QUERY_BOUNCE_RATE:
        return share(figures->bounces, figures->whole, scale);
    case QUERY_VISIT_DURATION:
        return mean(figures->duration_s, figures->whole, scale);
    case QUERY_SCROLL_DEPTH:
        return mean(figures->scroll, figures->scrolled, scale);
    case QUERY_TIME_ON_PAGE:
        return mean(figures->dwell_s, figures->viewing, scale);
    case QUERY_PERCENTAGE:
        return share(measures->visitors, measures->total, scale);
    case QUERY_CONVERSION_RATE:
        return share(measures->visitors, measures->all, scale);
    case QUERY_GROUP_CONVERSION_RATE:
        return share(measures->visitors, measures->alike, scale);
    case QUERY_TOTAL_REVENUE:
        return measures->has_revenue ? money(figures->revenue, 1, scale) : QUERY_NULL;
    case QUERY_AVERAGE_REVENUE:
        return measures->has_revenue ? money(figures->revenue, figures->paid, scale) : QUERY_NULL;
    case QUERY_COVERAGE:
        return share(measures->coverage.stored, measures->coverage.received, scale);
    case QUERY_METRIC_N:
        break;
    }
    assert(false);
    return 0;
}

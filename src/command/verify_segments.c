/*
 * What crumb verify says of segments and rollups: each is whole, and with --rebuild
 * what it was made of gives it again.
 */
#include "crumb/base/error.h"
#include "crumb/base/zone.h"
#include "crumb/rollup/audit.h"
#include "verify.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* "shop, 2026-01, event:page" */
static struct verify_name rollup_name(const struct verify *verify, const struct audit_finding *finding)
{
    int32_t day = period_first_day(finding->period);
    struct zone_date date = zone_date_of_day(day);
    struct verify_name name = verify_site_name(verify, finding->site);

    if (finding->period.kind == PERIOD_DAY)
        name = verify_day_name(verify, finding->site, day);
    else
        verify_name_add(&name, ", %04d-%02u", date.year, date.month);
    verify_name_add(&name, ", %s", finding->field == FIELD_N ? "totals" : field_name(finding->field));
    return name;
}

/* "; 3 segments are wrong" */
static struct verify_name others(const struct audit_finding *finding, const char *what)
{
    struct verify_name name = {""};

    if (finding->n > 1)
        verify_name_add(&name, "; %" PRIu64 " %s are wrong", finding->n, what);
    return name;
}

int verify_segments(struct verify *verify)
{
    struct audit_finding finding;
    int r = audit_segments(verify->txn, verify->config, verify->rebuild, &finding);

    if (r == -EBADMSG)
        return verify_wrong(verify, "segments: days or events behind them are damaged");
    if (r != AUDIT_E_WRONG)
        return error_trace(r);
    if (!finding.site)
        return verify_wrong(verify, "segments: %s%s", finding.what, others(&finding, "segments").text);
    return verify_wrong(verify, "segment of %s: %s%s",
                        verify_day_name(verify, finding.site, finding.period.number).text, finding.what,
                        others(&finding, "segments").text);
}

int verify_rollups(struct verify *verify)
{
    struct audit_finding finding;
    int r = audit_rollups(verify->txn, verify->rebuild, &finding);

    if (r == -EBADMSG)
        return verify_wrong(verify, "rollups: days or segments behind them are damaged");
    if (r != AUDIT_E_WRONG)
        return error_trace(r);
    if (!finding.site)
        return verify_wrong(verify, "rollups: %s%s", finding.what, others(&finding, "rollups").text);
    return verify_wrong(verify, "rollup of %s: %s%s", rollup_name(verify, &finding).text, finding.what,
                        others(&finding, "rollups").text);
}

/* A day that is damaged was named before. */
void verify_tell_expired(const struct verify *verify)
{
    uint64_t n_segments = 0, n_rollups = 0;

    if (audit_expired(verify->txn, &n_segments, &n_rollups))
        return;
    if (n_segments)
        printf("left out  building the segments of %" PRIu64 " days again: their journal has expired\n", n_segments);
    if (n_rollups)
        printf("left out  building the rollups of %" PRIu64 " days again: their segments have expired\n", n_rollups);
}

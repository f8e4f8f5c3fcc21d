/*
 * What crumb verify calls things: sites, days and hours, for people.
 */
#include "crumb/base/zone.h"
#include "crumb/store/accounting.h"
#include "verify.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void verify_name_add(struct verify_name *name, const char *format, ...)
{
    size_t size = strlen(name->text);
    va_list args;

    va_start(args, format);
    vsnprintf(name->text + size, sizeof name->text - size, format, args);
    va_end(args);
}

struct verify_name verify_site_name(const struct verify *verify, uint32_t id)
{
    const struct site *site = config_site_of_id(verify->config, id);
    struct verify_name name = {""};

    if (site)
        verify_name_add(&name, "%s", site->name);
    else if (id == ACCOUNTING_NO_SITE)
        verify_name_add(&name, "no site");
    else
        verify_name_add(&name, "site number %" PRIu32, id);
    return name;
}

struct verify_name verify_day_name(const struct verify *verify, uint32_t site, int32_t day)
{
    struct verify_name name = verify_site_name(verify, site);
    char date[ZONE_DATE_BYTES];

    zone_write_date(day, date);
    verify_name_add(&name, ", %s", date);
    return name;
}

struct verify_name verify_hour_name(const struct verify *verify, uint32_t site, uint32_t hour)
{
    struct verify_name name = verify_day_name(verify, site, (int32_t)(hour / 24));

    verify_name_add(&name, " %02" PRIu32 ":00 UTC", hour % 24);
    return name;
}

/*
 * crumb dump segment: a visit a line, with its hits.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/rollup/visits.h"
#include <errno.h>
#include <stdio.h>

static int print_visits(const struct visits *visits, const char *site, const char *date)
{
    for (uint32_t visit = 0; visit < visits_n(visits); visit++) {
        JSON_AUTO *line = json_pack("{s:s, s:s, s:o}", "site", site, "day", date, "visit", visits_json(visits, visit));

        if (!line)
            return error_origin(-ENOMEM);
        json_dumpf(line, stdout, JSON_COMPACT);
        printf("\n");
    }
    return 0;
}

int command_print_segment(const char *site, const char *date, const struct segment *segment)
{
    struct visits *visits = NULL;
    int r = visits_read(segment, &visits);

    if (r == 0)
        r = print_visits(visits, site, date);
    visits_free(visits);
    return error_trace(r);
}

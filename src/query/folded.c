/*
 * Asked of the source only when somebody wants to know.
 */
#include "crumb/query/folded.h"
#include "crumb/base/error.h"
#include "crumb/query/range.h"

int folded_find(const struct query_source *source, int32_t *ret_detailed, bool *ret_any)
{
    int32_t first, last, detailed;
    int r = source->days(source->context, &first, &last);

    if (r == 0 && source->detailed && first <= last)
        r = source->detailed(source->context, &detailed);
    else
        detailed = first;
    if (r)
        return error_fold(r);
    *ret_detailed = detailed;
    *ret_any = detailed > first;
    return 0;
}

int folded_complain(const struct query_source *source, struct buffer *complaint)
{
    char date[RANGE_DATE_BYTES];
    int32_t day;
    bool any;
    int r = folded_find(source, &day, &any);

    if (r)
        return error_trace(r);
    range_write_date(day, date);
    buffer_printf(complaint,
                  "date_range: visits before %.*s are not kept any more, and of the days before it only this can be "
                  "told: totals of a day, and one dimension over whole months, without filters and hours, and visitors "
                  "of one day or one month at a time; ask for that, or from %.*s on",
                  RANGE_DATE_BYTES, date, RANGE_DATE_BYTES, date);
    return complaint->fault ? error_origin(complaint->fault) : QUERY_E_INVALID;
}

/*
 * The books' hours are added up by day.  They are hours of UTC: each belongs to
 * the day in which it begins, as in the metric `coverage`.
 */
#include "crumb/query/books.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/query/range.h"
#include "crumb/store/accounting.h"
#include "crumb/store/consents.h"
#include "crumb/store/day.h"

static uint32_t hour_from(int64_t at_ms) { return at_ms <= 0 ? 0 : accounting_hour(at_ms - 1) + 1; }

static json_t *books_json(const struct books *books)
{
    json_t *dropped = json_object();

    for (unsigned reason = REASON_NONE + 1; reason < REASON_N; reason++)
        if (books->dropped[reason])
            dropped = json_member(dropped, words_reason(reason), json_integer((json_int_t)books->dropped[reason]));
    return json_pack("{s:I, s:I, s:o}", "received", (json_int_t)books->received, "stored", (json_int_t)books->stored,
                     "dropped", dropped);
}

static json_t *date_json(int32_t day)
{
    char date[RANGE_DATE_BYTES];

    range_write_date(day, date);
    return json_stringn(date, sizeof date);
}

/* Of everything, before there is a choice, too: the first and last day of either. */
static int find_bounds(struct db_txn *txn, uint32_t site, int32_t *ret_first, int32_t *ret_last)
{
    int32_t first = 0, last = -1, more_first = 0, more_last = -1;
    int r = day_bounds(txn, site, &first, &last);
    int more = consents_bounds(txn, site, &more_first, &more_last);

    if (r < 0 || more < 0)
        return error_trace(r < 0 ? r : more);
    bool is_empty = last < first, has_more = more_last >= more_first;
    *ret_first = has_more && (is_empty || more_first < first) ? more_first : first;
    *ret_last = has_more && (is_empty || more_last > last) ? more_last : last;
    return 0;
}

static int find_days(const struct query_consents *query, struct db_txn *txn, uint32_t site, const struct zone *zone,
                     int64_t now_ms, struct query_days *ret_days, struct buffer *complaint)
{
    int32_t first = 0, last = -1;
    int r = find_bounds(txn, site, &first, &last);

    if (r == 0)
        r = range_days(&query->range, zone, now_ms, first, last, ret_days);
    if (r > 0 || (r == 0 && ret_days->last - ret_days->first >= QUERY_ROWS_MAX)) {
        buffer_put_text(complaint, r == RANGE_E_REVERSED ? TEXT("date_range: ends before it begins")
                                                         : TEXT("date_range: is too long"));
        return QUERY_E_INVALID;
    }
    return error_trace(r);
}

/* Adds the day's row to @results, which it makes NULL where there is no memory. */
static int add_day(struct db_txn *txn, uint32_t site, const struct zone *zone, int32_t day, struct books *total,
                   json_t **results)
{
    struct books books = {.received = 0};
    int r = accounting_between(txn, site, hour_from(zone_day_start_ms(zone, day)),
                               hour_from(zone_day_start_ms(zone, day + 1)), &books);

    if (r)
        return error_trace(r);
    if (books.received == 0)
        return 0;
    accounting_sum(total, &books);
    json_t *dimensions = json_item(json_array(), date_json(day));
    *results = json_item(*results, json_member(books_json(&books), "dimensions", dimensions));
    return 0;
}

int query_books_run(const struct query_consents *query, struct db_txn *txn, const char *site_name, uint32_t site,
                    const struct zone *zone, int64_t now_ms, struct buffer *answer, struct buffer *complaint)
{
    struct books total = {.received = 0};
    struct query_days days;
    int r = find_days(query, txn, site, zone, now_ms, &days, complaint);

    if (r)
        return r;
    json_t *results = json_array();
    for (int32_t day = days.first; r == 0 && day <= days.last; day++)
        r = add_day(txn, site, zone, day, &total, &results);
    if (r) {
        json_decref(results);
        return error_trace(r);
    }
    json_t *range = json_item(json_item(json_array(), date_json(days.first)), date_json(days.last));
    json_t *asked = json_pack("{s:s, s:o}", "site_id", site_name, "date_range", range);
    return error_trace(json_put(
        answer, json_pack("{s:o, s:o, s:o}", "results", results, "total", books_json(&total), "query", asked), 0));
}

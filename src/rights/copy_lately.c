/*
 * The overview with the latest days, for a page.
 */
#include "copy_parts.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include <errno.h>

enum { OTHER_SITE = 1 };

/* The last days of a site, in a ring. */
struct late_days {
    uint32_t site;
    struct copy_day_at days[COPY_LOOKED_DAYS_MAX];
    unsigned n;
};

static int keep_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct late_days *late = context;

    if (site != late->site)
        return OTHER_SITE;
    late->days[late->n++ % COPY_LOOKED_DAYS_MAX] = (struct copy_day_at){.site = site, .day = day, .state = *state};
    return 0;
}

/* Appends a day of which there is something. */
static int add_day(struct db_txn *txn, const struct copy_wish *wish, const struct known *known,
                   const struct copy_day_at *at, json_t **array)
{
    struct copy_day day;

    copy_day_init(&day, wish, known);
    int r = copy_day_read(txn, &day, at->day, &at->state);
    if (r == 0 && !copy_day_is_empty(&day))
        *array = json_item(*array, copy_day_json(&day, at->day));
    copy_day_deinit(&day);
    return r ? error_trace(r) : *array ? 0 : error_origin(-ENOMEM);
}

static int add_late_days(struct db_txn *txn, const struct copy_wish *wish, const struct known *known, json_t **object)
{
    struct late_days late = {.site = wish->site->id};
    int r = day_each_from(txn, late.site, copy_day_first(wish, known), keep_day, &late);
    unsigned n = late.n, looked = 0;
    json_t *array = json_array();

    while (r >= 0 && array && looked < n && looked < COPY_LOOKED_DAYS_MAX &&
           json_array_size(array) < COPY_SHOWN_DAYS_MAX) {
        looked++;
        r = add_day(txn, wish, known, &late.days[(n - looked) % COPY_LOOKED_DAYS_MAX], &array);
    }
    *object = json_member(*object, "days", array);
    *object = json_member(*object, "more", json_boolean(looked < n));
    if (r < 0)
        return error_trace(r);
    return *object ? 0 : error_origin(-ENOMEM);
}

static int read_lately(const struct copy_wish *wish, json_t **ret_object)
{
    struct known known;
    DB_TXN_AUTO *txn = NULL;
    json_t *object = NULL;
    int r = db_begin_read(wish->db, &txn);

    if (r == 0)
        r = copy_overview_known(txn, wish, &known);
    if (r == 0)
        r = copy_overview_make(txn, wish, &known, REQUEST_FOR_ASKER, &object);
    if (r == 0)
        r = add_late_days(txn, wish, &known, &object);
    if (r) {
        json_decref(object);
        return r < 0 ? error_trace(r) : r;
    }
    *ret_object = object;
    return 0;
}

int copy_lately(const struct copy_wish *wish, json_t **ret_object)
{
    int r = read_lately(wish, ret_object);

    for (unsigned i = 0; r == -ESTALE && i < COPY_STALE_MAX; i++)
        r = read_lately(wish, ret_object);
    return r;
}

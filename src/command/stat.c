/*
 * crumb stat: the store in numbers.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/rights/held.h"
#include "crumb/store/accounting.h"
#include "crumb/store/day.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static int add_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    (void)site;
    (void)hour;
    accounting_sum(context, books);
    return 0;
}

static int add_removed(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    (void)site;
    (void)day;
    *(uint64_t *)context += state->removed;
    return 0;
}

static json_t *books_json(const struct books *books)
{
    json_t *dropped = json_object();

    for (unsigned i = REASON_NONE + 1; i < REASON_N; i++)
        json_object_set_new(dropped, words_reason(i), json_integer((json_int_t)books->dropped[i]));
    return json_pack("{s:I, s:I, s:o}", "received", (json_int_t)books->received, "stored", (json_int_t)books->stored,
                     "dropped", dropped);
}

static const struct {
    const char *name;
    enum db_table table;
} counted[] = {{"events", DB_JOURNAL},
               {"visitors", DB_VISITORS},
               {"ledger", DB_LEDGER},
               {"segments", DB_SEGMENTS},
               {"rollups", DB_ROLLUPS}};

/* What is kept of sites that left the configuration. */
static int stat_left(const struct setup *setup, json_t *array)
{
    const struct config *config = setup->edition->config;

    for (unsigned i = 0; i < config->n_left; i++) {
        const struct site *site = &config->left[i];
        char date[ZONE_DATE_BYTES];
        struct held held;
        int r = held_find(setup->txn, site, &held);

        if (r)
            return error_trace(r);
        if (held_is_nothing(&held))
            continue;
        zone_write_date(zone_day(site->zone, held.until_ms), date);
        json_array_append_new(array, json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "site", site->name, "visitors",
                                               (json_int_t)held.visitors, "event_days", (json_int_t)held.event_days,
                                               "visit_days", (json_int_t)held.visit_days, "requests",
                                               (json_int_t)held.requests, "until", date));
    }
    return 0;
}

static int stat_store(struct setup *setup, json_t **ret_object)
{
    json_t *object = json_object();
    struct books books = {0};
    uint32_t site, hour;
    uint64_t n = 0, n_removed = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof counted / sizeof counted[0]; i++) {
        r = db_entries(setup->txn, counted[i].table, &n);
        json_object_set_new(object, counted[i].name, json_integer((json_int_t)n));
    }
    if (r == 0)
        r = day_each(setup->txn, add_removed, &n_removed);
    json_object_set_new(object, "removed", json_integer((json_int_t)n_removed));
    if (r == 0)
        r = db_table_bytes(setup->txn, DB_SEGMENTS, &n);
    json_object_set_new(object, "segment_bytes", json_integer((json_int_t)n));
    if (r == 0)
        r = db_table_bytes(setup->txn, DB_ROLLUPS, &n);
    json_object_set_new(object, "rollup_bytes", json_integer((json_int_t)n));
    if (r == 0)
        r = db_bytes(setup->txn, &n);
    json_t *left = json_array();
    json_object_set_new(object, "left", left);
    if (r == 0)
        r = stat_left(setup, left);
    if (r == 0)
        r = accounting_each(setup->txn, add_books, &books, &site, &hour);
    if (r) {
        json_decref(object);
        return error_trace(r);
    }
    json_object_set_new(object, "bytes", json_integer((json_int_t)n));
    json_object_set_new(object, "accounting", books_json(&books));
    *ret_object = object;
    return 0;
}

int command_stat(const struct command *self, int argc, char **argv)
{
    struct setup setup;
    const char *path = NULL;
    json_t *object = NULL;
    int exit = command_arguments(self, argc, argv, NULL, NULL, NULL, &path, NULL);

    if (exit || !path)
        return exit;
    exit = setup_open(path, &setup);
    if (exit)
        return exit;
    int r = stat_store(&setup, &object);
    if (r) {
        log_fault("cannot read the store; `crumb verify` tells more", r);
        exit = EXIT_FAILED;
    } else {
        json_dumpf(object, stdout, JSON_COMPACT);
        printf("\n");
        json_decref(object);
    }
    setup_close(&setup);
    return exit;
}

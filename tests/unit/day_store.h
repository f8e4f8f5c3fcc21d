/*
 * A store with events of several days, for tests of what is made of them.  All
 * are page views of the site `blog` (UTC) or `shop` (Berlin).
 */
#pragma once

#include "check.h"
#include "crumb/rollup/seal.h"
#include "crumb/store/journal.h"
#include "store_fixture.h"
#include <stdio.h>

#define DAY_STORE_FIRST 20514 /* 2026-03-02, the day of STORE_FIXTURE_NOW_MS */

static inline void day_store_add(struct db *db, const struct site *site, int32_t day, uint32_t visitor, int64_t at_ms,
                                 const char *path)
{
    BUFFER_AUTO section = BUFFER_INIT(1024);
    struct event event = {.kind = EVENT_PAGEVIEW, .at_ms = (uint64_t)at_ms, .path = text_of(path)};
    struct journal_record record = {.site = site->id,
                                    .day = day,
                                    .kind = EVENT_PAGEVIEW,
                                    .number = visitor,
                                    .granted = CLASS_ALL,
                                    .classes = CLASS_BIT(CLASS_LOG)};
    struct batch batch;

    event_encode(&event, CLASS_LOG, &section);
    record.sections[CLASS_LOG] = buffer_text(&section);
    assert_int_equal(batch_begin(db, &batch), 0);
    record.key = store_fixture_key(&batch);
    assert_int_equal(journal_append(&batch, &record), 0);
    assert_int_equal(batch_commit(&batch), 0);
}

/* @n visitors of one view each, on pages of their own. */
static inline void day_store_fill(struct db *db, const struct site *site, int32_t day, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char path[32];

        snprintf(path, sizeof path, "/%u", i);
        day_store_add(db, site, day, i + 1, zone_day_start_ms(site->zone, day) + 1000 * (int64_t)i, path);
    }
}

/* For seal_due(): writes at once. */
static inline int day_store_submit(void *context, struct write_op *op)
{
    struct batch batch;
    int r = batch_begin(context, &batch);

    if (r)
        return r;
    r = op->apply(op, &batch);
    if (r) {
        batch_abort(&batch);
        return r;
    }
    return batch_commit(&batch);
}

/* Seals what is due at @now_ms; the number of days. */
static inline unsigned day_store_seal(const struct store_fixture *fixture, int64_t now_ms)
{
    unsigned n = 0;

    assert_int_equal(seal_due(fixture->db, NULL, fixture->config, now_ms, day_store_submit, fixture->db, NULL, &n), 0);
    return n;
}

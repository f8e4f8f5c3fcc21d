/*
 * Rows of sites.
 */
#include "crumb/consent/sites.h"
#include "crumb/base/error.h"
#include "crumb/base/reader.h"
#include "crumb/store/checksum.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SITE_NUMBER_FIRST 1 /* 0 is no site: accounting of requests that name none */
#define SITE_ROW_BYTES_MAX (4 + 5 * 8 + 4 + 4 + ZONE_BYTES_MAX + CHECKSUM_BYTES)

struct site_row {
    uint32_t number;
    struct retention retention; /* but refusal_ms, which is for browsers alone */
    struct text timezone;       /* lent */
};

static bool decode(struct text name, struct text value, struct site_row *ret_row)
{
    struct site_row row = {.number = 0};

    if (!checksum_take(&value, name))
        return false;
    struct reader reader = reader_of(value);
    row.number = reader_u32(&reader);
    row.retention.journal_ms = (int64_t)reader_u64(&reader);
    row.retention.segments_ms = (int64_t)reader_u64(&reader);
    row.retention.choice_ms = (int64_t)reader_u64(&reader);
    row.retention.visitor_ms = (int64_t)reader_u64(&reader);
    row.retention.requests_ms = (int64_t)reader_u64(&reader);
    row.retention.fold_below = reader_u32(&reader);
    row.timezone = reader_sized(&reader);
    if (!reader_done(&reader) || row.number < SITE_NUMBER_FIRST || row.timezone.size > ZONE_BYTES_MAX)
        return false;
    *ret_row = row;
    return true;
}

static void encode(const struct site *site, uint32_t number, struct buffer *buffer)
{
    const struct retention *retention = &site->retention;

    buffer_put_u32(buffer, number);
    buffer_put_u64(buffer, (uint64_t)retention->journal_ms);
    buffer_put_u64(buffer, (uint64_t)retention->segments_ms);
    buffer_put_u64(buffer, (uint64_t)retention->choice_ms);
    buffer_put_u64(buffer, (uint64_t)retention->visitor_ms);
    buffer_put_u64(buffer, (uint64_t)retention->requests_ms);
    buffer_put_u32(buffer, retention->fold_below);
    buffer_put_sized(buffer, text_of(site->timezone));
    checksum_put(buffer, text_of(site->name));
}

/* Numbers are given in order of first appearance and never again: data of two sites never mix. */
static int store_site(struct db_txn *txn, struct site *site)
{
    BUFFER_AUTO buffer = BUFFER_INIT(SITE_ROW_BYTES_MAX);
    struct site_row row;
    struct text value;
    uint64_t n_sites;
    int r = db_get(txn, DB_SITES, text_of(site->name), &value);

    if (r == 0 && !decode(text_of(site->name), value, &row))
        return error_origin(-EBADMSG);
    if (r == DB_E_NOT_FOUND) {
        value = TEXT_NONE;
        r = db_entries(txn, DB_SITES, &n_sites);
        row.number = r ? 0 : (uint32_t)n_sites + SITE_NUMBER_FIRST;
    }
    if (r)
        return error_trace(r);
    encode(site, row.number, &buffer);
    if (buffer.fault)
        return error_origin(buffer.fault);
    /* A store that is full takes a configuration as long as it changes nothing here. */
    if (!text_equal(value, buffer_text(&buffer)))
        r = error_fold(db_put(txn, DB_SITES, text_of(site->name), buffer_text(&buffer)));
    if (r == 0)
        site->id = row.number;
    return r;
}

/* ---- sites that left ---- */

static int zone_of(struct site *site, struct text timezone)
{
    site->timezone = strndup(timezone.size ? timezone.data : "", timezone.size);
    if (!site->timezone)
        return error_origin(-ENOMEM);
    int r = zone_new(site->timezone, &site->zone);
    /* Days are counted in it. One that the system does not know any more is worth some hours, not a refusal. */
    return r > 0 ? error_fold(zone_new("UTC", &site->zone)) : error_trace(r);
}

static int add_left(struct config *config, struct text name, const struct site_row *row)
{
    struct site *grown = reallocarray(config->left, config->n_left + 1ul, sizeof *grown);

    if (!grown)
        return error_origin(-ENOMEM);
    config->left = grown;
    struct site *site = &grown[config->n_left++];
    *site = (struct site){.id = row->number, .retention = row->retention, .name = strndup(name.data, name.size)};
    return site->name ? error_trace(zone_of(site, row->timezone)) : error_origin(-ENOMEM);
}

static struct site *find_site(struct config *config, struct text name)
{
    for (unsigned i = 0; i < config->n_sites; i++)
        if (text_equal(text_of(config->sites[i].name), name))
            return &config->sites[i];
    return NULL;
}

int sites_bind(struct db_txn *txn, struct config *config)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text name, value;
    struct site_row row;
    int r = db_cursor_new(txn, DB_SITES, &cursor);

    if (r)
        return error_trace(r);
    config_forget_left(config);
    for (r = db_cursor_seek(cursor, TEXT_NONE, &name, &value); r == 0; r = db_cursor_next(cursor, &name, &value)) {
        struct site *site = find_site(config, name);

        if (!decode(name, value, &row))
            return error_origin(-EBADMSG);
        if (site)
            site->id = row.number;
        else if ((r = add_left(config, name, &row)))
            return error_trace(r);
    }
    return r == DB_E_NOT_FOUND ? 0 : error_trace(r);
}

int sites_store(struct db_txn *txn, struct config *config)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < config->n_sites; i++)
        r = store_site(txn, &config->sites[i]);
    return r ? error_trace(r) : error_trace(sites_bind(txn, config));
}

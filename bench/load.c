/*
 * load: the CSV of bench/generate.c into a store, as fast as the store takes it.
 *
 *   build/bench/load -c FILE --site NAME [--no-seal] [--cookies N] hits.csv
 *   build/bench/load -c FILE --site NAME --expire
 *
 * What the service does with an event between the socket and the disk is not
 * done here (bench/ingest.mjs measures that): rows become journal records at
 * once, through the batches of the writer, many in a transaction.  The rest is
 * as it would be: each visitor's grant is a ledger record and precedes its
 * events, the books and the marks on days are kept, and the days are sealed by
 * the code that seals them in the service.
 *
 * Prints how long it took and the bytes of each table, as JSON, and the cookies
 * of the N visitors with the highest numbers, the highest first.
 *
 * With --expire nothing is loaded: what the site's retention lets go by now
 * goes, at once, as the service would do it with pauses.
 */
#include "crumb/base/clock.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/base/zone.h"
#include "crumb/consent/choice.h"
#include "crumb/consent/cookie.h"
#include "crumb/rollup/retention.h"
#include "crumb/rollup/seal.h"
#include "crumb/store/journal.h"
#include "crumb/store/secret.h"
#include "edition.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_PER_BATCH 100000
#define SECTION_BYTES_MAX (16 << 10)
#define VIEWPORT_HEIGHT 800
#define MONTH_MS (32 * 86400000LL) /* after the last event, so that its month is over */

/* The columns of the CSV, in their order. */
enum field {
    VISIT,
    VISITOR,
    T_MS,
    DAY,
    KIND,
    NAME,
    HOST,
    PAGE,
    TITLE,
    DWELL_S,
    SCROLL,
    CENTS,
    CURRENCY,
    PLAN,
    DEVICE,
    BRAND,
    OS,
    OS_VERSION,
    BROWSER,
    BROWSER_VERSION,
    COUNTRY,
    REGION,
    CITY,
    SOURCE,
    CHANNEL,
    REFERRER,
    UTM_SOURCE,
    UTM_MEDIUM,
    UTM_CAMPAIGN,
    LANGUAGE,
    WIDTH,
    HEIGHT,
    FIELD_N
};

struct known_visitor {
    uint32_t number; /* 0: not yet seen */
    uint64_t consent;
    struct key_ref key;
};

struct loader {
    struct edition *edition;
    const struct site *site;
    struct db *db;
    struct writer *writer;
    struct batch batch;
    unsigned n_in_batch;
    struct known_visitor *visitors; /* by the CSV's number */
    struct text *pages;             /* by the CSV's visit: its last page; data NULL: it has not begun */
    size_t n_visitors, n_visits;
    uint64_t n_rows;
    int64_t last_ms;
    struct buffer sections[CLASS_N];
};

/* ---- rows ---- */

static uint64_t number_of(struct text digits)
{
    uint64_t number = 0;

    for (size_t i = 0; i < digits.size && digits.data[i] >= '0' && digits.data[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(digits.data[i] - '0');
    return number;
}

static bool split(struct text line, struct text fields[FIELD_N])
{
    for (unsigned i = 0; i < FIELD_N; i++) {
        if (!line.data)
            return false;
        fields[i] = text_cut(&line, ',');
    }
    return line.size == 0;
}

/* The number of a word, such as a channel's. */
static uint64_t word_of(struct text name, const char *(*word)(unsigned number), unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (text_equal(name, text_of(word(i))))
            return i;
    return 0;
}

static void *grown(void *array, size_t *n, size_t index, size_t size)
{
    size_t more = *n ? *n : 1024;

    while (more <= index)
        more *= 2;
    if (more == *n)
        return array;
    char *bytes = reallocarray(array, more, size);
    if (!bytes) {
        log_fault("load", error_origin(-ENOMEM));
        exit(3);
    }
    memset(bytes + *n * size, 0, (more - *n) * size);
    *n = more;
    return bytes;
}

/* ---- a visitor ---- */

static void make_id(uint64_t number, uint8_t id[VISITOR_BYTES])
{
    crypto_generichash(id, VISITOR_BYTES, (const uint8_t *)&number, sizeof number, NULL, 0);
}

/* Everything is granted, a second before the first event. */
static int grant(struct loader *loader, uint64_t visitor, int64_t at_ms, struct known_visitor *ret_known)
{
    struct choice choice = {.site = loader->site,
                            .notice = edition_notice(loader->edition, loader->site, TEXT_NONE),
                            .kind = CHOICE_GRANT,
                            .surface = SURFACE_API,
                            .granted = choice_all(loader->site)};
    struct choice_context context = {.at_ms = at_ms - 1000};
    struct choice_result result;
    struct visitor row;

    make_id(visitor, context.fresh);
    randombytes_buf(context.record_id, RECORD_ID_BYTES);
    int r = choice_record(&loader->batch, &choice, loader->edition, &context, &result);
    if (r == 0)
        r = error_fold(visitor_get(loader->batch.txn, loader->site->id, context.fresh, &row));
    if (r)
        return error_trace(r);
    *ret_known = (struct known_visitor){.number = row.number, .consent = row.consent, .key = row.key};
    return 0;
}

/* ---- an event ---- */

/* Where a visit came from stands with its first view; the others come from the page before. */
static void set_origin(struct event *event, const struct text *fields, struct text before, char *scratch, size_t size)
{
    if (before.data) {
        event->channel = CHANNEL_INTERNAL;
        snprintf(scratch, size, "https://%.*s%.*s", TEXT_ARGS(fields[HOST]), TEXT_ARGS(before));
        event->referrer = text_of(scratch);
        return;
    }
    event->channel = word_of(fields[CHANNEL], words_channel, CHANNEL_N);
    event->source = fields[SOURCE];
    event->referrer = fields[REFERRER];
    event->utm_source = fields[UTM_SOURCE];
    event->utm_medium = fields[UTM_MEDIUM];
    event->utm_campaign = fields[UTM_CAMPAIGN];
}

static void set_context(struct event *event, const struct text *fields)
{
    event->country = fields[COUNTRY];
    event->region = fields[REGION];
    event->city = fields[CITY];
    event->language = fields[LANGUAGE];
    event->device = word_of(fields[DEVICE], words_device, DEVICE_N);
    event->brand = fields[BRAND];
    event->os = fields[OS];
    event->os_version = fields[OS_VERSION];
    event->browser = fields[BROWSER];
    event->browser_version = fields[BROWSER_VERSION];
    event->screen_width = event->viewport_width = number_of(fields[WIDTH]);
    event->screen_height = number_of(fields[HEIGHT]);
}

/* Pages are some windows high; a share of that is what was seen of it. */
static void set_view(struct event *event, const struct text *fields)
{
    uint64_t height = VIEWPORT_HEIGHT * (2 + fields[PAGE].size % 7), seen = height * number_of(fields[SCROLL]) / 100;

    event->dwell_ms = number_of(fields[DWELL_S]) * 1000;
    event->viewport_height = VIEWPORT_HEIGHT;
    event->page_height = height;
    event->scroll_y_max = seen > VIEWPORT_HEIGHT ? seen - VIEWPORT_HEIGHT : 0;
}

static void set_act(struct event *event, const struct text *fields, char *scratch, size_t size)
{
    uint64_t cents = number_of(fields[CENTS]);

    event->category = TEXT("event");
    event->action = fields[NAME];
    if (fields[PLAN].size)
        event->properties[event->n_properties++] = (struct event_property){TEXT("plan"), fields[PLAN]};
    if (!cents)
        return;
    snprintf(scratch, size, "%llu.%02llu", (unsigned long long)(cents / 100), (unsigned long long)(cents % 100));
    event->value = text_of(scratch);
    event->currency = fields[CURRENCY];
}

static int append(struct loader *loader, const struct event *event, uint64_t visitor, const struct known_visitor *known)
{
    struct journal_record record = {.site = loader->site->id,
                                    .day = zone_day(loader->site->zone, (int64_t)event->at_ms),
                                    .kind = event->kind,
                                    .key = known->key,
                                    .number = known->number,
                                    .consent = known->consent,
                                    .granted = CLASS_ALL};
    const struct books books = {.received = 1, .stored = 1};

    make_id(visitor, record.visitor);
    for (unsigned class = 0; class < CLASS_N; class ++) {
        buffer_clear(&loader->sections[class]);
        event_encode(event, class, &loader->sections[class]);
        record.sections[class] = buffer_text(&loader->sections[class]);
        if (record.sections[class].size || class == event_carrier(event->kind))
            record.classes |= CLASS_BIT(class);
    }
    int r = journal_append(&loader->batch, &record);
    if (r == 0)
        r = batch_count(&loader->batch, record.site, accounting_hour((int64_t)event->at_ms), &books);
    return error_trace(r);
}

static int load_row(struct loader *loader, const struct text *fields)
{
    uint64_t visitor = number_of(fields[VISITOR]), visit = number_of(fields[VISIT]);
    char referrer[URL_BYTES_MAX], value[32];
    struct event event = {.kind = text_equal(fields[KIND], TEXT("view")) ? EVENT_PAGEVIEW : EVENT_STRUCT,
                          .at_ms = number_of(fields[T_MS]),
                          .host = fields[HOST],
                          .path = fields[PAGE],
                          .title = fields[TITLE]};
    int r = 0;

    loader->visitors = grown(loader->visitors, &loader->n_visitors, visitor, sizeof *loader->visitors);
    loader->pages = grown(loader->pages, &loader->n_visits, visit, sizeof *loader->pages);
    loader->last_ms = (int64_t)event.at_ms;
    if (!loader->visitors[visitor].number)
        r = grant(loader, visitor, (int64_t)event.at_ms, &loader->visitors[visitor]);
    set_context(&event, fields);
    if (event.kind == EVENT_PAGEVIEW) {
        set_origin(&event, fields, loader->pages[visit], referrer, sizeof referrer);
        set_view(&event, fields);
        loader->pages[visit] = fields[PAGE];
    } else {
        set_act(&event, fields, value, sizeof value);
    }
    return r ? r : error_trace(append(loader, &event, visitor, &loader->visitors[visitor]));
}

/* ---- all of them ---- */

static int next_batch(struct loader *loader)
{
    int r = loader->n_in_batch ? batch_commit(&loader->batch) : 0;

    loader->n_in_batch = 0;
    return r ? error_trace(r) : error_trace(batch_begin(loader->db, &loader->batch));
}

/* What has been read of the file need not be in memory, nor be counted as it. */
static void give_back(struct text csv, struct text rest)
{
    size_t read = (csv.size - rest.size) & ~((size_t)sysconf(_SC_PAGESIZE) - 1);

    madvise((void *)(uintptr_t)csv.data, read, MADV_DONTNEED);
}

static int load_rows(struct loader *loader, struct text csv)
{
    const struct text all = csv;
    struct text fields[FIELD_N];
    int r = batch_begin(loader->db, &loader->batch);

    if (r)
        return error_trace(r);
    text_cut(&csv, '\n'); /* the names */
    while (r == 0 && csv.size) {
        struct text line = text_cut(&csv, '\n');

        if (!split(line, fields)) {
            fprintf(stderr, "load: row %llu has not %d fields\n", (unsigned long long)loader->n_rows + 1, FIELD_N);
            r = error_origin(-EINVAL);
            break;
        }
        r = load_row(loader, fields);
        loader->n_rows++;
        if (r == 0 && ++loader->n_in_batch == ROWS_PER_BATCH) {
            give_back(all, csv);
            r = next_batch(loader);
        }
    }
    if (r == 0)
        return error_trace(batch_commit(&loader->batch));
    batch_abort(&loader->batch);
    return r;
}

static int submit_and_drain(void *context, struct write_op *op)
{
    struct loader *loader = context;
    int r = writer_submit(loader->writer, op);

    writer_drain(loader->writer);
    return r;
}

/* Keys and values, without the pages' slack: what the format takes. */
static int measure_tables(struct db *db, json_t *tables)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(db, &txn);

    for (unsigned table = 0; r == 0 && table < DB_TABLE_N; table++) {
        DB_CURSOR_AUTO *cursor = NULL;
        struct text key, value;
        json_int_t bytes = 0;

        r = db_cursor_new(txn, table, &cursor);
        for (r = r ? r : db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0;
             r = db_cursor_next(cursor, &key, &value))
            bytes += (json_int_t)(key.size + value.size);
        if (r == DB_E_NOT_FOUND)
            r = 0;
        json_object_set_new(tables, db_table_name(table), json_integer(bytes));
    }
    return error_trace(r);
}

/* As a browser has them. */
static int sign_cookies(const struct loader *loader, size_t n, json_t *cookies)
{
    uint8_t key[COOKIE_KEY_BYTES], id[VISITOR_BYTES];
    int r = secret_key(loader->edition->config->data, SECRET_COOKIE, true, &random_system, key);

    for (size_t i = loader->n_visitors; r == 0 && i-- > 0 && json_array_size(cookies) < n;) {
        BUFFER_AUTO value = BUFFER_INIT(COOKIE_ID_TEXT_BYTES + 1);

        if (!loader->visitors[i].number)
            continue;
        make_id(i, id);
        cookie_put_id(&value, key, loader->site, id);
        r = value.fault;
        json_array_append_new(cookies, json_sprintf(COOKIE_ID_NAME "=%.*s", TEXT_ARGS(buffer_text(&value))));
    }
    return error_trace(r);
}

/* The deletion log is left out: it is the service's. */
static int expire(struct loader *loader)
{
    struct retention_round round = {.resting_ms = 0};
    struct retention_work work = {.db = loader->db,
                                  .config = loader->edition->config,
                                  .now_ms = clock_now_ms(&clock_system),
                                  .submit = submit_and_drain,
                                  .context = loader};
    struct retention_done done;
    uint64_t n_events = 0;
    int r = 0;

    while (r == 0 && !round.resting_ms) {
        r = retention_pass(&round, &work, &done);
        n_events += done.n_events;
    }
    if (r == 0)
        printf("{\"expired\":%llu}\n", (unsigned long long)n_events);
    return error_trace(r);
}

static int open_store(struct loader *loader)
{
    const struct config *config = loader->edition->config;
    struct db_options options = {.folder = config->data,
                                 .mode = DB_SERVE,
                                 .size_bytes_max = config->data_max_bytes,
                                 .master_key = config->master_key};
    int r = error_fold(db_open(&options, &loader->db));

    r = r ? r : edition_store_alone(loader->edition, loader->db);
    return r ? r : error_trace(writer_new(loader->db, &loader->writer));
}

static int load(struct loader *loader, struct text csv, bool seal, size_t n_cookies)
{
    const struct config *config = loader->edition->config;
    json_t *tables = json_object(), *cookies = json_array();
    unsigned n_sealed = 0;
    int64_t began_us = clock_monotonic_us(), loaded_us = 0, sealed_us = 0;
    int r = load_rows(loader, csv);

    loaded_us = clock_monotonic_us();
    if (r == 0 && seal)
        r = seal_due(loader->db, NULL, config, loader->last_ms + MONTH_MS, submit_and_drain, loader, NULL, &n_sealed);
    sealed_us = clock_monotonic_us();
    r = r ? r : measure_tables(loader->db, tables);
    r = r ? r : sign_cookies(loader, n_cookies, cookies);
    if (r == 0) {
        printf("{\"events\":%llu,\"journal_s\":%.3f,\"seal_s\":%.3f,\"days_sealed\":%u,\"table_bytes\":",
               (unsigned long long)loader->n_rows, (double)(loaded_us - began_us) / 1e6,
               (double)(sealed_us - loaded_us) / 1e6, n_sealed);
        json_dumpf(tables, stdout, JSON_COMPACT);
        printf(",\"cookies\":");
        json_dumpf(cookies, stdout, JSON_COMPACT);
        printf("}\n");
    }
    json_decref(tables);
    json_decref(cookies);
    return error_trace(r);
}

/* ---- the command ---- */

static bool map_file(const char *path, struct text *ret_bytes)
{
    struct stat stat;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool good = file >= 0 && fstat(file, &stat) == 0;
    void *bytes = good ? mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;

    if (file >= 0)
        close(file);
    if (bytes == MAP_FAILED)
        return false;
    *ret_bytes = (struct text){.data = bytes, .size = (size_t)stat.st_size};
    return true;
}

static int usage(void)
{
    fprintf(stderr, "usage: load -c FILE --site NAME [--no-seal] [--cookies N] hits.csv | --expire\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"site", required_argument, NULL, 's'},
                                          {"no-seal", no_argument, NULL, 'n'},
                                          {"cookies", required_argument, NULL, 'k'},
                                          {"expire", no_argument, NULL, 'e'},
                                          {0}};
    const char *path = NULL, *site = NULL;
    struct loader loader = {.n_rows = 0};
    struct text csv = TEXT_NONE;
    bool seals = true, expires = false;
    size_t n_cookies = 0;
    int option;

    while ((option = getopt_long(argc, argv, "c:", known, NULL)) >= 0) {
        if (option == 'c')
            path = optarg;
        else if (option == 's')
            site = optarg;
        else if (option == 'n')
            seals = false;
        else if (option == 'k')
            n_cookies = strtoull(optarg, NULL, 10);
        else if (option == 'e')
            expires = true;
        else
            return usage();
    }
    if (!path || !site || optind + !expires != argc)
        return usage();
    if (sodium_init() < 0 || edition_of_file(path, &loader.edition))
        return 1;
    loader.site = config_site(loader.edition->config, text_of(site));
    if (!loader.site || (!expires && !map_file(argv[optind], &csv))) {
        fprintf(stderr, "load: there is no such site, or the file cannot be read\n");
        return 1;
    }
    for (unsigned class = 0; class < CLASS_N; class ++)
        loader.sections[class] = BUFFER_INIT(SECTION_BYTES_MAX);
    int r = open_store(&loader);
    if (r == 0)
        r = expires ? expire(&loader) : load(&loader, csv, seals, n_cookies);
    if (r)
        log_fault("load", r);
    for (unsigned class = 0; class < CLASS_N; class ++)
        buffer_deinit(&loader.sections[class]);
    free(loader.visitors);
    free(loader.pages);
    writer_free(loader.writer);
    db_close(loader.db);
    edition_unref(loader.edition);
    return r ? 3 : 0;
}

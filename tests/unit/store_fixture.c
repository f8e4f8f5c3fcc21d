/*
 * Folders, configurations and stores for tests.
 */
#include "store_fixture.h"
#include "check.h"
#include "crumb/base/error.h"
#include "crumb/rollup/rollups.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/checksum.h"
#include "crumb/store/journal.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_BYTES_MAX (64 << 20)

const char store_fixture_yaml[] =
    "data: ./data\n"
    "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
    "trusted_proxies: [127.0.0.1/32, 10.0.0.0/8, \"2001:db8:ffff::/48\"]\n"
    "sites:\n"
    "  shop:\n"
    "    name: Example Shop\n"
    "    origins: [https://shop.example, https://www.shop.example]\n"
    "    timezone: Europe/Berlin\n"
    "    cookie_domain: shop.example\n"
    "    controller: {name: Shop Ltd, address: 1 High St, contact: privacy@shop.example}\n"
    "    storage: {country: DE, location: Frankfurt}\n"
    "    retention: {journal: 30d, segments: 25mo, choice: 180d, refusal: 180d, visitor: 390d}\n"
    "    purposes:\n"
    "      analytics: {collects: [log, device]}\n"
    "      journeys: {collects: [clickpath]}\n"
    "      marketing: {collects: [], recipients: [ad_partner]}\n"
    "      strict: {collects: [log]}\n"
    "    recipients:\n"
    "      ad_partner: {name: Ads, country: US, why: To show ads}\n"
    "    texts:\n"
    "      de: {title: Ihre Wahl}\n"
    "  blog:\n"
    "    origins: [https://blog.example]\n"
    "    controller: {name: Blogger, contact: me@blog.example}\n"
    "    address: full\n"
    "    purposes:\n"
    "      analytics: {collects: [log, device, clickpath]}\n";

/* In memory where there is such a place: no unit test is about what a disk keeps, and each commit waits for it. */
static const char *base_folder(void)
{
    const char *base = getenv("TMPDIR");

    if (base)
        return base;
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

void store_fixture_folder(char ret_folder[STORE_FIXTURE_PATH_BYTES])
{
    assert_true(snprintf(ret_folder, STORE_FIXTURE_PATH_BYTES, "%s/crumb-test-XXXXXX", base_folder()) <
                STORE_FIXTURE_PATH_BYTES);
    assert_non_null(mkdtemp(ret_folder));
}

/* Calls @each with the path of every file of @folder; ends where it returns true. */
static bool each_file(const char *folder, bool (*each)(const char *path, const void *context), const void *context)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool found = false;

    assert_non_null(dir);
    while (!found && (entry = readdir(dir))) {
        char path[2 * STORE_FIXTURE_PATH_BYTES + 2];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        found = each(path, context);
    }
    closedir(dir);
    return found;
}

static bool remove_file(const char *path, const void *context)
{
    (void)context;
    if (unlink(path) < 0)
        rmdir(path);
    return false;
}

void store_fixture_remove(const char *folder)
{
    each_file(folder, remove_file, NULL);
    assert_int_equal(rmdir(folder), 0);
}

struct config *store_fixture_config(const char *yaml)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;
    int r = config_parse(text_of(yaml), "test.yaml", &complaints, &config);

    if (r)
        fail_msg("config_parse: %d: %.*s", r, TEXT_ARGS(buffer_text(&complaints.text)));
    complaints_deinit(&complaints);
    return config;
}

struct edition *store_fixture_edition(const char *yaml)
{
    struct config *config = store_fixture_config(yaml);
    struct edition *edition = NULL;

    assert_int_equal(edition_new(config, &edition), 0);
    config_unref(config);
    return edition;
}

struct edition *store_fixture_edition_with(const char *part, const char *instead)
{
    BUFFER_AUTO yaml = BUFFER_INIT(1 << 20);
    const char *at = strstr(store_fixture_yaml, part);

    if (!at)
        fail_msg("the configuration has no \"%s\"", part);
    buffer_put(&yaml, store_fixture_yaml, (size_t)(at - store_fixture_yaml));
    buffer_put_text(&yaml, text_of(instead));
    buffer_put_text(&yaml, text_of(at + strlen(part)));
    buffer_put_u8(&yaml, '\0');
    return store_fixture_edition((const char *)yaml.data);
}

struct db *store_fixture_open(const char *folder)
{
    struct db *db = NULL;
    int r = db_open(&(struct db_options){.folder = folder, .mode = DB_SERVE, .size_bytes_max = STORE_BYTES_MAX}, &db);

    if (r)
        fail_msg("db_open(%s): %s", folder, error_trail(r));
    return db;
}

void store_fixture_init(struct store_fixture *fixture, const char *yaml)
{
    struct db_txn *txn;

    assert_int_equal(random_init(), 0);
    *fixture = (struct store_fixture){.random = random_seeded(1)};
    store_fixture_folder(fixture->folder);
    fixture->db = store_fixture_open(fixture->folder);
    fixture->edition = store_fixture_edition(yaml);
    fixture->config = fixture->edition->config;
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(edition_store(fixture->edition, txn), 0);
    assert_int_equal(db_commit(txn), 0);
}

void store_fixture_deinit(struct store_fixture *fixture)
{
    db_close(fixture->db);
    edition_unref(fixture->edition);
    store_fixture_remove(fixture->folder);
}

void store_fixture_reopen(struct store_fixture *fixture)
{
    db_close(fixture->db);
    fixture->db = store_fixture_open(fixture->folder);
}

int store_fixture_setup(void **state)
{
    struct store_fixture *fixture = malloc(sizeof *fixture);

    assert_non_null(fixture);
    store_fixture_init(fixture, store_fixture_yaml);
    *state = fixture;
    return 0;
}

int store_fixture_teardown(void **state)
{
    store_fixture_deinit(*state);
    free(*state);
    return 0;
}

const struct site *store_fixture_site(const struct store_fixture *fixture, const char *name)
{
    const struct site *site = config_site(fixture->config, text_of(name));

    assert_non_null(site);
    return site;
}

uint64_t store_fixture_rows(struct db *db, enum db_table table)
{
    DB_TXN_AUTO *txn = NULL;
    uint64_t n;

    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(db_entries(txn, table, &n), 0);
    return n;
}

struct key_ref store_fixture_key(struct batch *batch)
{
    uint8_t key[CRYPT_KEY_BYTES];
    struct key_ref ref;

    assert_int_equal(batch_new_key(batch, KEY_VISITOR, &ref, key), 0);
    return ref;
}

static bool has_bytes(const char *path, const void *context)
{
    const struct text *bytes = context;
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0 && fstat(fd, &stat) == 0);
    void *map = stat.st_size ? mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    assert_true(stat.st_size == 0 || map != MAP_FAILED);
    bool found = stat.st_size && memmem(map, (size_t)stat.st_size, bytes->data, bytes->size);
    if (stat.st_size)
        munmap(map, (size_t)stat.st_size);
    close(fd);
    return found;
}

bool store_fixture_has_bytes(const char *folder, struct text bytes) { return each_file(folder, has_bytes, &bytes); }

/* ---- what can be read with the keys that are there ---- */

struct search {
    struct db_txn *txn;
    struct text bytes;
    bool found;
};

static void search_in(struct search *search, struct text bytes)
{
    search->found |= bytes.size && memmem(bytes.data, bytes.size, search->bytes.data, search->bytes.size);
}

static int search_record(void *context, const struct journal_record *record)
{
    for (unsigned class = 0; class < CLASS_N; class ++)
        search_in(context, record->sections[class]);
    return 0;
}

static int search_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct search *search = context;
    struct table table = TABLE_INIT;
    struct segment segment;

    (void)state;
    assert_int_equal(journal_each(search->txn, site, day, 0, search_record, search), 0);
    if (segments_open(search->txn, site, day, &segment))
        return 0;
    assert_int_equal(segment_read(&segment, COLUMN_ALL, &table), 0);
    search_in(search, (struct text){table.texts.bytes, table.texts.ends[table.texts.n - 1]});
    table_deinit(&table);
    return 0;
}

static void search_rollups(struct search *search)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(search->txn, DB_ROLLUPS, &cursor);

    for (r = r ? r : db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0;
         r = db_cursor_next(cursor, &key, &value)) {
        BUFFER_AUTO plain = BUFFER_INIT(1 << 20);
        struct cells cells;

        if (rollups_open_row(search->txn, key, value, false, &plain))
            continue;
        assert_int_equal(cells_decode(buffer_text(&plain), CELLS_NO_SKETCHES, &cells), 0);
        for (size_t i = 0; i < cells.n; i++)
            search_in(search, cells.cells[i].value);
        cells_deinit(&cells);
    }
    assert_int_equal(r, DB_E_NOT_FOUND);
}

bool store_fixture_can_read(struct db *db, struct text bytes)
{
    DB_TXN_AUTO *txn = NULL;
    struct search search = {.bytes = bytes};

    assert_int_equal(db_begin_read(db, &txn), 0);
    search.txn = txn;
    assert_int_equal(day_each(txn, search_day, &search), 0);
    search_rollups(&search);
    return search.found;
}

void store_fixture_put_checked(struct db_txn *txn, enum db_table table, struct text key, struct text bytes)
{
    BUFFER_AUTO value = BUFFER_INIT(LEDGER_RECORD_BYTES_MAX);

    buffer_put_text(&value, bytes);
    checksum_put(&value, key);
    assert_int_equal(db_put(txn, table, key, buffer_text(&value)), 0);
}

void store_fixture_damage(struct db_txn *txn, enum db_table table, struct text key, size_t offset)
{
    uint8_t bytes[LEDGER_RECORD_BYTES_MAX];
    struct text value;

    assert_int_equal(db_get(txn, table, key, &value), 0);
    assert_in_range(value.size, offset + 1, sizeof bytes);
    memcpy(bytes, value.data, value.size);
    bytes[offset] ^= 1;
    assert_int_equal(db_put(txn, table, key, (struct text){.data = (const char *)bytes, .size = value.size}), 0);
}

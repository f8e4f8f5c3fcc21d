/*
 * A store in a folder of its own, for tests: made from a configuration in the
 * test's source, thrown away afterwards.
 *
 * Everything asserts: a test that cannot get its store has failed.
 */
#pragma once

#include "crumb/base/random.h"
#include "crumb/consent/notice.h"
#include "crumb/store/batch.h"

#define STORE_FIXTURE_PATH_BYTES 256

/* Every test's first instant: 2026-03-02T09:30:00Z, a Monday. */
#define STORE_FIXTURE_NOW_MS 1772443800000LL

struct store_fixture {
    char folder[STORE_FIXTURE_PATH_BYTES];
    struct edition *edition; /* stored: its sites have their numbers */
    struct config *config;   /* the edition's */
    struct db *db;
    struct random_seeded random;
};

/* Two sites: `shop` with four purposes (analytics, journeys, marketing, strict), in Berlin, and `blog` with one, in
 * UTC. */
extern const char store_fixture_yaml[];

/* A new empty folder under $TMPDIR, or, where that is not set, in memory. */
void store_fixture_folder(char ret_folder[STORE_FIXTURE_PATH_BYTES]);
/* Removes it with everything in it. */
void store_fixture_remove(const char *folder);

/* A configuration, or a failed test that shows the complaints. */
struct config *store_fixture_config(const char *yaml);
/* The edition of a configuration's text. */
struct edition *store_fixture_edition(const char *yaml);

/* That of store_fixture_yaml with @part, which it has, replaced once by @instead. */
struct edition *store_fixture_edition_with(const char *part, const char *instead);

/* Opens the store of @folder to write, 64 MiB. */
struct db *store_fixture_open(const char *folder);

/* A folder with a store that knows the sites of @yaml. */
void store_fixture_init(struct store_fixture *fixture, const char *yaml);
void store_fixture_deinit(struct store_fixture *fixture);
/* Closes the store and opens it again. */
void store_fixture_reopen(struct store_fixture *fixture);

/* For cmocka_unit_test_setup_teardown(): *state is a struct store_fixture of store_fixture_yaml. */
int store_fixture_setup(void **state);
int store_fixture_teardown(void **state);
#define STORE_FIXTURE_TEST(f) cmocka_unit_test_setup_teardown(f, store_fixture_setup, store_fixture_teardown)

const struct site *store_fixture_site(const struct store_fixture *fixture, const char *name);

/* How many rows a table has. */
uint64_t store_fixture_rows(struct db *db, enum db_table table);

/* A new visitor's key, made by the batch. */
struct key_ref store_fixture_key(struct batch *batch);

/* True where any file of the folder has these bytes anywhere. */
bool store_fixture_has_bytes(const char *folder, struct text bytes);

/* True where journal, segments or rollups have them, opened with the keys that are there. */
bool store_fixture_can_read(struct db *db, struct text bytes);

/* Stores bytes that nobody of us would write, with the checksum that makes them look right. */
void store_fixture_put_checked(struct db_txn *txn, enum db_table table, struct text key, struct text bytes);

/* Flips a bit of the byte at @offset of a stored value: what a failing disk does. */
void store_fixture_damage(struct db_txn *txn, enum db_table table, struct text key, size_t offset);

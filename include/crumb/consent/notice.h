/*
 * Notices: everything a visitor is told before choosing, as one canonical JSON
 * text, named by its SHA-256.  What was shown is kept for ever under that name
 * (promise P4; GDPR art. 7(1), EDPB guidelines 05/2020 paragraph 108).
 *
 * Canonical form: RFC 8785 (keys sorted, no white space) of an object without
 * numbers but `v`.
 *
 * Two hashes: the full one names the exact text; the material one leaves out
 * wording and language.  A change of the material hash asks visitors again.
 *
 * An edition is one configuration in force together with what follows from it:
 * the sites' numbers and their notices.  But for a cache it is immutable and shared by
 * reference count, like the configuration it holds.
 */
#pragma once

#include "crumb/base/cache.h"
#include "crumb/config/config.h"
#include "crumb/store/db.h"
#include "crumb/store/key.h"
#include <jansson.h>

#define HASH_HEX_BYTES (2 * HASH_BYTES + 1)

enum { NOTICE_E_TOO_LARGE = 1 };

/* Without its text, which notice_render() makes: a thousand sites in forty languages would be hundreds of MiB. */
struct notice {
    const char *lang; /* lent by the configuration or the shipped texts */
    uint8_t hash[HASH_BYTES];
    char hex[HASH_HEX_BYTES]; /* of the hash */
};

struct site_notices {
    struct notice *notices; /* one a language, in the order of texts_languages(); the first is the default */
    unsigned n_notices;
    uint8_t material[HASH_BYTES]; /* the same for every language */
};

struct edition {
    _Atomic unsigned n_refs;
    struct config *config;
    struct site_notices *sites; /* parallel to config->sites */
    struct geo *geo;            /* the database of `geo` (ingest/geo.h), or NULL: whoever opened it says how it goes */
    struct geo *(*geo_free)(struct geo *geo);
    struct agents *agents; /* the expressions of `agents` (ingest/agent.h), likewise */
    struct agents *(*agents_unref)(struct agents *agents);
    struct cache *scripts; /* what was rendered of consent.js (consent/script.h); it locks itself */
};

/*
 * Makes the edition of @config, takes a reference to it, and fills in
 * purpose.material of every site.  Pure.  0, -ENOMEM, or NOTICE_E_TOO_LARGE: a
 * notice would exceed NOTICE_BYTES_MAX; edition_complain() says whose.
 */
int edition_new(struct config *config, struct edition **ret_edition);
/* Complains about each site of @config whose notice is too large. 0 or -ENOMEM. */
int edition_complain(const struct config *config, struct complaints *complaints);
struct edition *edition_ref(struct edition *edition);
struct edition *edition_unref(struct edition *edition);

/*
 * Gives every site its number in the store, and keeps every notice there, in
 * the write transaction @txn.  To be committed before the edition is used.
 */
int edition_store(struct edition *edition, struct db_txn *txn);

/* The same in a write transaction of its own, where no writer runs yet. 0 or a fault. */
int edition_store_alone(struct edition *edition, struct db *db);

/* The same numbers for a reader: sites that the store has never seen get 0. */
int edition_bind(struct edition *edition, struct db_txn *txn);

const struct site_notices *edition_notices(const struct edition *edition, const struct site *site);

/* The notice in the language that fits @lang (language_match(): "de-AT" finds "de"), else the default one. */
const struct notice *edition_notice(const struct edition *edition, const struct site *site, struct text lang);

/* The same, but where @lang is empty or fits none, the one for that Accept-Language header (language_choose()). */
const struct notice *edition_notice_for(const struct edition *edition, const struct site *site, struct text lang,
                                        struct text accept_language);

/* The notice of that hash (64 hex digits) that is shown now, or NULL. */
const struct notice *edition_notice_by_hex(const struct edition *edition, const struct site *site, struct text hex);

/* Appends the canonical text of a notice of @site, which is its edition's. 0 or -ENOMEM. */
int notice_render(const struct site *site, const struct notice *notice, struct buffer *text);
/* What a notice of @site says, as an object that is the caller's. NULL: no memory. */
json_t *notice_object(const struct site *site, const struct notice *notice);

/* A notice that was ever shown, from the store. DB_E_NOT_FOUND, or the text, lent. -EBADMSG: it does not match its
 * hash. */
int notice_get(struct db_txn *txn, const uint8_t hash[HASH_BYTES], struct text *ret_json);

/*
 * The hash of the notice in the store whose hash begins with these bytes, as
 * statistics name it.  DB_E_NOT_FOUND: there is none.
 */
int notice_find(struct db_txn *txn, struct text prefix, uint8_t ret_hash[HASH_BYTES]);

/* The names of a set of classes, as an array. NULL: no memory. */
json_t *notice_classes(unsigned classes);

/* 64 hex digits and a NUL. */
void notice_hex(const uint8_t hash[HASH_BYTES], char ret_hex[HASH_HEX_BYTES]);
bool notice_unhex(struct text hex, uint8_t ret_hash[HASH_BYTES]);

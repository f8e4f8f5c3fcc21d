/*
 * Which notices were in force when: one row for each time at which a site
 * began to show others.  The notices themselves are kept under their hashes
 * (consent/notice.h), for ever, like these rows.
 */
#pragma once

#include "crumb/consent/notice.h"

struct version {
    uint32_t site;
    int64_t from_ms;
    uint8_t material[HASH_BYTES];
    unsigned n_langs;
    struct text langs; /* lent: the row's part that names languages and hashes */
};

/*
 * Writes that the notices of @edition are in force from @now_ms on, for each
 * site that showed others before.  In the transaction that stores them, or one
 * behind it.
 */
int versions_store(const struct edition *edition, struct db_txn *txn, int64_t now_ms);
/* Takes back what versions_store() wrote with that time: the edition was not put in force after all. */
int versions_take_back(const struct edition *edition, struct db_txn *txn, int64_t now_ms);

/* The last version of @site that began before @before_ms. Lent. DB_E_NOT_FOUND, or -EBADMSG: damaged. */
int versions_before(struct db_txn *txn, uint32_t site, int64_t before_ms, struct version *ret_version);

/* The hash of the notice in @lang, or of the first one where that language was not there. */
void versions_notice(const struct version *version, const char *lang, uint8_t ret_hash[HASH_BYTES]);

/* Language number @index of a version, fewer than n_langs, lent; and its notice's hash. */
struct text versions_lang(const struct version *version, unsigned index, uint8_t ret_hash[HASH_BYTES]);

/* Calls @visit with each row, oldest first of each site, until it gives something other than 0, which is returned. */
typedef int (*versions_visit)(void *context, const struct version *version);
int versions_each(struct db_txn *txn, versions_visit visit, void *context);

/*
 * Amendments: what must not be told of a visitor as it was stored, because they
 * asked for it: everything (erased, or restricted: GDPR art. 17 and 18), some
 * classes (withdrawn: art. 7(3)), or what was derived wrongly (corrected: art.
 * 16).  rollup/amend.h applies them.  Format: docs/formats.md, "Amended".
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/base/words.h"
#include "crumb/store/db.h"

struct amendment {
    uint32_t number; /* of the visitor at the site */
    bool erased, restricted;
    unsigned cut; /* classes that were taken back */
    bool has_country, has_language, has_device;
    char country[3]; /* "": unknown, as it is in tables */
    char language[LANGUAGE_BYTES_MAX + 1];
    enum device device;
    /* The visitor's row is gone: nothing of theirs is of a later day. It goes with the last of what it amends. */
    bool has_ended;
    int32_t ended;
};

/* Of one site, ascending by number. */
struct amendments {
    struct amendment *list;
    size_t n;
};

void amended_deinit(struct amendments *amendments);
#define AMENDMENTS_AUTO __attribute__((cleanup(amended_deinit))) struct amendments

/* True where nothing is amended. */
bool amended_is_empty(const struct amendment *amendment);

/* One without effect where there is none. 0 or a fault; -EBADMSG: the row is damaged. */
int amended_get(struct db_txn *txn, uint32_t site, uint32_t number, struct amendment *ret_amendment);
/* Removes the row of one without effect. */
int amended_put(struct db_txn *txn, uint32_t site, const struct amendment *amendment);

/* The visitor's row goes, on that day: from then on the amendment waits for what it amends to go, too. 0 or a fault. */
int amended_end(struct db_txn *txn, uint32_t site, uint32_t number, int32_t day);

/* All of a site; the caller deinits them. 0 or a fault (-EBADMSG: a row is damaged). */
int amended_read(struct db_txn *txn, uint32_t site, struct amendments *ret_amendments);

/* That of a visitor, or NULL. Pure. */
const struct amendment *amended_find(const struct amendments *amendments, uint32_t number);

/* Called for each row in ascending order; a non-zero result ends the walk and is returned. */
typedef int (*amended_visit)(void *context, uint32_t site, const struct amendment *amendment);
int amended_each(struct db_txn *txn, uint32_t from_site, amended_visit visit, void *context);

/*
 * The privacy policy as HTML: everything that the configuration does with
 * visitors, in plain words, and what it did before.  No script and no style of
 * its own.
 */
#pragma once

#include "crumb/consent/notice.h"

/* Whether the public listener has such an address: routes.c. A right that has none is told to be asked for. */
typedef bool (*policy_address)(struct text method, struct text path);

struct policy_page {
    const struct edition *edition;
    const struct site *site;
    const struct notice *notice; /* whose language it is in */
    struct db_txn *txn;          /* of the store, for past versions */
    int64_t before_ms;           /* past versions begin here; INT64_MAX: with the one in force */
    policy_address has_address;
};

/* 0, -ENOMEM, -EOVERFLOW, or a fault of reading the store. */
int policy_page_put(struct buffer *html, const struct policy_page *page);

/* ---- policy_versions.c: the page's parts that come from the store ---- */

/* What differs (changes_of()), each with what was and what is. */
void policy_versions_put_changes(struct buffer *html, const struct policy_page *page, json_t *changes);
/* "In force since 2026-11-23", and the notice. 0 or a fault. */
int policy_versions_put_since(struct buffer *html, const struct policy_page *page);
/* The list of past versions, the last first, as many as a page shows. 0 or a fault. */
int policy_versions_put(struct buffer *html, const struct policy_page *page);

/*
 * Receipts: a ledger record told in three shapes.  Pure.
 *
 *   ours      what POST /v1/consent answers and `crumb dump ledger` prints
 *   iso27560  ISO/IEC TS 27560:2023, the receipt around the consent record
 *   kantara   Kantara Consent Receipt Specification 1.1
 *
 * The two standards want to know the controller, recipients, storage and
 * retention as well.  All that is in the notice that the record names, as the
 * visitor was shown it, and is read from there: never from today's
 * configuration.  docs/consent.md, "Receipts", explains every field.
 */
#pragma once

#include "crumb/consent/ledger.h"
#include <jansson.h>

enum receipt_form { RECEIPT_ISO27560, RECEIPT_KANTARA, RECEIPT_FORM_N };

/* The form of a `format=`; the empty text is iso27560. False: there is none of that name. */
bool receipt_find_form(struct text name, enum receipt_form *ret_form);

/* "2026-01-31T12:00:00.000Z" */
#define RECEIPT_TIME_BYTES 40
void receipt_time(int64_t at_ms, char ret_time[RECEIPT_TIME_BYTES]);
/* The same as JSON; NULL: no memory. */
json_t *receipt_time_json(int64_t at_ms);

/* Ours. NULL: no memory. */
json_t *receipt_json(const struct ledger_record *record);

struct receipt_source {
    const struct ledger_record *record;
    struct text notice;        /* canonical text of the notice that the record names */
    struct text base;          /* "https://c.shop.example": what addresses in the receipt begin with; may be empty */
    const uint8_t *ledger_key; /* Ed25519 public key of this ledger, 32 bytes */
};

/* 0 and the caller's *ret_json; -EBADMSG: the notice lacks something; -ENOMEM. */
int receipt_make(const struct receipt_source *source, enum receipt_form form, json_t **ret_json);

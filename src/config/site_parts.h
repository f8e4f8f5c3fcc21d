/*
 * Between the files of a site: what reads the keys that are more than a single
 * value.  @into is the site unless said otherwise; what each deinits may be half
 * read.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/config/walk.h"

/* ---- site_terms.c ---- */

void site_terms_read_controller(const struct yaml_at *at, void *into);
void site_terms_read_storage(const struct yaml_at *at, void *into);
void site_terms_read_retention(const struct yaml_at *at, void *into);   /* struct retention */
void site_terms_read_address(const struct yaml_at *at, void *into);     /* enum address_mode */
void site_terms_read_on_withdraw(const struct yaml_at *at, void *into); /* enum withdraw_mode */

/* ---- site_recipients.c ---- */

void site_recipients_read(const struct yaml_at *at, void *into);
/* Those of the site stay, those given here join them: purposes of both may name them. */
void site_recipients_read_anew(const struct yaml_at *at, void *into);
/* Gives @to, which has none, those of @from. False: there is no memory, which sticks in @yaml. */
bool site_recipients_copy(struct yaml *yaml, const struct site *from, struct site *to);
void site_recipients_deinit(struct site *site);

/* ---- site_purposes.c ---- */

/* Behind the recipients, which they name. */
void site_purposes_read(const struct yaml_at *at, void *into);
void site_purposes_deinit(struct site *site);

/* ---- site_next.c ---- */

/* Behind all that it may change. */
void site_next_read(const struct yaml_at *at, void *into);

/* ---- site_texts.c ---- */

/* Behind the purposes, now and to come, whose texts they may be. */
void site_texts_read(const struct yaml_at *at, void *into);
void site_texts_deinit(struct site *site);

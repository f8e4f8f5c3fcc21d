/*
 * What the rules of lint share, and their names for its table.
 *
 * A rule about sites is called once for each; one about the service once, and
 * its site is NULL.
 */
#pragma once

#include "crumb/consent/lint.h"

struct lint; /* a run of lint, and the rule that it is at */

typedef void lint_look(const struct lint *lint, const struct config *config, const struct site *site);

/* Reports what is doubtful at @place. */
void lint_doubt(const struct lint *lint, const struct config_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Places. */
#define IN_SERVICE(...) (&(const struct config_place){.keys = {__VA_ARGS__}})
#define IN_SITE(site, ...) IN_SERVICE("sites", (site)->name, __VA_ARGS__)

/* True where the country is one of the European Economic Area, or a territory with its own code where EU law holds. */
bool lint_in_eea(const char *country);

/* ---- lint_notice.c: what visitors are told ---- */
lint_look lint_notice_contact, lint_notice_address, lint_notice_storage;
lint_look lint_notice_country, lint_notice_why, lint_notice_abroad, lint_notice_unused;
lint_look lint_notice_nothing, lint_notice_marketing, lint_notice_many;
lint_look lint_notice_words, lint_notice_body, lint_notice_one_button, lint_notice_buttons;

/* ---- lint_practice.c: what is done ---- */
lint_look lint_practice_period, lint_practice_sooner, lint_practice_visitor, lint_practice_segments;
lint_look lint_practice_journal, lint_practice_address, lint_practice_withdraw, lint_practice_pages;
lint_look lint_practice_default, lint_practice_eea, lint_practice_uk, lint_practice_swiss, lint_practice_china;
lint_look lint_practice_notice_only, lint_practice_unplaced;
lint_look lint_practice_http, lint_practice_shared, lint_practice_plain, lint_practice_unheard, lint_practice_private;

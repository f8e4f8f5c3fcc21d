/*
 * What is legally or practically doubtful about a configuration that is valid
 * and works.  Pure: a table of rules, each of which looks at the configuration
 * and reports.
 *
 * A doubt is no verdict.  A rule reports what a program can judge and leaves
 * the rest to people; it errs towards silence, so that no doubt means only
 * that none of these was found.
 */
#pragma once

#include "crumb/config/config.h"

struct lint_doubt {
    const char *rule;   /* its name: "visitor-period" */
    const char *source; /* where it comes from: "CNIL 2020-092, article 5" */
    struct config_place place;
    const char *what; /* what is doubtful; what to write instead */
};

/* Takes a doubt, which is lent for the call. */
typedef void lint_report(void *context, const struct lint_doubt *doubt);

/* Applies every rule: first those about the service, then those about each site, in the table's order. */
void lint_config(const struct config *config, lint_report *report, void *context);

/* The rules' names; NULL past the last. */
const char *lint_rule(size_t i);

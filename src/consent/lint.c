/*
 * The table of the rules and the run through it.
 *
 * A rule is a function in lint_notice.c or lint_practice.c and a row here; its
 * test is a row in tests/unit/test_lint.c, its line for people one in
 * docs/configuration.md.  Where a rule's source is an authority's advice and
 * no law, the text of its doubt says "advises".
 */
#include "crumb/consent/lint.h"
#include "lint_rules.h"
#include <stdarg.h>
#include <stdio.h>

struct rule {
    const char *name;
    const char *source;
    lint_look *look;
};

static const struct rule service_rules[] = {
    {"listener-plain", "GDPR article 32(1)(a)", lint_practice_plain},
    {"listener-private", "GDPR article 32(1)(b)", lint_practice_private},
    {"proxy-unheard", "GDPR article 32(1)(a)", lint_practice_unheard},
};

static const struct rule site_rules[] = {
    /* Where it is served. */
    {"origin-http", "GDPR article 32(1)(a)", lint_practice_http},
    {"cookie-shared", "GDPR article 7(1)", lint_practice_shared},
    /* Who collects, and where it lies. */
    {"controller-contact", "GDPR articles 12(2) and 13(1)(a)", lint_notice_contact},
    {"controller-address", "GDPR article 13(1)(a)", lint_notice_address},
    {"storage-country", "GDPR article 13(1)(f)", lint_notice_storage},
    /* Who receives it. */
    {"recipient-country", "GDPR article 13(1)(f)", lint_notice_country},
    {"recipient-why", "GDPR article 13(1)(c) and (e)", lint_notice_why},
    {"recipient-abroad", "GDPR articles 13(1)(f) and 44", lint_notice_abroad},
    {"recipient-unused", "GDPR article 13(1)(e)", lint_notice_unused},
    /* What is asked. */
    {"purpose-nothing", "GDPR articles 4(11) and 5(1)(b)", lint_notice_nothing},
    {"purpose-marketing", "GDPR article 13(1)(e)", lint_notice_marketing},
    {"purpose-count", "EDPB guidelines 03/2022, pattern Too Many Options", lint_notice_many},
    {"purpose-texts", "GDPR articles 12(1) and 13(1)(c)", lint_notice_words},
    {"body-purposes", "GDPR article 4(11); EDPB guidelines 05/2020, paragraph 64", lint_notice_body},
    {"button-alone", "EDPB guidelines 03/2022, pattern Language Discontinuity", lint_notice_one_button},
    {"button-unequal", "CNIL 2020-092, article 2; CCPA regulations, section 7004(a)(2)", lint_notice_buttons},
    /* How long it is kept. */
    {"choice-period", "CNIL 2020-092", lint_practice_period},
    {"refusal-sooner", "CNIL 2020-092, article 2", lint_practice_sooner},
    {"visitor-period", "CNIL 2020-092, article 5", lint_practice_visitor},
    {"segments-period", "CNIL 2020-092, article 5", lint_practice_segments},
    {"journal-longer", "GDPR article 5(1)(e)", lint_practice_journal},
    {"address-full", "GDPR articles 5(1)(c) and 25(2)", lint_practice_address},
    {"withdraw-keep", "GDPR article 17(1)(b); EDPB guidelines 05/2020, section 5.2", lint_practice_withdraw},
    {"pages-person", "GDPR articles 5(1)(c) and 25(2)", lint_practice_pages},
    /* What the law asks where the visitor is. */
    {"regime-default", "GDPR articles 4(11) and 25(2)", lint_practice_default},
    {"regime-eea", "ePrivacy directive, article 5(3); GDPR article 4(11)", lint_practice_eea},
    {"regime-uk", "PECR, regulation 6 and schedule A1", lint_practice_uk},
    {"regime-switzerland", "FMG article 45c; FDPIC guide on cookies of 22 January 2025", lint_practice_swiss},
    {"regime-china", "PIPL articles 13 and 14", lint_practice_china},
    {"regime-notice-only", "CCPA sections 1798.120 and 1798.135; PIPL article 23", lint_practice_notice_only},
    {"regime-unplaced", "GDPR article 4(11)", lint_practice_unplaced},
};

#define N_SERVICE_RULES (sizeof service_rules / sizeof service_rules[0])
#define N_SITE_RULES (sizeof site_rules / sizeof site_rules[0])

struct lint {
    const struct rule *rule;
    lint_report *report;
    void *context;
};

const char *lint_rule(size_t i)
{
    if (i < N_SERVICE_RULES)
        return service_rules[i].name;
    i -= N_SERVICE_RULES;
    return i < N_SITE_RULES ? site_rules[i].name : NULL;
}

void lint_doubt(const struct lint *lint, const struct config_place *place, const char *format, ...)
{
    char what[COMPLAINT_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    lint->report(
        lint->context,
        &(struct lint_doubt){.rule = lint->rule->name, .source = lint->rule->source, .place = *place, .what = what});
}

bool lint_in_eea(const char *country)
{
    /* The European Union, Iceland, Liechtenstein and Norway; then Aland and the outermost regions of France. */
    static const char countries[] = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
                                    "IS LI NO "
                                    "AX GF GP MF MQ RE YT ";

    for (const char *at = countries; *at; at += 3)
        if (strncmp(at, country, 2) == 0)
            return true;
    return false;
}

static void apply(struct lint *lint, const struct rule *rules, size_t n, const struct config *config,
                  const struct site *site)
{
    for (size_t i = 0; i < n; i++) {
        lint->rule = &rules[i];
        rules[i].look(lint, config, site);
    }
}

void lint_config(const struct config *config, lint_report *report, void *context)
{
    struct lint lint = {.report = report, .context = context};

    apply(&lint, service_rules, N_SERVICE_RULES, config, NULL);
    for (unsigned i = 0; i < config->n_sites; i++)
        apply(&lint, site_rules, N_SITE_RULES, config, &config->sites[i]);
}

/*
 * Who collects, where it lies, how long it stays, and what is kept of addresses
 * and after a withdrawal: what a site has in force, and may announce anew.
 */
#include "crumb/config/value.h"
#include "field.h"
#include "site_parts.h"
#include <stddef.h>

void site_terms_read_controller(const struct yaml_at *at, void *into)
{
    /* GDPR art. 13(1)(a): a notice names who collects and how to reach them. Test: complaints of test_config. */
    static const struct walk_field fields[] = {
        {"name", field_text, offsetof(struct site, controller.name),
         "who is responsible, as visitors shall read it (a notice must name them: GDPR article 13(1)(a))"},
        {"address", field_text, offsetof(struct site, controller.address), NULL},
        {"contact", field_text, offsetof(struct site, controller.contact),
         "how visitors reach them, such as privacy@shop.example (a notice must say so: GDPR article 13(1)(a))"}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

void site_terms_read_storage(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"country", field_country, offsetof(struct site, storage.country), NULL},
                                               {"location", field_text, offsetof(struct site, storage.location), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

/* A day's events go together when the oldest may be kept no longer; until then others may come. */
static void read_journal_period(const struct yaml_at *at, void *into)
{
    const int64_t *setting = into;

    field_period(at, into);
    if (*setting < RETENTION_JOURNAL_MS_MIN)
        yaml_refuse(at,
                    "is too short; write 3d or more: events may come a day late, and a day is built when it is over");
}

/* So do a month's visits. */
static void read_segments_period(const struct yaml_at *at, void *into)
{
    const int64_t *setting = into;

    field_period(at, into);
    if (*setting < RETENTION_SEGMENTS_MS_MIN)
        yaml_refuse(at, "is too short; write 35d or more: the visits of a calendar month go together");
}

static void read_fold_below(const struct yaml_at *at, void *into)
{
    unsigned *setting = into;
    uint64_t number;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_count(text, FOLD_BELOW_MAX, &number) || number < 1)
        yaml_refuse(at, "is no number of visitors; write 1 to 1000, such as 5");
    else
        *setting = (unsigned)number;
}

void site_terms_read_retention(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {
        {"journal", read_journal_period, offsetof(struct retention, journal_ms), NULL},
        {"segments", read_segments_period, offsetof(struct retention, segments_ms), NULL},
        {"choice", field_period, offsetof(struct retention, choice_ms), NULL},
        {"refusal", field_period, offsetof(struct retention, refusal_ms), NULL},
        {"visitor", field_period, offsetof(struct retention, visitor_ms), NULL},
        {"requests", field_period, offsetof(struct retention, requests_ms), NULL},
        {"fold_below", read_fold_below, offsetof(struct retention, fold_below), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

void site_terms_read_address(const struct yaml_at *at, void *into)
{
    static const char *const words[] = {
        [ADDRESS_TRUNCATED] = "truncated", [ADDRESS_FULL] = "full", [ADDRESS_NONE] = "none"};
    static const struct walk_names names = {.name = walk_word, .of = words, .n = WALK_COUNT(words)};
    enum address_mode *setting = into;
    int mode = field_choice(at, "way to keep addresses", &names);

    if (mode >= 0)
        *setting = (enum address_mode)mode;
}

void site_terms_read_on_withdraw(const struct yaml_at *at, void *into)
{
    static const char *const words[] = {[WITHDRAW_ERASE] = "erase", [WITHDRAW_KEEP] = "keep"};
    static const struct walk_names names = {.name = walk_word, .of = words, .n = WALK_COUNT(words)};
    enum withdraw_mode *setting = into;
    int mode = field_choice(at, "way to treat a withdrawal", &names);

    if (mode >= 0)
        *setting = (enum withdraw_mode)mode;
}

/*
 * Purposes, which name recipients of the site.
 */
#include "crumb/config/value.h"
#include "field.h"
#include "site_parts.h"
#include <stddef.h>
#include <stdlib.h>

struct purpose_reading {
    const struct site *site;
    struct purpose *purpose;
};

static const char *class_name(const void *of, unsigned i)
{
    (void)of;
    return words_class(i);
}

static void read_class(const struct yaml_at *at, void *into)
{
    static const struct walk_names classes = {.name = class_name, .n = CLASS_N};
    struct purpose *purpose = into;
    int class = field_choice(at, "class of data", &classes);

    if (class < 0)
        return;
    if (purpose->collects & CLASS_BIT(class))
        yaml_refuse(at, "is listed twice; leave one out");
    purpose->collects |= CLASS_BIT(class);
}

static void read_collects(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;

    walk_list(at, read_class, reading->purpose);
}

static const char *recipient_key(const void *of, unsigned i) { return ((const struct recipient *)of)[i].key; }

static void read_purpose_recipient(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;
    struct purpose *purpose = reading->purpose;
    const struct walk_names names = {
        .name = recipient_key, .of = reading->site->recipients, .n = reading->site->n_recipients};
    int recipient = field_choice(at, "recipient", &names);

    if (recipient < 0)
        return;
    for (unsigned i = 0; i < purpose->n_recipients; i++)
        if (purpose->recipients[i] == (unsigned)recipient) {
            yaml_refuse(at, "is listed twice; leave one out");
            return;
        }
    purpose->recipients[purpose->n_recipients++] = (unsigned)recipient;
}

static void read_purpose_recipients(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;
    struct purpose *purpose = reading->purpose;

    purpose->recipients = walk_array(at, YAML_LIST, sizeof *purpose->recipients, RECIPIENTS_MAX);
    if (purpose->recipients)
        walk_list(at, read_purpose_recipient, reading);
}

static void read_separate(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;

    field_bool(at, &reading->purpose->separate);
}

/* Whether deleting what @pattern names would delete @name. */
static bool covers(struct text pattern, struct text name)
{
    if (pattern.size && pattern.data[pattern.size - 1] == '*')
        return text_starts(name, (struct text){.data = pattern.data, .size = pattern.size - 1});
    return text_equal(pattern, name);
}

static void read_cookie(const struct yaml_at *at, void *into)
{
    struct purpose *purpose = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_cookie(text)) {
        yaml_refuse(
            at,
            "is not a cookie's name; write one of at most %d letters, or how names begin and a * behind it, such "
            "as _ga or _ga_*",
            COOKIE_NAME_BYTES_MAX);
        return;
    }
    /* The choice itself must outlive a withdrawal, or the visitor is asked again. */
    if (covers(text, TEXT("crumb_choice")) || covers(text, TEXT("crumb_id"))) {
        yaml_refuse(at, "names a cookie of crumb's own, which keeps the choice; leave it out");
        return;
    }
    for (unsigned i = 0; i < purpose->n_cookies; i++)
        if (text_equal(text_of(purpose->cookies[i]), text)) {
            yaml_refuse(at, "is listed twice; leave one out");
            return;
        }
    char *copy = field_copy(at->yaml, text);
    if (copy)
        purpose->cookies[purpose->n_cookies++] = copy;
}

static void read_cookies(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;
    struct purpose *purpose = reading->purpose;

    purpose->cookies = walk_array(at, YAML_LIST, sizeof *purpose->cookies, PURPOSE_COOKIES_MAX);
    if (purpose->cookies)
        walk_list(at, read_cookie, purpose);
}

static const char *signal_name(const void *of, unsigned i)
{
    (void)of;
    return words_consent_mode(i);
}

static void read_signal(const struct yaml_at *at, void *into)
{
    static const struct walk_names signals = {.name = signal_name, .n = CONSENT_MODE_N};
    struct purpose *purpose = into;
    int signal = field_choice(at, "signal of Consent Mode", &signals);

    if (signal < 0)
        return;
    if (purpose->consent_mode & 1u << signal)
        yaml_refuse(at, "is listed twice; leave one out");
    purpose->consent_mode |= 1u << signal;
}

static void read_consent_mode(const struct yaml_at *at, void *into)
{
    struct purpose_reading *reading = into;

    walk_list(at, read_signal, reading->purpose);
}

static void read_purpose(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"collects", read_collects, 0, NULL},
                                               {"recipients", read_purpose_recipients, 0, NULL},
                                               {"separate", read_separate, 0, NULL},
                                               {"cookies", read_cookies, 0, NULL},
                                               {"consent_mode", read_consent_mode, 0, NULL}};
    struct site *site = into;
    struct purpose_reading reading = {.site = site, .purpose = &site->purposes[site->n_purposes++]};

    field_check_name(at, "purpose");
    reading.purpose->name = field_copy(at->yaml, at->key);
    walk_fields(at, fields, WALK_COUNT(fields), &reading);
}

void site_purposes_read(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->purposes = walk_array(at, YAML_MAPPING, sizeof *site->purposes, PURPOSES_MAX);
    if (site->purposes)
        walk_mapping(at, read_purpose, site);
}

void site_purposes_deinit(struct site *site)
{
    for (unsigned i = 0; i < site->n_purposes; i++) {
        free(site->purposes[i].name);
        free(site->purposes[i].recipients);
        for (unsigned c = 0; c < site->purposes[i].n_cookies; c++)
            free(site->purposes[i].cookies[c]);
        free(site->purposes[i].cookies);
    }
    free(site->purposes);
}

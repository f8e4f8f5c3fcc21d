/*
 * Who receives data: a site's recipients, and those that are announced.
 */
#include "crumb/base/error.h"
#include "field.h"
#include "site_parts.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static void free_recipient(struct recipient *recipient)
{
    free(recipient->key);
    free(recipient->name);
    free(recipient->country);
    free(recipient->why);
}

static void read_recipient(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {
        {"name", field_text, offsetof(struct recipient, name), "who receives the data, as visitors shall read it"},
        {"country", field_country, offsetof(struct recipient, country), NULL},
        {"why", field_text, offsetof(struct recipient, why), NULL}};
    struct site *site = into;
    struct recipient *recipient = &site->recipients[site->n_recipients++];

    field_check_name(at, "recipient");
    recipient->key = field_copy(at->yaml, at->key);
    walk_fields(at, fields, WALK_COUNT(fields), recipient);
    field_default(at->yaml, &recipient->country, "");
    field_default(at->yaml, &recipient->why, "");
}

void site_recipients_read(const struct yaml_at *at, void *into)
{
    struct site *site = into;

    site->recipients = walk_array(at, YAML_MAPPING, sizeof *site->recipients, RECIPIENTS_MAX);
    if (site->recipients)
        walk_mapping(at, read_recipient, site);
}

static void copy_recipient(struct yaml *yaml, const struct recipient *from, struct recipient *to)
{
    to->key = field_copy(yaml, text_of(from->key ? from->key : ""));
    to->name = field_copy(yaml, text_of(from->name ? from->name : ""));
    to->country = field_copy(yaml, text_of(from->country ? from->country : ""));
    to->why = field_copy(yaml, text_of(from->why ? from->why : ""));
}

bool site_recipients_copy(struct yaml *yaml, const struct site *from, struct site *to)
{
    to->recipients = calloc(from->n_recipients + 1, sizeof *to->recipients);
    if (!to->recipients) {
        yaml_fail(yaml, error_origin(-ENOMEM));
        return false;
    }
    for (unsigned i = 0; i < from->n_recipients; i++)
        copy_recipient(yaml, &from->recipients[i], &to->recipients[to->n_recipients++]);
    return true;
}

static int find_recipient(const struct site *site, struct text key)
{
    for (unsigned i = 0; i < site->n_recipients; i++)
        if (site->recipients[i].key && text_equal(text_of(site->recipients[i].key), key))
            return (int)i;
    return -1;
}

/* One of a name that there is already takes its place, so that a purpose's index finds the new one. */
static void read_next_recipient(const struct yaml_at *at, void *into)
{
    struct site *next = into;
    int known = find_recipient(next, at->key);

    read_recipient(at, next);
    if (known < 0)
        return;
    struct recipient old = next->recipients[known];
    next->recipients[known] = next->recipients[--next->n_recipients];
    next->recipients[next->n_recipients] = (struct recipient){.key = NULL};
    free_recipient(&old);
}

void site_recipients_read_anew(const struct yaml_at *at, void *into)
{
    struct site *next = into;
    unsigned n_old = next->n_recipients, n = yaml_size(at);

    if (!yaml_expect(at, YAML_MAPPING))
        return;
    if (n > RECIPIENTS_MAX - n_old) {
        yaml_complain(at, "these are too many recipients with the %u that there are; a site has at most %d", n_old,
                      RECIPIENTS_MAX);
        return;
    }
    struct recipient *recipients = realloc(next->recipients, (n_old + n + 1) * sizeof *recipients);
    if (!recipients) {
        yaml_fail(at->yaml, error_origin(-ENOMEM));
        return;
    }
    memset(recipients + n_old, 0, (n + 1) * sizeof *recipients);
    next->recipients = recipients;
    walk_mapping(at, read_next_recipient, next);
}

void site_recipients_deinit(struct site *site)
{
    for (unsigned i = 0; i < site->n_recipients; i++)
        free_recipient(&site->recipients[i]);
    free(site->recipients);
}

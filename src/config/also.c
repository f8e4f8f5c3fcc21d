/*
 * What a site does besides crumb.  It is told, not checked: crumb knows
 * nothing of accounts and orders.
 */
#include "also.h"
#include "crumb/config/value.h"
#include "field.h"
#include <stddef.h>
#include <stdlib.h>

static void read_lang(const struct yaml_at *at, void *into)
{
    char **setting = into, lang[LANGUAGE_BYTES_MAX + 1];
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (value_language(text, lang))
        *setting = field_copy(at->yaml, text_of(lang));
    else
        yaml_refuse(at, "is no language; write a tag such as en or pt-BR");
}

void also_read(const struct yaml_at *at, struct also *also)
{
    /* GDPR art. 13(1)(c): a policy says what for. Test: complaints of test_config. */
    static const struct walk_field fields[] = {
        {"what", field_text, offsetof(struct also, what),
         "what is kept, such as Orders: name, address, what was bought"},
        {"why", field_text, offsetof(struct also, why), "what for, such as To deliver what you bought"},
        {"where", field_text, offsetof(struct also, where), NULL},
        {"kept", field_text, offsetof(struct also, kept), NULL},
        {"lang", read_lang, offsetof(struct also, lang), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), also);
    field_default(at->yaml, &also->where, "");
    field_default(at->yaml, &also->kept, "");
    field_default(at->yaml, &also->lang, "");
}

void also_deinit(struct also *also)
{
    free(also->what);
    free(also->why);
    free(also->where);
    free(also->kept);
    free(also->lang);
}

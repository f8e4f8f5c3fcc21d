/*
 * The table of click ids.
 */
#include "crumb/ingest/click_ids.h"

static const struct click_id rows[] = {
    {"gclid", "Google", true, false},       {"gbraid", "Google", true, false},
    {"wbraid", "Google", true, false},      {"dclid", "Google", true, true},
    {"msclkid", "Bing", true, false},       {"yclid", "Yandex", true, false},
    {"ttclid", "TikTok", true, false},      {"twclid", "X", true, false},
    {"li_fat_id", "LinkedIn", true, false}, {"epik", "Pinterest", true, false},
    {"rdt_cid", "Reddit", true, false},     {"ScCid", "Snapchat", true, false},
    {"sccid", "Snapchat", true, false},     {"qclid", "Quora", true, false},
    {"fbclid", "Facebook", false, false},   {"igsh", "Instagram", false, false},
    {"igshid", "Instagram", false, false},  {"mc_cid", "Mailchimp", false, false},
    {"mc_eid", "Mailchimp", false, false},
};

const struct click_id *click_ids_row(size_t i) { return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL; }

const struct click_id *click_ids_find(struct text name)
{
    const struct click_id *row;

    for (size_t i = 0; (row = click_ids_row(i)); i++)
        if (text_equal(name, text_of(row->name)))
            return row;
    return NULL;
}

/*
 * One table: a field's name, and the columns that have it.
 */
#include "crumb/rollup/field.h"

static const struct field_fact {
    const char *name;
    bool of_hits;
    enum column reference, column;
} facts[FIELD_N] = {
    [FIELD_PAGE] = {"event:page", true, COLUMN_HIT_page, COLUMN_PAGE_path},
    [FIELD_HOSTNAME] = {"event:hostname", true, COLUMN_HIT_page, COLUMN_PAGE_host},
    [FIELD_NAME] = {"event:name", true, COLUMN_HIT_act, COLUMN_ACT_action},
    [FIELD_PROPERTY] = {"event:props:", true, COLUMN_HIT_set, COLUMN_PROPERTY_value},
    [FIELD_ENTRY_PAGE] = {"visit:entry_page", false, COLUMN_HIT_page, COLUMN_PAGE_path},
    [FIELD_ENTRY_HOSTNAME] = {"visit:entry_page_hostname", false, COLUMN_HIT_page, COLUMN_PAGE_host},
    [FIELD_EXIT_PAGE] = {"visit:exit_page", false, COLUMN_HIT_page, COLUMN_PAGE_path},
    [FIELD_EXIT_HOSTNAME] = {"visit:exit_page_hostname", false, COLUMN_HIT_page, COLUMN_PAGE_host},
    [FIELD_CHANNEL] = {"visit:channel", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_channel},
    [FIELD_SOURCE] = {"visit:source", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_source},
    [FIELD_REFERRER] = {"visit:referrer", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_referrer},
    [FIELD_UTM_SOURCE] = {"visit:utm_source", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_utm_source},
    [FIELD_UTM_MEDIUM] = {"visit:utm_medium", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_utm_medium},
    [FIELD_UTM_CAMPAIGN] = {"visit:utm_campaign", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_utm_campaign},
    [FIELD_UTM_CONTENT] = {"visit:utm_content", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_utm_content},
    [FIELD_UTM_TERM] = {"visit:utm_term", false, COLUMN_VISIT_origin, COLUMN_ORIGIN_utm_term},
    [FIELD_DEVICE] = {"visit:device", false, COLUMN_VISIT_agent, COLUMN_AGENT_device},
    [FIELD_BROWSER] = {"visit:browser", false, COLUMN_VISIT_agent, COLUMN_AGENT_browser},
    [FIELD_BROWSER_VERSION] = {"visit:browser_version", false, COLUMN_VISIT_agent, COLUMN_AGENT_browser_version},
    [FIELD_OS] = {"visit:os", false, COLUMN_VISIT_agent, COLUMN_AGENT_os},
    [FIELD_OS_VERSION] = {"visit:os_version", false, COLUMN_VISIT_agent, COLUMN_AGENT_os_version},
    [FIELD_COUNTRY] = {"visit:country", false, COLUMN_VISIT_place, COLUMN_PLACE_country},
    [FIELD_REGION] = {"visit:region", false, COLUMN_VISIT_place, COLUMN_PLACE_region},
    [FIELD_CITY] = {"visit:city", false, COLUMN_VISIT_place, COLUMN_PLACE_city},
    [FIELD_COUNTRY_NAME] = {"visit:country_name", false, COLUMN_VISIT_place, COLUMN_PLACE_country},
    [FIELD_REGION_NAME] = {"visit:region_name", false, COLUMN_VISIT_place, COLUMN_PLACE_region},
    [FIELD_CITY_NAME] = {"visit:city_name", false, COLUMN_VISIT_place, COLUMN_PLACE_city},
    [FIELD_LANGUAGE] = {"visit:language", false, COLUMN_VISIT_language, COLUMN_N},
    [FIELD_SCREEN] = {"visit:screen", false, COLUMN_VISIT_screen, COLUMN_N},
    [FIELD_BOT] = {"visit:bot", false, COLUMN_VISIT_bot, COLUMN_N},
    [FIELD_TARGET] = {"event:target", true, COLUMN_HIT_act, COLUMN_ACT_action},
};

const char *field_name(enum field field) { return facts[field].name; }
bool field_is_of_hits(enum field field) { return facts[field].of_hits; }
enum column field_reference(enum field field) { return facts[field].reference; }
enum column field_column(enum field field) { return facts[field].column; }

enum field field_find(struct text name, struct text *ret_property)
{
    for (unsigned field = 0; field < FIELD_N; field++) {
        struct text wanted = text_of(facts[field].name);

        if (field == FIELD_PROPERTY && text_starts(name, wanted) && name.size > wanted.size) {
            *ret_property = text_from(name, wanted.size);
            return FIELD_PROPERTY;
        }
        if (field != FIELD_PROPERTY && text_equal(name, wanted))
            return (enum field)field;
    }
    return FIELD_N;
}

uint64_t field_columns(enum field field)
{
    uint64_t columns = COLUMN_BIT(facts[field].reference);

    if (facts[field].column != COLUMN_N)
        columns |= COLUMN_BIT(facts[field].column);
    switch (field) {
    case FIELD_NAME: /* a click's name is its category */
        return columns | COLUMN_BIT(COLUMN_ACT_category);
    case FIELD_TARGET:
        return columns | COLUMN_BIT(COLUMN_ACT_category) | COLUMN_BIT(COLUMN_ACT_label);
    case FIELD_PROPERTY:
        return columns | COLUMN_BIT(COLUMN_SET_n_properties) | COLUMN_BIT(COLUMN_PROPERTY_name);
    case FIELD_REGION:
    case FIELD_REGION_NAME: /* codes of regions begin with their country's */
        return columns | COLUMN_BIT(COLUMN_PLACE_country);
    case FIELD_ENTRY_PAGE:
    case FIELD_ENTRY_HOSTNAME:
    case FIELD_EXIT_PAGE:
    case FIELD_EXIT_HOSTNAME: /* the first and last view of the visit */
        return columns | COLUMN_BIT(COLUMN_VISIT_n_hits) | COLUMN_BIT(COLUMN_HIT_act);
    default:
        return columns;
    }
}

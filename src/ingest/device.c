/*
 * The first row that fits tells.  Tablets come before phones, as many say both
 * of themselves; an Android without `Mobile` is a tablet (its makers' own
 * rule), and a television is neither.  An iPad that asks for desktop pages
 * calls itself a Macintosh, and is taken at its word.
 */
#include "crumb/ingest/device.h"
#include "crumb/base/limits.h"

static const struct rule {
    const char *has, *and; /* words of the User-Agent; NULL: any */
    enum device device;
} rules[] = {
    {"SMART-TV", NULL, DEVICE_UNKNOWN},  {"SmartTV", NULL, DEVICE_UNKNOWN},     {"Android TV", NULL, DEVICE_UNKNOWN},
    {"AppleTV", NULL, DEVICE_UNKNOWN},   {"iPad", NULL, DEVICE_TABLET},         {"Tablet", NULL, DEVICE_TABLET},
    {"PlayBook", NULL, DEVICE_TABLET},   {"Kindle", NULL, DEVICE_TABLET},       {"iPhone", NULL, DEVICE_PHONE},
    {"iPod", NULL, DEVICE_PHONE},        {"Windows Phone", NULL, DEVICE_PHONE}, {"Android", "Mobile", DEVICE_PHONE},
    {"Android", NULL, DEVICE_TABLET},    {"Mobi", NULL, DEVICE_PHONE},          {"Windows NT", NULL, DEVICE_DESKTOP},
    {"Macintosh", NULL, DEVICE_DESKTOP}, {"CrOS", NULL, DEVICE_DESKTOP},        {"X11", NULL, DEVICE_DESKTOP},
};

static bool has(struct text agent, const char *word)
{
    return !word || (agent.data && memmem(agent.data, agent.size, word, strlen(word)));
}

enum device device_of(struct text mobile, struct text agent)
{
    if (agent.size > AGENT_BYTES_MAX)
        agent.size = AGENT_BYTES_MAX;
    /* Structured field, RFC 9651 section 3.3.6: ?1 is true. What is not true says nothing: tablets say ?0, too. */
    if (text_equal(mobile, TEXT("?1")))
        return has(agent, "iPad") || has(agent, "Tablet") ? DEVICE_TABLET : DEVICE_PHONE;
    for (const struct rule *rule = rules; rule < rules + sizeof rules / sizeof rules[0]; rule++)
        if (has(agent, rule->has) && has(agent, rule->and))
            return rule->device;
    return DEVICE_UNKNOWN;
}

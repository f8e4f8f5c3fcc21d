/*
 * The first row that fits tells.  What calls itself a television, a console or
 * a watch comes first, as these often name a telephone's or computer's system
 * beside; then tablets, as many say that they are telephones, too.
 *
 * An Android without `Mobile` is a tablet (its makers' own rule).  An iPad that
 * asks for desktop pages calls itself a Macintosh, and is taken at its word.
 * What is worn before the eyes is none of the kinds.
 */
#include "crumb/ingest/device.h"
#include "crumb/base/limits.h"

struct rule {
    const char *has, *and; /* words of the User-Agent; NULL: any */
    enum device device;
};

/* What is said outright, whatever a hint says. */
static const struct rule outright[] = {
    {"OculusBrowser", NULL, DEVICE_UNKNOWN},
    {"SMART-TV", NULL, DEVICE_TV},
    {"SmartTV", NULL, DEVICE_TV},
    {"Smart TV", NULL, DEVICE_TV},
    {"Smart-TV", NULL, DEVICE_TV},
    {"SmartHub", NULL, DEVICE_TV},
    {"Android TV", NULL, DEVICE_TV},
    {"AndroidTV", NULL, DEVICE_TV},
    {"GoogleTV", NULL, DEVICE_TV},
    {"Google TV", NULL, DEVICE_TV},
    {"AppleTV", NULL, DEVICE_TV},
    {"Apple TV", NULL, DEVICE_TV},
    {"tvOS", NULL, DEVICE_TV},
    {"HbbTV", NULL, DEVICE_TV},
    {"NetCast", NULL, DEVICE_TV},
    {"NETTV", NULL, DEVICE_TV},
    {"Web0S", NULL, DEVICE_TV}, /* with a nought: LG's televisions */
    {"webOS.TV", NULL, DEVICE_TV},
    {"BRAVIA", NULL, DEVICE_TV},
    {"VIERA", NULL, DEVICE_TV},
    {"Viera", NULL, DEVICE_TV},
    {"AQUOS", "TV", DEVICE_TV},
    {"Roku/", NULL, DEVICE_TV},
    {"CrKey", NULL, DEVICE_TV}, /* Chromecast */
    {"; AFT", NULL, DEVICE_TV}, /* Fire TV: AFTB, AFTS, AFTMM, ... */
    {"MiTV", NULL, DEVICE_TV},
    {"MIBOX", NULL, DEVICE_TV},
    {"DTV", NULL, DEVICE_TV},
    {"Opera TV", NULL, DEVICE_TV},
    {"Large Screen", NULL, DEVICE_TV},
    {"PlayStation", NULL, DEVICE_CONSOLE},
    {"PLAYSTATION", NULL, DEVICE_CONSOLE},
    {"Nintendo", NULL, DEVICE_CONSOLE},
    {"Xbox", NULL, DEVICE_CONSOLE},
    {"watchOS", NULL, DEVICE_WATCH},
    {"Watch OS", NULL, DEVICE_WATCH},
    {"Apple Watch", NULL, DEVICE_WATCH},
    {"Wear OS", NULL, DEVICE_WATCH},
    {"Android Wear", NULL, DEVICE_WATCH},
    {"SM-R", "Tizen", DEVICE_WATCH}, /* Samsung's, before and ... */
    {"SM-R8", NULL, DEVICE_WATCH},   /* ... since they run Android */
    {"SM-R9", NULL, DEVICE_WATCH},
    {"SM-L", "Android", DEVICE_WATCH},
    {"iPad", NULL, DEVICE_TABLET},
    {"Tablet", NULL, DEVICE_TABLET},
    {"PlayBook", NULL, DEVICE_TABLET},
    {"Kindle", NULL, DEVICE_TABLET},
};

static const struct rule ordinary[] = {
    {"iPhone", NULL, DEVICE_PHONE},       {"iPod", NULL, DEVICE_PHONE},        {"Windows Phone", NULL, DEVICE_PHONE},
    {"Android", "Mobile", DEVICE_PHONE},  {"Android", NULL, DEVICE_TABLET},    {"Mobi", NULL, DEVICE_PHONE},
    {"Windows NT", NULL, DEVICE_DESKTOP}, {"Macintosh", NULL, DEVICE_DESKTOP}, {"CrOS", NULL, DEVICE_DESKTOP},
    {"X11", NULL, DEVICE_DESKTOP},
};

#define N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

static bool has(struct text agent, const char *word)
{
    return !word || (agent.data && memmem(agent.data, agent.size, word, strlen(word)));
}

static const struct rule *find(struct text agent, const struct rule *rules, size_t n_rules)
{
    for (size_t i = 0; i < n_rules; i++)
        if (has(agent, rules[i].has) && has(agent, rules[i].and))
            return &rules[i];
    return NULL;
}

enum device device_of(struct text mobile, struct text agent)
{
    if (agent.size > AGENT_BYTES_MAX)
        agent.size = AGENT_BYTES_MAX;
    const struct rule *rule = find(agent, outright, N_ROWS(outright));
    if (rule)
        return rule->device;
    /* Structured field, RFC 9651 section 3.3.6: ?1 is true. What is not true says nothing: tablets say ?0, too. */
    if (text_equal(mobile, TEXT("?1")))
        return DEVICE_PHONE;
    rule = find(agent, ordinary, N_ROWS(ordinary));
    return rule ? rule->device : DEVICE_UNKNOWN;
}

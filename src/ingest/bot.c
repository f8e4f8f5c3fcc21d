/*
 * A list of contradictions.  Sources: Fetch, section 4.6 (a browser adds Accept
 * and Accept-Language to whatever it fetches); User-Agent Client Hints, section
 * 3; and Chromium, the only engine that sends them.
 *
 * That hints are missing says nothing: a page turns them off for its visitors
 * by Permissions-Policy (ch-ua=()), browsers made for privacy for themselves,
 * and without TLS there are none.
 *
 * Browsers made of Chromium that go their own way (web views, applications) say
 * more in their User-Agent than Chrome does, and are left alone.
 */
#include "crumb/ingest/bot.h"
#include "crumb/base/limits.h"

#define BEFORE " (KHTML, like Gecko) Chrome/"

static bool has(struct text text, const char *word)
{
    return text.data && memmem(text.data, text.size, word, strlen(word));
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The number behind @mark; 0: there is none. */
static unsigned number_behind(struct text text, const char *mark)
{
    const char *found = text.data ? memmem(text.data, text.size, mark, strlen(mark)) : NULL;
    unsigned number = 0;

    if (!found)
        return 0;
    text = text_from(text, (size_t)(found - text.data) + strlen(mark));
    for (size_t i = 0; i < text.size && i < 4 && is_digit(text.data[i]); i++)
        number = number * 10 + (unsigned)(text.data[i] - '0');
    return number;
}

/* Exactly what Chrome says, or Edge, which adds its own version; whoever else is made of Chromium says more. */
static bool is_plain_chrome(struct text agent)
{
    static const char *const ends[] = {" Safari/537.36", " Mobile Safari/537.36"};
    const char *found = agent.size ? memmem(agent.data, agent.size, BEFORE, strlen(BEFORE)) : NULL;

    if (!found)
        return false;
    struct text rest = text_from(agent, (size_t)(found - agent.data) + strlen(BEFORE));
    while (rest.size && (is_digit(rest.data[0]) || rest.data[0] == '.'))
        rest = text_from(rest, 1);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (!text_starts(rest, text_of(ends[i])))
            continue;
        struct text more = text_from(rest, strlen(ends[i]));
        if (more.size == 0 || text_starts(more, TEXT(" Edg/")) || text_starts(more, TEXT(" EdgA/")))
            return true;
    }
    return false;
}

/* A browser has a name, and says what it takes and in which language. */
static bool lacks_the_common(const struct bot_headers *headers)
{
    return headers->hints.agent.size == 0 || headers->accept.size == 0 || headers->accept_language.size == 0;
}

/* Two versions of one browser. */
static bool has_two_versions(const struct agent_hints *hints)
{
    unsigned said = number_behind(hints->brands, "\"Chromium\";v=\"");

    return said && is_plain_chrome(hints->agent) && number_behind(hints->agent, " Chrome/") != said;
}

/* Hints of Chromium from what says that it is none. */
static bool has_foreign_hints(const struct agent_hints *hints)
{
    return has(hints->brands, "\"Chromium\"") && !has(hints->agent, "Chrome/") && !has(hints->agent, "Chromium/");
}

/* A phone and a desk at once. A phone that asks for desktop pages changes both. */
static bool has_two_forms(const struct agent_hints *hints)
{
    bool desk = has(hints->agent, "Windows NT") || has(hints->agent, "Macintosh") || has(hints->agent, "CrOS");

    if (text_equal(hints->mobile, TEXT("?1")))
        return desk;
    return text_equal(hints->mobile, TEXT("?0")) && is_plain_chrome(hints->agent) && has(hints->agent, " Mobile ");
}

static bool has_two_systems(const struct agent_hints *hints)
{
    static const struct {
        const char *platform, *agent;
    } systems[] = {{"\"Windows\"", "Windows NT"}, {"\"macOS\"", "Macintosh"}, {"\"Android\"", "Android"}};

    for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++)
        if (text_equal(hints->platform, text_of(systems[i].platform)))
            return is_plain_chrome(hints->agent) && !has(hints->agent, systems[i].agent);
    return false;
}

static struct text bounded(struct text header)
{
    if (header.size > AGENT_BYTES_MAX)
        header.size = AGENT_BYTES_MAX;
    return header;
}

enum bot bot_of_headers(const struct bot_headers *headers)
{
    struct bot_headers looked = *headers;

    if (!headers->known)
        return BOT_NONE;
    looked.hints.agent = bounded(looked.hints.agent);
    looked.hints.brands = bounded(looked.hints.brands);
    bool odd = lacks_the_common(&looked) || has_two_versions(&looked.hints) || has_foreign_hints(&looked.hints) ||
               has_two_forms(&looked.hints) || has_two_systems(&looked.hints);
    return odd ? BOT_HEADERS : BOT_NONE;
}

/*
 * Programs that mean to be known give a name that ends in what they are
 * ("Googlebot", "Baiduspider"), an address where they are explained, or the
 * name of the library that they were made with.  An agent is cut into words,
 * runs of letters and digits, and each is looked up.
 *
 * A browser that calls itself one of these is counted apart, not refused; one
 * that hides is not found here.
 */
#include "crumb/ingest/agent_bot.h"
#include "crumb/base/limits.h"
#include <stdlib.h>

#define WORD_BYTES_MAX 24

/* ---- tables: lower case, sorted where they are searched by halves ---- */

static const struct word {
    const char *word;
    enum bot bot;
} words[] = {
    {"aiohttp", BOT_AGENT},
    {"anthropic", BOT_AGENT},
    {"apachebench", BOT_AGENT},
    {"archive", BOT_AGENT},
    {"axios", BOT_AGENT},
    {"bot", BOT_AGENT},
    {"casperjs", BOT_AUTOMATION},
    {"catchpoint", BOT_AGENT},
    {"cubot", BOT_NONE}, /* makes telephones */
    {"curl", BOT_AGENT},
    {"cypress", BOT_AUTOMATION},
    {"datadog", BOT_AGENT},
    {"datadogsynthetics", BOT_AGENT},
    {"datanyze", BOT_AGENT},
    {"daum", BOT_AGENT},
    {"daumoa", BOT_AGENT},
    {"embedly", BOT_AGENT},
    {"facebookcatalog", BOT_AGENT},
    {"facebookexternalhit", BOT_AGENT},
    {"feedburner", BOT_AGENT},
    {"feedfetcher", BOT_AGENT},
    {"feedly", BOT_AGENT},
    {"gomezagent", BOT_AGENT},
    {"googledocs", BOT_AGENT},
    {"googleimageproxy", BOT_AGENT},
    {"googleother", BOT_AGENT},
    {"gtmetrix", BOT_AGENT},
    {"guzzle", BOT_AGENT},
    {"guzzlehttp", BOT_AGENT},
    {"headless", BOT_AUTOMATION},
    {"headlesschrome", BOT_AUTOMATION},
    {"heritrix", BOT_AGENT},
    {"htmlunit", BOT_AUTOMATION},
    {"httpclient", BOT_AGENT},
    {"httpie", BOT_AGENT},
    {"httpx", BOT_AGENT},
    {"httrack", BOT_AGENT},
    {"imgproxy", BOT_AGENT},
    {"jsdom", BOT_AUTOMATION},
    {"libcurl", BOT_AGENT},
    {"lighthouse", BOT_AGENT},
    {"mediapartners", BOT_AGENT},
    {"miniflux", BOT_AGENT},
    {"nagios", BOT_AGENT},
    {"netcraft", BOT_AGENT},
    {"newrelicpinger", BOT_AGENT},
    {"newsblur", BOT_AGENT},
    {"newsgator", BOT_AGENT},
    {"nightmare", BOT_AUTOMATION},
    {"nikto", BOT_AGENT},
    {"nmap", BOT_AGENT},
    {"nutch", BOT_AGENT},
    {"okhttp", BOT_AGENT},
    {"openvas", BOT_AGENT},
    {"pagespeed", BOT_AGENT},
    {"perl", BOT_AGENT},
    {"phantomjs", BOT_AUTOMATION},
    {"pingdom", BOT_AGENT},
    {"pingdomtms", BOT_AGENT},
    {"playwright", BOT_AUTOMATION},
    {"postmanruntime", BOT_AGENT},
    {"prerender", BOT_AGENT},
    {"proximic", BOT_AGENT},
    {"ptst", BOT_AGENT}, /* WebPageTest */
    {"puppeteer", BOT_AUTOMATION},
    {"python", BOT_AGENT},
    {"qwantify", BOT_AGENT},
    {"rendertron", BOT_AGENT},
    {"robot", BOT_AGENT},
    {"ruxitsynthetic", BOT_AGENT},
    {"scrapy", BOT_AGENT},
    {"selenium", BOT_AUTOMATION},
    {"slimerjs", BOT_AUTOMATION},
    {"slurp", BOT_AGENT},
    {"speedcurve", BOT_AGENT},
    {"splash", BOT_AUTOMATION},
    {"statuscake", BOT_AGENT},
    {"synthetics", BOT_AGENT},
    {"testcafe", BOT_AUTOMATION},
    {"uptime", BOT_AGENT},
    {"urllib", BOT_AGENT},
    {"validator", BOT_AGENT},
    {"vkshare", BOT_AGENT},
    {"webdriver", BOT_AUTOMATION},
    {"wget", BOT_AGENT},
    {"wkhtmltoimage", BOT_AUTOMATION},
    {"wkhtmltopdf", BOT_AUTOMATION},
    {"yandexdirect", BOT_AGENT},
    {"yandexfavicons", BOT_AGENT},
    {"yandeximages", BOT_AGENT},
    {"yandexmedia", BOT_AGENT},
    {"yandexmetrika", BOT_AGENT},
    {"yandexvideo", BOT_AGENT},
    {"yeti", BOT_AGENT},
};

/* How a word ends that names what it is. A word of the table above is not looked at again. */
static const char *const ends[] = {"bot",     "bots",       "crawler", "crawlers",  "crawl",   "spider",
                                   "spiders", "scraper",    "preview", "validator", "fetcher", "archiver",
                                   "indexer", "monitoring", "checker", "scanner"};

/* How an agent begins that is nothing but the name of a library or program. */
static const char *const begins[] = {
    "Java/",     "Go-http-client", "Ruby",        "PHP/",  "node-fetch",       "undici", "reqwest/",
    "hyper/",    "Deno/",          "Bun/",        "Dart/", "WhatsApp/",        "Zapier", "Insomnia/",
    "lua-resty", "Faraday",        "rest-client", "W3C_",  "Microsoft Office", "Google-"};

/* ---- looking ---- */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

static bool is_word(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static int compare(const void *key, const void *row) { return strcmp(key, ((const struct word *)row)->word); }

static bool ends_like_one(struct text word)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct text end = text_of(ends[i]);

        if (word.size >= end.size && memcmp(word.data + word.size - end.size, end.data, end.size) == 0)
            return true;
    }
    return false;
}

/* @name: a word in lower case without the digits at its end, and a NUL. */
static enum bot judge_word(const char *name)
{
    const struct word *word = bsearch(name, words, sizeof words / sizeof *words, sizeof *words, compare);

    if (word)
        return word->bot;
    return ends_like_one(text_of(name)) ? BOT_AGENT : BOT_NONE;
}

/* The next word of @rest, cut from it; of one that is too long its end, as that tells. False: there is none. */
static bool next_word(struct text *rest, char ret_name[WORD_BYTES_MAX + 1])
{
    size_t begin = 0, end;

    while (begin < rest->size && !is_word(rest->data[begin]))
        begin++;
    for (end = begin; end < rest->size && is_word(rest->data[end]);)
        end++;
    if (begin == end)
        return false;
    size_t last = end;
    while (last > begin && rest->data[last - 1] <= '9')
        last--;
    if (last - begin > WORD_BYTES_MAX)
        begin = last - WORD_BYTES_MAX;
    for (size_t i = begin; i < last; i++)
        ret_name[i - begin] = lower(rest->data[i]);
    ret_name[last - begin] = '\0';
    *rest = text_from(*rest, end);
    return true;
}

static bool begins_like_one(struct text agent)
{
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (text_starts(agent, text_of(begins[i])))
            return true;
    return false;
}

static bool has(struct text agent, const char *what)
{
    return agent.data && memmem(agent.data, agent.size, what, strlen(what)) != NULL;
}

static bool has_any(struct text agent, const char *const *whats, size_t n_whats)
{
    for (size_t i = 0; i < n_whats; i++)
        if (has(agent, whats[i]))
            return true;
    return false;
}

/*
 * Browsers name their system in brackets.  Telephones that do not are of before
 * 2010 and name maker or standard; browsers that show text, and a few
 * applications with pages in them, name themselves alone.
 */
static bool is_bare(struct text agent)
{
    static const char *const plain[] = {"Lynx/",    "ELinks/",        "w3m/",   "Dillo/",
                                        "NetSurf/", "ebayUserAgent/", "[FBAN/", "J2ME/"};
    static const char *const telephones[] = {
        "MIDP",     "Browser", "browser", "SHP/",       "Obigo",   "Teleca",  "NetFront", "MMP/",
        "Opera",    "Dalvik",  "Nokia",   "NOKIA",      "SAMSUNG", "Samsung", "SEC-",     "LG",
        "HTC",      "HUAWEI",  "Huawei",  "MOT-",       "SIE-",    "ZTE",     "ALCATEL",  "Alcatel",
        "Ericsson", "DoCoMo",  "SHARP",   "BlackBerry", "PANTECH", "SAGEM",   "KDDI-",
    };

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (text_starts(agent, text_of(plain[i])))
            return false;
    return agent.size && !has(agent, "(") && !has_any(agent, telephones, sizeof telephones / sizeof *telephones);
}

/* "compatible" is what Internet Explorer was to Netscape, and a few after it; since then only programs say it. */
static bool is_compatible(struct text agent)
{
    static const char *const browsers[] = {"MSIE",    "Konqueror", "Trident", "iCab",    "Opera",
                                           "OmniWeb", "Symbian",   "Dillo",   "NetFront"};

    return has(agent, "(compatible;") && !has_any(agent, browsers, sizeof browsers / sizeof *browsers);
}

/* "crawler@search.example"; what follows the sign in a browser's agent is a version, or says which calendar. */
static bool has_mail(struct text agent)
{
    size_t at = text_find(agent, '@') + 1, end = at;

    while (end < agent.size && (is_word(agent.data[end]) || agent.data[end] == '-'))
        end++;
    return end < agent.size && end > at && agent.data[at] > '9' && agent.data[end] == '.';
}

/* Browsers do not explain themselves: an address in the agent is where somebody else does. */
static bool has_address(struct text agent) { return has(agent, "://") || has(agent, "www.") || has_mail(agent); }

enum bot agent_bot(struct text agent)
{
    enum bot bot = BOT_NONE;
    char name[WORD_BYTES_MAX + 1];

    if (agent.size > AGENT_BYTES_MAX)
        agent.size = AGENT_BYTES_MAX;
    if (begins_like_one(agent) || has_address(agent) || is_compatible(agent) || is_bare(agent))
        bot = BOT_AGENT;
    for (struct text rest = agent; bot != BOT_AUTOMATION && next_word(&rest, name);) {
        enum bot one = judge_word(name);

        if (one != BOT_NONE)
            bot = one;
    }
    return bot;
}

/*
 * What the expressions say of the User-Agent, mended by what client hints say.
 *
 * Browsers on Chromium have frozen parts of their User-Agent: every Android is
 * "Android 10; K", every Windows 10.0, every macOS 10.15.7: such
 * a version is not one.  (Windows 11 is still NT 10.0 to itself.)  Where the real
 * model was hinted, it is put back into the agent before the expressions look,
 * so that they find its brand as they always did.
 */
#include "crumb/ingest/agent_read.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/agent_bot.h"
#include "crumb/ingest/agent_hints.h"
#include "crumb/ingest/device.h"
#include <glib.h>

#define FROZEN_ANDROID TEXT("Android 10; K)")
#define FROZEN_MACOS TEXT("10.15.7") /* since 2020, whatever comes after it */

/* ---- texts ---- */

/* What is stored and shown is UTF-8 without control characters, whatever came in; else nothing. */
static struct text clean(struct text text)
{
    if (text.size == 0 || text.size > AGENT_TEXT_BYTES_MAX || !g_utf8_validate_len(text.data, text.size, NULL))
        return TEXT_NONE;
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return TEXT_NONE;
    return text;
}

/* What was put into @texts since @begin; nothing where it did not fit. */
static struct text taken_since(const struct buffer *texts, size_t begin)
{
    return texts->fault ? TEXT_NONE : text_from(buffer_text(texts), begin);
}

/* "17.5.1": the parts that there are, up to the first that there is not. */
static struct text join_version(const struct text parts[], unsigned n_parts, struct buffer *texts)
{
    size_t begin = texts->size;

    for (unsigned i = 0; i < n_parts && parts[i].size; i++) {
        if (i)
            buffer_put_u8(texts, '.');
        buffer_put_text(texts, parts[i]);
    }
    return clean(taken_since(texts, begin));
}

/* At most three numbers of @version, as the expressions give, without the zeros at its end: "14.0.0" is 14. */
static struct text shorten(struct text version)
{
    struct text rest = version;
    size_t size = 0;

    for (unsigned i = 0; i < 3 && rest.size; i++) {
        struct text part = text_cut(&rest, '.');
        if (i == 0 || (part.size && !text_equal(part, TEXT("0"))))
            size = (size_t)(part.data - version.data) + part.size;
    }
    return (struct text){.data = version.data, .size = size};
}

/* ---- the expressions ---- */

static const char *frozen_android(struct text agent)
{
    return agent.data ? memmem(agent.data, agent.size, FROZEN_ANDROID.data, FROZEN_ANDROID.size) : NULL;
}

/* The agent with what is frozen in it replaced by what was hinted; the same agent where nothing was. */
static struct text thaw(struct text agent, const struct agent_hinted *hinted, struct buffer *texts)
{
    const char *at = NULL;

    if (hinted->model.size && clean(hinted->model).size && text_find(hinted->model, ')') == hinted->model.size)
        at = frozen_android(agent);
    if (!at)
        return agent;
    size_t begin = texts->size, before = (size_t)(at - agent.data);
    struct text version = clean(shorten(hinted->platform_version));
    if (!version.size)
        version = TEXT("10");
    buffer_put_text(texts, (struct text){.data = agent.data, .size = before});
    buffer_printf(texts, "Android %.*s; %.*s)", TEXT_ARGS(version), TEXT_ARGS(hinted->model));
    buffer_put_text(texts, text_from(agent, before + FROZEN_ANDROID.size));
    struct text thawed = taken_since(texts, begin);
    return thawed.size ? thawed : agent;
}

/* Brands that uap-core uses for what it does not know; Chrome's "K" is a model that says there is none. */
static bool is_generic(struct text brand) { return text_starts(brand, TEXT("Generic")); }

static void take_device(const struct text found[AGENT_PARTS_N], struct agent *agent)
{
    struct text brand = clean(found[AGENT_BRAND]), model = clean(found[AGENT_MODEL]);

    if (text_equal(brand, TEXT("Spider"))) {
        agent->bot = agent->bot == BOT_NONE ? BOT_AGENT : agent->bot;
        return;
    }
    if (is_generic(brand))
        brand = TEXT_NONE;
    if (text_equal(model, TEXT("K")) || is_generic(model) || is_generic(clean(found[AGENT_FAMILY])))
        model = TEXT_NONE;
    agent->brand = brand;
    agent->model = model;
}

static void take_found(struct text found[AGENT_LIST_N][AGENT_PARTS_N], struct buffer *texts, struct agent *agent)
{
    const struct text *browser = found[AGENT_LIST_BROWSER], *os = found[AGENT_LIST_OS];

    agent->browser = clean(browser[AGENT_FAMILY]);
    agent->browser_version = join_version(browser + AGENT_MAJOR, 3, texts);
    agent->os = clean(os[AGENT_FAMILY]);
    agent->os_version = join_version(os + AGENT_MAJOR, 3, texts);
    if (text_equal(agent->os, TEXT("Mac OS X")) && text_equal(agent->os_version, FROZEN_MACOS))
        agent->os_version = TEXT_NONE;
    if (text_equal(agent->browser, TEXT("Other")))
        agent->browser = agent->browser_version = TEXT_NONE;
    if (text_equal(agent->os, TEXT("Other")))
        agent->os = agent->os_version = TEXT_NONE;
    take_device(found[AGENT_LIST_DEVICE], agent);
}

/* ---- hints ---- */

static struct text major_of(struct text version) { return text_cut(&version, '.'); }

static bool same_major(struct text a, struct text b) { return text_equal(major_of(a), major_of(b)); }

/* Browsers that hide behind Chrome's User-Agent are told by their brand alone. */
static void mend_browser(const struct agent_hinted *hinted, struct agent *agent)
{
    bool is_chrome = text_starts(agent->browser, TEXT("Chrome"));
    bool own = hinted->browser.size && !text_equal(hinted->browser, TEXT("Google Chrome")) &&
               !text_starts(hinted->browser, TEXT("Android WebView")) && clean(hinted->browser).size;

    if (is_chrome && own) {
        agent->browser = hinted->browser;
        agent->browser_version = TEXT_NONE;
    }
    struct text version = hinted->browser.size ? hinted->browser_version : hinted->chromium_version;
    if (!clean(version).size || (agent->browser_version.size && !same_major(version, agent->browser_version)))
        return;
    if (text_find(version, '.') < version.size || !agent->browser_version.size)
        agent->browser_version = shorten(version);
}

/*
 * Windows: 13 and above is 11, less is 10, and 0.1 to 0.3 are 7 to 8.1
 * (learn.microsoft.com, "Detect Windows 11 using User-Agent Client Hints").
 */
static struct text windows_version(struct text hinted)
{
    static const struct {
        const char *hinted, *version;
    } rows[] = {{"0.1", "7"}, {"0.2", "8"}, {"0.3", "8.1"}};
    struct text version = shorten(hinted), major = major_of(hinted);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (text_equal(version, text_of(rows[i].hinted)))
            return text_of(rows[i].version);
    if (text_equal(major, TEXT("0")) || major.size > 2)
        return TEXT_NONE;
    return major.size == 2 && memcmp(major.data, "13", 2) >= 0 ? TEXT("11") : TEXT("10");
}

static void mend_os(const struct agent_hinted *hinted, struct agent *agent)
{
    struct text version = TEXT_NONE;

    /* What Linux hints is the kernel's number, which is not that of a distribution. */
    if (!hinted->platform_version.size || !agent->os.size ||
        (text_equal(hinted->platform, TEXT("Linux")) && !text_equal(agent->os, TEXT("Linux"))))
        return;
    version = text_equal(hinted->platform, TEXT("Windows")) ? windows_version(hinted->platform_version)
                                                            : shorten(hinted->platform_version);
    if (clean(version).size)
        agent->os_version = version;
}

void agent_read(const struct agent_rules *rules, struct agent_matcher *matcher, const struct agent_hints *hints,
                struct buffer *texts, struct agent *ret_agent)
{
    struct agent_hinted hinted = agent_hints_read(hints);
    struct agent agent = {
        .device = device_of(hints->mobile, hints->agent),
        .bot = hinted.headless ? BOT_AUTOMATION : agent_bot(hints->agent),
    };

    if (rules && hints->agent.size) {
        struct text found[AGENT_LIST_N][AGENT_PARTS_N];

        agent_match(rules, matcher, thaw(hints->agent, &hinted, texts), found);
        take_found(found, texts, &agent);
        if (frozen_android(hints->agent))
            agent.os_version = TEXT_NONE;
        mend_browser(&hinted, &agent);
        mend_os(&hinted, &agent);
        if (!agent.model.size)
            agent.model = clean(hinted.model);
    }
    *ret_agent = agent;
}

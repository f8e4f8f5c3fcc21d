/*
 * Structured fields (RFC 9651), of which only lists of strings with a parameter
 * `v`, and single strings, occur here.  Strings with escapes are passed over:
 * no browser's name has any, but made-up ones do, which browsers send so that
 * nobody relies on the list's form.
 */
#include "crumb/ingest/agent_hints.h"

/* ---- structured fields ---- */

static void skip_spaces(struct text *rest)
{
    while (rest->size && (rest->data[0] == ' ' || rest->data[0] == '\t'))
        *rest = text_from(*rest, 1);
}

/* A quoted string, lent with its escapes. False: there is none; @rest is then of no use. */
static bool read_string(struct text *rest, struct text *ret_string)
{
    skip_spaces(rest);
    if (!rest->size || rest->data[0] != '"')
        return false;
    for (size_t i = 1; i < rest->size; i++) {
        if (rest->data[i] == '\\') {
            i++;
        } else if (rest->data[i] == '"') {
            *ret_string = (struct text){.data = rest->data + 1, .size = i - 1};
            *rest = text_from(*rest, i + 1);
            return true;
        }
    }
    return false;
}

/* The next member of a list: a string and its parameter `v`. Ends where the list does, or is none. */
static bool read_member(struct text *rest, struct text *ret_name, struct text *ret_version)
{
    struct text name, version = TEXT_NONE;

    if (!read_string(rest, &name))
        return false;
    skip_spaces(rest);
    if (text_starts(*rest, TEXT(";"))) {
        *rest = text_from(*rest, 1);
        skip_spaces(rest);
        if (!text_starts(*rest, TEXT("v=")))
            return false;
        *rest = text_from(*rest, 2);
        if (!read_string(rest, &version))
            return false;
        skip_spaces(rest);
    }
    if (rest->size && !text_starts(*rest, TEXT(",")))
        return false;
    *rest = rest->size ? text_from(*rest, 1) : *rest;
    *ret_name = name;
    *ret_version = version;
    return true;
}

/* The only string of a field, or the empty text. */
static struct text read_only(struct text field)
{
    struct text string;

    if (!read_string(&field, &string))
        return TEXT_NONE;
    skip_spaces(&field);
    return field.size || text_find(string, '\\') < string.size ? TEXT_NONE : string;
}

/* ---- brands ---- */

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* "Not A;Brand", "Not/A)Brand", "(Not(A:Brand", ... (wicg.github.io/ua-client-hints section 6.2). */
static bool is_made_up(struct text brand)
{
    static const char letters[] = "notabrand";
    size_t n = 0;

    for (size_t i = 0; i < brand.size; i++) {
        if (!is_letter(brand.data[i]))
            continue;
        if (n == sizeof letters - 1 || (brand.data[i] | 0x20) != letters[n])
            return false;
        n++;
    }
    return n == sizeof letters - 1;
}

/* A number with dots: what stands before the first dot of one is the other. */
static bool is_version(struct text version)
{
    for (size_t i = 0; i < version.size; i++)
        if (!(version.data[i] >= '0' && version.data[i] <= '9') && version.data[i] != '.')
            return false;
    return version.size && version.data[0] != '.' && version.data[version.size - 1] != '.';
}

static void take_brand(struct text name, struct text version, struct agent_hinted *hinted)
{
    if (text_find(name, '\\') < name.size || is_made_up(name) || !is_version(version))
        return;
    if (text_equal(name, TEXT("Chromium")))
        hinted->chromium_version = version;
    else if (text_equal(name, TEXT("HeadlessChrome")))
        hinted->headless = true;
    else if (!hinted->browser.size || text_equal(hinted->browser, name)) {
        hinted->browser = name;
        hinted->browser_version = version;
    }
}

static void read_brands(struct text field, struct agent_hinted *hinted)
{
    struct text name, version;

    while (read_member(&field, &name, &version))
        take_brand(name, version, hinted);
}

/* ---- what the User-Agent says of the same ---- */

static bool says(struct text agent, const char *word)
{
    return agent.data && memmem(agent.data, agent.size, word, strlen(word)) != NULL;
}

/* Every browser that sends hints says Chrome/ and the number of the Chromium that it is built on. */
static bool chromium_agrees(struct text agent, struct text version)
{
    struct text major = text_cut(&version, '.');
    const char *at = agent.data ? memmem(agent.data, agent.size, "Chrome/", 7) : NULL;

    if (!at || !major.size)
        return false;
    struct text rest = text_from(agent, (size_t)(at - agent.data) + 7);
    return text_equal(text_cut(&rest, '.'), major);
}

static bool platform_agrees(struct text agent, struct text platform)
{
    static const char *const rows[][2] = {
        {"Windows", "Windows NT"}, {"macOS", "Macintosh"}, {"Android", "Android"},
        {"Linux", "Linux"},        {"Chrome OS", "CrOS"},  {"Chromium OS", "CrOS"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (text_equal(platform, text_of(rows[i][0])))
            return says(agent, rows[i][1]);
    return false;
}

struct agent_hinted agent_hints_read(const struct agent_hints *hints)
{
    struct agent_hinted hinted = {.headless = false};

    read_brands(hints->brands, &hinted);
    read_brands(hints->full_versions, &hinted); /* the same brands with longer versions */
    if (!chromium_agrees(hints->agent, hinted.chromium_version))
        return (struct agent_hinted){.headless = hinted.headless};
    struct text platform = read_only(hints->platform);
    if (!platform_agrees(hints->agent, platform))
        return hinted;
    hinted.platform = platform;
    hinted.platform_version = read_only(hints->platform_version);
    if (!is_version(hinted.platform_version))
        hinted.platform_version = TEXT_NONE;
    hinted.model = read_only(hints->model);
    return hinted;
}

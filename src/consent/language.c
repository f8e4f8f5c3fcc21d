/*
 * Language negotiation.
 *
 *   Accept-Language: de-AT, de;q=0.9, *;q=0.5, en;q=0
 *
 * The header is read into ranges with weights of 0 to 1000, which are tried
 * from the heaviest on.  Sets of languages are bit masks by their index.
 */
#include "crumb/consent/language.h"
#include <assert.h>
#include <stdint.h>

_Static_assert(TEXTS_LANGUAGES_MAX <= 64, "sets of languages are held in 64-bit masks");

#define WEIGHT_MAX 1000

struct range {
    struct text tag; /* or "*" */
    unsigned weight; /* thousandths */
};

static bool equal_folded(struct text a, struct text b)
{
    return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

/* ---- one range ---- */

/*
 * Where a reader of the first is served by the second: codes that were
 * replaced (iw, in, ji, mo: the IANA registry's Preferred-Value), Norwegian by
 * any of its names, and Chinese by its script, which is what its readers tell
 * apart, whatever region stands for it.
 */
static const struct {
    const char *range, *lang;
} aliases[] = {
    {"iw", "he"},         {"in", "id"},         {"ji", "yi"},         {"mo", "ro"},         {"tl", "fil"},
    {"no", "nb"},         {"nb", "no"},         {"nn", "nb"},         {"nn", "no"},         {"zh-TW", "zh-Hant"},
    {"zh-HK", "zh-Hant"}, {"zh-HK", "zh-TW"},   {"zh-MO", "zh-HK"},   {"zh-MO", "zh-Hant"}, {"zh-MO", "zh-TW"},
    {"zh-Hant", "zh-TW"}, {"zh-CN", "zh-Hans"}, {"zh-SG", "zh-Hans"},
};

static bool find(struct text tag, const char *const *langs, unsigned n, uint64_t without, unsigned *ret_index)
{
    for (unsigned i = 0; i < n; i++)
        if (!(without >> i & 1) && equal_folded(tag, text_of(langs[i]))) {
            *ret_index = i;
            return true;
        }
    return false;
}

static bool find_alias(struct text tag, const char *const *langs, unsigned n, uint64_t without, unsigned *ret_index)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (equal_folded(tag, text_of(aliases[i].range)) &&
            find(text_of(aliases[i].lang), langs, n, without, ret_index))
            return true;
    return false;
}

static bool match(struct text range, const char *const *langs, unsigned n, uint64_t without, unsigned *ret_index)
{
    while (range.size) {
        if (find(range, langs, n, without, ret_index) || find_alias(range, langs, n, without, ret_index))
            return true;
        while (range.size && range.data[range.size - 1] != '-')
            range.size--;
        if (range.size)
            range.size--;
    }
    return false;
}

const char *language_other_name(unsigned i) { return i < sizeof aliases / sizeof aliases[0] ? aliases[i].range : NULL; }

bool language_match(struct text range, const char *const *langs, unsigned n, unsigned *ret_index)
{
    return match(range, langs, n, 0, ret_index);
}

/* ---- reading the header ---- */

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A basic language range: RFC 4647 section 2.1. */
static bool is_range(struct text range)
{
    bool first = true;

    if (text_equal(range, TEXT("*")))
        return true;
    if (range.size == 0 || range.size > LANGUAGE_BYTES_MAX || range.data[range.size - 1] == '-')
        return false;
    while (range.size) {
        struct text subtag = text_cut(&range, '-');

        if (subtag.size < 1 || subtag.size > 8)
            return false;
        for (size_t i = 0; i < subtag.size; i++)
            if (!is_letter(subtag.data[i]) && (first || !is_digit(subtag.data[i])))
                return false;
        first = false;
    }
    return true;
}

/* RFC 9110 section 12.4.2: 0 to 1 with at most three decimals. */
static bool read_weight(struct text text, unsigned *ret_weight)
{
    unsigned weight, unit = WEIGHT_MAX;

    if (text.size < 1 || text.size > 5 || (text.data[0] != '0' && text.data[0] != '1') ||
        (text.size > 1 && text.data[1] != '.'))
        return false;
    weight = (unsigned)(text.data[0] - '0') * unit;
    for (size_t i = 2; i < text.size; i++) {
        if (!is_digit(text.data[i]))
            return false;
        unit /= 10;
        weight += (unsigned)(text.data[i] - '0') * unit;
    }
    if (weight > WEIGHT_MAX)
        return false;
    *ret_weight = weight;
    return true;
}

/* One element of the list: a range, perhaps `;q=` and a weight, nothing else. */
static bool read_range(struct text element, struct range *ret_range)
{
    bool weighted = text_find(element, ';') < element.size;
    struct range range = {.tag = text_trim(text_cut(&element, ';')), .weight = WEIGHT_MAX};

    if (!is_range(range.tag))
        return false;
    if (weighted) {
        struct text parameter = text_trim(element);

        if (parameter.size < 2 || (parameter.data[0] | 0x20) != 'q' || parameter.data[1] != '=' ||
            !read_weight(text_from(parameter, 2), &range.weight))
            return false;
    }
    *ret_range = range;
    return true;
}

/* Heaviest first; of equal weight in the order written. Returns how many. */
static unsigned read_header(struct text header, struct range ranges[LANGUAGE_RANGES_MAX])
{
    unsigned n = 0;

    while (header.size && n < LANGUAGE_RANGES_MAX) {
        struct range range;
        unsigned at = n;

        if (!read_range(text_cut(&header, ','), &range))
            continue;
        for (; at > 0 && ranges[at - 1].weight < range.weight; at--)
            ranges[at] = ranges[at - 1];
        ranges[at] = range;
        n++;
    }
    return n;
}

/* ---- choosing ---- */

static bool is_any(const struct range *range) { return range->tag.data[0] == '*'; }

/* RFC 4647 section 3.3.1: "de" names de and de-AT. */
static bool names(const struct range *range, struct text lang)
{
    size_t size = range->tag.size;

    return !is_any(range) && lang.size >= size && strncasecmp(range->tag.data, lang.data, size) == 0 &&
           (lang.size == size || lang.data[size] == '-');
}

/* The range that names @lang most exactly, or NULL: "zh;q=0, zh-TW" wants no Chinese but that of Taiwan. */
static const struct range *naming(const struct range *ranges, unsigned n_ranges, struct text lang)
{
    const struct range *found = NULL;

    for (unsigned i = 0; i < n_ranges; i++)
        if (names(&ranges[i], lang) && (!found || ranges[i].tag.size > found->tag.size))
            found = &ranges[i];
    return found;
}

static bool first_without(uint64_t without, unsigned n, unsigned *ret_index)
{
    for (unsigned i = 0; i < n; i++)
        if (!(without >> i & 1)) {
            *ret_index = i;
            return true;
        }
    return false;
}

unsigned language_choose(struct text header, const char *const *langs, unsigned n)
{
    struct range ranges[LANGUAGE_RANGES_MAX];
    unsigned n_ranges = read_header(header, ranges), index;
    uint64_t named = 0, refused = 0;

    assert(n > 0 && n <= TEXTS_LANGUAGES_MAX);
    for (unsigned i = 0; i < n; i++) {
        const struct range *range = naming(ranges, n_ranges, text_of(langs[i]));

        named |= (uint64_t)(range != NULL) << i;
        refused |= (uint64_t)(range && range->weight == 0) << i;
    }
    for (unsigned i = 0; i < n_ranges && ranges[i].weight; i++)
        if (is_any(&ranges[i]) ? first_without(named, n, &index) : match(ranges[i].tag, langs, n, refused, &index))
            return index;
    /* "The default": something has to be shown, even to whoever accepts nothing that there is. */
    return 0;
}

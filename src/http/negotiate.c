/*
 * Accept-Encoding, Accept and If-None-Match.
 */
#include "negotiate.h"
#include <strings.h>

#define WEIGHT_MAX 1000
#define WEIGHT_DIGITS_MAX 3

static bool alike(struct text a, struct text b) { return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0; }

/* RFC 9110 section 12.4.2: "0", "0.5", "1.000" in thousandths; -1: none of that form. */
static int read_weight(struct text value)
{
    if (value.size == 0 || (value.data[0] != '0' && value.data[0] != '1'))
        return -1;
    int weight = (value.data[0] - '0') * WEIGHT_MAX, digit = WEIGHT_MAX / 10;
    value = text_from(value, 1);
    if (value.size == 0)
        return weight;
    if (value.data[0] != '.' || value.size > 1 + WEIGHT_DIGITS_MAX)
        return -1;
    for (size_t i = 1; i < value.size; i++, digit /= 10) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return -1;
        weight += (value.data[i] - '0') * digit;
    }
    return weight <= WEIGHT_MAX ? weight : -1;
}

/* The weight of a list's member, which loses its parameters. A weight that cannot be read refuses: it is not yes. */
static int take_weight(struct text *item)
{
    int weight = WEIGHT_MAX;
    struct text rest = *item;

    *item = text_trim(text_cut(&rest, ';'));
    while (rest.size) {
        struct text value = text_trim(text_cut(&rest, ';'));
        struct text name = text_trim(text_cut(&value, '='));

        if (alike(name, TEXT("q")))
            weight = read_weight(text_trim(value));
    }
    return weight < 0 ? 0 : weight;
}

/* What @accept gives @coding: its own weight, else that of `*`, else @otherwise. */
static int weight_of(struct text accept, struct text coding, int otherwise)
{
    int any = otherwise;

    while (accept.size) {
        struct text item = text_cut(&accept, ',');
        int weight = take_weight(&item);

        if (alike(item, coding) || (alike(coding, TEXT("gzip")) && alike(item, TEXT("x-gzip"))))
            return weight;
        if (text_equal(item, TEXT("*")))
            any = weight;
    }
    return any;
}

unsigned negotiate_coding(struct text accept, const struct text *codings, unsigned n_codings)
{
    unsigned best = 0;
    /* Identity is acceptable unless it is refused, but only a wish where nothing is better. */
    int best_weight = weight_of(accept, codings[0], 1);

    for (unsigned i = 1; i < n_codings; i++) {
        int weight = weight_of(accept, codings[i], 0);

        if (weight > 0 && weight >= best_weight) {
            best = i;
            best_weight = weight;
        }
    }
    return best;
}

unsigned negotiate_type(struct text accept, const struct text *types, unsigned n_types)
{
    unsigned best = 0;
    int best_weight = weight_of(accept, types[0], 0);

    for (unsigned i = 1; i < n_types; i++) {
        int weight = weight_of(accept, types[i], 0);

        if (weight > best_weight) {
            best = i;
            best_weight = weight;
        }
    }
    return best;
}

/* Weak comparison, RFC 9110 section 8.8.3.2: for a GET the same content is enough. */
bool negotiate_has(struct text if_none_match, struct text etag)
{
    while (if_none_match.size) {
        struct text tag = text_trim(text_cut(&if_none_match, ','));

        if (text_starts(tag, TEXT("W/")))
            tag = text_from(tag, 2);
        if (text_equal(tag, etag) || text_equal(tag, TEXT("*")))
            return true;
    }
    return false;
}

/*
 * Lookup in the tables of places, by halves.
 */
#include "crumb/rollup/place.h"

/* As the tables are sorted. */
static int compare(struct text a, struct text b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.data, b.data, size) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static struct text name_of(const struct place_name *names, size_t n, struct text code)
{
    size_t from = 0, to = n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare(code, text_of(names[middle].code));

        if (order == 0)
            return text_of(names[middle].name);
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return code;
}

struct text place_country(struct text code) { return name_of(place_countries, place_n_countries, code); }
struct text place_region(struct text code) { return name_of(place_regions, place_n_regions, code); }

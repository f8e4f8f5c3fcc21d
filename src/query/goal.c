/*
 * Goals are decided once for each page and each act of a table; hits follow.
 */
#include "crumb/query/goal.h"
#include "crumb/base/error.h"
#include "crumb/rollup/projection.h"
#include <errno.h>
#include <stdlib.h>

#define NOWHERE SIZE_MAX

uint64_t goal_columns(void)
{
    return field_columns(FIELD_PAGE) | field_columns(FIELD_NAME) | COLUMN_BIT(COLUMN_HIT_act);
}

/*
 * Where the bytes differ, the last `*` takes one more; where it cannot, as it
 * stands before a "/", the last `**` does, and what was behind it begins again.
 */
bool goal_page_fits(struct text pattern, struct text path)
{
    size_t p = 0, at = 0, star = NOWHERE, star_at = 0, stars = NOWHERE, stars_at = 0;

    while (at < path.size) {
        struct text rest = text_from(pattern, p);

        if (text_starts(rest, TEXT("**"))) {
            stars = p += 2;
            stars_at = at;
            star = NOWHERE;
        } else if (text_starts(rest, TEXT("*"))) {
            star = ++p;
            star_at = at;
        } else if (rest.size && rest.data[0] == path.data[at]) {
            p++;
            at++;
        } else if (star != NOWHERE && path.data[star_at] != '/') {
            p = star;
            at = ++star_at;
        } else if (stars != NOWHERE) {
            p = stars;
            at = ++stars_at;
            star = NOWHERE;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

static bool row_fits(const struct goal *goal, struct text text)
{
    return goal->page ? goal_page_fits(text_of(goal->page), text) : text_equal(text_of(goal->event), text);
}

int goal_mark(const struct goal *goal, const struct table *table, uint8_t *hits)
{
    __attribute__((cleanup(projection_deinit))) struct projection projection = PROJECTION_INIT;
    const uint32_t *acts = table->columns[COLUMN_HIT_act];
    int r = projection_make(table, goal->page ? FIELD_PAGE : FIELD_NAME, TEXT_NONE, &projection);

    if (r < 0)
        return error_trace(r);
    uint8_t *fits = malloc((size_t)projection.n_rows + 1);
    if (!fits)
        return error_origin(-ENOMEM);
    for (uint32_t row = 0; row < projection.n_rows; row++)
        fits[row] = row_fits(goal, projection.texts[row]);
    for (uint32_t hit = 0; hit < table->n[RELATION_HIT]; hit++)
        hits[hit] |= fits[projection.rows[hit]] && (!goal->page || !acts[hit]);
    free(fits);
    return 0;
}

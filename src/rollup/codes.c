/*
 * Folding looks up a pair in an array of all pairs that could be, where that is
 * small, and in a hash table elsewhere.
 */
#include "codes.h"
#include "crumb/base/error.h"
#include "crumb/rollup/intern.h"
#include <errno.h>
#include <stdlib.h>

#define DIRECT_MAX (1u << 20) /* pairs */
#define FIRST_PAIRS 64

static void order_fields(const struct tally_field *fields, unsigned n_fields, struct codes *codes)
{
    for (int of_hits = 0; of_hits < 2; of_hits++)
        for (unsigned i = 0; i < n_fields; i++)
            if (field_is_of_hits(fields[i].field) == of_hits)
                codes->places[codes->n_fields++] = i;
}

/* ---- pairs that occur ---- */

struct fold {
    uint32_t *direct; /* number of a pair, plus 1; or NULL */
    struct intern hashed;
    uint32_t n_right;
    struct codes_pair *pairs;
    uint32_t n, capacity;
};

static void fold_deinit(struct fold *fold)
{
    free(fold->direct);
    intern_deinit(&fold->hashed);
    free(fold->pairs);
}

static int fold_init(struct fold *fold, uint32_t n_left, uint32_t n_right)
{
    *fold = (struct fold){.n_right = n_right, .hashed = INTERN_INIT(UINT32_MAX, UINT32_MAX)};
    if ((uint64_t)n_left * n_right > DIRECT_MAX)
        return 0;
    fold->direct = calloc((size_t)n_left * n_right + 1, sizeof *fold->direct);
    return fold->direct ? 0 : error_origin(-ENOMEM);
}

static int add_pair(struct fold *fold, struct codes_pair pair)
{
    if (fold->n == fold->capacity) {
        uint32_t capacity = fold->capacity ? 2 * fold->capacity : FIRST_PAIRS;
        struct codes_pair *pairs = realloc(fold->pairs, capacity * sizeof *pairs);

        if (!pairs)
            return error_origin(-ENOMEM);
        fold->pairs = pairs;
        fold->capacity = capacity;
    }
    fold->pairs[fold->n++] = pair;
    return 0;
}

static int number_of(struct fold *fold, struct codes_pair pair, uint32_t *ret_number)
{
    uint32_t *direct = fold->direct ? &fold->direct[(size_t)pair.left * fold->n_right + pair.right] : NULL;
    uint32_t number = fold->n;
    int r = 0;

    if (direct && *direct) {
        *ret_number = *direct - 1;
        return 0;
    }
    if (!direct)
        r = intern_number(&fold->hashed, (struct text){(const char *)&pair, sizeof pair}, &number);
    if (r == INTERN_E_FULL) /* half a billion different ones do not fit the memory either */
        r = error_origin(-ENOMEM);
    if (r == 0 && number == fold->n)
        r = add_pair(fold, pair);
    if (r < 0)
        return error_trace(r);
    if (direct)
        *direct = number + 1;
    *ret_number = number;
    return 0;
}

/* ---- one more field ---- */

static int fold_visits(struct fold *fold, const uint32_t *left, const uint32_t *right, uint32_t n,
                       const uint8_t *visits, uint32_t *of)
{
    int r = 0;

    for (uint32_t visit = 0; r == 0 && visit < n; visit++) {
        of[visit] = 0;
        if (visits[visit])
            r = number_of(fold, (struct codes_pair){left[visit], right[visit]}, &of[visit]);
    }
    return error_trace(r);
}

static int fold_hits(struct fold *fold, const struct codes *codes, const uint32_t *right, const struct table *table,
                     const uint8_t *visits, const uint8_t *hits, uint32_t *of)
{
    const uint32_t *n_hits = table->columns[COLUMN_VISIT_n_hits];
    uint32_t hit = 0;
    int r = 0;

    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; visit++)
        for (uint32_t end = hit + n_hits[visit]; r == 0 && hit < end; hit++) {
            of[hit] = 0;
            if (visits[visit] && (!hits || hits[hit]))
                r = number_of(fold, (struct codes_pair){codes->of[codes->of_hits ? hit : visit], right[hit]}, &of[hit]);
        }
    return error_trace(r);
}

static int fold_in(struct codes *codes, unsigned at, const struct table *table, const uint8_t *visits,
                   const uint8_t *hits)
{
    const struct projection *added = &codes->projections[at];
    uint32_t n = table->n[added->of_hits ? RELATION_HIT : RELATION_VISIT];
    __attribute__((cleanup(fold_deinit))) struct fold fold;
    int r = fold_init(&fold, codes->n, added->n_rows);

    codes->own[at] = r ? NULL : malloc(((size_t)n + 1) * sizeof *codes->own[at]);
    if (!codes->own[at])
        return error_origin(-ENOMEM);
    r = added->of_hits ? fold_hits(&fold, codes, added->rows, table, visits, hits, codes->own[at])
                       : fold_visits(&fold, codes->of, added->rows, n, visits, codes->own[at]);
    if (r < 0)
        return error_trace(r);
    codes->of_hits = added->of_hits;
    codes->of = codes->own[at];
    codes->n = fold.n ? fold.n : 1; /* whom nobody asks about have code 0 */
    codes->pairs[at] = fold.pairs;
    fold.pairs = NULL;
    return 0;
}

/* Without fields everything has code 0. */
static int make_zeros(const struct table *table, struct codes *codes)
{
    codes->own[0] = calloc((size_t)table->n[RELATION_VISIT] + 1, sizeof *codes->own[0]);
    if (!codes->own[0])
        return error_origin(-ENOMEM);
    codes->of = codes->own[0];
    codes->n = 1;
    return 0;
}

static int make(const struct tally_field *fields, const struct table *table, const uint8_t *visits, const uint8_t *hits,
                struct codes *codes)
{
    int r = codes->n_fields ? 0 : make_zeros(table, codes);

    for (unsigned i = 0; r == 0 && i < codes->n_fields; i++) {
        const struct tally_field *field = &fields[codes->places[i]];
        struct projection *projection = &codes->projections[i];

        r = projection_make(table, field->field, field->property, projection);
        if (r == 0 && i == 0) {
            codes->of_hits = projection->of_hits;
            codes->of = projection->rows;
            codes->n = projection->n_rows;
        } else if (r == 0) {
            r = fold_in(codes, i, table, visits, hits);
        }
    }
    return error_trace(r);
}

int codes_make(const struct tally_field *fields, unsigned n_fields, const struct table *table, const uint8_t *visits,
               const uint8_t *hits, struct codes *ret_codes)
{
    struct codes codes = CODES_INIT;

    order_fields(fields, n_fields, &codes);
    int r = make(fields, table, visits, hits, &codes);
    if (r < 0) {
        codes_deinit(&codes);
        return error_trace(r);
    }
    *ret_codes = codes;
    return 0;
}

void codes_deinit(struct codes *codes)
{
    for (unsigned i = 0; i < QUERY_DIMENSIONS_MAX; i++) {
        projection_deinit(&codes->projections[i]);
        free(codes->own[i]);
        free(codes->pairs[i]);
    }
    *codes = CODES_INIT;
}

void codes_texts(const struct codes *codes, uint32_t code, struct text texts[QUERY_DIMENSIONS_MAX])
{
    for (unsigned i = codes->n_fields; i-- > 0;) {
        uint32_t row = i ? codes->pairs[i][code].right : code;

        texts[codes->places[i]] = codes->projections[i].texts[row];
        code = i ? codes->pairs[i][code].left : code;
    }
}

/*
 * Groups: found by their key, a time and the numbers of their texts, as bytes.
 */
#include "crumb/rollup/tally.h"
#include "crumb/base/error.h"
#include "tally_scan.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_GROUPS 64

struct key {
    int64_t time;
    uint32_t texts[QUERY_DIMENSIONS_MAX];
};

static struct text text_of_key(const struct tally *tally, const struct key *key)
{
    return (struct text){(const char *)key, sizeof key->time + tally->question.n_fields * sizeof key->texts[0]};
}

bool tally_has_field(const struct tally_question *question, enum field field)
{
    for (unsigned i = 0; i < question->n_fields; i++)
        if (question->fields[i].field == field)
            return true;
    return false;
}

uint64_t tally_columns(const struct tally_question *question, bool cuts)
{
    uint64_t columns = COLUMN_BIT(COLUMN_VISIT_n_hits) | COLUMN_BIT(COLUMN_VISIT_bot);

    for (unsigned i = 0; i < question->n_fields; i++)
        columns |= field_columns(question->fields[i].field);
    if (cuts || question->by_hour)
        columns |= COLUMN_BIT(COLUMN_VISIT_start_s) | COLUMN_BIT(COLUMN_HIT_after_s);
    if (question->needs & TALLY_VISITORS)
        columns |= COLUMN_BIT(COLUMN_VISIT_visitor);
    if (question->needs & (TALLY_VIEWS | TALLY_WHOLE | TALLY_PAGES))
        columns |= COLUMN_BIT(COLUMN_HIT_act);
    if (question->needs & TALLY_WHOLE)
        columns |= COLUMN_BIT(COLUMN_VISIT_duration_s);
    if (question->needs & TALLY_PAGES)
        columns |= field_columns(FIELD_PAGE) | COLUMN_BIT(COLUMN_HIT_dwell_s) | COLUMN_BIT(COLUMN_HIT_scroll);
    if (question->needs & TALLY_REVENUE)
        columns |= COLUMN_BIT(COLUMN_HIT_amount) | COLUMN_BIT(COLUMN_HIT_currency);
    return columns;
}

int tally_new(const struct tally_question *question, struct tally **ret_tally)
{
    struct tally *tally = malloc(sizeof *tally);

    if (!tally)
        return error_origin(-ENOMEM);
    *tally = (struct tally){
        .question = *question,
        .texts = INTERN_INIT(UINT32_MAX, QUERY_GROUP_NAMES_BYTES_MAX),
        .keys = INTERN_INIT(QUERY_GROUPS_MAX, UINT32_MAX),
        .has_page = tally_has_field(question, FIELD_PAGE),
        .pair_keys = INTERN_INIT(QUERY_PAIRS_MAX, UINT32_MAX),
    };
    *ret_tally = tally;
    return 0;
}

struct tally *tally_free(struct tally *tally)
{
    if (!tally)
        return NULL;
    for (size_t i = 0; i < intern_n(&tally->keys) && i < tally->capacity; i++)
        hll_deinit(&tally->cold[i].visitors);
    intern_deinit(&tally->texts);
    intern_deinit(&tally->keys);
    intern_deinit(&tally->pair_keys);
    free(tally->hot);
    free(tally->cold);
    free(tally->of_texts);
    free(tally->pairs);
    free(tally);
    return NULL;
}

/* ---- growing ---- */

/* Before the key of a group is kept, so that every kept one has its figures. */
static int reserve_groups(struct tally *tally)
{
    if (intern_n(&tally->keys) < tally->capacity)
        return 0;
    size_t capacity = tally->capacity ? 2 * tally->capacity : FIRST_GROUPS;
    struct tally_hot *hot = realloc(tally->hot, capacity * sizeof *hot);
    if (!hot)
        return error_origin(-ENOMEM);
    tally->hot = hot;
    struct tally_cold *cold = realloc(tally->cold, capacity * sizeof *cold);
    if (!cold)
        return error_origin(-ENOMEM);
    tally->cold = cold;
    for (size_t i = tally->capacity; i < capacity; i++) {
        hot[i] = (struct tally_hot){0};
        cold[i] = (struct tally_cold){.visitors = tally->question.n_fields ? HLL_COARSE_INIT : HLL_INIT};
    }
    tally->capacity = capacity;
    return 0;
}

static int reserve_pairs(struct tally *tally, size_t n)
{
    size_t capacity = tally->pair_capacity ? tally->pair_capacity : FIRST_GROUPS;

    if (n <= tally->pair_capacity)
        return 0;
    while (capacity < n)
        capacity *= 2;
    struct tally_pair *pairs = realloc(tally->pairs, capacity * sizeof *pairs);
    if (!pairs)
        return error_origin(-ENOMEM);
    for (size_t i = tally->pair_capacity; i < capacity; i++)
        pairs[i] = (struct tally_pair){0};
    tally->pairs = pairs;
    tally->pair_capacity = capacity;
    return 0;
}

/* A bound that is reached is this module's outcome. */
static int full_or(int r) { return r == INTERN_E_FULL ? TALLY_E_FULL : error_trace(r); }

static int find_group(struct tally *tally, const struct key *key, uint32_t *ret_group)
{
    int r = reserve_groups(tally);

    return r ? r : intern_number(&tally->keys, text_of_key(tally, key), ret_group);
}

/* Most questions have one field, and many tables the same time: then a text's number finds the group. */
static int reserve_of_texts(struct tally *tally, int64_t time)
{
    size_t n = tally->n_of_texts ? tally->n_of_texts : FIRST_GROUPS;

    if (time != tally->of_time && tally->of_texts)
        memset(tally->of_texts, 0, tally->n_of_texts * sizeof *tally->of_texts);
    tally->of_time = time;
    if (intern_n(&tally->texts) <= tally->n_of_texts)
        return 0;
    while (n < intern_n(&tally->texts))
        n *= 2;
    uint32_t *of_texts = realloc(tally->of_texts, n * sizeof *of_texts);
    if (!of_texts)
        return error_origin(-ENOMEM);
    memset(of_texts + tally->n_of_texts, 0, (n - tally->n_of_texts) * sizeof *of_texts);
    tally->of_texts = of_texts;
    tally->n_of_texts = n;
    return 0;
}

static int find_group_of_text(struct tally *tally, const struct key *key, uint32_t *ret_group)
{
    int r = reserve_of_texts(tally, key->time);

    if (r < 0)
        return error_trace(r);
    uint32_t *known = &tally->of_texts[key->texts[0]];
    r = *known ? 0 : find_group(tally, key, ret_group);
    if (r)
        return r;
    if (!*known)
        *known = *ret_group + 1;
    *ret_group = *known - 1;
    return 0;
}

int tally_group(struct tally *tally, int64_t time, const struct text *texts, uint32_t *ret_group)
{
    struct key key = {.time = time};
    int r = 0;

    for (unsigned i = 0; r == 0 && i < tally->question.n_fields; i++)
        r = intern_number(&tally->texts, texts[i], &key.texts[i]);
    if (r)
        return full_or(r);
    bool by_text = tally->question.n_fields == 1 && !tally->question.by_hour;
    return full_or((by_text ? find_group_of_text : find_group)(tally, &key, ret_group));
}

int tally_page(struct tally *tally, struct text path, uint32_t *ret_page)
{
    return full_or(intern_number(&tally->texts, path, ret_page));
}

int tally_pair(struct tally *tally, uint32_t group, uint32_t page, struct tally_pair **ret_pair)
{
    uint32_t key[2] = {group, page}, pair = group;
    int r = 0;

    if (!tally->has_page)
        r = intern_number(&tally->pair_keys, (struct text){(const char *)key, sizeof key}, &pair);
    r = r ? r : reserve_pairs(tally, (size_t)pair + 1);
    if (r)
        return full_or(r);
    *ret_pair = &tally->pairs[pair];
    return 0;
}

int tally_add(struct tally *tally, const struct tally_day *day) { return tally_scan_table(tally, day); }

/* ---- rollups ---- */

static void add_cell(struct tally *tally, uint32_t group, const struct cell *cell, bool alone)
{
    const struct figures *from = &cell->figures;
    struct tally_hot *hot = &tally->hot[group];
    struct tally_cold *cold = &tally->cold[group];

    hot->events += from->events;
    hot->views += from->views;
    hot->visits += from->visits;
    cold->whole += from->whole;
    cold->bounces += from->bounces;
    cold->duration_s += from->duration_s;
    cold->whole_views += from->whole_views;
    cold->viewing += from->viewing;
    cold->dwell_s += from->dwell_s;
    cold->scrolled += from->scrolled;
    cold->scroll += from->scroll;
    if (!(tally->question.needs & TALLY_VISITORS))
        return;
    if (alone)
        cold->n_visitors = cell->visitors;
    else
        cold->n_owed += cell->visitors;
}

int tally_add_cells(struct tally *tally, int64_t time, const struct cells *cells, bool alone, uint32_t *ret_groups)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < cells->n; i++) {
        r = tally_group(tally, time, &cells->cells[i].value, &ret_groups[i]);
        if (r == 0)
            add_cell(tally, ret_groups[i], &cells->cells[i], alone);
    }
    return r;
}

int tally_merge(struct tally *tally, size_t group, const struct hll *sketch)
{
    return error_trace(hll_merge(&tally->cold[group].visitors, sketch));
}

void tally_settle(struct tally *tally, size_t group) { tally->cold[group].n_owed = 0; }

/* ---- reading ---- */

static struct key key_of(const struct tally *tally, size_t group)
{
    struct text bytes = intern_text(&tally->keys, (uint32_t)group);
    struct key key = {0};

    memcpy(&key, bytes.data, bytes.size);
    return key;
}

const struct tally_question *tally_asked(const struct tally *tally) { return &tally->question; }
size_t tally_n(const struct tally *tally) { return intern_n(&tally->keys); }
int64_t tally_time(const struct tally *tally, size_t group) { return key_of(tally, group).time; }

struct text tally_text(const struct tally *tally, size_t group, unsigned field)
{
    return intern_text(&tally->texts, key_of(tally, group).texts[field]);
}

struct figures tally_figures(const struct tally *tally, size_t group)
{
    const struct tally_hot *hot = &tally->hot[group];
    const struct tally_cold *cold = &tally->cold[group];

    return (struct figures){.events = hot->events,
                            .views = hot->views,
                            .visits = hot->visits,
                            .whole = cold->whole,
                            .bounces = cold->bounces,
                            .duration_s = cold->duration_s,
                            .whole_views = cold->whole_views,
                            .viewing = cold->viewing,
                            .dwell_s = cold->dwell_s,
                            .scrolled = cold->scrolled,
                            .scroll = cold->scroll,
                            .paid = cold->paid,
                            .revenue = cold->revenue};
}

const struct hll *tally_sketch(const struct tally *tally, size_t group) { return &tally->cold[group].visitors; }

uint64_t tally_visitors(const struct tally *tally, size_t group)
{
    const struct tally_cold *cold = &tally->cold[group];

    assert(!cold->n_owed);
    return cold->n_visitors ? cold->n_visitors : hll_count(&cold->visitors);
}

uint64_t tally_visitors_at_most(const struct tally *tally, size_t group)
{
    const struct tally_cold *cold = &tally->cold[group];
    uint64_t most = tally->hot[group].events;

    if (cold->n_owed && cold->n_owed < most && hll_is_empty(&cold->visitors))
        most = cold->n_owed;
    return cold->n_visitors ? cold->n_visitors : most + most / 8 + 1;
}

bool tally_find(const struct tally *tally, int64_t time, const struct text *texts, size_t *ret_group)
{
    struct key key = {.time = time};
    uint32_t group;

    for (unsigned i = 0; i < tally->question.n_fields; i++)
        if (!intern_find(&tally->texts, texts[i], &key.texts[i]))
            return false;
    if (!intern_find(&tally->keys, text_of_key(tally, &key), &group))
        return false;
    *ret_group = group;
    return true;
}

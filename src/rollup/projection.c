/*
 * Most fields are a column of a relation: the rows are the reference column as
 * it is, and the texts those of the row's column.  The rest differ in one step:
 *
 *   words          the row's number is a word's, not a text's
 *   event:name     a page view is "pageview", a custom event its action, any
 *                  other act its category
 *   event:target   of such another act its action, or its label where that is
 *                  what tells links apart
 *   visit:region   the country's code, a hyphen, the region's
 *   *_name         what people call the country or region of that code
 *   a property     the row is a set, and one of its values is the text
 *   entry, exit    the row is the page of the visit's first or last view
 */
#include "crumb/rollup/projection.h"
#include "crumb/base/error.h"
#include "crumb/base/words.h"
#include "crumb/rollup/place.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define WORDS_MAX 255 /* numbers of words are small */
#define PAGEVIEW TEXT("pageview")
#define CUSTOM TEXT("event") /* the category of custom events */

void projection_deinit(struct projection *projection)
{
    free(projection->texts);
    free(projection->own_rows);
    free(projection->own_bytes);
    *projection = PROJECTION_INIT;
}

static const char *word_of(enum field field, uint32_t number)
{
    return field == FIELD_DEVICE    ? words_device(number)
           : field == FIELD_CHANNEL ? words_channel(number)
                                    : words_bot(number);
}

static bool is_word(enum field field) { return field == FIELD_DEVICE || field == FIELD_CHANNEL || field == FIELD_BOT; }

static int make_texts(struct projection *projection, uint32_t n)
{
    projection->texts = malloc(((size_t)n + 1) * sizeof *projection->texts);
    if (!projection->texts)
        return error_origin(-ENOMEM);
    projection->n_rows = n;
    return 0;
}

/* ---- texts of rows ---- */

static bool is_custom(struct text category) { return text_equal(category, CUSTOM) || category.size == 0; }

static struct text name_of_act(const struct table *table, uint32_t act)
{
    struct text category = table_text(table, table->columns[COLUMN_ACT_category][act]);

    if (act == 0)
        return PAGEVIEW;
    if (is_custom(category))
        return table_text(table, table->columns[COLUMN_ACT_action][act]);
    return category;
}

/* Links that nobody named are told apart by where they lead: all of them are called by their element (wire.md). */
static bool is_no_name(struct text action)
{
    return action.size == 0 || text_equal(action, TEXT("a")) || text_equal(action, TEXT("area"));
}

static struct text target_of_act(const struct table *table, uint32_t act)
{
    struct text category = table_text(table, table->columns[COLUMN_ACT_category][act]);
    struct text action = table_text(table, table->columns[COLUMN_ACT_action][act]);
    struct text label = table_text(table, table->columns[COLUMN_ACT_label][act]);

    if (act == 0 || is_custom(category))
        return PROJECTION_NONE;
    return is_no_name(action) && label.size ? label : action;
}

static struct text property_of_set(const struct table *table, uint32_t start, uint32_t n, struct text property)
{
    for (uint32_t i = start; i < start + n; i++)
        if (text_equal(table_text(table, table->columns[COLUMN_PROPERTY_name][i]), property))
            return table_text(table, table->columns[COLUMN_PROPERTY_value][i]);
    return PROJECTION_NONE;
}

static int project_sets(const struct table *table, struct text property, struct projection *projection)
{
    const uint32_t *sizes = table->columns[COLUMN_SET_n_properties];
    uint32_t start = 0;
    int r = make_texts(projection, table->n[RELATION_SET]);

    for (uint32_t set = 0; r == 0 && set < projection->n_rows; start += sizes[set++])
        projection->texts[set] = property_of_set(table, start, sizes[set], property);
    return error_trace(r);
}

/* "US-CA", in memory of the projection's own. */
static int project_regions(const struct table *table, struct projection *projection)
{
    const uint32_t *countries = table->columns[COLUMN_PLACE_country], *regions = table->columns[COLUMN_PLACE_region];
    size_t size = 0;
    int r = make_texts(projection, table->n[RELATION_PLACE]);

    for (uint32_t i = 0; r == 0 && i < projection->n_rows; i++)
        size += table_text(table, countries[i]).size + 1 + table_text(table, regions[i]).size;
    projection->own_bytes = r ? NULL : malloc(size + 1);
    if (!projection->own_bytes)
        return error_origin(-ENOMEM);
    char *at = projection->own_bytes;
    for (uint32_t i = 0; i < projection->n_rows; i++) {
        struct text country = table_text(table, countries[i]), region = table_text(table, regions[i]);

        if (region.size == 0) {
            projection->texts[i] = TEXT_NONE;
            continue;
        }
        memcpy(at, country.data, country.size);
        at[country.size] = '-';
        memcpy(at + country.size + 1, region.data, region.size);
        projection->texts[i] = (struct text){.data = at, .size = country.size + 1 + region.size};
        at += projection->texts[i].size;
    }
    return 0;
}

static int project_column(const struct table *table, enum field field, struct projection *projection)
{
    enum column column = field_column(field);
    uint32_t n = table->n[table_relation(column)];
    int r = make_texts(projection, n);

    for (uint32_t i = 0; r == 0 && i < n; i++)
        projection->texts[i] = field == FIELD_NAME     ? name_of_act(table, i)
                               : field == FIELD_TARGET ? target_of_act(table, i)
                               : is_word(field)        ? text_of(word_of(field, table->columns[column][i]))
                                                       : table_text(table, table->columns[column][i]);
    return error_trace(r);
}

static uint32_t most_of(const struct table *table, enum column column)
{
    uint32_t n = table->n[table_relation(column)], most = 0;

    for (uint32_t i = 0; i < n; i++)
        most = table->columns[column][i] > most ? table->columns[column][i] : most;
    return most;
}

/* The number in the reference column is the text's or the word's own. A later program may have more words. */
static int project_itself(const struct table *table, enum field field, struct projection *projection)
{
    uint32_t most = is_word(field) ? most_of(table, field_reference(field)) : 0;

    if (most > WORDS_MAX)
        return error_origin(-EBADMSG);
    uint32_t n = is_word(field) ? most + 1 : table->texts.n;
    int r = make_texts(projection, n);

    for (uint32_t i = 0; r == 0 && i < n; i++)
        projection->texts[i] = is_word(field) ? text_of(word_of(field, i)) : table_text(table, i);
    return error_trace(r);
}

/* ---- rows of visits that are none of their columns ---- */

/* The page of the first or last view; one row more than there are pages for a visit without. */
static uint32_t page_of_visit(const struct table *table, uint32_t from, uint32_t to, bool last)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t hit = last ? to - 1 - (i - from) : i;

        if (!table->columns[COLUMN_HIT_act][hit])
            return table->columns[COLUMN_HIT_page][hit];
    }
    return table->n[RELATION_PAGE];
}

static int project_ends(const struct table *table, enum field field, struct projection *projection)
{
    bool last = field == FIELD_EXIT_PAGE || field == FIELD_EXIT_HOSTNAME;
    uint32_t n_visits = table->n[RELATION_VISIT], n_pages = table->n[RELATION_PAGE], from = 0;
    int r = make_texts(projection, n_pages + 1);

    projection->own_rows = r ? NULL : malloc(((size_t)n_visits + 1) * sizeof *projection->own_rows);
    if (!projection->own_rows)
        return error_origin(-ENOMEM);
    for (uint32_t i = 0; i < n_pages; i++)
        projection->texts[i] = table_text(table, table->columns[field_column(field)][i]);
    projection->texts[n_pages] = PROJECTION_NONE;
    for (uint32_t i = 0; i < n_visits; i++) {
        uint32_t to = from + table->columns[COLUMN_VISIT_n_hits][i];

        projection->own_rows[i] = page_of_visit(table, from, to, last);
        from = to;
    }
    projection->rows = projection->own_rows;
    return 0;
}

/* ---- any field ---- */

static void name_places(enum field field, struct projection *projection)
{
    for (uint32_t i = 0; i < projection->n_rows; i++) {
        if (field == FIELD_COUNTRY_NAME)
            projection->texts[i] = place_country(projection->texts[i]);
        else if (field == FIELD_REGION_NAME)
            projection->texts[i] = place_region(projection->texts[i]);
    }
}

static int project(const struct table *table, enum field field, struct text property, struct projection *projection)
{
    projection->of_hits = field_is_of_hits(field);
    projection->rows = table->columns[field_reference(field)];
    switch (field) {
    case FIELD_PROPERTY:
        return error_trace(project_sets(table, property, projection));
    case FIELD_REGION:
    case FIELD_REGION_NAME:
        return error_trace(project_regions(table, projection));
    case FIELD_ENTRY_PAGE:
    case FIELD_ENTRY_HOSTNAME:
    case FIELD_EXIT_PAGE:
    case FIELD_EXIT_HOSTNAME:
        return error_trace(project_ends(table, field, projection));
    default:
        if (field_column(field) == COLUMN_N)
            return error_trace(project_itself(table, field, projection));
        return error_trace(project_column(table, field, projection));
    }
}

int projection_make(const struct table *table, enum field field, struct text property,
                    struct projection *ret_projection)
{
    struct projection projection = PROJECTION_INIT;
    int r = project(table, field, property, &projection);

    if (r < 0) {
        projection_deinit(&projection);
        return error_trace(r);
    }
    name_places(field, &projection);
    *ret_projection = projection;
    return 0;
}

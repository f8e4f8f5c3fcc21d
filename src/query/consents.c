/*
 * Rows of the table are added up by a name made of the dimensions that are
 * asked for, in a hash table; its names, sorted, are the rows of the answer.
 */
#include "crumb/query/consents.h"
#include "crumb/base/error.h"
#include "crumb/query/range.h"
#include "crumb/store/consents.h"
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>

#define UNKNOWN "unknown"
#define SEPARATOR '\t' /* in no dimension's value, and less than all of them */
#define PARAMETER_BYTES_MAX 256

static const char *const names[CONSENTS_DIMENSION_N] = {[CONSENTS_TIME_DAY] = "time:day",
                                                        [CONSENTS_NOTICE] = "notice",
                                                        [CONSENTS_LANGUAGE] = "language",
                                                        [CONSENTS_COUNTRY] = "country",
                                                        [CONSENTS_DEVICE] = "device"};

/* The members of a row, and what they count. */
static const struct {
    const char *name;
    unsigned counter;
} members[] = {{"shown", CONSENTS_SHOWN}, {"accepted", CHOICE_GRANT},    {"refused", CHOICE_DENY},
               {"custom", CHOICE_CUSTOM}, {"dismissed", CHOICE_DISMISS}, {"withdrawn", CHOICE_WITHDRAW},
               {"gpc", CHOICE_GPC},       {"implied", CHOICE_IMPLIED},   {"minor", CHOICE_MINOR},
               {"renewed", CHOICE_RENEW}};
_Static_assert(sizeof members / sizeof members[0] == CONSENTS_N, "every counter has a name");

/* ---- the question ---- */

static int invalid(struct buffer *complaint, const char *what)
{
    buffer_put_text(complaint, text_of(what));
    return QUERY_E_INVALID;
}

/* Takes percent-encoding off. False: it is too long, or not of that form. */
static bool decode(struct text raw, char ret_text[PARAMETER_BYTES_MAX])
{
    if (raw.size >= PARAMETER_BYTES_MAX)
        return false;
    char *text = raw.size ? g_uri_unescape_segment(raw.data, raw.data + raw.size, NULL) : g_strdup("");
    if (text)
        g_strlcpy(ret_text, text, PARAMETER_BYTES_MAX);
    g_free(text);
    return text != NULL;
}

static bool parse_range(struct text text, struct query_range *ret_range)
{
    struct text last = text;
    struct text first = text_cut(&last, ',');
    struct query_range range = {.kind = RANGE_DATES};

    if (range_parse_date(first, &range.first) && range_parse_date(last, &range.last)) {
        *ret_range = range;
        return true;
    }
    return range_parse_word(text, ret_range) && ret_range->kind != RANGE_24H;
}

static int find_dimension(struct text name)
{
    for (unsigned i = 0; i < CONSENTS_DIMENSION_N; i++)
        if (text_equal(text_of(names[i]), name))
            return (int)i;
    return -1;
}

static int parse_dimensions(struct text list, struct query_consents *query, struct buffer *complaint)
{
    unsigned seen = 0;

    while (list.size) {
        int dimension = find_dimension(text_cut(&list, ','));

        if (dimension < 0)
            return invalid(complaint, "dimensions: must be some of time:day, notice, language, country and device, "
                                      "with commas between them");
        if (seen & 1u << dimension)
            return invalid(complaint, "dimensions: one is there twice; name it once");
        seen |= 1u << dimension;
        query->dimensions[query->n_dimensions++] = (enum query_consents_dimension)dimension;
    }
    return 0;
}

int query_consents_parse(struct text range, struct text dimensions, struct query_consents *ret_query,
                         struct buffer *complaint)
{
    struct query_consents query = {.n_dimensions = 0};
    char text[PARAMETER_BYTES_MAX];

    if (!decode(range, text) || !parse_range(text_of(text), &query.range))
        return invalid(complaint,
                       "date_range: must be \"day\", \"7d\" or another number of days, \"month\", \"6mo\" or "
                       "another number of months, \"year\", \"all\", or two dates with a comma between them");
    if (!decode(dimensions, text))
        return invalid(complaint, "dimensions: cannot be read");
    int r = parse_dimensions(text_of(text), &query, complaint);
    if (r == 0)
        *ret_query = query;
    return r;
}

/* ---- adding up ---- */

struct tally {
    const struct query_consents *query;
    GHashTable *rows; /* name -> struct consents */
};

static void put_value(struct buffer *name, enum query_consents_dimension dimension, const struct key_consents *of)
{
    char date[RANGE_DATE_BYTES], hex[2 * sizeof of->notice + 1];

    switch (dimension) {
    case CONSENTS_TIME_DAY:
        range_write_date(of->day, date);
        buffer_put(name, date, sizeof date);
        break;
    case CONSENTS_NOTICE:
        sodium_bin2hex(hex, sizeof hex, of->notice, sizeof of->notice);
        buffer_put_text(name, text_of(hex));
        break;
    case CONSENTS_LANGUAGE:
        buffer_put_text(name, of->lang);
        break;
    case CONSENTS_COUNTRY:
        buffer_put_text(name, text_of(of->country[0] ? of->country : UNKNOWN));
        break;
    default:
        buffer_put_text(name, text_of(words_device(of->device)));
    }
}

static int add(void *context, const struct key_consents *of, const struct consents *more)
{
    struct tally *tally = context;
    uint8_t bytes[256];
    const char *row = (const char *)bytes;
    struct buffer name = BUFFER_OVER(bytes);

    for (unsigned i = 0; i < tally->query->n_dimensions; i++) {
        if (i)
            buffer_put_u8(&name, SEPARATOR);
        put_value(&name, tally->query->dimensions[i], of);
    }
    buffer_put_u8(&name, '\0');
    if (name.fault)
        return error_origin(name.fault);
    struct consents *sum = g_hash_table_lookup(tally->rows, row);
    if (!sum) {
        if (g_hash_table_size(tally->rows) >= QUERY_ROWS_MAX)
            return QUERY_E_INVALID;
        sum = g_new0(struct consents, 1);
        g_hash_table_insert(tally->rows, g_strdup(row), sum);
    }
    for (unsigned i = 0; i < CONSENTS_N; i++)
        sum->counts[i] += more->counts[i];
    sum->answered += more->answered;
    return 0;
}

/* ---- the answer ---- */

/* Whoever was shown a notice and made nothing of it. */
static uint64_t ignored(const struct consents *consents)
{
    uint64_t shown = consents->counts[CONSENTS_SHOWN];

    return shown > consents->answered ? shown - consents->answered : 0;
}

static json_t *row_json(const char *name, const struct consents *consents, unsigned n_dimensions)
{
    json_t *row = json_object(), *dimensions = json_array();
    struct text rest = text_of(name);

    for (unsigned i = 0; i < n_dimensions; i++) {
        struct text value = text_cut(&rest, SEPARATOR);

        json_array_append_new(dimensions, json_stringn(value.data, value.size));
    }
    json_object_set_new(row, "dimensions", dimensions);
    for (size_t i = 0; i < CONSENTS_N; i++)
        json_object_set_new(row, members[i].name, json_integer((json_int_t)consents->counts[members[i].counter]));
    json_object_set_new(row, "ignored", json_integer((json_int_t)ignored(consents)));
    return row;
}

static json_t *results_json(const struct tally *tally)
{
    json_t *results = json_array();
    GList *keys = g_list_sort(g_hash_table_get_keys(tally->rows), (GCompareFunc)strcmp);

    for (GList *key = keys; key; key = key->next)
        json_array_append_new(
            results, row_json(key->data, g_hash_table_lookup(tally->rows, key->data), tally->query->n_dimensions));
    g_list_free(keys);
    return results;
}

static json_t *query_json(const struct query_consents *query, const char *site, const struct query_days *days)
{
    json_t *dimensions = json_array();
    char first[RANGE_DATE_BYTES], last[RANGE_DATE_BYTES];

    for (unsigned i = 0; i < query->n_dimensions; i++)
        json_array_append_new(dimensions, json_string(names[query->dimensions[i]]));
    range_write_date(days->first, first);
    range_write_date(days->last, last);
    return json_pack("{s:s, s:[s#, s#], s:o}", "site_id", site, "date_range", first, (int)sizeof first, last,
                     (int)sizeof last, "dimensions", dimensions);
}

static int put_json(const char *bytes, size_t size, void *context)
{
    buffer_put(context, bytes, size);
    return 0;
}

static int put_answer(const struct tally *tally, const char *site, const struct query_days *days, struct buffer *answer)
{
    json_t *object = json_pack("{s:o, s:{}, s:o}", "results", results_json(tally), "meta", "query",
                               query_json(tally->query, site, days));
    int r = object ? json_dump_callback(object, put_json, answer, JSON_COMPACT) : -1;

    json_decref(object);
    if (answer->fault)
        return error_origin(answer->fault);
    return r ? error_origin(-ENOMEM) : 0;
}

static int find_days(const struct query_consents *query, struct db_txn *txn, uint32_t site, const struct zone *zone,
                     int64_t now_ms, struct query_days *ret_days, struct buffer *complaint)
{
    int32_t first = 0, last = -1;
    int r = consents_bounds(txn, site, &first, &last);

    if (r < 0)
        return error_trace(r);
    r = range_days(&query->range, zone, now_ms, first, last, ret_days);
    if (r == RANGE_E_REVERSED)
        return invalid(complaint, "date_range: ends before it begins");
    return r ? invalid(complaint, "date_range: is too long") : 0;
}

int query_consents_run(const struct query_consents *query, struct db_txn *txn, const char *site_name, uint32_t site,
                       const struct zone *zone, int64_t now_ms, struct buffer *answer, struct buffer *complaint)
{
    struct tally tally = {.query = query};
    struct query_days days;
    int r = find_days(query, txn, site, zone, now_ms, &days, complaint);

    if (r)
        return r;
    tally.rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (query->n_dimensions == 0)
        g_hash_table_insert(tally.rows, g_strdup(""), g_new0(struct consents, 1));
    r = consents_each_of(txn, site, days.first, days.last, add, &tally);
    if (r == QUERY_E_INVALID)
        invalid(complaint, "the answer would have too many rows; ask for fewer dimensions or a shorter range");
    else if (r == 0)
        r = put_answer(&tally, site_name, &days, answer);
    g_hash_table_destroy(tally.rows);
    return error_trace(r);
}

/*
 * Segments: a table comes back as it was, column by column, and neither damage
 * nor a lie about what refers to what gets past the reader.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/segment.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define VISITS 3
#define HITS 5

static const uint32_t n_rows[RELATION_N] = {
    [RELATION_VISIT] = VISITS, [RELATION_HIT] = HITS, [RELATION_PAGE] = 2,
    [RELATION_AGENT] = 2,      [RELATION_PLACE] = 1,  [RELATION_ORIGIN] = 2,
    [RELATION_ACT] = 2,        [RELATION_SET] = 2,    [RELATION_PROPERTY] = 1,
};
static const char *const texts[] = {"", "/", "shop.example", "/hats", "DE", "Firefox", "colour", "red", "Hats & caps"};

/* Something else in every column, that fits what it refers to. */
static uint32_t number_of(enum column column, uint32_t row)
{
    static const uint32_t n_hits[VISITS] = {1, 0, 4};
    int refers = table_refers(column);

    if (column == COLUMN_VISIT_n_hits)
        return n_hits[row];
    if (column == COLUMN_SET_n_properties)
        return row;
    if (refers == REFERS_TEXT)
        return (column + row) % N_ROWS(texts);
    if (refers == REFERS_NONE)
        return 1000 * column + 7 * row;
    return (column + row) % n_rows[refers];
}

static void fill_texts(struct table_texts *into)
{
    uint32_t size = 0;

    into->n = N_ROWS(texts);
    into->ends = calloc(N_ROWS(texts), sizeof *into->ends);
    into->bytes = calloc(1, 256);
    assert_non_null(into->ends);
    assert_non_null(into->bytes);
    for (size_t i = 0; i < N_ROWS(texts); i++) {
        memcpy(into->bytes + size, texts[i], strlen(texts[i]));
        into->ends[i] = size += (uint32_t)strlen(texts[i]);
    }
}

static struct table make_table(void)
{
    struct table table = TABLE_INIT;

    memcpy(table.n, n_rows, sizeof n_rows);
    fill_texts(&table.texts);
    for (unsigned column = 0; column < COLUMN_N; column++) {
        uint32_t n = n_rows[table_relation(column)];

        table.columns[column] = calloc(n, sizeof(uint32_t));
        assert_non_null(table.columns[column]);
        for (uint32_t row = 0; row < n; row++)
            table.columns[column][row] = number_of(column, row);
    }
    return table;
}

#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table

static void encode(const struct table *table, struct buffer *buffer)
{
    segment_encode(table, buffer);
    assert_int_equal(buffer->fault, 0);
}

static int open_and_read(const struct buffer *buffer, uint64_t columns)
{
    TABLE_AUTO table = TABLE_INIT;
    struct segment segment;
    int r = segment_open(buffer_text(buffer), &segment);

    return r ? r : segment_read(&segment, columns, &table);
}

static void test_comes_back(void **state)
{
    TABLE_AUTO table = make_table(), back = TABLE_INIT;
    BUFFER_AUTO buffer = BUFFER_INIT(SEGMENT_BYTES_MAX);
    struct segment segment;

    encode(&table, &buffer);
    assert_int_equal(segment_open(buffer_text(&buffer), &segment), 0);
    assert_int_equal(segment_read(&segment, COLUMN_ALL, &back), 0);
    assert_memory_equal(back.n, table.n, sizeof table.n);
    for (unsigned column = 0; column < COLUMN_N; column++)
        check(table_column_name(column), memcmp(back.columns[column], table.columns[column],
                                                table.n[table_relation(column)] * sizeof(uint32_t)) == 0);
    assert_int_equal(back.texts.n, N_ROWS(texts));
    for (uint32_t i = 0; i < back.texts.n; i++)
        check_text(texts[i], table_text(&back, i), texts[i]);
}

static void test_one_column_at_a_time(void **state)
{
    TABLE_AUTO table = make_table(), back = TABLE_INIT;
    BUFFER_AUTO buffer = BUFFER_INIT(SEGMENT_BYTES_MAX);
    struct segment segment;

    encode(&table, &buffer);
    assert_int_equal(segment_open(buffer_text(&buffer), &segment), 0);
    assert_int_equal(segment_read(&segment, COLUMN_BIT(COLUMN_HIT_page), &back), 0);
    for (unsigned column = 0; column < COLUMN_N; column++)
        assert_int_equal(back.columns[column] != NULL, column == COLUMN_HIT_page);
    assert_int_equal(back.texts.n, 0);
    uint32_t *pages = back.columns[COLUMN_HIT_page];
    assert_int_equal(segment_read(&segment, COLUMN_BIT(COLUMN_PAGE_path) | COLUMN_BIT(COLUMN_HIT_page), &back), 0);
    assert_ptr_equal(back.columns[COLUMN_HIT_page], pages);
    assert_int_equal(back.texts.n, N_ROWS(texts));
}

/* A segment that was written before the last columns were thought of. */
static void test_older(void **state)
{
    TABLE_AUTO table = make_table(), back = TABLE_INIT;
    BUFFER_AUTO buffer = BUFFER_INIT(SEGMENT_BYTES_MAX);
    struct segment segment;

    encode(&table, &buffer);
    assert_int_equal(segment_open(buffer_text(&buffer), &segment), 0);
    segment.columns[COLUMN_PROPERTY_value] = TEXT_NONE;
    assert_int_equal(segment_read(&segment, COLUMN_BIT(COLUMN_PROPERTY_value), &back), 0);
    assert_int_equal(back.columns[COLUMN_PROPERTY_value][0], 0);
}

static void test_empty_day(void **state)
{
    TABLE_AUTO table = TABLE_INIT, back = TABLE_INIT;
    BUFFER_AUTO buffer = BUFFER_INIT(SEGMENT_BYTES_MAX);
    struct segment segment;

    table.texts = (struct table_texts){.n = 1, .ends = calloc(1, sizeof(uint32_t)), .bytes = calloc(1, 1)};
    encode(&table, &buffer);
    assert_in_range(buffer.size, 1, 400);
    assert_int_equal(segment_open(buffer_text(&buffer), &segment), 0);
    assert_int_equal(segment_read(&segment, COLUMN_ALL, &back), 0);
}

static void test_damaged(void **state)
{
    TABLE_AUTO table = make_table();
    BUFFER_AUTO buffer = BUFFER_INIT(SEGMENT_BYTES_MAX);

    encode(&table, &buffer);
    for (size_t size = 0; size < buffer.size; size++) {
        struct buffer less = buffer;
        less.size = size;
        assert_int_equal(open_and_read(&less, COLUMN_ALL), -EBADMSG);
    }
    for (size_t bit = 0; bit < 8 * buffer.size; bit++) {
        buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_and_read(&buffer, COLUMN_ALL), -EBADMSG);
        buffer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* Whole in every checksum, and false. */
static void test_lies(void **state)
{
    static const struct {
        const char *name;
        enum column column;
        uint32_t row, number;
    } lies[] = {
        {"a page that is none", COLUMN_HIT_page, 4, 2},
        {"an agent that is none", COLUMN_VISIT_agent, 0, 2},
        {"a text that is none", COLUMN_PAGE_path, 1, N_ROWS(texts)},
        {"a hit too many", COLUMN_VISIT_n_hits, 1, 1},
        {"hits beyond 32 bits", COLUMN_VISIT_n_hits, 1, UINT32_MAX},
        {"a property too few", COLUMN_SET_n_properties, 1, 0},
    };

    for (size_t i = 0; i < N_ROWS(lies); i++) {
        TABLE_AUTO table = make_table();
        BUFFER_AUTO buffer = BUFFER_INIT(SEGMENT_BYTES_MAX);

        table.columns[lies[i].column][lies[i].row] = lies[i].number;
        encode(&table, &buffer);
        check_equal(lies[i].name, open_and_read(&buffer, COLUMN_BIT(lies[i].column)), -EBADMSG);
    }
}

static void test_texts_that_overlap(void **state)
{
    static const struct {
        const char *name;
        uint32_t text, end;
    } lies[] = {{"the first is not empty", 0, 1}, {"one ends before it begins", 3, 1}, {"the last is cut", 8, 30}};

    for (size_t i = 0; i < N_ROWS(lies); i++) {
        TABLE_AUTO table = make_table();
        BUFFER_AUTO buffer = BUFFER_INIT(SEGMENT_BYTES_MAX);
        struct segment segment;
        TABLE_AUTO back = TABLE_INIT;

        table.texts.ends[lies[i].text] = lies[i].end;
        encode(&table, &buffer);
        assert_int_equal(segment_open(buffer_text(&buffer), &segment), 0);
        segment.text_bytes += i == 2;
        check_equal(lies[i].name, segment_read(&segment, COLUMN_BIT(COLUMN_PAGE_path), &back), -EBADMSG);
    }
}

/* The head with its checksum made good again. */
static void test_too_large(void **state)
{
    uint8_t head[32] = {'s', 'e', 'g', 'm', 1, RELATION_N, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    BUFFER_AUTO buffer = BUFFER_INIT(64);
    struct segment segment;

    buffer_put(&buffer, head, 21);
    for (unsigned part = 0; part < 3; part++) /* no columns, and two empty parts */
        buffer_put_u8(&buffer, 0);
    buffer_put_u32(&buffer, (uint32_t)XXH3_64bits(buffer.data, buffer.size));
    assert_int_equal(segment_open(buffer_text(&buffer), &segment), -EFBIG);
}

static void test_full_buffer(void **state)
{
    TABLE_AUTO table = make_table();
    BUFFER_AUTO whole = BUFFER_INIT(SEGMENT_BYTES_MAX);

    encode(&table, &whole);
    for (size_t size = 0; size < whole.size; size++) {
        BUFFER_AUTO buffer = BUFFER_INIT(size);

        segment_encode(&table, &buffer);
        assert_int_equal(buffer.fault, -EOVERFLOW);
    }
}

/* ---- seeds of the fuzzer ---- */

/* As the fuzz target puts them together: the numbers of rows and texts, then the parts with their sizes in a byte. */
static void put_as_parts(const struct segment *segment, struct buffer *seed)
{
    for (unsigned i = 0; i < RELATION_N; i++)
        buffer_put_u8(seed, (uint8_t)segment->n[i]);
    buffer_put_u8(seed, (uint8_t)segment->n_texts);
    buffer_put_u8(seed, (uint8_t)segment->text_bytes);
    for (unsigned i = 0; i < COLUMN_N + 2; i++) {
        struct text part = i < COLUMN_N ? segment->columns[i] : i == COLUMN_N ? segment->ends : segment->texts;

        part.size -= 4; /* its checksum */
        buffer_put_u8(seed, (uint8_t)part.size);
        buffer_put_text(seed, part);
    }
}

static void write_seed(const char *folder, const char *name, const struct buffer *seed)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(seed->data, 1, seed->size, file), seed->size);
    assert_int_equal(fclose(file), 0);
}

/* SEEDS=tests/fuzz/corpus/segment writes those of a good segment anew, after its format has changed. */
static void test_seeds(void **state)
{
    TABLE_AUTO table = make_table();
    BUFFER_AUTO whole = BUFFER_INIT(SEGMENT_BYTES_MAX), parts = BUFFER_INIT(SEGMENT_BYTES_MAX);
    const char *folder = getenv("SEEDS");
    struct segment segment;

    encode(&table, &whole);
    assert_int_equal(segment_open(buffer_text(&whole), &segment), 0);
    put_as_parts(&segment, &parts);
    assert_int_equal(parts.fault, 0);
    if (!folder)
        return;
    write_seed(folder, "good-whole", &whole);
    write_seed(folder, "good-parts", &parts);
    whole.size -= 1;
    write_seed(folder, "bad-truncated", &whole);
    whole.data[whole.size / 2] ^= 1;
    whole.size += 1;
    write_seed(folder, "bad-checksum", &whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_one_column_at_a_time),
        cmocka_unit_test(test_older),
        cmocka_unit_test(test_empty_day),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_texts_that_overlap),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

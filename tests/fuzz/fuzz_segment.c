/*
 * Any bytes as a segment.  What can be read is the same whichever column is read
 * first, comes back from its own segment, and can be exported.
 *
 * Checksums keep random bytes out of the decoder.  So a file that begins as a
 * segment is tried with its checksums mended, too, and all other input is taken
 * for numbers of rows and parts, and put together to a segment.
 */
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/rollup/export.h"
#include "crumb/rollup/segment.h"
#include <assert.h>
#include <xxhash.h>

#define MAGIC TEXT("segm")
#define VERSION 1
#define CHECKSUM_BYTES 4
#define PARTS_MAX 256
#define FILE_BYTES_MAX (64u << 20)
#define ROWS_MAX 100000 /* more are good for nothing but to take time and memory */

#define TABLE_AUTO __attribute__((cleanup(table_deinit))) struct table

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what must be true of anything that can be read ---- */

static void check_same(const struct table *a, const struct table *b)
{
    for (unsigned i = 0; i < RELATION_N; i++)
        assert(a->n[i] == b->n[i]);
    for (unsigned i = 0; i < COLUMN_N; i++)
        for (uint32_t row = 0; row < a->n[table_relation(i)]; row++)
            assert(a->columns[i][row] == b->columns[i][row]);
    assert(a->texts.n == b->texts.n);
    for (uint32_t i = 0; i < a->texts.n; i++)
        assert(text_equal(table_text(a, i), table_text(b, i)));
}

static void check_again(const struct table *table)
{
    BUFFER_AUTO bytes = BUFFER_INIT(FILE_BYTES_MAX);
    TABLE_AUTO again = TABLE_INIT;
    struct segment segment;

    segment_encode(table, &bytes);
    assert(bytes.fault == 0);
    int r = segment_open(buffer_text(&bytes), &segment);
    assert(r == 0);
    r = segment_read(&segment, COLUMN_ALL, &again);
    assert(r == 0);
    check_same(table, &again);
}

static void check_export(const struct table *table)
{
    struct export *export = NULL;
    struct text rows = TEXT_NONE;
    size_t n_bytes = 0;
    int r = export_new(table, 0, EXPORT_NDJSON, &export);

    for (r = r ? r : export_next(export, &rows); r == 0 && rows.size; r = export_next(export, &rows))
        n_bytes += rows.size;
    assert(r == 0 && (n_bytes > 0) == (table->n[RELATION_HIT] > 0));
    export_free(export);
}

static bool is_large(const struct segment *segment)
{
    uint64_t n = (uint64_t)segment->n_texts + segment->text_bytes;

    for (unsigned i = 0; i < RELATION_N; i++)
        n += segment->n[i];
    return n > ROWS_MAX;
}

static void check_file(struct text bytes)
{
    TABLE_AUTO table = TABLE_INIT, backwards = TABLE_INIT;
    struct segment segment;
    int r = 0;

    if (segment_open(bytes, &segment) != 0 || is_large(&segment))
        return;
    for (unsigned i = COLUMN_N; i > 0 && r == 0; i--)
        r = segment_read(&segment, COLUMN_BIT(i - 1), &backwards);
    bool good = segment_read(&segment, COLUMN_ALL, &table) == 0;
    assert(good == (r == 0));
    if (!good)
        return;
    check_same(&table, &backwards);
    check_again(&table);
    check_export(&table);
}

/* ---- checksums made right ---- */

static void put_checksum(struct buffer *buffer, size_t from)
{
    buffer_put_u32(buffer, (uint32_t)XXH3_64bits(buffer->data + from, buffer->size - from));
    assert(buffer->fault == 0);
}

/* The head up to its checksum, with the sizes of the parts; 0 of them: it is none. */
static unsigned read_head(struct reader *reader, size_t sizes[PARTS_MAX])
{
    unsigned n_parts;

    reader_bytes(reader, MAGIC.size + 2);
    for (unsigned i = 0; i < RELATION_N + 2; i++)
        reader_varint(reader);
    n_parts = reader_u8(reader) + 2u;
    for (unsigned i = 0; i < n_parts && i < PARTS_MAX; i++)
        sizes[i] = (size_t)reader_varint(reader);
    return reader->bad || n_parts > PARTS_MAX ? 0 : n_parts;
}

static void check_mended(struct text bytes)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    struct reader reader = reader_of(bytes);
    size_t sizes[PARTS_MAX];
    unsigned n_parts = read_head(&reader, sizes);

    buffer_put(&file, bytes.data, bytes.size - reader_left(&reader));
    put_checksum(&file, 0);
    reader_u32(&reader);
    for (unsigned i = 0; i < n_parts && !reader.bad; i++) {
        struct text part = reader_bytes(&reader, sizes[i]);
        size_t start = file.size;

        if (part.size < CHECKSUM_BYTES)
            return;
        buffer_put(&file, part.data, part.size - CHECKSUM_BYTES);
        put_checksum(&file, start);
    }
    check_file(buffer_text(&file));
}

/* ---- a segment of parts ---- */

/* Takes a byte as a size, and as many bytes as there are of it. */
static struct text take_part(struct reader *reader)
{
    size_t size = reader_left(reader) ? reader_u8(reader) : 0;

    return reader_bytes(reader, size < reader_left(reader) ? size : reader_left(reader));
}

static void put_head(struct reader *reader, struct buffer *file)
{
    buffer_put_text(file, MAGIC);
    buffer_put_u8(file, VERSION);
    buffer_put_u8(file, RELATION_N);
    for (unsigned i = 0; i < RELATION_N + 2; i++)
        buffer_put_varint(file, reader_left(reader) ? reader_u8(reader) : 1);
    buffer_put_u8(file, COLUMN_N);
}

static void check_parts(struct text bytes)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX), parts = BUFFER_INIT(FILE_BYTES_MAX);
    struct reader reader = reader_of(bytes);

    put_head(&reader, &file);
    for (unsigned i = 0; i < COLUMN_N + 2; i++) {
        size_t start = parts.size;

        buffer_put_text(&parts, take_part(&reader));
        put_checksum(&parts, start);
        buffer_put_varint(&file, parts.size - start);
    }
    put_checksum(&file, 0);
    buffer_put_text(&file, buffer_text(&parts));
    check_file(buffer_text(&file));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {.data = (const char *)data, .size = size};

    check_file(bytes);
    if (text_starts(bytes, MAGIC))
        check_mended(bytes);
    else
        check_parts(bytes);
    return 0;
}

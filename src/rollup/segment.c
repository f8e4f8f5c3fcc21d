/*
 * "segm", the version, how many rows and texts there are, how long every part
 * is, a checksum; then the parts: the columns by their numbers, the ends of the
 * texts as a column, and the texts through zlib.  Every part ends with a
 * checksum of its own.
 */
#include "crumb/rollup/segment.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/rollup/column.h"
#include "crumb/rollup/inflate.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zlib.h>

#define MAGIC TEXT("segm")
#define VERSION 1
#define CHECKSUM_BYTES 4
#define PARTS_MAX (COLUMN_N + 2)
#define TEXTS_LEVEL 5 /* of zlib: 9 takes twice the time of all encoding and saves half a percent of a segment */

/* XXH3-64 with seed 0, its lower half. */
static uint32_t checksum_of(const void *bytes, size_t size) { return (uint32_t)XXH3_64bits(bytes, size); }

/* ---- writing ---- */

static void put_texts(const struct table_texts *texts, struct buffer *buffer)
{
    uint32_t size = texts->ends[texts->n - 1];
    uLong bound = compressBound(size), out = bound;
    uint8_t *at = buffer_extend(buffer, bound);

    if (!at)
        return;
    int r = compress2(at, &out, (const Bytef *)texts->bytes, size, TEXTS_LEVEL);
    if (r == Z_OK)
        buffer->size -= bound - out;
    else
        buffer->fault = error_origin(-ENOMEM);
}

/* Appends the parts and notes where each ends. */
static void put_parts(const struct table *table, struct buffer *parts, size_t ends[PARTS_MAX])
{
    for (unsigned part = 0; part < PARTS_MAX && !parts->fault; part++) {
        size_t start = parts->size;

        if (part < COLUMN_N)
            column_encode(table->columns[part], table->n[table_relation(part)], parts);
        else if (part == COLUMN_N)
            column_encode(table->texts.ends, table->texts.n, parts);
        else
            put_texts(&table->texts, parts);
        if (!parts->fault)
            buffer_put_u32(parts, checksum_of(parts->data + start, parts->size - start));
        ends[part] = parts->size;
    }
}

void segment_encode(const struct table *table, struct buffer *buffer)
{
    BUFFER_AUTO parts = BUFFER_INIT(buffer->max);
    size_t start = buffer->size, ends[PARTS_MAX] = {0};

    assert(table->texts.n >= 1);
    put_parts(table, &parts, ends);
    if (parts.fault) {
        buffer->fault = buffer->fault ? buffer->fault : parts.fault;
        return;
    }
    buffer_put_text(buffer, MAGIC);
    buffer_put_u8(buffer, VERSION);
    buffer_put_u8(buffer, RELATION_N);
    for (unsigned i = 0; i < RELATION_N; i++)
        buffer_put_varint(buffer, table->n[i]);
    buffer_put_varint(buffer, table->texts.n);
    buffer_put_varint(buffer, table->texts.ends[table->texts.n - 1]);
    buffer_put_u8(buffer, COLUMN_N);
    for (unsigned part = 0; part < PARTS_MAX; part++)
        buffer_put_varint(buffer, ends[part] - (part ? ends[part - 1] : 0));
    if (!buffer->fault)
        buffer_put_u32(buffer, checksum_of(buffer->data + start, buffer->size - start));
    buffer_put_text(buffer, buffer_text(&parts));
}

/* ---- the head ---- */

static uint32_t read_count(struct reader *reader, uint32_t max, bool *ret_large)
{
    uint64_t count = reader_varint(reader);

    *ret_large |= count > max;
    return count > max ? 0 : (uint32_t)count;
}

/* Relations and columns that this program does not know are of a later one. */
static int read_head(struct reader *reader, struct segment *segment, size_t sizes[PARTS_MAX], unsigned *ret_n_columns)
{
    bool large = false;

    if (reader_u8(reader) != VERSION || reader_u8(reader) != RELATION_N)
        return error_origin(-EBADMSG);
    for (unsigned i = 0; i < RELATION_N; i++)
        segment->n[i] = read_count(reader, SEGMENT_ROWS_MAX, &large);
    segment->n_texts = read_count(reader, SEGMENT_TEXTS_MAX, &large);
    segment->text_bytes = read_count(reader, SEGMENT_TEXT_BYTES_MAX, &large);
    unsigned n_columns = reader_u8(reader);
    if (reader->bad || n_columns > COLUMN_N || (!large && segment->n_texts == 0))
        return error_origin(-EBADMSG);
    for (unsigned part = 0; part < n_columns + 2; part++)
        sizes[part] = (size_t)reader_varint(reader);
    if (reader->bad)
        return error_origin(-EBADMSG);
    *ret_n_columns = n_columns;
    return large ? error_origin(-EFBIG) : 0;
}

/* @bytes begin with a head. *ret_size: how long it is. */
static int open_head(struct text bytes, struct segment *segment, size_t sizes[PARTS_MAX], size_t *ret_size)
{
    struct reader reader = reader_of(bytes);

    if (!text_equal(reader_bytes(&reader, MAGIC.size), MAGIC))
        return error_origin(-EBADMSG);
    int r = read_head(&reader, segment, sizes, &segment->n_columns);
    size_t head = bytes.size - reader_left(&reader);
    if (r != -EBADMSG && reader_u32(&reader) != checksum_of(bytes.data, head))
        r = error_origin(-EBADMSG);
    *ret_size = bytes.size - reader_left(&reader);
    return error_trace(r);
}

static void lay_out(struct segment *segment, const size_t sizes[PARTS_MAX], struct reader *reader)
{
    for (unsigned part = 0; part < segment->n_columns; part++)
        segment->columns[part] = reader_bytes(reader, sizes[part]);
    segment->ends = reader_bytes(reader, sizes[segment->n_columns]);
    segment->texts = reader_bytes(reader, sizes[segment->n_columns + 1]);
}

int segment_open(struct text bytes, struct segment *ret_segment)
{
    struct segment segment = {.n_texts = 0};
    size_t sizes[PARTS_MAX], head;
    int r = open_head(bytes, &segment, sizes, &head);

    if (r < 0)
        return error_trace(r);
    struct reader reader = reader_of(text_from(bytes, head));
    lay_out(&segment, sizes, &reader);
    if (!reader_done(&reader))
        return error_origin(-EBADMSG);
    *ret_segment = segment;
    return 0;
}

int segment_open_sealed(const struct envelope *envelope, struct segment *ret_segment)
{
    struct segment segment = {.envelope = *envelope};
    size_t sizes[PARTS_MAX], head, size = envelope->n_parts ? envelope_size(envelope, 0) : 0;
    char bytes[SEGMENT_HEAD_BYTES_MAX];

    if (size == 0 || size > sizeof bytes || envelope_part(envelope, 0, bytes))
        return error_origin(-EBADMSG);
    int r = open_head((struct text){.data = bytes, .size = size}, &segment, sizes, &head);
    if (r < 0)
        return error_trace(r);
    if (head != size || envelope->n_parts != segment.n_columns + 3)
        return error_origin(-EBADMSG);
    for (unsigned part = 0; part < segment.n_columns + 2; part++)
        if (sizes[part] != envelope_size(envelope, part + 1))
            return error_origin(-EBADMSG);
    struct reader reader = reader_of(envelope->boxes); /* as long as all of them, at least */
    lay_out(&segment, sizes, &reader);
    *ret_segment = segment;
    return 0;
}

unsigned segment_parts(struct text bytes, struct text ret_parts[SEGMENT_PARTS_MAX])
{
    struct segment segment;
    int r = segment_open(bytes, &segment);

    assert(r == 0);
    ret_parts[0] = (struct text){.data = bytes.data, .size = (size_t)(segment.columns[0].data - bytes.data)};
    for (unsigned part = 0; part < segment.n_columns; part++)
        ret_parts[part + 1] = segment.columns[part];
    ret_parts[segment.n_columns + 1] = segment.ends;
    ret_parts[segment.n_columns + 2] = segment.texts;
    return segment.n_columns + 3;
}

/* ---- the parts ---- */

static void free_bytes(uint8_t **bytes) { free(*bytes); }
#define BYTES_AUTO __attribute__((cleanup(free_bytes))) uint8_t

/* A part of an envelope is opened into memory of its own, which is *ret_bytes. */
static int take_part(const struct segment *segment, unsigned number, struct text *part, uint8_t **ret_bytes)
{
    if (!segment->envelope.n_parts)
        return 0;
    *ret_bytes = malloc(part->size + 1);
    if (!*ret_bytes)
        return error_origin(-ENOMEM);
    part->data = (const char *)*ret_bytes;
    return error_trace(envelope_part(&segment->envelope, number + 1, *ret_bytes));
}

/* Checks a part and takes its checksum off. */
static bool take_checksum(struct text *part)
{
    if (part->size < CHECKSUM_BYTES)
        return false;
    part->size -= CHECKSUM_BYTES;
    struct reader tail = reader_of((struct text){.data = part->data + part->size, .size = CHECKSUM_BYTES});
    return reader_u32(&tail) == checksum_of(part->data, part->size);
}

/* A column in memory of its own; one more number than there are, so that none is no special case. */
static int read_numbers(const struct segment *segment, unsigned number, struct text part, uint32_t n,
                        uint32_t **ret_numbers)
{
    BYTES_AUTO *opened = NULL;
    struct reader reader;
    int r = take_part(segment, number, &part, &opened);

    if (r)
        return error_trace(r);
    if (!take_checksum(&part))
        return error_origin(-EBADMSG);
    uint32_t *numbers = malloc(((size_t)n + 1) * sizeof *numbers);
    if (!numbers)
        return error_origin(-ENOMEM);
    reader = reader_of(part);
    r = column_decode(&reader, numbers, n);
    if (r == 0 && !reader_done(&reader))
        r = error_origin(-EBADMSG);
    if (r < 0) {
        free(numbers);
        return error_trace(r);
    }
    *ret_numbers = numbers;
    return 0;
}

static bool all_below(const uint32_t *numbers, uint32_t n, uint32_t bound)
{
    uint32_t beyond = 0;

    for (uint32_t i = 0; i < n; i++)
        beyond |= numbers[i] >= bound;
    return !beyond;
}

static bool adds_up(const uint32_t *numbers, uint32_t n, uint32_t total)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += numbers[i];
    return sum == total;
}

/* What scanning relies on. */
static bool is_sound(const struct segment *segment, enum column column, const uint32_t *numbers)
{
    uint32_t n = segment->n[table_relation(column)];
    int refers = table_refers(column);

    if (column == COLUMN_VISIT_n_hits)
        return adds_up(numbers, n, segment->n[RELATION_HIT]);
    if (column == COLUMN_SET_n_properties)
        return adds_up(numbers, n, segment->n[RELATION_PROPERTY]);
    if (refers == REFERS_NONE)
        return true;
    return all_below(numbers, n, refers == REFERS_TEXT ? segment->n_texts : segment->n[refers]);
}

static int read_column(const struct segment *segment, enum column column, struct table *table)
{
    uint32_t n = segment->n[table_relation(column)], *numbers;
    int r = 0;

    if (segment->columns[column].size)
        r = read_numbers(segment, column, segment->columns[column], n, &numbers);
    else if (!(numbers = calloc((size_t)n + 1, sizeof *numbers)))
        r = error_origin(-ENOMEM);
    if (r < 0)
        return error_trace(r);
    if (!is_sound(segment, column, numbers)) {
        free(numbers);
        return error_origin(-EBADMSG);
    }
    table->columns[column] = numbers;
    return 0;
}

static int inflate_texts(const struct segment *segment, char **ret_bytes)
{
    BYTES_AUTO *opened = NULL;
    struct text part = segment->texts;
    uint32_t size = segment->text_bytes;
    int r = take_part(segment, segment->n_columns + 1, &part, &opened);

    if (r)
        return error_trace(r);
    if (!take_checksum(&part) || inflate_is_absurd(part, size))
        return error_origin(-EBADMSG);
    char *bytes = malloc((size_t)size + 1);
    if (!bytes)
        return error_origin(-ENOMEM);
    r = inflate_whole(part, bytes, size);
    if (r < 0) {
        free(bytes);
        return error_trace(r);
    }
    *ret_bytes = bytes;
    return 0;
}

static bool ends_are_sound(const uint32_t *ends, const struct segment *segment)
{
    if (ends[0] != 0 || ends[segment->n_texts - 1] != segment->text_bytes)
        return false;
    for (uint32_t i = 1; i < segment->n_texts; i++)
        if (ends[i] < ends[i - 1])
            return false;
    return true;
}

static int read_texts(const struct segment *segment, struct table *table)
{
    uint32_t *ends;
    char *bytes = NULL;
    int r = read_numbers(segment, segment->n_columns, segment->ends, segment->n_texts, &ends);

    if (r < 0)
        return error_trace(r);
    r = ends_are_sound(ends, segment) ? inflate_texts(segment, &bytes) : error_origin(-EBADMSG);
    if (r < 0) {
        free(ends);
        return error_trace(r);
    }
    table->texts = (struct table_texts){.n = segment->n_texts, .ends = ends, .bytes = bytes};
    return 0;
}

int segment_read(const struct segment *segment, uint64_t columns, struct table *table)
{
    int r = 0;

    memcpy(table->n, segment->n, sizeof table->n);
    for (unsigned column = 0; column < COLUMN_N && r == 0; column++) {
        if (!(columns & COLUMN_BIT(column)))
            continue;
        if (!table->columns[column])
            r = read_column(segment, column, table);
        if (r == 0 && table_refers(column) == REFERS_TEXT && !table->texts.n)
            r = read_texts(segment, table);
    }
    return error_trace(r);
}

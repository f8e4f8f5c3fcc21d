/*
 * Cells in memory and as a file.
 *
 * The file form is cut into columns (all value sizes, all values, all page
 * views, ...), because zlib finds more in numbers of one kind than in records
 * that mix them.  Dense sketches come last, in the same zlib stream but without
 * a search for repeats: there is none in a sketch, and Huffman codes alone are
 * both smaller and many times faster.
 *
 *     "roll" | version | inflated size | zlib(payload) | checksum
 *
 * The payload is drawn in docs/formats.md, "Rollup".
 */
#include "crumb/rollup/cell.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>
#define ZLIB_CONST /* its input pointers are const */
#include <zlib.h>

#define MAGIC TEXT("roll")
#define VERSION 1
#define HEAD_BYTES 9 /* magic, version, inflated size */
#define CHECKSUM_BYTES 4
#define ZLIB_LEVEL 9
#define DEFLATE_STEP_BYTES (16 << 10)

/* A sketch's form, written to disk. */
enum { SPARSE = 0, DENSE = 1, N_FORMS };

/* Deflate cannot pack tighter: 258 bytes in 2 bits. */
#define INFLATE_FACTOR_MAX 1032

/* The counts in the order of their columns. Written to disk: append, never reorder. */
enum { N_COUNTS = 6 };
static const size_t count_offsets[N_COUNTS] = {
    offsetof(struct cell, pageviews), offsetof(struct cell, visits),      offsetof(struct cell, entries),
    offsetof(struct cell, bounces),   offsetof(struct cell, duration_ms), offsetof(struct cell, entry_pageviews),
};

static uint8_t form_of(const struct cell *cell) { return hll_is_dense(&cell->visitors) ? DENSE : SPARSE; }

/* The least that a cell can take in a payload: a byte for its size, each count, and its sketch's form and size. */
#define CELL_BYTES_MIN (1 + N_COUNTS + 2)

static uint64_t *count_of(struct cell *cell, unsigned column)
{
    return (uint64_t *)(void *)((char *)cell + count_offsets[column]);
}

static void free_pointer(char **pointer) { free(*pointer); }

void cells_deinit(struct cells *cells)
{
    for (size_t i = 0; i < cells->n_cells; i++)
        hll_deinit(&cells->cells[i].visitors);
    free(cells->cells);
    free(cells->values);
    *cells = CELLS_INIT;
}

int cells_own_values(struct cells *cells)
{
    size_t bytes = 0, used = 0;

    for (size_t i = 0; i < cells->n_cells; i++)
        bytes += cells->cells[i].value.size;
    char *values = malloc(bytes + 1); /* never 0 bytes, which may give NULL */
    if (!values)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < cells->n_cells; i++) {
        struct text *value = &cells->cells[i].value;

        if (value->size)
            memcpy(values + used, value->data, value->size);
        value->data = values + used;
        used += value->size;
    }
    cells->values = values;
    return 0;
}

/* How many values of @from are not in @into. */
static size_t count_missing(const struct cells *into, const struct cells *from)
{
    size_t at = 0, n_missing = 0;

    for (size_t i = 0; i < from->n_cells; i++) {
        struct text value = from->cells[i].value;

        while (at < into->n_cells && cells_order(into->cells[at].value, value) < 0)
            at++;
        n_missing += at == into->n_cells || cells_order(into->cells[at].value, value) != 0;
    }
    return n_missing;
}

/* Makes an empty cell in @into for each of the @n_missing values that only @from has. */
static int widen(struct cells *into, const struct cells *from, size_t n_missing)
{
    struct cells wide = {.n_cells = into->n_cells + n_missing};
    size_t i = 0, j = 0;

    wide.cells = calloc(wide.n_cells, sizeof *wide.cells);
    if (!wide.cells)
        return error_origin(-ENOMEM);
    for (size_t n = 0; n < wide.n_cells; n++) {
        int order = i == into->n_cells   ? 1
                    : j == from->n_cells ? -1
                                         : cells_order(into->cells[i].value, from->cells[j].value);

        if (order <= 0)
            wide.cells[n] = into->cells[i++];
        else
            wide.cells[n].value = from->cells[j].value;
        j += order >= 0;
    }
    int r = cells_own_values(&wide);
    if (r < 0) {
        free(wide.cells); /* the sketches are still those of @into */
        return error_trace(r);
    }
    free(into->cells);
    free(into->values);
    *into = wide;
    return 0;
}

int cells_merge(struct cells *into, const struct cells *from)
{
    size_t n_missing = count_missing(into, from), at = 0;

    if (n_missing) {
        int r = widen(into, from, n_missing);
        if (r < 0)
            return error_trace(r);
    }
    for (size_t i = 0; i < from->n_cells; i++) {
        struct cell *source = &from->cells[i];

        while (cells_order(into->cells[at].value, source->value) < 0)
            at++;
        for (unsigned column = 0; column < N_COUNTS; column++)
            *count_of(&into->cells[at], column) += *count_of(source, column);
        int r = hll_merge(&into->cells[at].visitors, &source->visitors);
        if (r < 0)
            return error_trace(r);
    }
    return 0;
}

static void put_tables(struct cells *cells, struct buffer *payload)
{
    buffer_put_varint(payload, cells->n_cells);
    for (size_t i = 0; i < cells->n_cells; i++)
        buffer_put_varint(payload, cells->cells[i].value.size);
    for (size_t i = 0; i < cells->n_cells; i++) {
        assert(i == 0 || cells_order(cells->cells[i - 1].value, cells->cells[i].value) < 0);
        buffer_put_text(payload, cells->cells[i].value);
    }
    for (unsigned column = 0; column < N_COUNTS; column++)
        for (size_t i = 0; i < cells->n_cells; i++)
            buffer_put_varint(payload, *count_of(&cells->cells[i], column));
    for (size_t i = 0; i < cells->n_cells; i++)
        buffer_put_u8(payload, form_of(&cells->cells[i]));
}

static void put_sketches(struct cells *cells, unsigned form, struct buffer *payload)
{
    for (size_t i = 0; i < cells->n_cells; i++)
        if (form_of(&cells->cells[i]) == form)
            hll_encode(&cells->cells[i].visitors, payload);
}

/* Deflates all of @bytes to @buffer. */
static void deflate_part(z_stream *stream, struct text bytes, int flush, struct buffer *buffer)
{
    stream->next_in = (const Bytef *)bytes.data;
    stream->avail_in = (uInt)bytes.size;
    do {
        stream->next_out = buffer_extend(buffer, DEFLATE_STEP_BYTES);
        stream->avail_out = DEFLATE_STEP_BYTES;
        if (!stream->next_out)
            return;
        int r = deflate(stream, flush);
        assert(r != Z_STREAM_ERROR);
        buffer->size -= stream->avail_out;
    } while (stream->avail_out == 0);
    assert(stream->avail_in == 0);
}

/* Deflates the payload, whose dense sketches begin at @dense, in one stream. */
static void put_deflated(struct text payload, size_t dense, struct buffer *buffer)
{
    z_stream stream = {0};

    int r = deflateInit(&stream, ZLIB_LEVEL);
    assert(r == Z_OK || r == Z_MEM_ERROR);
    if (r == Z_MEM_ERROR) {
        buffer->fault = buffer->fault ? buffer->fault : -ENOMEM;
        return;
    }
    if (dense < payload.size) {
        deflate_part(&stream, (struct text){.data = payload.data, .size = dense}, Z_BLOCK, buffer);
        /* All is flushed, so this writes nothing, and must not: the room it sees is no longer the buffer's. */
        stream.avail_out = 0;
        r = deflateParams(&stream, ZLIB_LEVEL, Z_HUFFMAN_ONLY);
        assert(r == Z_OK || buffer->fault);
        payload = text_from(payload, dense);
    }
    deflate_part(&stream, payload, Z_FINISH, buffer);
    deflateEnd(&stream);
}

static uint32_t checksum_of(const void *bytes, size_t size) { return (uint32_t)XXH3_64bits(bytes, size); }

void cells_encode(struct cells *cells, struct buffer *buffer)
{
    BUFFER_AUTO payload = BUFFER_INIT(ROLLUP_BYTES_MAX);
    size_t start = buffer->size;

    put_tables(cells, &payload);
    put_sketches(cells, SPARSE, &payload);
    size_t dense = payload.size;
    put_sketches(cells, DENSE, &payload);
    if (payload.fault) {
        buffer->fault = buffer->fault ? buffer->fault : payload.fault;
        return;
    }
    buffer_put_text(buffer, MAGIC);
    buffer_put_u8(buffer, VERSION);
    buffer_put_u32(buffer, (uint32_t)payload.size);
    put_deflated(buffer_text(&payload), dense, buffer);
    if (!buffer->fault)
        buffer_put_u32(buffer, checksum_of(buffer->data + start, buffer->size - start));
}

/* Inflates @stream, which must give @size bytes and end there. The caller frees @ret_bytes. */
static int inflate_all(struct text stream, size_t size, char **ret_bytes)
{
    uLong in = stream.size, out = size;
    char *bytes = malloc(size);

    if (!bytes)
        return error_origin(-ENOMEM);
    int r = uncompress2((Bytef *)bytes, &out, (const Bytef *)stream.data, &in);
    if (r == Z_OK && in == stream.size && out == size) {
        *ret_bytes = bytes;
        return 0;
    }
    free(bytes);
    return error_origin(r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG);
}

/* Checks and opens the file form. The caller frees @ret_bytes. */
static int open_payload(struct text file, char **ret_bytes, size_t *ret_size)
{
    if (!text_starts(file, MAGIC) || file.size < HEAD_BYTES + CHECKSUM_BYTES)
        return error_origin(-EBADMSG);
    struct reader tail = reader_of(text_from(file, file.size - CHECKSUM_BYTES));
    file.size -= CHECKSUM_BYTES;
    if (reader_u32(&tail) != checksum_of(file.data, file.size))
        return error_origin(-EBADMSG);

    struct reader reader = reader_of(text_from(file, MAGIC.size));
    uint8_t version = reader_u8(&reader);
    size_t size = reader_u32(&reader);
    struct text stream = reader_bytes(&reader, reader_left(&reader));
    if (version != VERSION || size == 0)
        return error_origin(-EBADMSG);
    if (size > ROLLUP_BYTES_MAX)
        return error_origin(-EFBIG);
    if (size / INFLATE_FACTOR_MAX > stream.size)
        return error_origin(-EBADMSG);
    int r = inflate_all(stream, size, ret_bytes);
    if (r < 0)
        return error_trace(r);
    *ret_size = size;
    return 0;
}

/* Reads the sizes and values of the cells, which must be ascending. */
static int read_values(struct reader *reader, struct cells *cells)
{
    for (size_t i = 0; i < cells->n_cells; i++)
        cells->cells[i].value.size = (size_t)reader_varint(reader);
    for (size_t i = 0; i < cells->n_cells; i++) {
        struct cell *cell = &cells->cells[i];

        cell->value = reader_bytes(reader, cell->value.size);
        if (reader->bad || (i > 0 && cells_order(cell[-1].value, cell->value) >= 0))
            return error_origin(-EBADMSG);
    }
    return error_trace(cells_own_values(cells));
}

/* Reads the sketches of the cells that have @form in @forms. */
static int read_sketches(struct reader *reader, struct text forms, uint8_t form, struct cells *cells)
{
    for (size_t i = 0; i < cells->n_cells; i++) {
        if ((uint8_t)forms.data[i] >= N_FORMS)
            return error_origin(-EBADMSG);
        if ((uint8_t)forms.data[i] != form)
            continue;
        int r = hll_decode(reader, &cells->cells[i].visitors);
        if (r < 0)
            return error_trace(r);
        if (form_of(&cells->cells[i]) != form)
            return error_origin(-EBADMSG);
    }
    return 0;
}

static int read_cells(struct reader *reader, struct cells *cells)
{
    uint64_t n_cells = reader_varint(reader);

    if (n_cells > reader_left(reader) / CELL_BYTES_MIN)
        return error_origin(-EBADMSG);
    cells->cells = calloc((size_t)n_cells + 1, sizeof *cells->cells);
    if (!cells->cells)
        return error_origin(-ENOMEM);
    cells->n_cells = (size_t)n_cells;
    int r = read_values(reader, cells);
    if (r < 0)
        return error_trace(r);
    for (unsigned column = 0; column < N_COUNTS; column++)
        for (size_t i = 0; i < cells->n_cells; i++)
            *count_of(&cells->cells[i], column) = reader_varint(reader);
    struct text forms = reader_bytes(reader, cells->n_cells);
    if (reader->bad)
        return error_origin(-EBADMSG);
    for (uint8_t form = 0; form < N_FORMS; form++) {
        r = read_sketches(reader, forms, form, cells);
        if (r < 0)
            return error_trace(r);
    }
    return reader_done(reader) ? 0 : error_origin(-EBADMSG);
}

int cells_decode(struct text bytes, struct cells *ret_cells)
{
    __attribute__((cleanup(free_pointer))) char *payload = NULL;
    __attribute__((cleanup(cells_deinit))) struct cells cells = CELLS_INIT;
    size_t size = 0;

    int r = open_payload(bytes, &payload, &size);
    if (r < 0)
        return error_trace(r);
    struct reader reader = reader_of((struct text){.data = payload, .size = size});
    r = read_cells(&reader, &cells);
    if (r < 0)
        return error_trace(r);
    *ret_cells = cells;
    cells = CELLS_INIT;
    return 0;
}

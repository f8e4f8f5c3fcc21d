/*
 * Cells as a file: parts, each packed by itself and with its own checksum.
 *
 *     "roll" | version | figures | block of sketches | block of sketches | ...
 *     part:  inflated size | packed size | zlib stream | checksum
 *
 * All are cut into columns (all values, all page views, ...), and each column
 * begins a block of its own, as zlib finds more in numbers of one kind.  Of a
 * value there stands what it does not share with the one before.  There is no
 * repeat in a sketch, so theirs are packed by Huffman's codes alone, which is both
 * smaller and many times faster; sparse ones come before dense ones.
 */
#include "crumb/rollup/cell.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/rollup/inflate.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>
#define ZLIB_CONST /* its input pointers are const */
#include <zlib.h>

#define MAGIC TEXT("roll")
#define VERSION 1
#define CHECKSUM_BYTES 4
#define ZLIB_LEVEL 6
#define ZLIB_BITS 15
#define ZLIB_MEMORY 9
#define BLOCK_BYTES_MAX 512 /* what a block may add: its codes */

/* The figures in the order of their columns. Written to disk: append, never reorder. */
static const size_t columns[] = {
    offsetof(struct cell, figures.events),      offsetof(struct cell, figures.views),
    offsetof(struct cell, figures.visits),      offsetof(struct cell, figures.whole),
    offsetof(struct cell, figures.bounces),     offsetof(struct cell, figures.duration_s),
    offsetof(struct cell, figures.whole_views), offsetof(struct cell, figures.viewing),
    offsetof(struct cell, figures.dwell_s),     offsetof(struct cell, figures.scrolled),
    offsetof(struct cell, figures.scroll),      offsetof(struct cell, visitors),
};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

/* The least that a cell takes: a byte for what it shares, for the rest's size, and for each figure. */
#define CELL_BYTES_MIN (2 + N_COLUMNS)

_Static_assert(ROLLUP_CELLS_MAX <= CELLS_FIRST_BLOCK * ((1u << (CELLS_PARTS_MAX - 1)) - 1), "blocks hold all cells");

/* The bytes of a part, and where its columns end. */
struct part {
    struct buffer bytes;
    size_t ends[N_COLUMNS + 3];
    unsigned n_ends;
};

static void part_deinit(struct part *part) { buffer_deinit(&part->bytes); }

#define PART_AUTO __attribute__((cleanup(part_deinit))) struct part
#define PART_INIT ((struct part){.bytes = BUFFER_INIT(ROLLUP_BYTES_MAX)})

static void end_column(struct part *part) { part->ends[part->n_ends++] = part->bytes.size; }

static uint64_t *figure_of(struct cell *cell, unsigned column)
{
    return (uint64_t *)(void *)((char *)cell + columns[column]);
}

void cells_deinit(struct cells *cells)
{
    for (size_t i = 0; cells->values && i < cells->n; i++)
        hll_deinit(&cells->cells[i].sketch);
    free(cells->cells);
    free(cells->values);
    *cells = CELLS_INIT;
}

size_t cells_bytes(const struct cells *cells)
{
    size_t bytes = sizeof *cells + cells->n * sizeof *cells->cells;

    for (size_t i = 0; i < cells->n; i++) {
        const struct hll *sketch = &cells->cells[i].sketch;

        bytes += cells->cells[i].value.size + sketch->capacity * sizeof *sketch->entries;
        bytes += !sketch->registers ? 0 : sketch->coarse ? HLL_COARSE_REGISTERS : HLL_REGISTERS;
    }
    return bytes;
}

/* ---- blocks ---- */

static size_t size_of_block(size_t block, size_t n_left)
{
    size_t size = (size_t)CELLS_FIRST_BLOCK << block;

    return size < n_left ? size : n_left;
}

/* Cells lie by value: where they have as many events, so does their rank. */
static int compare_ranks(const void *left, const void *right)
{
    const struct cell *a = *(struct cell *const *)left, *b = *(struct cell *const *)right;

    if (a->figures.events != b->figures.events)
        return a->figures.events > b->figures.events ? -1 : 1;
    return (a > b) - (a < b);
}

/* The cells by rank. The caller frees the list. */
static int rank(const struct cells *cells, struct cell ***ret_ranked)
{
    struct cell **ranked = malloc((cells->n + 1) * sizeof *ranked);

    if (!ranked)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < cells->n; i++)
        ranked[i] = &cells->cells[i];
    qsort(ranked, cells->n, sizeof *ranked, compare_ranks);
    *ret_ranked = ranked;
    return 0;
}

/* ---- parts ---- */

static uint32_t checksum_of(const void *bytes, size_t size) { return (uint32_t)XXH3_64bits(bytes, size); }

static void deflate_columns(z_stream *stream, const struct part *part)
{
    size_t from = 0;

    for (unsigned i = 0; i < part->n_ends; i++) {
        stream->next_in = part->bytes.data + from;
        stream->avail_in = (uInt)(part->ends[i] - from);
        deflate(stream, i + 1 < part->n_ends ? Z_BLOCK : Z_FINISH); /* there is room for all */
        from = part->ends[i];
    }
}

static int deflate_part(const struct part *part, int strategy, struct buffer *into)
{
    z_stream stream = {.zalloc = NULL};
    int r = deflateInit2(&stream, ZLIB_LEVEL, Z_DEFLATED, ZLIB_BITS, ZLIB_MEMORY, strategy);

    if (r != Z_OK)
        return error_origin(-ENOMEM);
    size_t bound = deflateBound(&stream, part->bytes.size) + BLOCK_BYTES_MAX * part->n_ends;
    uint8_t *at = buffer_extend(into, bound);
    stream.next_out = at;
    stream.avail_out = (uInt)bound;
    if (at)
        deflate_columns(&stream, part);
    into->size -= at ? stream.avail_out : 0;
    deflateEnd(&stream);
    return into->fault ? error_origin(into->fault) : 0;
}

static void put_part(const struct part *part, int strategy, struct buffer *buffer)
{
    BUFFER_AUTO packed = BUFFER_INIT(2ul * ROLLUP_BYTES_MAX);
    size_t start = buffer->size;
    int r = part->bytes.fault ? part->bytes.fault : deflate_part(part, strategy, &packed);

    if (r) {
        buffer->fault = buffer->fault ? buffer->fault : r;
        return;
    }
    buffer_put_u32(buffer, (uint32_t)part->bytes.size);
    buffer_put_u32(buffer, (uint32_t)packed.size);
    buffer_put_text(buffer, buffer_text(&packed));
    if (!buffer->fault)
        buffer_put_u32(buffer, checksum_of(buffer->data + start, buffer->size - start));
}

/* Takes a part off; its stream is lent. */
static int take_part(struct reader *reader, size_t *ret_size, struct text *ret_stream)
{
    const uint8_t *start = reader->at;
    size_t size = reader_u32(reader);
    struct text stream = reader_bytes(reader, reader_u32(reader));
    size_t n_bytes = (size_t)(reader->at - start);

    if (reader_u32(reader) != checksum_of(start, n_bytes) || reader->bad)
        return error_origin(-EBADMSG);
    if (size > ROLLUP_BYTES_MAX)
        return error_origin(-EFBIG);
    if (size == 0 || inflate_is_absurd(stream, size))
        return error_origin(-EBADMSG);
    *ret_size = size;
    *ret_stream = stream;
    return 0;
}

/* The caller frees @ret_bytes. */
static int open_part(struct reader *reader, char **ret_bytes, struct reader *ret_part)
{
    struct text stream = TEXT_NONE;
    size_t size = 0;
    int r = take_part(reader, &size, &stream);

    if (r < 0)
        return error_trace(r);
    char *bytes = malloc(size);
    if (!bytes)
        return error_origin(-ENOMEM);
    r = inflate_whole(stream, bytes, size);
    if (r < 0) {
        free(bytes);
        return error_trace(r);
    }
    *ret_bytes = bytes;
    *ret_part = reader_of((struct text){.data = bytes, .size = size});
    return 0;
}

/* ---- writing ---- */

/* How many bytes a value begins with as the one before it does. */
static size_t shared_with(struct text before, struct text value)
{
    size_t n = 0;

    while (n < before.size && n < value.size && before.data[n] == value.data[n])
        n++;
    return n;
}

static size_t shared_of(const struct cells *cells, size_t i)
{
    return i ? shared_with(cells->cells[i - 1].value, cells->cells[i].value) : 0;
}

static void put_values(const struct cells *cells, struct part *part)
{
    for (size_t i = 0; i < cells->n; i++)
        buffer_put_varint(&part->bytes, shared_of(cells, i));
    for (size_t i = 0; i < cells->n; i++)
        buffer_put_varint(&part->bytes, cells->cells[i].value.size - shared_of(cells, i));
    for (size_t i = 0; i < cells->n; i++)
        buffer_put_text(&part->bytes, text_from(cells->cells[i].value, shared_of(cells, i)));
    end_column(part);
}

static void put_figures(const struct cells *cells, struct part *part)
{
    buffer_put_varint(&part->bytes, cells->n);
    put_values(cells, part);
    for (unsigned column = 0; column < N_COLUMNS; column++) {
        for (size_t i = 0; i < cells->n; i++)
            buffer_put_varint(&part->bytes, *figure_of(&cells->cells[i], column));
        end_column(part);
    }
}

static void put_sketches(struct cell *const *cells, size_t n, struct part *part)
{
    buffer_put_varint(&part->bytes, n);
    for (size_t i = 0; i < n; i++)
        buffer_put_u8(&part->bytes, hll_is_dense(&cells[i]->sketch));
    end_column(part);
    for (int dense = 0; dense < 2; dense++) {
        for (size_t i = 0; i < n; i++)
            if (hll_is_dense(&cells[i]->sketch) == dense)
                hll_encode(&cells[i]->sketch, &part->bytes);
        end_column(part);
    }
}

static void put_blocks(const struct cells *cells, struct buffer *buffer)
{
    struct cell **ranked = NULL;
    int r = rank(cells, &ranked);

    if (r < 0) {
        buffer->fault = buffer->fault ? buffer->fault : r;
        return;
    }
    for (size_t block = 0, from = 0; from < cells->n; block++) {
        PART_AUTO part = PART_INIT;
        size_t n = size_of_block(block, cells->n - from);

        put_sketches(ranked + from, n, &part);
        put_part(&part, Z_HUFFMAN_ONLY, buffer);
        from += n;
    }
    free(ranked);
}

void cells_encode(const struct cells *cells, struct buffer *buffer)
{
    PART_AUTO figures = PART_INIT;

    buffer_put_text(buffer, MAGIC);
    buffer_put_u8(buffer, VERSION);
    put_figures(cells, &figures);
    put_part(&figures, Z_DEFAULT_STRATEGY, buffer);
    if (cells->has_sketches)
        put_blocks(cells, buffer);
}

/* ---- reading ---- */

/* What each value shares and its size, in the cells; the sum of all sizes. */
static int read_sizes(struct reader *reader, struct cells *cells, uint32_t *shared, size_t *ret_bytes)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < cells->n; i++) {
        uint64_t size = reader_varint(reader);

        if (size > ROLLUP_BYTES_MAX)
            return error_origin(-EBADMSG);
        shared[i] = (uint32_t)size;
    }
    for (size_t i = 0; i < cells->n; i++) {
        uint64_t rest = reader_varint(reader);

        if (shared[i] > (i ? cells->cells[i - 1].value.size : 0) || rest > reader_left(reader))
            return error_origin(-EBADMSG);
        cells->cells[i].value.size = shared[i] + (size_t)rest;
        bytes += cells->cells[i].value.size;
        if (bytes > ROLLUP_BYTES_MAX) /* little may become much */
            return error_origin(-EFBIG);
    }
    *ret_bytes = (size_t)bytes;
    return 0;
}

/* Each value behind the other. */
static int read_texts(struct reader *reader, struct cells *cells, const uint32_t *shared)
{
    char *at = cells->values;

    for (size_t i = 0; i < cells->n; i++) {
        struct cell *cell = &cells->cells[i];

        if (shared[i])
            memcpy(at, cell[-1].value.data, shared[i]);
        reader_copy(reader, at + shared[i], cell->value.size - shared[i]);
        cell->value.data = at;
        at += cell->value.size;
        if (reader->bad || (i > 0 && cells_order(cell[-1].value, cell->value) >= 0))
            return error_origin(-EBADMSG);
    }
    return 0;
}

static int read_values(struct reader *reader, struct cells *cells)
{
    uint32_t *shared = malloc((cells->n + 1) * sizeof *shared);
    size_t bytes = 0;
    int r = shared ? read_sizes(reader, cells, shared, &bytes) : error_origin(-ENOMEM);

    if (r == 0)
        cells->values = malloc(bytes + 1);
    if (r == 0 && !cells->values)
        r = error_origin(-ENOMEM);
    r = r ? r : read_texts(reader, cells, shared);
    free(shared);
    return error_trace(r);
}

static int read_figures(struct reader *reader, struct cells *cells)
{
    uint64_t n = reader_varint(reader);

    if (n > reader_left(reader) / CELL_BYTES_MIN)
        return error_origin(-EBADMSG);
    cells->cells = calloc((size_t)n + 1, sizeof *cells->cells);
    if (!cells->cells)
        return error_origin(-ENOMEM);
    cells->n = (size_t)n;
    int r = read_values(reader, cells);
    if (r < 0)
        return error_trace(r);
    for (unsigned column = 0; column < N_COLUMNS; column++)
        for (size_t i = 0; i < cells->n; i++)
            *figure_of(&cells->cells[i], column) = reader_varint(reader);
    return reader_done(reader) ? 0 : error_origin(-EBADMSG);
}

static int read_sketches_of(struct reader *reader, struct text forms, bool dense, bool coarse, struct cell **cells)
{
    for (size_t i = 0; i < forms.size; i++) {
        struct hll *sketch = &cells[i]->sketch;

        if ((uint8_t)forms.data[i] > 1)
            return error_origin(-EBADMSG);
        if (forms.data[i] != dense)
            continue;
        int r = (coarse ? hll_decode_coarse : hll_decode)(reader, sketch);
        if (r < 0)
            return error_trace(r);
        if (hll_is_dense(sketch) != dense)
            return error_origin(-EBADMSG);
    }
    return 0;
}

/* A block's sketches, for cells that have none yet. */
static int read_sketches(struct reader *reader, bool coarse, struct cell **cells, size_t n)
{
    struct text forms = reader_bytes(reader, n);

    if (reader->bad)
        return error_origin(-EBADMSG);
    int r = read_sketches_of(reader, forms, false, coarse, cells);
    r = r ? r : read_sketches_of(reader, forms, true, coarse, cells);
    if (r < 0)
        return error_trace(r);
    return reader_done(reader) ? 0 : error_origin(-EBADMSG);
}

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))
#define CELLS_AUTO __attribute__((cleanup(cells_deinit))) struct cells

static int read_blocks(struct reader *reader, bool coarse, struct cell **ranked, struct cells *cells)
{
    for (size_t block = 0, from = 0; from < cells->n; block++) {
        FREE_AUTO char *bytes = NULL;
        size_t n = size_of_block(block, cells->n - from);
        struct reader part;
        int r = open_part(reader, &bytes, &part);

        if (r == 0 && reader_varint(&part) != n)
            r = error_origin(-EBADMSG);
        r = r ? r : read_sketches(&part, coarse, ranked + from, n);
        if (r < 0)
            return error_trace(r);
        from += n;
    }
    cells->has_sketches = true;
    return reader_done(reader) ? 0 : error_origin(-EBADMSG);
}

/* Behind the figures; a rollup of no cells may have said that it has sketches. */
static int read_ranked(struct reader *reader, enum cells_sketches sketches, struct cells *cells)
{
    FREE_AUTO struct cell **ranked = NULL;
    int r = rank(cells, &ranked);

    for (size_t i = 0; r == 0 && i < cells->n; i++)
        ranked[i]->rank = (uint32_t)i;
    if (r == 0 && reader_left(reader))
        r = read_blocks(reader, sketches == CELLS_COARSE, ranked, cells);
    return error_trace(r);
}

unsigned cells_split(struct text bytes, struct text ret_parts[CELLS_PARTS_MAX])
{
    struct reader reader = reader_of(bytes);
    unsigned n = 0;

    for (size_t skipped = MAGIC.size + 1; reader_left(&reader); skipped = 0) {
        struct text part = text_from(bytes, bytes.size - reader_left(&reader));

        reader_bytes(&reader, skipped + sizeof(uint32_t));
        reader_bytes(&reader, reader_u32(&reader) + CHECKSUM_BYTES);
        assert(!reader.bad && n < CELLS_PARTS_MAX);
        ret_parts[n++] = (struct text){.data = part.data, .size = part.size - reader_left(&reader)};
    }
    return n;
}

int cells_decode(struct text bytes, enum cells_sketches sketches, struct cells *ret_cells)
{
    FREE_AUTO char *figures = NULL;
    CELLS_AUTO cells = CELLS_INIT;
    struct reader reader = reader_of(bytes), part;

    if (!text_starts(bytes, MAGIC))
        return error_origin(-EBADMSG);
    reader_bytes(&reader, MAGIC.size);
    if (reader_u8(&reader) != VERSION)
        return error_origin(-EBADMSG);
    int r = open_part(&reader, &figures, &part);
    r = r ? r : read_figures(&part, &cells);
    if (r == 0 && sketches != CELLS_NO_SKETCHES)
        r = read_ranked(&reader, sketches, &cells);
    if (r < 0)
        return error_trace(r);
    *ret_cells = cells;
    cells = CELLS_INIT;
    return 0;
}

int cells_decode_block(struct text bytes, enum cells_sketches sketches, struct cells *ret_cells)
{
    FREE_AUTO char *unpacked = NULL;
    FREE_AUTO struct cell **ranked = NULL;
    CELLS_AUTO cells = CELLS_INIT;
    struct reader reader = reader_of(bytes), part;
    int r = open_part(&reader, &unpacked, &part);
    uint64_t n = r ? 0 : reader_varint(&part);

    if (r == 0 && (n > ROLLUP_CELLS_MAX || n > reader_left(&part) || !reader_done(&reader)))
        r = error_origin(-EBADMSG);
    if (r < 0)
        return error_trace(r);
    cells.cells = calloc((size_t)n + 1, sizeof *cells.cells);
    cells.values = malloc(1);
    if (!cells.cells || !cells.values)
        return error_origin(-ENOMEM);
    cells.n = (size_t)n;
    cells.has_sketches = true;
    r = rank(&cells, &ranked);
    r = r ? r : read_sketches(&part, sketches == CELLS_COARSE, ranked, cells.n);
    if (r < 0)
        return error_trace(r);
    *ret_cells = cells;
    cells = CELLS_INIT;
    return 0;
}

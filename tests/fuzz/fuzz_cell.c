/*
 * Any bytes as a rollup.  What decodes must encode, decode again to the same
 * cells and encode to the same bytes.
 *
 * A checksum and a zlib stream keep random bytes out of the parser.  So a file
 * that begins as a rollup is tried with its checksum mended, too, and all other
 * input is taken for a payload and wrapped.
 */
#include "crumb/base/limits.h"
#include "crumb/rollup/cell.h"
#include <assert.h>
#include <xxhash.h>
#include <zlib.h>

#define MAGIC TEXT("roll")
#define VERSION 1
#define CHECKSUM_BYTES 4
#define FILE_BYTES_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sketches(struct hll *a, struct hll *b)
{
    BUFFER_AUTO left = BUFFER_INIT(FILE_BYTES_MAX);
    BUFFER_AUTO right = BUFFER_INIT(FILE_BYTES_MAX);

    hll_encode(a, &left);
    hll_encode(b, &right);
    assert(left.fault == 0 && text_equal(buffer_text(&left), buffer_text(&right)));
    assert(hll_count(a) == hll_count(b));
}

static void check_cells(struct cells *a, struct cells *b)
{
    assert(a->n_cells == b->n_cells);
    for (size_t i = 0; i < a->n_cells; i++) {
        struct cell *left = &a->cells[i], *right = &b->cells[i];

        assert(i == 0 || cells_order(left[-1].value, left->value) < 0);
        assert(text_equal(left->value, right->value));
        assert(left->pageviews == right->pageviews && left->visits == right->visits);
        assert(left->entries == right->entries && left->bounces == right->bounces);
        assert(left->duration_ms == right->duration_ms && left->entry_pageviews == right->entry_pageviews);
        check_sketches(&left->visitors, &right->visitors);
    }
}

/* Adding cells to nothing gives the cells; adding them to themselves gives the same visitors. */
static void check_merge(struct cells *cells)
{
    struct cells sum = CELLS_INIT;

    assert(cells_merge(&sum, cells) == 0);
    check_cells(&sum, cells);
    assert(cells_merge(&sum, cells) == 0);
    assert(sum.n_cells == cells->n_cells);
    for (size_t i = 0; i < sum.n_cells; i++) {
        assert(sum.cells[i].visits == 2 * cells->cells[i].visits);
        check_sketches(&sum.cells[i].visitors, &cells->cells[i].visitors);
    }
    cells_deinit(&sum);
}

static void check_file(struct text file)
{
    struct cells cells = CELLS_INIT, again = CELLS_INIT;
    BUFFER_AUTO encoded = BUFFER_INIT(FILE_BYTES_MAX);
    BUFFER_AUTO encoded_again = BUFFER_INIT(FILE_BYTES_MAX);

    if (cells_decode(file, &cells) != 0)
        return;
    cells_encode(&cells, &encoded);
    assert(encoded.fault == 0);
    int r = cells_decode(buffer_text(&encoded), &again);
    assert(r == 0);
    check_cells(&cells, &again);
    cells_encode(&again, &encoded_again);
    assert(text_equal(buffer_text(&encoded), buffer_text(&encoded_again)));
    check_merge(&cells);
    cells_deinit(&cells);
    cells_deinit(&again);
}

static void put_checksum(struct buffer *file)
{
    buffer_put_u32(file, (uint32_t)XXH3_64bits(file->data, file->size));
    assert(file->fault == 0);
}

static void check_mended(struct text bytes)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);

    if (bytes.size < CHECKSUM_BYTES)
        return;
    buffer_put(&file, bytes.data, bytes.size - CHECKSUM_BYTES);
    put_checksum(&file);
    check_file(buffer_text(&file));
}

static void check_wrapped(struct text payload)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);
    uLong size = compressBound(payload.size);

    buffer_put_text(&file, MAGIC);
    buffer_put_u8(&file, VERSION);
    buffer_put_u32(&file, (uint32_t)payload.size);
    uint8_t *stream = buffer_extend(&file, size);
    assert(stream);
    size_t start = file.size - size;
    int r = compress2(stream, &size, (const Bytef *)payload.data, payload.size, 1);
    assert(r == Z_OK);
    file.size = start + size;
    put_checksum(&file);
    check_file(buffer_text(&file));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {.data = (const char *)data, .size = size};

    check_file(bytes);
    if (text_starts(bytes, MAGIC))
        check_mended(bytes);
    else
        check_wrapped(bytes);
    return 0;
}

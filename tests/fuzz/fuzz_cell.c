/*
 * Any bytes as a rollup.  What decodes must encode, decode again to the same
 * cells and encode to the same bytes.
 *
 * Checksums and zlib streams keep random bytes out of the parser.  So input that
 * does not begin as a rollup is taken for what is inside: a byte that says how
 * much of the rest are figures, in 256ths; sketches follow, which are read as a
 * block by itself, too.
 */
#include "crumb/base/limits.h"
#include "crumb/rollup/cell.h"
#include <assert.h>
#include <xxhash.h>
#include <zlib.h>

#define MAGIC TEXT("roll")
#define VERSION 1
#define FILE_BYTES_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cells(const struct cells *a, const struct cells *b)
{
    assert(a->n == b->n && a->has_sketches == b->has_sketches);
    for (size_t i = 0; i < a->n; i++) {
        const struct cell *left = &a->cells[i], *right = &b->cells[i];

        assert(i == 0 || cells_order(left[-1].value, left->value) < 0);
        assert(text_equal(left->value, right->value) && left->visitors == right->visitors);
        assert(memcmp(&left->figures, &right->figures, sizeof left->figures) == 0);
        assert(hll_count(&left->sketch) == hll_count(&right->sketch));
    }
}

static void check_file(struct text file, enum cells_sketches sketches)
{
    struct cells cells = CELLS_INIT, again = CELLS_INIT;
    BUFFER_AUTO encoded = BUFFER_INIT(FILE_BYTES_MAX);
    BUFFER_AUTO encoded_again = BUFFER_INIT(FILE_BYTES_MAX);

    if (cells_decode(file, sketches, &cells) != 0)
        return;
    cells_encode(&cells, &encoded);
    assert(encoded.fault == 0);
    int r = cells_decode(buffer_text(&encoded), sketches, &again);
    assert(r == 0);
    check_cells(&cells, &again);
    cells_encode(&again, &encoded_again);
    assert(text_equal(buffer_text(&encoded), buffer_text(&encoded_again)));
    cells_deinit(&cells);
    cells_deinit(&again);
}

static void check_all(struct text file)
{
    check_file(file, CELLS_NO_SKETCHES);
    check_file(file, CELLS_FINE);
    check_file(file, CELLS_COARSE);
}

static void put_part(struct text bytes, struct buffer *file)
{
    uLong size = compressBound(bytes.size);
    size_t start = file->size;

    buffer_put_u32(file, (uint32_t)bytes.size);
    buffer_put_u32(file, 0);
    uint8_t *stream = buffer_extend(file, size);
    assert(stream);
    file->size -= size;
    int r = compress2(stream, &size, (const Bytef *)bytes.data, bytes.size, 1);
    assert(r == Z_OK);
    file->size = start + 4;
    buffer_put_u32(file, (uint32_t)size);
    file->size += size;
    buffer_put_u32(file, (uint32_t)XXH3_64bits(file->data + start, file->size - start));
    assert(file->fault == 0);
}

/* A block of sketches by itself: every one can be counted. */
static void check_block(struct text bytes, enum cells_sketches sketches)
{
    BUFFER_AUTO part = BUFFER_INIT(FILE_BYTES_MAX);
    struct cells cells;

    put_part(bytes, &part);
    if (cells_decode_block(buffer_text(&part), sketches, &cells) != 0)
        return;
    assert(cells.n <= bytes.size && cells.has_sketches);
    for (size_t i = 0; i < cells.n; i++)
        hll_count(&cells.cells[i].sketch);
    cells_deinit(&cells);
}

static void check_wrapped(struct text bytes)
{
    BUFFER_AUTO file = BUFFER_INIT(FILE_BYTES_MAX);

    if (bytes.size == 0)
        return;
    uint8_t share = (uint8_t)bytes.data[0];
    bytes = text_from(bytes, 1);
    size_t n_figures = share == UINT8_MAX ? bytes.size : bytes.size * share / 256;
    buffer_put_text(&file, MAGIC);
    buffer_put_u8(&file, VERSION);
    put_part((struct text){.data = bytes.data, .size = n_figures}, &file);
    if (n_figures < bytes.size)
        put_part(text_from(bytes, n_figures), &file);
    check_all(buffer_text(&file));
    check_block(text_from(bytes, n_figures), CELLS_FINE);
    check_block(text_from(bytes, n_figures), CELLS_COARSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = {.data = (const char *)data, .size = size};

    if (text_starts(bytes, MAGIC))
        check_all(bytes);
    else
        check_wrapped(bytes);
    return 0;
}

/*
 * A column is a byte that names its encoding, and what that needs.  Runs and
 * differences are columns themselves, but of one of the plain encodings, so
 * nothing nests deeper.
 *
 *   constant   varint
 *   packed     least, width; then every number less the least, in so many bits
 *   planes     the number of planes, the size of the stream; then zlib over
 *              all lowest bytes, then all second ones, and so on
 *   runs       how many; a column of their numbers, one of their lengths
 *   ascending  the first; a column of the differences
 */
#include "crumb/rollup/column.h"
#include "crumb/base/error.h"
#include "crumb/rollup/inflate.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

enum encoding { CONSTANT, PACKED, PLANES, RUNS, ASCENDING };

#define PLANES_MAX 4
#define WIDTH_MAX 32
#define TAIL_BYTES 64 /* eight numbers of 32 bits, the eight bytes before them, and eight to read beyond */
#define SAMPLE 4096   /* numbers that tell whether all of them are worth a try */
#define STREAM_BYTES_MAX UINT32_MAX
#define RUN_MEAN_MIN 4 /* shorter ones are better off packed */

static void free_pointer(void *pointer) { free(*(void **)pointer); }
#define FREE_AUTO __attribute__((cleanup(free_pointer)))

/* ---- what the numbers are like ---- */

struct shape {
    uint32_t least, most;
    size_t n_runs;
    bool ascends;
};

static struct shape shape_of(const uint32_t *values, size_t n)
{
    struct shape shape = {.least = values[0], .most = values[0], .n_runs = 1, .ascends = true};

    for (size_t i = 1; i < n; i++) {
        shape.least = values[i] < shape.least ? values[i] : shape.least;
        shape.most = values[i] > shape.most ? values[i] : shape.most;
        shape.n_runs += values[i] != values[i - 1];
        shape.ascends &= values[i] >= values[i - 1];
    }
    return shape;
}

static unsigned bits_of(uint32_t value) { return value ? 32 - (unsigned)__builtin_clz(value) : 0; }

static size_t packed_bytes(size_t n, unsigned width) { return (n * width + 7) / 8; }

/* ---- packed ---- */

static void put_packed(const uint32_t *values, size_t n, const struct shape *shape, struct buffer *buffer)
{
    unsigned width = bits_of(shape->most - shape->least), n_bits = 0;
    uint64_t bits = 0;

    buffer_put_u8(buffer, PACKED);
    buffer_put_varint(buffer, shape->least);
    buffer_put_u8(buffer, (uint8_t)width);
    uint8_t *at = buffer_extend(buffer, packed_bytes(n, width));
    if (!at)
        return;
    for (size_t i = 0; i < n; i++) {
        bits |= (uint64_t)(values[i] - shape->least) << n_bits;
        for (n_bits += width; n_bits >= 8; n_bits -= 8, bits >>= 8)
            *at++ = (uint8_t)bits;
    }
    if (n_bits)
        *at = (uint8_t)bits;
}

/* Least significant byte first, as are the bits. */
static uint64_t load(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

/* The numbers from @i on, of which each can be read as eight bytes at once. Called with a constant width for speed. */
static inline __attribute__((always_inline)) void unpack(const uint8_t *at, unsigned width, uint32_t least,
                                                         uint32_t *ret_values, size_t n)
{
    uint64_t mask = (1ull << width) - 1;

    for (size_t i = 0; i < n; i++) {
        size_t bit = i * width;

        ret_values[i] = least + (uint32_t)(load(at + bit / 8) >> bit % 8 & mask);
    }
}

static int read_packed(struct reader *reader, uint32_t *ret_values, size_t n)
{
    uint64_t least = reader_varint(reader);
    unsigned width = reader_u8(reader);

    if (least > UINT32_MAX || width == 0 || width > WIDTH_MAX)
        return error_origin(-EBADMSG);
    struct text bytes = reader_bytes(reader, packed_bytes(n, width));
    if (reader->bad)
        return error_origin(-EBADMSG);
    /* The last ones from a copy, behind which there is room to read. */
    size_t n_inside = bytes.size >= 8 ? (8 * (bytes.size - 8)) / width : 0;
    n_inside -= n_inside % 8; /* the copy begins with a whole byte */
    uint8_t tail[TAIL_BYTES] = {0};
    size_t at = n_inside * width / 8;
    assert(n_inside <= n && bytes.size - at <= TAIL_BYTES - sizeof(uint64_t));
    memcpy(tail, bytes.data + at, bytes.size - at);
    unpack((const uint8_t *)bytes.data, width, (uint32_t)least, ret_values, n_inside);
    unpack(tail, width, (uint32_t)least, ret_values + n_inside, n - n_inside);
    return 0;
}

/* ---- planes ---- */

static void split(const uint32_t *values, size_t n, unsigned n_planes, uint8_t *planes)
{
    for (unsigned plane = 0; plane < n_planes; plane++)
        for (size_t i = 0; i < n; i++)
            *planes++ = (uint8_t)(values[i] >> 8 * plane);
}

/* Codes seldom repeat in a row, so zlib only counts how often each is there: that is quick. */
static int deflate_bytes(uint8_t *bytes, size_t size, struct buffer *stream)
{
    z_stream z = {.next_in = bytes, .avail_in = (uInt)size};

    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL, Z_HUFFMAN_ONLY) != Z_OK)
        return error_origin(-ENOMEM);
    uLong bound = deflateBound(&z, (uLong)size);
    z.next_out = buffer_extend(stream, bound);
    z.avail_out = (uInt)bound;
    int r = z.next_out ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
    deflateEnd(&z);
    if (r != Z_STREAM_END)
        return error_origin(-ENOMEM);
    stream->size = bound - z.avail_out;
    return 0;
}

/* The planes' stream. Faults stay in it. */
static void put_stream(const uint32_t *values, size_t n, unsigned n_planes, struct buffer *stream)
{
    size_t size = n * n_planes;
    FREE_AUTO uint8_t *planes = malloc(size);

    if (!planes) {
        stream->fault = error_origin(-ENOMEM);
        return;
    }
    split(values, n, n_planes, planes);
    int r = deflate_bytes(planes, size, stream);
    if (r)
        stream->fault = error_trace(r);
}

/* Inflating takes several times as long as unpacking: it must save a third. */
static bool is_worth(const struct buffer *stream, size_t n, unsigned width)
{
    size_t packed = packed_bytes(n, width);

    return stream->size <= packed - packed / 3;
}

/* Appends the planes where they are worth it, and says whether it did, or has failed to. */
static bool put_planes(const uint32_t *values, size_t n, const struct shape *shape, struct buffer *buffer)
{
    unsigned n_planes = (bits_of(shape->most) + 7) / 8, width = bits_of(shape->most - shape->least);
    BUFFER_AUTO stream = BUFFER_INIT(STREAM_BYTES_MAX);

    if (n > STREAM_BYTES_MAX / (2 * PLANES_MAX))
        return false;
    if (n > SAMPLE) {
        put_stream(values, SAMPLE, n_planes, &stream);
        if (!stream.fault && !is_worth(&stream, SAMPLE, width))
            return false;
        buffer_clear(&stream);
    }
    put_stream(values, n, n_planes, &stream);
    if (!stream.fault && !is_worth(&stream, n, width))
        return false;
    buffer->fault = buffer->fault ? buffer->fault : stream.fault;
    buffer_put_u8(buffer, PLANES);
    buffer_put_u8(buffer, (uint8_t)n_planes);
    buffer_put_sized(buffer, buffer_text(&stream));
    return true;
}

static void join(const uint8_t *planes, size_t n, unsigned n_planes, uint32_t *ret_values)
{
    for (size_t i = 0; i < n; i++)
        ret_values[i] = planes[i];
    for (unsigned plane = 1; plane < n_planes; plane++)
        for (size_t i = 0; i < n; i++)
            ret_values[i] |= (uint32_t)planes[plane * n + i] << 8 * plane;
}

static int read_planes(struct reader *reader, uint32_t *ret_values, size_t n)
{
    unsigned n_planes = reader_u8(reader);
    struct text stream = reader_sized(reader);

    if (reader->bad || n_planes == 0 || n_planes > PLANES_MAX)
        return error_origin(-EBADMSG);
    size_t size = n * n_planes;
    if (inflate_is_absurd(stream, size))
        return error_origin(-EBADMSG);
    FREE_AUTO uint8_t *planes = malloc(size);
    if (!planes)
        return error_origin(-ENOMEM);
    int r = inflate_whole(stream, planes, size);
    if (r == 0)
        join(planes, n, n_planes, ret_values);
    return error_trace(r);
}

/* ---- the plain encodings ---- */

static void put_plain(const uint32_t *values, size_t n, const struct shape *shape, struct buffer *buffer)
{
    if (shape->least == shape->most) {
        buffer_put_u8(buffer, CONSTANT);
        buffer_put_varint(buffer, shape->least);
    } else if (!put_planes(values, n, shape, buffer)) {
        put_packed(values, n, shape, buffer);
    }
}

static int read_constant(struct reader *reader, uint32_t *ret_values, size_t n)
{
    uint64_t value = reader_varint(reader);

    if (reader->bad || value > UINT32_MAX)
        return error_origin(-EBADMSG);
    for (size_t i = 0; i < n; i++)
        ret_values[i] = (uint32_t)value;
    return 0;
}

static int read_plain(struct reader *reader, uint8_t encoding, uint32_t *ret_values, size_t n)
{
    switch (encoding) {
    case CONSTANT:
        return error_trace(read_constant(reader, ret_values, n));
    case PACKED:
        return error_trace(read_packed(reader, ret_values, n));
    case PLANES:
        return error_trace(read_planes(reader, ret_values, n));
    default:
        return error_origin(-EBADMSG);
    }
}

/* ---- runs and differences ---- */

static void put_inner(const uint32_t *values, size_t n, struct buffer *buffer)
{
    struct shape shape = shape_of(values, n);

    put_plain(values, n, &shape, buffer);
}

static void put_runs(const uint32_t *values, size_t n, size_t n_runs, struct buffer *buffer)
{
    FREE_AUTO uint32_t *runs = malloc(2 * n_runs * sizeof *runs);
    size_t run = 0;

    if (!runs) {
        buffer->fault = buffer->fault ? buffer->fault : error_origin(-ENOMEM);
        return;
    }
    uint32_t *lengths = runs + n_runs;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || values[i] != values[i - 1]) {
            run += i != 0;
            runs[run] = values[i];
            lengths[run] = 0; /* less one: none is empty */
        } else {
            lengths[run]++;
        }
    }
    assert(run + 1 == n_runs);
    buffer_put_u8(buffer, RUNS);
    buffer_put_varint(buffer, n_runs);
    put_inner(runs, n_runs, buffer);
    put_inner(lengths, n_runs, buffer);
}

static int read_runs(struct reader *reader, uint32_t *ret_values, size_t n)
{
    uint64_t n_runs = reader_varint(reader);
    size_t at = 0;

    if (reader->bad || n_runs == 0 || n_runs > n)
        return error_origin(-EBADMSG);
    FREE_AUTO uint32_t *runs = malloc(2 * n_runs * sizeof *runs);
    if (!runs)
        return error_origin(-ENOMEM);
    for (unsigned half = 0; half < 2; half++) {
        int r = read_plain(reader, reader_u8(reader), runs + half * n_runs, n_runs);

        if (r < 0)
            return error_trace(r);
    }
    for (size_t i = 0; i < n_runs; i++) {
        size_t length = (size_t)runs[n_runs + i] + 1;

        if (length > n - at)
            return error_origin(-EBADMSG);
        for (size_t end = at + length; at < end; at++)
            ret_values[at] = runs[i];
    }
    return at == n ? 0 : error_origin(-EBADMSG);
}

static void put_ascending(const uint32_t *values, size_t n, struct buffer *buffer)
{
    FREE_AUTO uint32_t *differences = malloc((n - 1) * sizeof *differences);

    if (!differences) {
        buffer->fault = buffer->fault ? buffer->fault : error_origin(-ENOMEM);
        return;
    }
    for (size_t i = 1; i < n; i++)
        differences[i - 1] = values[i] - values[i - 1];
    buffer_put_u8(buffer, ASCENDING);
    buffer_put_varint(buffer, values[0]);
    put_inner(differences, n - 1, buffer);
}

static int read_ascending(struct reader *reader, uint32_t *ret_values, size_t n)
{
    uint64_t value = reader_varint(reader);

    if (reader->bad || value > UINT32_MAX || n < 2)
        return error_origin(-EBADMSG);
    int r = read_plain(reader, reader_u8(reader), ret_values + 1, n - 1);
    if (r < 0)
        return error_trace(r);
    ret_values[0] = (uint32_t)value;
    for (size_t i = 1; i < n; i++) {
        value += ret_values[i];
        if (value > UINT32_MAX)
            return error_origin(-EBADMSG);
        ret_values[i] = (uint32_t)value;
    }
    return 0;
}

/* ---- all of them ---- */

void column_encode(const uint32_t *values, size_t n, struct buffer *buffer)
{
    if (n == 0)
        return;
    struct shape shape = shape_of(values, n);
    if (shape.least != shape.most && shape.n_runs <= n / RUN_MEAN_MIN)
        put_runs(values, n, shape.n_runs, buffer);
    else if (shape.least != shape.most && shape.ascends)
        put_ascending(values, n, buffer);
    else
        put_plain(values, n, &shape, buffer);
}

int column_decode(struct reader *reader, uint32_t *ret_values, size_t n)
{
    if (n == 0)
        return 0;
    uint8_t encoding = reader_u8(reader);
    if (reader->bad)
        return error_origin(-EBADMSG);
    switch (encoding) {
    case RUNS:
        return error_trace(read_runs(reader, ret_values, n));
    case ASCENDING:
        return error_trace(read_ascending(reader, ret_values, n));
    default:
        return error_trace(read_plain(reader, encoding, ret_values, n));
    }
}

/*
 * libdeflate needs all of the input and room for all of the output.  Both are
 * at hand here, and so it takes a third of zlib's time.
 */
#include "crumb/rollup/inflate.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <libdeflate.h>

#define INFLATE_FACTOR_MAX 1032 /* deflate's best: 258 bytes in two bits */

bool inflate_is_absurd(struct text stream, size_t size) { return size / INFLATE_FACTOR_MAX > stream.size; }

int inflate_whole(struct text stream, void *ret_bytes, size_t size)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    size_t n_read;

    if (!decompressor)
        return error_origin(-ENOMEM);
    /* Without a place for the size, another one is a fault. */
    enum libdeflate_result result =
        libdeflate_zlib_decompress_ex(decompressor, stream.data, stream.size, ret_bytes, size, &n_read, NULL);
    libdeflate_free_decompressor(decompressor);
    return result == LIBDEFLATE_SUCCESS && n_read == stream.size ? 0 : error_origin(-EBADMSG);
}

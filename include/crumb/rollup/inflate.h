/*
 * Reads what zlib has written, where it is known how long it was.
 */
#pragma once

#include "crumb/base/text.h"

/*
 * Opens @stream (RFC 1950), which must be whole and nothing more, into @size bytes
 * at @ret_bytes.  0, -ENOMEM, or -EBADMSG: it is no such stream, or of another
 * size.  Any thread; bounded by @size.
 */
int inflate_whole(struct text stream, void *ret_bytes, size_t size);

/* That so few bytes cannot be @size ones: whoever reads a size asks before making room for it. */
bool inflate_is_absurd(struct text stream, size_t size);

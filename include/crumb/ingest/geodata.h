/*
 * Values of a MaxMind database, read from any bytes.  libmaxminddb finds the
 * entry of an address; what stands there is read here, because its own walk
 * recurses as deep as a file asks it to, and a lookup happens on an event loop.
 *
 * Every walk takes at most GEO_STEPS_MAX steps, never follows a pointer to a
 * pointer, and needs no stack.  Pure.
 *
 * Format: MaxMind DB File Format Specification 2.0, "Output Data Section".
 */
#pragma once

#include "crumb/base/text.h"
#include <stdbool.h>

/*
 * The text at @path (map keys, or "0" and so on in a list; ended by NULL) of
 * the value at @offset of @section, lent.  False: there is none, or the bytes
 * are damaged.
 */
bool geodata_text(struct text section, size_t offset, const char *const *path, struct text *ret_text);

/*
 * True where the value at @offset can be read as a whole by anybody: it is
 * bounded as above, and pointers in it lead to plain values only.
 */
bool geodata_is_plain(struct text section, size_t offset);

/*
 * The checksum that ends every value of the store that has no hash of its own
 * (ledger records, notices) and is more than a reference (receipts): the low 32 bits of XXH3-64 over key and value, so
 * that a value found under another key is damage too.  It finds accidents; it is no protection against an attacker who
 * can write the file.
 */
#pragma once

#include "crumb/base/buffer.h"

#define CHECKSUM_BYTES 4

/* Appends the checksum of @key and everything in @buffer so far. */
void checksum_put(struct buffer *buffer, struct text key);

/* Checks and takes off the checksum at the end of @value. False: damaged. */
bool checksum_take(struct text *value, struct text key);

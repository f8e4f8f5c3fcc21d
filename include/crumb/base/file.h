/*
 * Files that somebody else may replace, or mistake for something else, while we
 * run.
 */
#pragma once

#include "crumb/base/buffer.h"

/*
 * Opens a regular file of 1 to @size_max bytes for reading; nothing in its place
 * (a pipe, a device) is waited for.  A descriptor, which the caller closes; or
 * -1, and @complaint has a sentence that begins with @key, the setting's name.
 */
int file_open(const char *key, const char *path, size_t size_max, size_t *ret_size, struct buffer *complaint);

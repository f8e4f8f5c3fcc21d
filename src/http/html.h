/*
 * HTML into a buffer.  What a program's author wrote is markup; everything else
 * is text and is escaped: there is no other way to put it in.
 */
#pragma once

#include "crumb/base/buffer.h"

/*
 * Appends @format, in which every %s is an argument as text: safe between tags
 * and in quoted attributes.  No other conversion is known, and none is needed;
 * %% is a percent sign.
 */
void html_put(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

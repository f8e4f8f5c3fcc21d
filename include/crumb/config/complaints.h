/*
 * What is wrong with a file that people write, one line a mistake:
 *
 *   crumb.yaml:12: sites.shop.retention.journal: "30days" is not a duration; write ...
 *
 * Whatever the file holds, a complaint stays one line of bounded size.
 */
#pragma once

#include "crumb/base/buffer.h"

/* The mistakes found, each a line "FILE:LINE: what is wrong; what would be right\n". */
struct complaints {
    struct buffer text;
    unsigned n;
};

#define COMPLAINTS_INIT ((struct complaints){.text = BUFFER_INIT(1 << 20)})

/*
 * Adds the complaint @what about @line of @file.  @what is cut to
 * COMPLAINT_BYTES_MAX, control characters in it become '?'.  Past
 * CONFIG_COMPLAINTS_MAX complaints, or where the text has reached its bound,
 * it is counted and not listed.  0 or -ENOMEM.
 */
int complaints_add(struct complaints *complaints, const char *file, unsigned line, const char *what);

/* Puts the lines from byte @offset of the text on, which must all be about @file, in order of their line numbers. */
int complaints_sort(struct complaints *complaints, const char *file, size_t offset);

void complaints_deinit(struct complaints *complaints);

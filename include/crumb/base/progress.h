/*
 * How far a long command is, as a bar on standard error: only where that is a
 * terminal, so that logs and programs see nothing of it.  One thread.
 */
#pragma once

#include "crumb/base/buffer.h"
#include <stdbool.h>

struct progress {
    /* private */
    const char *what;
    uint64_t done, total;
    int64_t began_us, drawn_us;
    bool is_shown;
};

/* @what, "reading events", must live until progress_end(); NULL: no bar. @total: of anything that can be counted; 0:
 * not known. */
void progress_begin(struct progress *progress, const char *what, uint64_t total);

/* So much more is done. Cheap: draws PROGRESS_DRAWS_PER_S times a second at most. */
void progress_add(struct progress *progress, uint64_t n);

/* So much is done of all. */
void progress_set(struct progress *progress, uint64_t done);

/* Takes the bar away. */
void progress_end(struct progress *progress);

/* The bar as it is drawn, appended: pure. */
void progress_put(const char *what, uint64_t done, uint64_t total, int64_t elapsed_us, struct buffer *line);

/*
 * One line that is drawn over itself.
 */
#include "crumb/base/progress.h"
#include "crumb/base/clock.h"
#include "crumb/base/limits.h"
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES 256
#define BAR_CELLS 24
#define SECOND_US 1000000
#define FORETOLD_US (2 * SECOND_US) /* before that, how long it will take is a guess */

static void put_left(int64_t left_s, struct buffer *line)
{
    if (left_s < 60)
        buffer_printf(line, "  %lld s left", (long long)left_s);
    else if (left_s < 3600)
        buffer_printf(line, "  %lld:%02lld min left", (long long)left_s / 60, (long long)left_s % 60);
    else
        buffer_printf(line, "  %lld:%02lld h left", (long long)left_s / 3600, (long long)left_s / 60 % 60);
}

void progress_put(const char *what, uint64_t done, uint64_t total, int64_t elapsed_us, struct buffer *line)
{
    if (!total) {
        buffer_printf(line, "%s  %llu", what, (unsigned long long)done);
        return;
    }
    if (done > total) /* more came while it was worked on */
        done = total;
    double share = (double)done / (double)total;
    buffer_printf(line, "%s  ", what);
    for (unsigned i = 0; i < BAR_CELLS; i++)
        buffer_put_text(line, i < (unsigned)(share * BAR_CELLS) ? TEXT("█") : TEXT("░"));
    buffer_printf(line, " %3u %%", (unsigned)(share * 100));
    if (done && done < total && elapsed_us >= FORETOLD_US)
        put_left((int64_t)((double)elapsed_us * (1 - share) / share) / SECOND_US, line);
}

static void draw(struct progress *progress, int64_t now_us)
{
    uint8_t bytes[LINE_BYTES];
    struct buffer line = BUFFER_OVER(bytes);

    buffer_put_text(&line, TEXT("\r\033[K"));
    progress_put(progress->what, progress->done, progress->total, now_us - progress->began_us, &line);
    fwrite(line.data, 1, line.size, stderr);
    fflush(stderr);
    progress->drawn_us = now_us;
}

void progress_begin(struct progress *progress, const char *what, uint64_t total)
{
    *progress = (struct progress){
        .what = what, .total = total, .began_us = clock_monotonic_us(), .is_shown = what && isatty(STDERR_FILENO) == 1};
    if (progress->is_shown)
        draw(progress, progress->began_us);
}

void progress_set(struct progress *progress, uint64_t done)
{
    progress->done = done;
    if (!progress->is_shown)
        return;
    int64_t now_us = clock_monotonic_us();
    if (now_us - progress->drawn_us >= SECOND_US / PROGRESS_DRAWS_PER_S)
        draw(progress, now_us);
}

void progress_add(struct progress *progress, uint64_t n) { progress_set(progress, progress->done + n); }

void progress_end(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->is_shown = false;
}

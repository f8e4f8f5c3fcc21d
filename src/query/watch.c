/*
 * Two rings: of the last seconds' books, and of the views that the last look saw.
 * Pages are counted when a frame is made, which is once a second.
 */
#include "crumb/query/watch.h"
#include "crumb/base/error.h"
#include "grid.h"
#include <errno.h>
#include <stdlib.h>

#define MINUTE_MS 60000
#define NAME_BYTES (WATCH_HOST_BYTES_MAX + WATCH_PATH_BYTES_MAX)

struct view {
    int64_t at_ms;
    uint16_t size;
    char name[NAME_BYTES]; /* host and path */
};

struct watch {
    unsigned n_told;    /* times of watch_books() */
    struct books total; /* as told last */
    struct books seconds[WATCH_SECONDS];
    size_t n_views; /* of this look; the ring holds the last WATCH_VIEWS_MAX of them */
    struct view views[WATCH_VIEWS_MAX];
};

int watch_new(struct watch **ret_watch)
{
    struct watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return error_origin(-ENOMEM);
    *ret_watch = watch;
    return 0;
}

struct watch *watch_free(struct watch *watch)
{
    free(watch);
    return NULL;
}

/* ---- being told ---- */

static struct books difference(const struct books *now, const struct books *before)
{
    struct books books = {.received = now->received - before->received, .stored = now->stored - before->stored};

    for (unsigned i = 0; i < REASON_N; i++)
        books.dropped[i] = now->dropped[i] - before->dropped[i];
    return books;
}

void watch_books(struct watch *watch, const struct books *total)
{
    if (watch->n_told > 0)
        watch->seconds[(watch->n_told - 1) % WATCH_SECONDS] = difference(total, &watch->total);
    watch->total = *total;
    watch->n_told++;
}

void watch_forget(struct watch *watch) { watch->n_views = 0; }

void watch_view(struct watch *watch, int64_t at_ms, struct text host, struct text path)
{
    struct view *view = &watch->views[watch->n_views++ % WATCH_VIEWS_MAX];
    size_t n_host = host.size < WATCH_HOST_BYTES_MAX ? host.size : WATCH_HOST_BYTES_MAX;
    size_t n_path = path.size < WATCH_PATH_BYTES_MAX ? path.size : WATCH_PATH_BYTES_MAX;

    view->at_ms = at_ms;
    view->size = (uint16_t)(n_host + n_path);
    if (n_host)
        memcpy(view->name, host.data, n_host);
    if (n_path)
        memcpy(view->name + n_host, path.data, n_path);
}

/* ---- the last minute ---- */

static unsigned seconds_told(const struct watch *watch)
{
    unsigned n = watch->n_told ? watch->n_told - 1 : 0;

    return n < WATCH_SECONDS ? n : WATCH_SECONDS;
}

/* The second that was @ago; 0 is the last one. */
static const struct books *second(const struct watch *watch, unsigned ago)
{
    return &watch->seconds[(watch->n_told - 2 - ago) % WATCH_SECONDS];
}

static struct books last_minute(const struct watch *watch)
{
    struct books sum = {.received = 0};

    for (unsigned ago = 0; ago < seconds_told(watch); ago++)
        accounting_sum(&sum, second(watch, ago));
    return sum;
}

/* Whether every event of the last seconds was what the books say is not for this page to find out: no sum is checked.
 */
static void put_share(const struct books *books, struct buffer *frame)
{
    if (books->received)
        buffer_printf(frame, "  %llu %% consented",
                      (unsigned long long)((books->stored * 100 + books->received / 2) / books->received));
}

static void put_dropped(const struct books *books, struct buffer *frame)
{
    const char *before = "  dropped:";

    for (unsigned i = REASON_NONE + 1; i < REASON_N; i++) {
        if (!books->dropped[i])
            continue;
        buffer_printf(frame, "%s %s %llu", before, words_reason(i), (unsigned long long)books->dropped[i]);
        before = " \xc2\xb7";
    }
    buffer_put_u8(frame, '\n');
}

/* A column a second, the newest at the right. */
static void put_line_of(const struct watch *watch, const char *name, bool stored, struct buffer *frame)
{
    static const char *const levels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint64_t most = 1;

    for (unsigned ago = 0; ago < seconds_told(watch); ago++)
        if (second(watch, ago)->received > most)
            most = second(watch, ago)->received;
    buffer_printf(frame, "  %-10s", name);
    for (unsigned ago = WATCH_SECONDS; ago-- > 0;) {
        uint64_t n = ago >= seconds_told(watch) ? 0
                     : stored                   ? second(watch, ago)->stored
                                                : second(watch, ago)->received;

        buffer_put_text(frame, text_of(levels[(n * 8 + most - 1) / most]));
    }
    buffer_put_u8(frame, '\n');
}

/* ---- pages ---- */

struct page {
    struct text name;
    unsigned n;
};

static int by_name(const void *a, const void *b)
{
    const struct text *x = &((const struct page *)a)->name, *y = &((const struct page *)b)->name;
    int order = memcmp(x->data, y->data, x->size < y->size ? x->size : y->size);

    return order ? order : (x->size > y->size) - (x->size < y->size);
}

static int by_count(const void *a, const void *b)
{
    const struct page *x = a, *y = b;

    return x->n == y->n ? by_name(a, b) : x->n < y->n ? 1 : -1;
}

/* The views of the last minute, each a page of one view. */
static size_t collect(const struct watch *watch, int64_t now_ms, struct page *pages)
{
    size_t n = 0, first = watch->n_views > WATCH_VIEWS_MAX ? watch->n_views - WATCH_VIEWS_MAX : 0;

    for (size_t i = first; i < watch->n_views; i++) {
        const struct view *view = &watch->views[i % WATCH_VIEWS_MAX];

        if (view->at_ms > now_ms - MINUTE_MS)
            pages[n++] = (struct page){.name = {.data = view->name, .size = view->size}, .n = 1};
    }
    return n;
}

/* Sorted pages of the same name become one. */
static size_t join(struct page *pages, size_t n)
{
    size_t n_joined = 0;

    for (size_t i = 0; i < n; i++) {
        if (n_joined && text_equal(pages[n_joined - 1].name, pages[i].name))
            pages[n_joined - 1].n++;
        else
            pages[n_joined++] = pages[i];
    }
    return n_joined;
}

static void put_pages(const struct page *pages, size_t n, struct buffer *frame)
{
    GRID_AUTO grid = grid_init(2, 1);

    grid_cell(&grid, "%s", "Pages of the last minute");
    grid_cell(&grid, "%s", "views");
    for (size_t i = 0; i < n && i < WATCH_PAGES_MAX; i++) {
        buffer_put_text(grid_begin(&grid), pages[i].name);
        grid_end(&grid);
        grid_cell(&grid, "%u", pages[i].n);
        grid_bar(&grid, pages[i].n);
    }
    grid_put(&grid, frame);
    if (n > WATCH_PAGES_MAX)
        buffer_printf(frame, "and %zu more\n", n - WATCH_PAGES_MAX);
}

/* ---- frames ---- */

int watch_frame(const struct watch *watch, const char *title, int64_t now_ms, struct buffer *frame)
{
    struct books sum = last_minute(watch);
    struct page *pages = malloc(WATCH_VIEWS_MAX * sizeof *pages);

    if (!pages)
        return error_origin(-ENOMEM);
    buffer_printf(frame, "%s\n\nLast minute: %llu received, %llu stored", title, (unsigned long long)sum.received,
                  (unsigned long long)sum.stored);
    put_share(&sum, frame);
    put_dropped(&sum, frame);
    put_line_of(watch, "received", false, frame);
    put_line_of(watch, "stored", true, frame);
    buffer_put_u8(frame, '\n');
    size_t n = collect(watch, now_ms, pages);
    qsort(pages, n, sizeof *pages, by_name);
    n = join(pages, n);
    qsort(pages, n, sizeof *pages, by_count);
    put_pages(pages, n, frame);
    free(pages);
    return error_trace(frame->fault);
}

void watch_line(const struct watch *watch, int64_t now_ms, struct buffer *line)
{
    static const struct books none;
    const struct books *books = seconds_told(watch) ? second(watch, 0) : &none;
    const char *comma = "";

    buffer_printf(line, "{\"t\":%lld,\"received\":%llu,\"stored\":%llu,\"dropped\":{", (long long)now_ms,
                  (unsigned long long)books->received, (unsigned long long)books->stored);
    for (unsigned i = REASON_NONE + 1; i < REASON_N; i++) {
        if (!books->dropped[i])
            continue;
        buffer_printf(line, "%s\"%s\":%llu", comma, words_reason(i), (unsigned long long)books->dropped[i]);
        comma = ",";
    }
    buffer_put_text(line, TEXT("}}\n"));
}

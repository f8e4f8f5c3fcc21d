/*
 * What `crumb watch` shows: the books of now and the pages of the last minute.
 *
 * Pure: seconds and events are told as they are read, and a frame is text.  Books
 * are told as running totals, so a second in which nobody looked is not lost but
 * counted in the next one.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/base/limits.h"
#include "crumb/store/accounting.h"

struct watch;

/* 0 or -ENOMEM. Free with watch_free(). */
int watch_new(struct watch **ret_watch);
struct watch *watch_free(struct watch *watch);

/* The books of everything watched, from one fixed hour until now; call it once a second. */
void watch_books(struct watch *watch, const struct books *total);

/*
 * Forgets all page views: each look tells those of the last minute again, as
 * some may have become nobody's to see in between.
 */
void watch_forget(struct watch *watch);

/*
 * A page view.  Past WATCH_VIEWS_MAX in a minute the oldest are forgotten; of a
 * path the first WATCH_PATH_BYTES_MAX bytes tell it from others.
 */
void watch_view(struct watch *watch, int64_t at_ms, struct text host, struct text path);

/*
 * Appends the frame at @now_ms, of which @title is the first line.  Before the
 * second time of watch_books() there are no figures yet.  The fault of @frame,
 * or -ENOMEM.
 */
int watch_frame(const struct watch *watch, const char *title, int64_t now_ms, struct buffer *frame);

/* Appends what the last second was as one line of JSON, for programs. */
void watch_line(const struct watch *watch, int64_t now_ms, struct buffer *line);

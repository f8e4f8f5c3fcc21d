/*
 * The privacy page as HTML: what is chosen, the notice whole, what is kept, and
 * a form for every right.  No style of its own, and one script of this service
 * that it can do without: its policy allows no more.  Pure.
 */
#pragma once

#include "consent.h"
#include "privacy_file.h"

/* Made by the build of web/page. */
extern const struct text asset_privacy_css;
extern const struct text asset_privacy_js;

/* What has just happened, told above everything else. */
enum page_news {
    PAGE_NOTHING,
    PAGE_SAVED,
    PAGE_CHANGED,
    PAGE_SENT,      /* a request was made */
    PAGE_NOT_FOUND, /* there is none of that number and key */
    PAGE_INVALID,   /* what was filled in is not understood */
    PAGE_TOO_MANY,
    PAGE_FAILED,
    PAGE_GENUINE, /* a receipt was checked */
    PAGE_FORGED,
    PAGE_NEWS_N
};

struct page {
    const struct consent_state *state;
    const struct file *file; /* what is kept */
    enum regime regime;      /* what is said first depends on it */
    enum page_news news;
    const char *record;       /* id of the record that was just made, 32 hex digits, or "" */
    const char *deed;         /* id of the deed that is asked for, ditto */
    const char *number, *key; /* of the request that is followed, or "" */
    bool gpc;                 /* the browser sends Sec-GPC: 1 */
    bool is_unreadable;       /* it sends a crumb_id that is none */
    /* What was written and could not be taken; "" or texts. */
    const char *kind, *text, *contact;
};

/* 0, -ENOMEM, -EOVERFLOW. */
int page_put(struct buffer *buffer, const struct page *page);

/* The page of something that could not be done, by @news: says so, and leads back. Same results. */
int page_put_failure(struct buffer *buffer, const struct site *site, const struct notice *notice, const char *key);

/* ---- for the page's other files ---- */

/* The notice, opened. Strings are its own. */
struct opened {
    const struct page *page;
    const struct site *site;
    const char *lang;
    json_t *notice;
    struct buffer *html;
};

/* A member, or "". */
const char *page_string(json_t *object, const char *name);
/* A text of the notice, or "". */
const char *page_text(const struct opened *opened, const char *key);
/* A shipped text or the site's own. */
const char *page_word(const struct opened *opened, const char *key);
/* The text of @key, escaped, with @value in the place of @mark. */
void page_put_filled(const struct opened *opened, const char *key, const char *mark, const char *value);
/* "2026-11-23T12:34:56.000Z" as a time for people. */
void page_put_time(const struct opened *opened, const char *time);
/* The beginning of a form that does @what, and of a section. */
void page_put_form(const struct opened *opened, const char *what);
void page_put_section(const struct opened *opened, const char *id, const char *key);
/* Purposes with yes or no, of an object of them. */
void page_put_answers(const struct opened *opened, json_t *notice, json_t *purposes);

/* page_glance.c */
void page_put_glance(const struct opened *opened);
void page_put_ways(const struct opened *opened);
/* page_choice.c */
void page_put_choice(const struct opened *opened);
void page_put_notice(const struct opened *opened);
/* page_stored.c */
void page_put_stored(const struct opened *opened);
/* page_rights.c */
void page_put_deed(const struct opened *opened);
void page_put_rights(const struct opened *opened);
void page_put_check(const struct opened *opened);
/* page_ask.c; the first: the one request for which somebody has come */
void page_put_followed(const struct opened *opened);
void page_put_ask(const struct opened *opened);

/*
 * The privacy page as HTML: the notice whole, what is chosen, and a form.  No
 * script and no style of its own: its policy allows neither.  Pure.
 */
#pragma once

#include "consent.h"

/* Made by the build of web/page/privacy.css. */
extern const struct text asset_privacy_css;

/* What has just happened, told above everything else. */
enum page_news { PAGE_NOTHING, PAGE_SAVED, PAGE_CHANGED };

struct page {
    const struct consent_state *state;
    enum regime regime; /* what is said first depends on it */
    enum page_news news;
    const char *record; /* id of the record that was just made, 32 hex digits, or "" */
    bool gpc;           /* the browser sends Sec-GPC: 1 */
};

/* 0, -ENOMEM, -EOVERFLOW. */
int page_put(struct buffer *buffer, const struct page *page);

/* The page of a choice that could not be saved: says so, and leads back. Same results. */
int page_put_failure(struct buffer *buffer, const struct site *site, const struct notice *notice);

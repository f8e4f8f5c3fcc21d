/*
 * The privacy page's two halves: privacy.c shows it and takes choices,
 * privacy_act.c takes what its other forms ask for.
 */
#pragma once

#include "page.h"

/* What the page says above everything else, and what was written and goes back into its form. */
struct privacy_told {
    int status;
    enum page_news news;
    struct text kind, text, contact; /* borrowed for the call */
};

/* Answers with the page. @told NULL: what the address asks for. */
void privacy_show(struct exchange *exchange, const struct site *site, const struct notice *notice,
                  const struct privacy_told *told);

/* Answers with a page that says the text of @key, which is that something was not done, and leads back. */
void privacy_fail(h2o_req_t *req, int status, const struct site *site, const struct notice *notice, const char *key);

/* The headers of every answer that a browser shows or follows. */
void privacy_headers(h2o_req_t *req);

/*
 * Takes the form whose `do` says what it is for, where it has one; it came from
 * the page.  False: it has none, and nothing was answered.
 */
bool privacy_act(struct exchange *exchange, const struct site *site);

/*
 * What the adapters share: reading what they are given, and writing pairs.
 */
#pragma once

#include "crumb/base/json.h"
#include "crumb/ingest/adapt.h"

/* ---- reading ---- */

/*
 * Adds the raw values of a query string's pairs to @values, which are in the order
 * of @names.  False: one of them was there already, or there are more pairs than
 * PAIRS_PER_EVENT_MAX, of which the rest was not looked at.
 */
bool adapt_read_query(struct text query, const char *const names[], size_t n, struct text values[]);

/* The member of an object, or NULL: it has none of the name, or it is null. */
json_t *adapt_member(json_t *object, const char *name);

/* ---- where ---- */

/* "https://shop.example": where the page is by the request's Origin, else by its Referer; empty where neither says. */
struct text adapt_page_origin(const struct adapt_request *request);

/*
 * The site that is meant by the name @said (which may be empty): a site of that
 * name, else one that has an origin with that host, else one that has the page's
 * origin.  NULL: none.
 */
const struct site *adapt_site(const struct adapt_request *request, struct text said);

/* ---- writing a line ---- */

/* Begins the line of one event with its site; NULL is written as a name that no site can have. */
void adapt_begin(struct buffer *lines, const struct site *site);
void adapt_put(struct buffer *lines, const char *name, struct text value); /* nothing of an empty value */
void adapt_put_raw(struct buffer *lines, const char *name, struct text encoded);
void adapt_put_more(struct buffer *lines, struct text encoded); /* of the value that was put last */
/* A string, number or boolean; anything else is refused. NULL is nothing. */
void adapt_put_json(struct buffer *lines, const char *name, json_t *value);
/* "x_p.NAME" of each member. */
void adapt_put_properties(struct buffer *lines, json_t *object);
/* Makes the line malformed, whatever else stands in it. */
void adapt_refuse(struct buffer *lines);
void adapt_end(struct buffer *lines);

/* A whole line for what could not be read at all, of the site that has the page's origin. */
void adapt_put_unreadable(const struct adapt_request *request, struct buffer *lines);

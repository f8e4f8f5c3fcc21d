/*
 * A request as people and programs read it: one JSON object.
 */
#pragma once

#include "crumb/rights/requests.h"

enum request_view {
    REQUEST_IN_QUEUE,    /* what is to be done and when; nothing of what it says */
    REQUEST_FOR_OFFICER, /* everything */
    REQUEST_FOR_ASKER    /* everything but officers' names and what they noted for themselves */
};

/* Every byte of each text becomes at most six. */
#define REQUEST_JSON_BYTES_MAX (6 * REQUEST_BYTES_MAX + 4096)

/* Appends the object. @site is the request's. */
void request_json_put(struct buffer *buffer, const struct request *request, const struct site *site, int64_t now_ms,
                      enum request_view view);

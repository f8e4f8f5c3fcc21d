/*
 * A line of replay: what one visitor did at one time.  Pure.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/rights/request.h"
#include <jansson.h>
#include <sys/socket.h>

/* All texts are borrowed from the line's JSON. */
struct replay_line {
    int64_t at_ms;
    const struct site *site;
    const char *visitor, *agent;
    const char *lang;      /* as a browser asks for it: Accept-Language */
    const char *event;     /* NULL: none */
    bool shown;            /* a notice was */
    bool has_choice;       /* by now: */
    uint32_t granted;      /* these purposes */
    enum choice_kind kind; /* 0: as they are granted */
    enum surface surface;
    struct sockaddr_storage address;
    bool has_address;
    enum request_kind asks; /* 0: nothing */
    const char *text, *contact;
    uint32_t number; /* of the request with which an officer takes a step; 0: none */
    enum request_state state;
    const char *officer, *note;
};

/* Reads a line that is JSON (NULL: it was none). NULL, or what is wrong with it. */
const char *replay_line_read(json_t *root, const struct config *config, struct replay_line *ret_line);

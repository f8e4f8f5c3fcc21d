/*
 * Sessions of the dashboard: who has signed in with a token, and until when.
 *
 * A session is a random id.  What is kept of it is its hash, so that whoever
 * reads the process's memory or a core of it cannot sign in, and the hash of
 * the token that it stands for.  In memory alone: a restart signs everybody out.
 * Bounded: a token has SESSIONS_TOKEN_MAX, whose oldest ends for a new one.
 * Time and randomness come in from outside.  Any thread.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/base/random.h"
#include "crumb/base/text.h"
#include <stdbool.h>
#include <stdint.h>

#define SESSION_ID_BYTES 32
#define SESSION_TOKEN_BYTES 32                           /* the SHA-256 of a token, as in the configuration */
#define SESSION_ID_TEXT_BYTES (2 * SESSION_ID_BYTES + 1) /* in hexadecimal, with its end */

#define SESSION_COOKIE "crumb_session"

struct sessions;

/* 0 or -ENOMEM. */
int sessions_new(struct sessions **ret_sessions);
struct sessions *sessions_free(struct sessions *sessions);

/* Begins a session of the token with that hash. */
void sessions_begin(struct sessions *sessions, const uint8_t token[SESSION_TOKEN_BYTES], int64_t now_ms,
                    struct random *random, char ret_id[SESSION_ID_TEXT_BYTES]);

/* True: @id is a session that lives, of the token with the hash @ret_token, until @ret_end_ms. */
bool sessions_find(struct sessions *sessions, struct text id, int64_t now_ms, uint8_t ret_token[SESSION_TOKEN_BYTES],
                   int64_t *ret_end_ms);

/* Ends one, if there is such a session. */
void sessions_end(struct sessions *sessions, struct text id);

/* Ends those of every token that @is_token does not know. */
void sessions_keep(struct sessions *sessions, bool (*is_token)(const void *context, const uint8_t *hash),
                   const void *context);

/*
 * A table of fixed size, looked through under one lock: it is small, and asked
 * once a request of a person.
 *
 * The id is looked up by its hash, which whoever guesses ids cannot steer, so
 * that the time of a comparison tells nothing.
 */
#include "crumb/http/session.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct session {
    bool lives;
    uint8_t id[crypto_generichash_BYTES]; /* hash of the id */
    uint8_t token[SESSION_TOKEN_BYTES];
    int64_t began_ms;
};

struct sessions {
    pthread_mutex_t lock;
    struct session all[SESSIONS_MAX];
};

int sessions_new(struct sessions **ret_sessions)
{
    struct sessions *sessions = calloc(1, sizeof *sessions);

    if (!sessions)
        return error_origin(-ENOMEM);
    pthread_mutex_init(&sessions->lock, NULL);
    *ret_sessions = sessions;
    return 0;
}

struct sessions *sessions_free(struct sessions *sessions)
{
    if (sessions) {
        pthread_mutex_destroy(&sessions->lock);
        sodium_memzero(sessions, sizeof *sessions);
        free(sessions);
    }
    return NULL;
}

/* A clock that was set back by much makes no session live longer. */
static bool has_ended(const struct session *session, int64_t now_ms)
{
    return !session->lives || now_ms >= session->began_ms + SESSION_MS_MAX ||
           now_ms <= session->began_ms - SESSION_MS_MAX;
}

static bool is_older(const struct session *session, const struct session *than)
{
    return !than || session->began_ms < than->began_ms;
}

/* Where a new session of @token goes: over its own oldest where it has its share, else where nobody is. */
static struct session *find_room(struct sessions *sessions, const uint8_t *token, int64_t now_ms)
{
    struct session *room = NULL, *own = NULL, *oldest = NULL;
    unsigned n_own = 0;

    for (struct session *session = sessions->all; session < sessions->all + SESSIONS_MAX; session++) {
        if (has_ended(session, now_ms)) {
            room = room ? room : session;
            continue;
        }
        if (is_older(session, oldest))
            oldest = session;
        if (memcmp(session->token, token, sizeof session->token) != 0)
            continue;
        n_own++;
        if (is_older(session, own))
            own = session;
    }
    if (n_own >= SESSIONS_TOKEN_MAX)
        return own;
    return room ? room : oldest; /* full of tokens that have just left the configuration */
}

static void hash_id(struct text id, uint8_t ret_hash[crypto_generichash_BYTES])
{
    crypto_generichash(ret_hash, crypto_generichash_BYTES, (const uint8_t *)id.data, id.size, NULL, 0);
}

void sessions_begin(struct sessions *sessions, const uint8_t token[SESSION_TOKEN_BYTES], int64_t now_ms,
                    struct random *random, char ret_id[SESSION_ID_TEXT_BYTES])
{
    struct session session = {.lives = true, .began_ms = now_ms};
    uint8_t id[SESSION_ID_BYTES];

    random_fill(random, id, sizeof id);
    sodium_bin2hex(ret_id, SESSION_ID_TEXT_BYTES, id, sizeof id);
    sodium_memzero(id, sizeof id);
    hash_id(text_of(ret_id), session.id);
    memcpy(session.token, token, sizeof session.token);
    pthread_mutex_lock(&sessions->lock);
    *find_room(sessions, token, now_ms) = session;
    pthread_mutex_unlock(&sessions->lock);
}

/* The session of an id, lives it or not, or NULL. Under the lock. */
static struct session *find(struct sessions *sessions, struct text id)
{
    uint8_t hash[crypto_generichash_BYTES];

    if (id.size != SESSION_ID_TEXT_BYTES - 1)
        return NULL;
    hash_id(id, hash);
    for (struct session *session = sessions->all; session < sessions->all + SESSIONS_MAX; session++)
        if (session->lives && memcmp(session->id, hash, sizeof hash) == 0)
            return session;
    return NULL;
}

bool sessions_find(struct sessions *sessions, struct text id, int64_t now_ms, uint8_t ret_token[SESSION_TOKEN_BYTES],
                   int64_t *ret_end_ms)
{
    pthread_mutex_lock(&sessions->lock);
    struct session *session = find(sessions, id);
    bool is_found = session && !has_ended(session, now_ms);
    if (is_found) {
        memcpy(ret_token, session->token, sizeof session->token);
        *ret_end_ms = session->began_ms + SESSION_MS_MAX;
    } else if (session) {
        *session = (struct session){.lives = false};
    }
    pthread_mutex_unlock(&sessions->lock);
    return is_found;
}

void sessions_end(struct sessions *sessions, struct text id)
{
    pthread_mutex_lock(&sessions->lock);
    struct session *session = find(sessions, id);
    if (session)
        *session = (struct session){.lives = false};
    pthread_mutex_unlock(&sessions->lock);
}

void sessions_keep(struct sessions *sessions, bool (*is_token)(const void *context, const uint8_t *hash),
                   const void *context)
{
    pthread_mutex_lock(&sessions->lock);
    for (struct session *session = sessions->all; session < sessions->all + SESSIONS_MAX; session++)
        if (session->lives && !is_token(context, session->token))
            *session = (struct session){.lives = false};
    pthread_mutex_unlock(&sessions->lock);
}

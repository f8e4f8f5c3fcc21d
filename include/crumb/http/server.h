/*
 * The HTTP service: N event loops, two listeners, one table of routes.
 */
#pragma once

#include "crumb/base/cache.h"
#include "crumb/base/clock.h"
#include "crumb/base/pool.h"
#include "crumb/base/random.h"
#include "crumb/consent/notice.h"
#include "crumb/http/session.h"
#include "crumb/ingest/dedupe.h"
#include "crumb/ingest/rate.h"
#include "crumb/ingest/suffixes.h"
#include "crumb/ingest/writer.h"
#include "crumb/rights/desk.h"
#include "crumb/rollup/days.h"
#include "crumb/store/trail.h"

/* What handlers work with. Everything outlives the server. */
struct service {
    struct db *db;
    struct writer *writer;
    struct dedupe *dedupe;
    struct rates *rates;
    struct suffixes *suffixes;
    struct days *days;
    struct pool *lookups; /* what visitors' pages wait for; short */
    struct pool *queries; /* what analysts ask; may be long */
    const struct clock *clock;
    struct random *random;
    struct cache *heads;       /* the ledger's signed head, by second */
    struct sessions *sessions; /* of the dashboard */
    struct desk *desk;         /* where requests wait for jobs */
    uint8_t cookie_key[32];
    uint8_t ledger_seed[32]; /* of the Ed25519 key that signs heads */
    struct trail trail;      /* what the audit trail is written with */
};

struct server;

/*
 * Binds the listeners of the edition's configuration and starts its threads.
 * 0, or a fault with one sentence in @complaint (an address in use, a
 * certificate that cannot be read).
 */
int server_start(const struct service *service, struct edition *edition, struct buffer *complaint,
                 struct server **ret_server);

/*
 * Puts a new edition in force for the requests that come after.  Listeners,
 * threads and the data folder stay as they were started; certificates are read
 * again.  0, or a fault with one sentence in @complaint: then the old edition
 * stays.  Sessions of tokens that are no longer there end.
 */
int server_reload(struct server *server, struct edition *edition, struct buffer *complaint);

/*
 * Stops accepting, answers what is under way, closes idle connections, and
 * waits for that at most STOP_LOOPS_MS_MAX.  The writer and the pools must still
 * work, as requests wait for them.
 */
void server_stop(struct server *server);

/* Ends the threads. After server_stop(), and after the writer and the pools have stopped. Returns NULL. */
struct server *server_free(struct server *server);

/* The port a listener got, which differs from the configuration's where that is 0. */
unsigned server_public_port(const struct server *server);
unsigned server_private_port(const struct server *server);

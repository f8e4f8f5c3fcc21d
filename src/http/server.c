/*
 * Listeners, loops and their life.
 *
 * Both listeners' sockets are opened once and watched by every loop; whoever
 * is free accepts.  Nothing is shared between loops but what struct service
 * names.  Orders (stop, a new edition) reach a loop as messages and take effect
 * between requests.
 */
#include "crumb/http/server.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/log.h"
#include "crumb/base/metrics.h"
#include "loop.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 16 /* so that new connections do not starve those that are there */
#define STOP_TURN_MS 50

struct server {
    struct service service;
    h2o_globalconf_t config;
    h2o_hostconf_t *hosts[LISTENER_N][2]; /* NULL-terminated, one host each */
    int sockets[LISTENER_N];
    unsigned ports[LISTENER_N];
    bool has_tls;
    bool http2; /* as it was started: `listen` changes with a restart only */
    unsigned
        n_connections_max[LISTENER_N]; /* of each, so that a crowd of visitors locks out no analyst or health check */
    atomic_uint n_connections[LISTENER_N];
    unsigned n_loops; /* that run */
    struct loop *loops;
    pthread_t *threads;
};

/* What another thread tells a loop. */
struct order {
    h2o_multithread_message_t message;
    bool stop;
    struct edition *edition; /* with a reference, or NULL */
    SSL_CTX *tls;            /* ditto */
};

/* ---- connections ---- */

static struct loop *loop_of(const h2o_accept_ctx_t *accept)
{
    return H2O_STRUCT_FROM_MEMBER(struct loop, h2o, accept->ctx);
}

static void on_close(void *data)
{
    h2o_accept_ctx_t *accept = data;
    struct loop *loop = loop_of(accept);

    loop->n_connections--;
    atomic_fetch_sub(&loop->server->n_connections[accept - loop->accept], 1);
}

static void accept_one(struct loop *loop, h2o_accept_ctx_t *accept, h2o_socket_t *socket)
{
    struct server *server = loop->server;
    size_t listener = (size_t)(accept - loop->accept);

    if (atomic_fetch_add(&server->n_connections[listener], 1) >= server->n_connections_max[listener]) {
        atomic_fetch_sub(&server->n_connections[listener], 1);
        metrics_add(METRIC_connections_refused_total, 1);
        h2o_socket_close(socket);
        return;
    }
    metrics_add(METRIC_connections_total, 1);
    loop->n_connections++;
    socket->on_close.cb = on_close;
    socket->on_close.data = accept;
    h2o_accept(accept, socket);
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    h2o_accept_ctx_t *accept = listener->data;
    struct loop *loop = loop_of(accept);
    h2o_socket_t *socket;

    if (err)
        return;
    for (unsigned n = 0; n < ACCEPTS_PER_TURN && (socket = h2o_evloop_socket_accept(listener)); n++)
        accept_one(loop, accept, socket);
}

/* ---- orders ---- */

static void take_edition(struct loop *loop, struct order *order)
{
    edition_unref(loop->edition);
    loop->edition = order->edition;
    if (loop->accept[LISTENER_PUBLIC].ssl_ctx)
        SSL_CTX_free(loop->accept[LISTENER_PUBLIC].ssl_ctx);
    loop->accept[LISTENER_PUBLIC].ssl_ctx = order->tls;
}

/* An idle connection that can no longer read is closed by h2o; a busy one is closed behind its answer. */
static int stop_reading(h2o_req_t *req, void *data)
{
    h2o_socket_t *socket = req->conn->callbacks->get_socket(req->conn);

    (void)data;
    if (socket)
        shutdown(h2o_socket_get_fd(socket), SHUT_RD);
    return 0;
}

static void begin_stop(struct loop *loop)
{
    loop->stopping = true;
    for (unsigned i = 0; i < LISTENER_N; i++) {
        h2o_socket_read_stop(loop->listeners[i]);
        h2o_socket_close(loop->listeners[i]);
        loop->listeners[i] = NULL;
    }
    h2o_context_request_shutdown(&loop->h2o);
    loop->h2o.globalconf->http1.callbacks.foreach_request(&loop->h2o, stop_reading, NULL);
}

static void on_order(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, orders, receiver);

    while (!h2o_linklist_is_empty(messages)) {
        struct order *order = H2O_STRUCT_FROM_MEMBER(struct order, message.link, messages->next);

        h2o_linklist_unlink(&order->message.link);
        if (order->edition)
            take_edition(loop, order);
        if (order->stop && !loop->stopping)
            begin_stop(loop);
        free(order);
    }
}

static int give_order(struct loop *loop, struct order what)
{
    struct order *order = malloc(sizeof *order);

    if (!order)
        return error_origin(-ENOMEM);
    *order = what;
    h2o_multithread_send_message(&loop->orders, &order->message);
    return 0;
}

/* ---- loops ---- */

/*
 * On the loop's own thread: libh2o keeps its recycled buffers per thread, and a
 * socket uses those of the thread that created it.
 */
static void loop_init(struct loop *loop)
{
    struct server *server = loop->server;

    h2o_context_init(&loop->h2o, h2o_evloop_create(), &server->config);
    h2o_timeout_init(loop->h2o.loop, &loop->patience, RIGHTS_WAIT_MS);
    h2o_multithread_register_receiver(loop->h2o.queue, &loop->answers, wait_receive);
    h2o_multithread_register_receiver(loop->h2o.queue, &loop->orders, on_order);
    for (unsigned i = 0; i < LISTENER_N; i++) {
        loop->accept[i].ctx = &loop->h2o;
        loop->accept[i].hosts = server->hosts[i];
        loop->listeners[i] = h2o_evloop_socket_create(loop->h2o.loop, loop->fds[i], H2O_SOCKET_FLAG_DONT_READ);
        loop->listeners[i]->data = &loop->accept[i];
        h2o_socket_read_start(loop->listeners[i], on_accept);
    }
}

/* Nobody will speak to the loop any more: no connection of it, no thread that works for one. */
static bool loop_is_quiet(const struct loop *loop) { return loop->n_connections == 0 && loop->n_waits == 0; }

/*
 * libh2o cannot close a connection from outside, so one that outlived the
 * deadline is left to the end of the process, and with it the context that it
 * points to.
 */
static void loop_deinit(struct loop *loop)
{
    stream_give_up(loop);
    agent_cache_free(loop->agents);
    edition_unref(loop->edition);
    if (loop->accept[LISTENER_PUBLIC].ssl_ctx)
        SSL_CTX_free(loop->accept[LISTENER_PUBLIC].ssl_ctx);
    if (!loop_is_quiet(loop))
        return;
    h2o_multithread_unregister_receiver(loop->h2o.queue, &loop->answers);
    h2o_multithread_unregister_receiver(loop->h2o.queue, &loop->orders);
    /* The second half of HTTP/2's graceful shutdown, for which nobody is left. */
    if (h2o_timeout_is_linked(&loop->h2o.http2._graceful_shutdown_timeout))
        h2o_timeout_unlink(&loop->h2o.http2._graceful_shutdown_timeout);
    h2o_evloop_t *evloop = loop->h2o.loop;
    h2o_timeout_dispose(evloop, &loop->patience);
    h2o_context_dispose(&loop->h2o);
    h2o_evloop_destroy(evloop);
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) < 0)
        ; /* a signal */
}

static void *loop_run(void *context)
{
    struct loop *loop = context;

    pthread_setname_np(pthread_self(), "crumb-loop");
    loop_init(loop);
    sem_post(&loop->ready);
    while (!loop->stopping)
        h2o_evloop_run(loop->h2o.loop, INT32_MAX);
    int64_t deadline_us = clock_monotonic_us() + STOP_LOOPS_MS_MAX * 1000LL;
    while (!loop_is_quiet(loop) && clock_monotonic_us() < deadline_us)
        h2o_evloop_run(loop->h2o.loop, STOP_TURN_MS);
    sem_post(&loop->drained);
    /* A sender wakes the loop behind the message, so its pipe must outlive whoever sends. */
    wait_for(&loop->may_end);
    loop_deinit(loop);
    return NULL;
}

/* Descriptors of its own, as every loop closes what it has. */
static int loop_start(struct loop *loop, struct server *server, struct edition *edition, SSL_CTX *tls,
                      pthread_t *ret_thread)
{
    *loop = (struct loop){.server = server, .service = &server->service, .edition = edition_ref(edition)};
    if (tls)
        SSL_CTX_up_ref(tls);
    loop->accept[LISTENER_PUBLIC].ssl_ctx = tls;
    sem_init(&loop->ready, 0, 0);
    sem_init(&loop->drained, 0, 0);
    sem_init(&loop->may_end, 0, 0);
    int r = agent_cache_new(&loop->agents);
    for (unsigned i = 0; i < LISTENER_N; i++) {
        loop->fds[i] = fcntl(server->sockets[i], F_DUPFD_CLOEXEC, 0);
        if (loop->fds[i] < 0)
            r = error_origin(-errno);
    }
    if (r == 0)
        r = -pthread_create(ret_thread, NULL, loop_run, loop);
    if (r) {
        agent_cache_free(loop->agents);
        edition_unref(edition);
        SSL_CTX_free(tls);
        for (unsigned i = 0; i < LISTENER_N; i++)
            if (loop->fds[i] >= 0)
                close(loop->fds[i]);
        return r < 0 ? error_origin(r) : r;
    }
    wait_for(&loop->ready);
    return 0;
}

/* ---- sockets ---- */

static int open_socket(const struct listen_address *address, unsigned *ret_port)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    unsigned stall_ms = SEND_STALL_MS_MAX;
    int on = 1;
    int fd = socket(address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return error_origin(-errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Accepted sockets inherit it: a client that takes nothing is cut off by the kernel. */
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stall_ms, sizeof stall_ms);
    if (bind(fd, (const struct sockaddr *)&address->address, address->size) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) < 0) {
        int r = -errno;
        close(fd);
        return error_origin(r);
    }
    *ret_port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                  : ((struct sockaddr_in *)&bound)->sin_port);
    return fd;
}

static int open_sockets(struct server *server, const struct config *config, struct buffer *complaint)
{
    const struct listen_address *addresses[LISTENER_N] = {&config->public, &config->private};

    for (unsigned i = 0; i < LISTENER_N; i++) {
        int fd = open_socket(addresses[i], &server->ports[i]);

        if (fd < 0) {
            buffer_printf(complaint, "cannot listen on %s: %s", addresses[i]->text, strerror(-fd));
            return fd;
        }
        server->sockets[i] = fd;
    }
    return 0;
}

/* ---- TLS ---- */

static int load_tls(const struct config *config, bool http2, SSL_CTX **ret_tls, struct buffer *complaint)
{
    if (!config->tls_certificate) {
        *ret_tls = NULL;
        return 0;
    }
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (!tls)
        return error_origin(-ENOMEM);
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION); /* RFC 8996 */
    if (SSL_CTX_use_certificate_chain_file(tls, config->tls_certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, config->tls_key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1) {
        buffer_printf(complaint, "cannot use tls.certificate %s with tls.key %s: %s", config->tls_certificate,
                      config->tls_key, ERR_reason_error_string(ERR_peek_last_error()));
        ERR_clear_error();
        SSL_CTX_free(tls);
        return error_origin(-EINVAL);
    }
    if (http2)
        h2o_ssl_register_alpn_protocols(tls, h2o_http2_alpn_protocols);
    *ret_tls = tls;
    return 0;
}

/* ---- the server ---- */

static void register_hosts(struct server *server, const struct config *config)
{
    static const char *const names[LISTENER_N] = {"public", "private"};

    h2o_config_init(&server->config);
    server->config.server_name = h2o_iovec_init("", 0);
    server->config.max_request_entity_size = HTTP_BODY_BYTES_MAX;
    server->config.http1.req_timeout = REQUEST_READ_MS_MAX;
    server->config.http1.upgrade_to_http2 = server->http2;
    for (unsigned i = 0; i < LISTENER_N; i++) {
        server->hosts[i][0] =
            h2o_config_register_host(&server->config, h2o_iovec_init(names[i], strlen(names[i])), 65535);
        routes_register(h2o_config_register_path(server->hosts[i][0], "/", 0), (enum listener_kind)i);
    }
}

/* Room for connections under the process's limit of descriptors. */
static unsigned connections_max(void)
{
    long files = sysconf(_SC_OPEN_MAX);

    if (files < 2L * CONNECTIONS_SPARE_FILES)
        return CONNECTIONS_SPARE_FILES;
    files -= CONNECTIONS_SPARE_FILES;
    return files < CONNECTIONS_MAX ? (unsigned)files : CONNECTIONS_MAX;
}

static int start_loops(struct server *server, struct edition *edition, SSL_CTX *tls)
{
    unsigned n = edition->config->n_threads;

    server->loops = calloc(n, sizeof *server->loops);
    server->threads = calloc(n, sizeof *server->threads);
    if (!server->loops || !server->threads)
        return error_origin(-ENOMEM);
    for (; server->n_loops < n; server->n_loops++) {
        int r = loop_start(&server->loops[server->n_loops], server, edition, tls, &server->threads[server->n_loops]);
        if (r)
            return error_trace(r);
    }
    return 0;
}

int server_start(const struct service *service, struct edition *edition, struct buffer *complaint,
                 struct server **ret_server)
{
    struct server *server = calloc(1, sizeof *server);
    SSL_CTX *tls = NULL;

    if (!server)
        return error_origin(-ENOMEM);
    server->service = *service;
    server->http2 = edition->config->http2;
    server->n_connections_max[LISTENER_PRIVATE] = CONNECTIONS_PRIVATE_MAX;
    server->n_connections_max[LISTENER_PUBLIC] = connections_max() - CONNECTIONS_PRIVATE_MAX;
    for (unsigned i = 0; i < LISTENER_N; i++)
        server->sockets[i] = -1;
    server->has_tls = edition->config->tls_certificate != NULL;
    register_hosts(server, edition->config);
    int r = load_tls(edition->config, server->http2, &tls, complaint);
    if (r == 0)
        r = open_sockets(server, edition->config, complaint);
    if (r == 0)
        r = start_loops(server, edition, tls);
    if (tls)
        SSL_CTX_free(tls);
    if (r) {
        if (complaint->size == 0)
            buffer_printf(complaint, "cannot start: %s", strerror(-r));
        server_stop(server);
        server_free(server);
        return error_trace(r);
    }
    *ret_server = server;
    return 0;
}

int server_reload(struct server *server, struct edition *edition, struct buffer *complaint)
{
    SSL_CTX *tls = NULL;

    if (server->has_tls != (edition->config->tls_certificate != NULL)) {
        buffer_printf(complaint, "tls cannot be switched on or off by a reload; restart");
        return error_origin(-EINVAL);
    }
    int r = load_tls(edition->config, server->http2, &tls, complaint);
    for (unsigned i = 0; r == 0 && i < server->n_loops; i++) {
        if (tls)
            SSL_CTX_up_ref(tls);
        r = give_order(&server->loops[i], (struct order){.edition = edition_ref(edition), .tls = tls});
    }
    if (tls)
        SSL_CTX_free(tls);
    return error_trace(r);
}

void server_stop(struct server *server)
{
    for (unsigned i = 0; i < server->n_loops; i++)
        give_order(&server->loops[i], (struct order){.stop = true});
    for (unsigned i = 0; i < server->n_loops; i++)
        wait_for(&server->loops[i].drained);
}

struct server *server_free(struct server *server)
{
    bool clean = true;

    if (!server)
        return NULL;
    for (unsigned i = 0; i < server->n_loops; i++) {
        struct loop *loop = &server->loops[i];

        sem_post(&loop->may_end);
        pthread_join(server->threads[i], NULL);
        clean &= loop_is_quiet(loop);
        sem_destroy(&loop->ready);
        sem_destroy(&loop->drained);
        sem_destroy(&loop->may_end);
    }
    for (unsigned i = 0; i < LISTENER_N; i++)
        if (server->sockets[i] >= 0)
            close(server->sockets[i]);
    if (clean) {
        h2o_config_dispose(&server->config);
        free(server->loops);
        free(server->threads);
        free(server);
    }
    return NULL;
}

unsigned server_public_port(const struct server *server) { return server->ports[LISTENER_PUBLIC]; }

unsigned server_private_port(const struct server *server) { return server->ports[LISTENER_PRIVATE]; }

/*
 * floor: the least that libh2o can do.  Answers every request with the 43-byte
 * GIF from a loop per thread, and nothing else: what crumb costs above this is
 * crumb's own.
 *
 *   build/bench/floor PORT THREADS
 */
#include <arpa/inet.h>
#include <h2o.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS_MAX 64

static const char gif[43] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
                            "\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02"
                            "D\x01\x00;";

struct loop {
    h2o_context_t h2o;
    h2o_accept_ctx_t accept;
};

static h2o_globalconf_t config;
static int listener = -1;

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    static h2o_generator_t generator = {NULL, NULL};
    h2o_iovec_t body = h2o_iovec_init(gif, sizeof gif);

    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = sizeof gif;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("image/gif"));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL, H2O_STRLIT("no-store"));
    h2o_start_response(req, &generator);
    h2o_send(req, &body, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void on_accept(h2o_socket_t *sock, const char *err)
{
    struct loop *loop = sock->data;
    h2o_socket_t *accepted;

    for (int i = 0; !err && i < 16 && (accepted = h2o_evloop_socket_accept(sock)); i++)
        h2o_accept(&loop->accept, accepted);
}

static void *run(void *unused)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        abort();
    h2o_context_init(&loop->h2o, h2o_evloop_create(), &config);
    loop->accept = (h2o_accept_ctx_t){.ctx = &loop->h2o, .hosts = config.hosts};
    h2o_socket_t *sock = h2o_evloop_socket_create(loop->h2o.loop, dup(listener), H2O_SOCKET_FLAG_DONT_READ);
    sock->data = loop;
    h2o_socket_read_start(sock, on_accept);
    for (;;)
        h2o_evloop_run(loop->h2o.loop, INT32_MAX);
    return unused;
}

int main(int argc, char **argv)
{
    int threads = argc == 3 ? atoi(argv[2]) : 0, on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_t ids[THREADS_MAX];

    if (threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "usage: floor PORT THREADS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    h2o_config_init(&config);
    config.server_name = h2o_iovec_init("", 0);
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("floor")), 65535);
    h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof(h2o_handler_t))->on_req = on_request;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, SOMAXCONN) < 0) {
        perror("floor");
        return 3;
    }
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, run, NULL))
            return 3;
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    return 0;
}

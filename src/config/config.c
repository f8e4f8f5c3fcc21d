/*
 * The top level of the configuration, and what the rest of crumb asks of it.
 *
 * Loading reads everything there is to read and only then says yes or no, so
 * that one run shows every mistake.
 */
#include "crumb/config/config.h"
#include "crumb/base/error.h"
#include "crumb/config/value.h"
#include "field.h"
#include "site.h"
#include "token.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The service. */

static void read_data_max(const struct yaml_at *at, void *into)
{
    int64_t *setting = into, bytes;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (!value_size(text, &bytes))
        yaml_refuse(at, "is not a size; write a number and MiB, GiB, TiB, MB, GB or TB, such as 64GiB");
    else if (bytes < DB_SIZE_BYTES_MIN || bytes > DB_SIZE_BYTES_MAX)
        yaml_refuse(at, "is out of range; write at least 1MiB and at most 64TiB");
    else
        *setting = bytes;
}

_Static_assert(DB_SIZE_BYTES_MIN == 1LL << 20 && DB_SIZE_BYTES_MAX == 64LL << 40, "the complaint above names them");

static void read_listen_address(const struct yaml_at *at, void *into)
{
    struct listen_address *listen = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (value_listen(text, &listen->address, &listen->size))
        listen->text = field_copy(at->yaml, text);
    else
        yaml_refuse(at, "is not an address and port; write one such as 127.0.0.1:8080 or \"[::1]:8080\"");
}

static bool same_address(const struct listen_address *a, const struct listen_address *b)
{
    /* Port 0 is another free port each time. Both were zeroed before they were filled, so bytes can be compared. */
    in_port_t port = a->address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&a->address)->sin6_port
                                                      : ((const struct sockaddr_in *)&a->address)->sin_port;

    return a->size && port && a->size == b->size && memcmp(&a->address, &b->address, a->size) == 0;
}

static void read_listen(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"public", read_listen_address, offsetof(struct config, public),
                                                "the address for visitors, such as 127.0.0.1:8080"},
                                               {"private", read_listen_address, offsetof(struct config, private),
                                                "the address for dashboard and queries, such as 127.0.0.1:8081"},
                                               {"http2", field_bool, offsetof(struct config, http2), NULL}};
    struct config *config = into;

    walk_fields(at, fields, WALK_COUNT(fields), config);
    if (same_address(&config->public, &config->private))
        yaml_complain(at, "public and private are the same address; write two, or visitors reach the dashboard");
}

static void read_tls(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {{"certificate", field_path, offsetof(struct config, tls_certificate),
                                                "the path of the certificate chain (PEM), or leave tls out"},
                                               {"key", field_path, offsetof(struct config, tls_key),
                                                "the path of the certificate's key (PEM), or leave tls out"}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

static void read_proxy(const struct yaml_at *at, void *into)
{
    struct config *config = into;
    struct cidr *cidr = &config->trusted_proxies[config->n_trusted_proxies];
    struct text text;

    if (!yaml_text(at, &text))
        return;
    if (value_cidr(text, cidr->bytes, &cidr->n_bits))
        config->n_trusted_proxies++;
    else
        yaml_refuse(at, "is not a range of addresses; write one such as 10.0.0.0/8, 2001:db8::/32 or 127.0.0.1, with "
                        "nothing but zeros behind the prefix");
}

static void read_proxies(const struct yaml_at *at, void *into)
{
    struct config *config = into;

    config->trusted_proxies = walk_array(at, YAML_LIST, sizeof *config->trusted_proxies, TRUSTED_PROXIES_MAX);
    if (config->trusted_proxies)
        walk_list(at, read_proxy, config);
}

static void read_rate(const struct yaml_at *at, void *into)
{
    unsigned *setting = into;
    struct text text;
    uint64_t n;

    if (!yaml_text(at, &text))
        return;
    if (value_count(text, RATE_PER_S_MAX, &n))
        *setting = (unsigned)n;
    else
        yaml_refuse(at, "is not a number a second; write 0 (no limit) to %d", RATE_PER_S_MAX);
}

static void read_hourly(const struct yaml_at *at, void *into)
{
    unsigned *setting = into;
    struct text text;
    uint64_t n;

    if (!yaml_text(at, &text))
        return;
    if (value_count(text, REQUESTS_PER_HOUR_MAX, &n))
        *setting = (unsigned)n;
    else
        yaml_refuse(at, "is not a number an hour; write 0 (no limit) to %d", REQUESTS_PER_HOUR_MAX);
}

static void read_rates(const struct yaml_at *at, void *into)
{
    static const struct walk_field fields[] = {
        {"address", read_rate, offsetof(struct config, rates.address), NULL},
        {"site", read_rate, offsetof(struct config, rates.site), NULL},
        {"choices", read_rate, offsetof(struct config, rates.choices), NULL},
        {"requests", read_hourly, offsetof(struct config, rates.requests), NULL}};

    walk_fields(at, fields, WALK_COUNT(fields), into);
}

static void read_threads(const struct yaml_at *at, void *into)
{
    unsigned *setting = into;
    struct text text;
    uint64_t n;

    if (!yaml_text(at, &text))
        return;
    if (value_count(text, THREADS_MAX, &n))
        *setting = (unsigned)n;
    else
        yaml_refuse(at, "is not a number of threads; write 0 (one per core) to %d", THREADS_MAX);
}

static unsigned count_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* Sites. */

static void read_site(const struct yaml_at *at, void *into)
{
    struct config *config = into;

    site_read(at, &config->sites[config->n_sites++]);
}

static void read_sites(const struct yaml_at *at, void *into)
{
    struct config *config = into;

    config->sites = walk_array(at, YAML_MAPPING, sizeof *config->sites, SITES_MAX);
    if (!config->sites)
        return;
    walk_mapping(at, read_site, config);
    if (yaml_size(at) == 0)
        yaml_complain(at, "there are no sites; write at least one");
}

/* Tokens. */

static void read_token(const struct yaml_at *at, void *into)
{
    struct config *config = into;

    /* Counted first: a token that is half read is freed too. */
    token_read(at, config, &config->tokens[config->n_tokens++]);
}

static void read_tokens(const struct yaml_at *at, void *into)
{
    struct config *config = into;

    config->tokens = walk_array(at, YAML_LIST, sizeof *config->tokens, TOKENS_MAX);
    if (config->tokens)
        walk_list(at, read_token, config);
}

/* The whole. Sites come before the tokens that name them. */

static const struct walk_field config_fields[] = {
    {"data", field_path, offsetof(struct config, data), "the folder for the store and its keys, such as ./data"},
    {"master_key", field_path, offsetof(struct config, master_key), NULL},
    {"data_max", read_data_max, offsetof(struct config, data_max_bytes), NULL},
    {"listen", read_listen, 0, "{public: 127.0.0.1:8080, private: 127.0.0.1:8081}"},
    {"tls", read_tls, 0, NULL},
    {"trusted_proxies", read_proxies, 0, NULL},
    {"geo", field_path, offsetof(struct config, geo), NULL},
    {"agents", field_path, offsetof(struct config, agents), NULL},
    {"rates", read_rates, 0, NULL},
    {"threads", read_threads, offsetof(struct config, n_threads), NULL},
    {"sites", read_sites, 0, "the websites, each under a name of its own"},
    {"tokens", read_tokens, 0, NULL},
};
_Static_assert(WALK_COUNT(config_fields) <= WALK_FIELDS_MAX, "walk_fields() has room for the top level's keys");

static void config_free(struct config *config)
{
    for (unsigned i = 0; i < config->n_sites; i++)
        site_deinit(&config->sites[i]);
    free(config->sites);
    config_forget_left(config);
    for (unsigned i = 0; i < config->n_tokens; i++)
        token_deinit(&config->tokens[i]);
    free(config->tokens);
    free(config->path);
    buffer_deinit(&config->source);
    free(config->data);
    free(config->master_key);
    free(config->public.text);
    free(config->private.text);
    free(config->tls_certificate);
    free(config->tls_key);
    free(config->trusted_proxies);
    free(config->geo);
    free(config->agents);
    places_free(config->places);
    free(config);
}

/* Reads the document into a new configuration, which counts only where no complaint was made. */
static int read_document(struct yaml *yaml, struct config **ret_config)
{
    struct config *config = calloc(1, sizeof *config);
    struct yaml_at root = yaml_root(yaml);

    if (!config)
        return error_origin(-ENOMEM);
    config->n_refs = 1;
    config->data_max_bytes = DB_SIZE_BYTES_DEFAULT;
    config->rates.address = RATE_ADDRESS_PER_S;
    config->rates.site = RATE_SITE_PER_S;
    config->rates.choices = RATE_CHOICES_PER_S;
    config->rates.requests = REQUESTS_PER_HOUR;
    field_default(yaml, &config->path, yaml_file(yaml));
    walk_fields(&root, config_fields, WALK_COUNT(config_fields), config);
    if (config->n_threads == 0)
        config->n_threads = count_cores();
    int r = places_new(&root, &config->places);
    if (r)
        yaml_fail(yaml, error_trace(r));
    if (yaml_fault(yaml)) {
        config_free(config);
        return error_trace(yaml_fault(yaml));
    }
    *ret_config = config;
    return 0;
}

static int parse(struct text yaml, const char *path, struct complaints *complaints, struct config **ret_config)
{
    unsigned n_before = complaints->n;
    struct yaml *document;
    struct config *config = NULL;

    if (yaml.size > CONFIG_FILE_BYTES_MAX) {
        int r = complaints_add(complaints, path, 1, "the file is too large; a configuration has at most 1 MiB");
        return r ? error_trace(r) : CONFIG_E_INVALID;
    }
    int r = yaml_open(yaml, path, complaints, &document);
    if (r)
        return r < 0 ? error_trace(r) : CONFIG_E_INVALID;
    r = read_document(document, &config);
    yaml_close(document);
    if (r)
        return error_trace(r);
    if (complaints->n > n_before) {
        config_free(config);
        return CONFIG_E_INVALID;
    }
    config->source = BUFFER_INIT(CONFIG_FILE_BYTES_MAX);
    buffer_put_text(&config->source, yaml);
    if (config->source.fault) {
        config_free(config);
        return error_origin(-ENOMEM);
    }
    *ret_config = config;
    return 0;
}

_Static_assert(CONFIG_FILE_BYTES_MAX == 1 << 20, "the complaint above names it");

int config_parse(struct text yaml, const char *path, struct complaints *complaints, struct config **ret_config)
{
    size_t offset = complaints->text.size;
    int r = parse(yaml, path, complaints, ret_config);

    if (r != CONFIG_E_INVALID)
        return error_trace(r);
    int sorted = complaints_sort(complaints, path, offset);
    return sorted ? error_trace(sorted) : CONFIG_E_INVALID;
}

/* Reads to the end, or to where the file is seen to be too large. 0 or a negative errno. */
static int read_all(int fd, struct buffer *bytes)
{
    uint8_t *data = buffer_extend(bytes, CONFIG_FILE_BYTES_MAX + 1);
    size_t size = 0;

    if (!data)
        return -ENOMEM;
    while (size <= CONFIG_FILE_BYTES_MAX) {
        ssize_t n = read(fd, data + size, CONFIG_FILE_BYTES_MAX + 1 - size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        size += (size_t)n;
    }
    bytes->size = size;
    return 0;
}

static int read_file(const char *path, struct buffer *bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    int r = read_all(fd, bytes);
    close(fd);
    return r;
}

int config_load(const char *path, struct complaints *complaints, struct config **ret_config)
{
    BUFFER_AUTO bytes = BUFFER_INIT(CONFIG_FILE_BYTES_MAX + 1);
    char what[COMPLAINT_BYTES_MAX];
    int r = read_file(path, &bytes);

    if (r == 0)
        return error_trace(config_parse(buffer_text(&bytes), path, complaints, ret_config));
    if (r == -ENOMEM)
        return error_origin(r);
    snprintf(what, sizeof what, "the file cannot be read (%s); name one that can", strerror(-r));
    r = complaints_add(complaints, path, 1, what);
    return r ? error_trace(r) : CONFIG_E_INVALID;
}

struct config *config_ref(struct config *config)
{
    unsigned before = atomic_fetch_add_explicit(&config->n_refs, 1, memory_order_relaxed);

    assert(before > 0);
    return config;
}

struct config *config_unref(struct config *config)
{
    /* Releases what this thread read; the last one acquires what all of them did before it frees. */
    if (config && atomic_fetch_sub_explicit(&config->n_refs, 1, memory_order_acq_rel) == 1)
        config_free(config);
    return NULL;
}

const struct site *config_site(const struct config *config, struct text name)
{
    for (unsigned i = 0; i < config->n_sites; i++)
        if (text_equal(text_of(config->sites[i].name), name))
            return &config->sites[i];
    return NULL;
}

/* A site that the store has not seen yet has no number. */
const struct site *config_site_of_id(const struct config *config, uint32_t id)
{
    for (unsigned i = 0; id && i < config->n_sites; i++)
        if (config->sites[i].id == id)
            return &config->sites[i];
    for (unsigned i = 0; id && i < config->n_left; i++)
        if (config->left[i].id == id)
            return &config->left[i];
    return NULL;
}

unsigned config_index(const struct config *config, const struct site *site)
{
    bool is_left = config->left && site >= config->left && site < config->left + config->n_left;

    return (unsigned)(is_left ? config->n_sites + (site - config->left) : site - config->sites);
}

void config_forget_left(struct config *config)
{
    for (unsigned i = 0; i < config->n_left; i++)
        site_deinit(&config->left[i]);
    free(config->left);
    config->left = NULL;
    config->n_left = 0;
}

int config_purpose(const struct site *site, struct text name)
{
    for (unsigned i = 0; i < site->n_purposes; i++)
        if (text_equal(text_of(site->purposes[i].name), name))
            return (int)i;
    return -1;
}

bool config_origin_listed(const struct site *site, struct text origin)
{
    char folded[ORIGIN_BYTES_MAX];

    if (origin.size > sizeof folded)
        return false;
    for (size_t i = 0; i < origin.size; i++) {
        char c = origin.data[i];

        folded[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    struct text lower = {.data = folded, .size = origin.size};
    for (unsigned i = 0; i < site->n_origins; i++)
        if (text_equal(text_of(site->origins[i]), lower))
            return true;
    return false;
}

static bool in_range(const struct cidr *cidr, const uint8_t *address)
{
    unsigned n_bytes = cidr->n_bits / 8, n_bits = cidr->n_bits % 8;

    if (memcmp(cidr->bytes, address, n_bytes) != 0)
        return false;
    return n_bits == 0 || (cidr->bytes[n_bytes] ^ address[n_bytes]) >> (8 - n_bits) == 0;
}

bool config_proxy_trusted(const struct config *config, const struct sockaddr *address)
{
    uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};

    /* Any other family (a Unix socket) has no address to compare. */
    if (address->sa_family == AF_INET)
        memcpy(bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    else if (address->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    else
        return false;
    for (unsigned i = 0; i < config->n_trusted_proxies; i++)
        if (in_range(&config->trusted_proxies[i], bytes))
            return true;
    return false;
}

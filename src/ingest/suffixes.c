/*
 * libpsl works on strings and answers with a place in the one that it was
 * given, so a host is copied, and the answer is counted from its end.
 */
#include "crumb/ingest/suffixes.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <libpsl.h>
#include <stdlib.h>

struct suffixes {
    psl_ctx_t *list;
};

int suffixes_open(struct suffixes **ret_suffixes)
{
    struct suffixes *suffixes = calloc(1, sizeof *suffixes);

    if (!suffixes)
        return error_origin(-ENOMEM);
    suffixes->list = psl_latest(NULL);
    if (!suffixes->list) {
        free(suffixes);
        return error_origin(-ENOMEM);
    }
    *ret_suffixes = suffixes;
    return 0;
}

struct suffixes *suffixes_free(struct suffixes *suffixes)
{
    if (suffixes) {
        psl_free(suffixes->list);
        free(suffixes);
    }
    return NULL;
}

/* Numbers have no suffix, though the rule for unknown ones would find them one: of an IPv4 address the last part. */
static bool is_address(struct text host)
{
    char last = host.data[host.size - 1];

    return (last >= '0' && last <= '9') || last == ']' || text_find(host, ':') < host.size;
}

struct text suffixes_labels(struct text host)
{
    unsigned n = 0;

    for (size_t at = host.size; at > 0; at--)
        if (host.data[at - 1] == '.' && ++n == SUFFIX_LABELS_MAX)
            return text_from(host, at);
    return host;
}

static bool copy_host(struct text host, char ret_name[HOST_BYTES_MAX + 1])
{
    if (host.size == 0 || host.size > HOST_BYTES_MAX || is_address(host) || text_find(host, '\0') < host.size)
        return false;
    memcpy(ret_name, host.data, host.size);
    ret_name[host.size] = '\0';
    return true;
}

struct text suffixes_domain(const struct suffixes *suffixes, struct text host)
{
    struct text end = suffixes_labels(host);
    char name[HOST_BYTES_MAX + 1];

    if (!suffixes || host.size > HOST_BYTES_MAX || !copy_host(end, name))
        return host;
    const char *domain = psl_registrable_domain(suffixes->list, name);
    return domain ? text_from(end, (size_t)(domain - name)) : host;
}

struct text suffixes_name(const struct suffixes *suffixes, struct text host)
{
    struct text domain = suffixes_domain(suffixes, host);
    char name[HOST_BYTES_MAX + 1];

    if (!suffixes || !copy_host(domain, name))
        return TEXT_NONE;
    const char *suffix = strchr(name, '.');
    if (!suffix || psl_is_public_suffix2(suffixes->list, name, PSL_TYPE_ANY) ||
        !psl_is_public_suffix2(suffixes->list, suffix + 1, PSL_TYPE_ICANN))
        return TEXT_NONE;
    return (struct text){.data = host.data, .size = host.size - strlen(suffix)};
}

/*
 * The file of expressions, read whole into memory before anything looks at it.
 */
#include "crumb/base/error.h"
#include "crumb/base/file.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/agent_read.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct agents {
    _Atomic unsigned n_refs;
    struct agent_rules *rules;
};

static int unusable(struct buffer *complaint, const char *path, const char *what)
{
    buffer_printf(complaint, "agents: %s %s", path, what);
    return AGENTS_E_UNUSABLE;
}

/* False: it shrank meanwhile, or the disk failed. */
static bool read_all(int fd, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = read(fd, bytes, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static int read_file(const char *path, struct buffer *bytes, struct buffer *complaint)
{
    size_t size;
    int fd = file_open("agents", path, AGENTS_FILE_BYTES_MAX, &size, complaint);

    if (fd < 0)
        return AGENTS_E_UNUSABLE;
    uint8_t *at = buffer_extend(bytes, size);
    int r = at ? 0 : error_origin(-ENOMEM);
    if (at && !read_all(fd, at, size))
        r = unusable(complaint, path, "cannot be read to its end");
    close(fd);
    return r;
}

static int read_rules(const char *path, struct text yaml, struct agents *agents, struct buffer *complaint)
{
    BUFFER_AUTO what = BUFFER_INIT(PATH_BYTES_MAX + 2 * COMPLAINT_BYTES_MAX);
    int r = agent_rules_new(yaml, path, &agents->rules, &what);

    if (r == AGENT_RULES_E_UNUSABLE) {
        buffer_printf(complaint, "agents: %.*s", TEXT_ARGS(buffer_text(&what)));
        r = AGENTS_E_UNUSABLE;
    }
    return r < 0 ? error_trace(r) : r;
}

int agents_open(const char *path, struct agents **ret_agents, struct buffer *complaint)
{
    BUFFER_AUTO bytes = BUFFER_INIT(AGENTS_FILE_BYTES_MAX);
    int r = read_file(path, &bytes, complaint);

    if (r)
        return r < 0 ? error_trace(r) : r;
    struct agents *agents = calloc(1, sizeof *agents);
    if (!agents)
        return error_origin(-ENOMEM);
    r = read_rules(path, buffer_text(&bytes), agents, complaint);
    if (r) {
        free(agents);
        return r < 0 ? error_trace(r) : r;
    }
    agents->n_refs = 1;
    *ret_agents = agents;
    return 0;
}

struct agents *agents_ref(struct agents *agents)
{
    agents->n_refs++;
    return agents;
}

struct agents *agents_unref(struct agents *agents)
{
    if (agents && --agents->n_refs == 0) {
        agent_rules_free(agents->rules);
        free(agents);
    }
    return NULL;
}

const struct agent_rules *agents_rules(const struct agents *agents) { return agents->rules; }

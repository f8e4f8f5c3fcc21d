/*
 * The fault trail: the last few places a fault passed through, per thread.
 * Library code only records; whoever answers for the fault prints it once.
 */
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct place {
    const char *file;
    int line;
};

static _Thread_local struct place trail[ERROR_TRAIL_MAX];
static _Thread_local unsigned n_trail;

static void trail_add(const char *file, int line)
{
    if (n_trail < ERROR_TRAIL_MAX)
        trail[n_trail++] = (struct place){.file = file, .line = line};
}

int error_origin_at(int code, const char *file, int line)
{
    assert(code < 0);
    n_trail = 0;
    trail_add(file, line);
    return code;
}

int error_trace_at(int code, const char *file, int line)
{
    if (code < 0)
        trail_add(file, line);
    return code;
}

int error_fold_at(int code, const char *file, int line)
{
    if (code > 0)
        return error_origin_at(-ENOTRECOVERABLE, file, line);
    return error_trace_at(code, file, line);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *error_trail(int code)
{
    static _Thread_local char text[ERROR_TEXT_BYTES_MAX];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", strerror(code < 0 ? -code : code));

    for (unsigned i = 0; i < n_trail && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s:%d", i ? " <- " : " (",
                                 base_name(trail[i].file), trail[i].line);
    if (n_trail && used < sizeof text - 1)
        memcpy(text + used, ")", 2);
    return text;
}

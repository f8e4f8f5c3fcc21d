/*
 * Master keys from files or from the environment.
 */
#include "crumb/store/master.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEX_DIGITS (2 * SECRET_BYTES)

bool master_in_environment(void) { return getenv(MASTER_VARIABLE) != NULL; }

/* MASTER_E_ABSENT: the variable is not there. */
static int read_variable(const char *name, uint8_t ret_key[SECRET_BYTES])
{
    const char *hex = getenv(name);
    size_t size;

    if (!hex)
        return MASTER_E_ABSENT;
    if (strlen(hex) != HEX_DIGITS || sodium_hex2bin(ret_key, SECRET_BYTES, hex, HEX_DIGITS, NULL, &size, NULL) ||
        size != SECRET_BYTES)
        return error_origin(-EBADMSG);
    return 0;
}

static int read_environment(struct masters *masters)
{
    int r = read_variable(MASTER_VARIABLE, masters->keys[MASTER_NEXT]);

    if (r == 0)
        r = read_variable(MASTER_PREVIOUS_VARIABLE, masters->keys[MASTER_NOW]);
    if (r < 0)
        return error_trace(r);
    masters->from_environment = true;
    masters->has[MASTER_NOW] = true;
    masters->has[MASTER_NEXT] = r == 0;
    if (r == MASTER_E_ABSENT)
        memcpy(masters->keys[MASTER_NOW], masters->keys[MASTER_NEXT], SECRET_BYTES);
    return 0;
}

static int next_path(const char *path, char ret_path[PATH_BYTES_MAX])
{
    return snprintf(ret_path, PATH_BYTES_MAX, "%s.next", path) < PATH_BYTES_MAX ? 0 : error_origin(-ENAMETOOLONG);
}

static int read_file(const char *path, struct masters *masters, enum master_which which)
{
    int r = secret_read(path, masters->keys[which]);

    masters->has[which] = r == 0;
    return r == -ENOENT ? 0 : error_trace(r);
}

static int read_files(const char *path, struct masters *masters)
{
    char next[PATH_BYTES_MAX];
    int r = next_path(path, next);

    if (r == 0)
        r = read_file(path, masters, MASTER_NOW);
    if (r == 0)
        r = read_file(next, masters, MASTER_NEXT);
    if (r)
        return error_trace(r);
    return masters->has[MASTER_NOW] || masters->has[MASTER_NEXT] ? 0 : MASTER_E_ABSENT;
}

int master_read(const char *path, struct masters *ret_masters)
{
    struct masters masters = {.from_environment = false};
    int r = master_in_environment() ? read_environment(&masters) : read_files(path, &masters);

    if (r == 0)
        *ret_masters = masters;
    master_wipe(&masters);
    return r < 0 ? error_trace(r) : r;
}

int master_make_next(const char *path, struct random *random)
{
    char next[PATH_BYTES_MAX];
    int r = next_path(path, next);

    if (r == 0 && access(next, F_OK) < 0)
        r = errno == ENOENT ? secret_make(next, random) : error_origin(-errno);
    return error_trace(r);
}

/* In place, as a file that is only unlinked keeps its bytes on the disk. */
static int overwrite(const char *path)
{
    static const uint8_t zeros[SECRET_BYTES];
    int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

    if (fd < 0)
        return errno == ENOENT ? 0 : error_origin(-errno);
    if (pwrite(fd, zeros, sizeof zeros, 0) != sizeof zeros || fdatasync(fd) < 0)
        r = errno ? -errno : -EIO;
    close(fd);
    return r ? error_origin(r) : 0;
}

int master_switch(const char *path)
{
    char next[PATH_BYTES_MAX];
    int r = next_path(path, next);

    if (r)
        return error_trace(r);
    if (access(next, F_OK) < 0)
        return errno == ENOENT ? 0 : error_origin(-errno);
    r = overwrite(path);
    if (r == 0 && rename(next, path) < 0)
        r = error_origin(-errno);
    return r ? error_trace(r) : error_trace(secret_sync_folder_of(path));
}

void master_wipe(struct masters *masters) { sodium_memzero(masters, sizeof *masters); }

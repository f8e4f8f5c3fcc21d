/*
 * Secrets in files. A new one is written under another name, synced and renamed,
 * so that a crash leaves either none or a whole one.
 */
#include "crumb/store/secret.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MODE 0600

int secret_read(const char *path, uint8_t ret_key[SECRET_BYTES])
{
    uint8_t bytes[SECRET_BYTES + 1];
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_origin(-errno);
    ssize_t size = read(fd, bytes, sizeof bytes);
    int r = size < 0 || fstat(fd, &stat) < 0 ? -errno : 0;
    close(fd);
    if (r == 0 && stat.st_mode & (S_IRWXG | S_IRWXO))
        r = -EPERM;
    else if (r == 0 && size != SECRET_BYTES)
        r = -EBADMSG;
    else if (r == 0)
        memcpy(ret_key, bytes, SECRET_BYTES);
    sodium_memzero(bytes, sizeof bytes);
    return r ? error_origin(r) : 0;
}

int secret_sync_folder_of(const char *path)
{
    char copy[PATH_BYTES_MAX];

    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return error_origin(-ENAMETOOLONG);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return r ? error_origin(r) : 0;
}

static int write_draft(const char *draft, struct random *random)
{
    uint8_t key[SECRET_BYTES];
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, KEY_FILE_MODE), r = 0;

    if (fd < 0)
        return error_origin(-errno);
    random_fill(random, key, sizeof key);
    ssize_t size = write(fd, key, sizeof key);
    sodium_memzero(key, sizeof key);
    if (size != (ssize_t)sizeof key)
        r = size < 0 ? -errno : -ENOSPC;
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    return r ? error_origin(r) : 0;
}

int secret_make(const char *path, struct random *random)
{
    char draft[PATH_BYTES_MAX];

    if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft)
        return error_origin(-ENAMETOOLONG);
    int r = write_draft(draft, random);
    if (r == 0 && rename(draft, path) < 0)
        r = error_origin(-errno);
    if (r) {
        unlink(draft);
        return error_trace(r);
    }
    return error_trace(secret_sync_folder_of(path));
}

int secret_key(const char *folder, const char *name, bool may_make, struct random *random,
               uint8_t ret_key[SECRET_BYTES])
{
    char path[PATH_BYTES_MAX];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return error_origin(-ENAMETOOLONG);
    if (may_make && access(path, F_OK) < 0 && errno == ENOENT) {
        int r = secret_make(path, random);
        if (r)
            return error_trace(r);
    }
    return error_trace(secret_read(path, ret_key));
}

/*
 * Key files. A new one is written under another name, synced and renamed, so
 * that a crash leaves either no key or a whole one.
 */
#include "crumb/store/keyring.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MODE 0600

static int read_key(const char *path, uint8_t ret_key[KEYRING_KEY_BYTES])
{
    uint8_t bytes[KEYRING_KEY_BYTES + 1];
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_origin(-errno);
    ssize_t size = read(fd, bytes, sizeof bytes);
    int r = fstat(fd, &stat) < 0 ? -errno : 0;
    close(fd);
    if (r)
        return error_origin(r);
    if (stat.st_mode & (S_IRWXG | S_IRWXO))
        return error_origin(-EPERM);
    if (size != KEYRING_KEY_BYTES)
        return error_origin(-EBADMSG);
    for (unsigned i = 0; i < KEYRING_KEY_BYTES; i++)
        ret_key[i] = bytes[i];
    return 0;
}

static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return r ? error_origin(r) : 0;
}

static int make_key(const char *folder, const char *path, struct random *random)
{
    uint8_t key[KEYRING_KEY_BYTES];
    char draft[PATH_BYTES_MAX];

    if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft)
        return error_origin(-ENAMETOOLONG);
    random_fill(random, key, sizeof key);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, KEY_FILE_MODE);
    if (fd < 0)
        return error_origin(-errno);
    int r = 0;
    ssize_t size = write(fd, key, sizeof key);
    if (size != (ssize_t)sizeof key)
        r = size < 0 ? -errno : -ENOSPC;
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    if (r == 0 && rename(draft, path) < 0)
        r = -errno;
    if (r) {
        unlink(draft);
        return error_origin(r);
    }
    return error_trace(sync_folder(folder));
}

int keyring_key(const char *folder, const char *name, bool may_make, struct random *random,
                uint8_t ret_key[KEYRING_KEY_BYTES])
{
    char path[PATH_BYTES_MAX];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return error_origin(-ENAMETOOLONG);
    if (may_make && access(path, F_OK) < 0 && errno == ENOENT) {
        int r = make_key(folder, path, random);
        if (r)
            return error_trace(r);
    }
    return error_trace(read_key(path, ret_key));
}

/*
 * A copy takes the place of a store that LMDB knows by its lock file, too: what
 * that says of transactions would be false of the copy, and whoever believes it
 * writes over the newest page instead of the oldest.  So nobody may have it open,
 * which is asked by LMDB's own lock on its first byte; it is made invalid before
 * the rename and removed after it.  Whoever is waiting for that lock is refused by
 * its magic, and everybody who comes later makes a new one.
 */
#include "crumb/store/compact.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600
#define COPY_BYTES (64 << 10)
#define MAGIC_BYTES 8

struct paths {
    char store[PATH_BYTES_MAX], lock[PATH_BYTES_MAX], draft[PATH_BYTES_MAX];
};

static int find_paths(const char *folder, struct paths *paths)
{
    bool fits = snprintf(paths->store, sizeof paths->store, "%s/crumb.mdb", folder) < (int)sizeof paths->store;

    fits &= snprintf(paths->lock, sizeof paths->lock, "%s/crumb.mdb-lock", folder) < (int)sizeof paths->lock;
    fits &= snprintf(paths->draft, sizeof paths->draft, "%s/" DB_DRAFT, folder) < (int)sizeof paths->draft;
    return fits ? 0 : error_origin(-ENAMETOOLONG);
}

int compact_sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? error_origin(-errno) : 0;

    if (fd >= 0)
        close(fd);
    return r;
}

static int make_file(const char *path, int *ret_fd)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        return errno == EEXIST ? COMPACT_E_EXISTS : error_origin(-errno);
    *ret_fd = fd;
    return 0;
}

int compact_copy(struct db *db, const char *path)
{
    int fd = -1, r = make_file(path, &fd);

    if (r)
        return r < 0 ? error_trace(r) : r;
    r = db_copy(db, fd);
    close(fd);
    if (r)
        unlink(path);
    return error_trace(r);
}

/* ---- other files ---- */

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_origin(n < 0 ? -errno : -EIO);
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

static int pump(int from, int to)
{
    char bytes[COPY_BYTES];
    ssize_t n = 1;
    int r = 0;

    while (r == 0 && n > 0) {
        n = read(from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n < 0)
            r = error_origin(-errno);
        else
            r = write_all(to, bytes, (size_t)n);
    }
    if (r == 0 && fsync(to) < 0)
        r = error_origin(-errno);
    explicit_bzero(bytes, sizeof bytes); /* it may have been a key */
    return r;
}

int compact_copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;

    if (in < 0)
        return error_origin(-errno);
    int r = make_file(to, &out);
    if (r == 0) {
        r = pump(in, out);
        close(out);
        if (r)
            unlink(to);
    }
    close(in);
    return r < 0 ? error_trace(r) : r;
}

/* ---- the switch ---- */

/* Held until the descriptor is closed. */
static int lock_readers_out(const char *path, int *ret_fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return error_origin(-errno);
    if (fcntl(fd, F_SETLK, &lock) < 0) {
        int r = errno == EAGAIN || errno == EACCES ? COMPACT_E_READERS : error_origin(-errno);

        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int switch_files(const struct paths *paths, const char *folder)
{
    static const char none[MAGIC_BYTES];
    int fd = -1, r = lock_readers_out(paths->lock, &fd);

    if (r)
        return r < 0 ? error_trace(r) : r;
    if (pwrite(fd, none, sizeof none, 0) != sizeof none)
        r = error_origin(-EIO);
    if (r == 0 && rename(paths->draft, paths->store) < 0)
        r = error_origin(-errno);
    if (r == 0 && unlink(paths->lock) < 0)
        r = error_origin(-errno);
    if (r == 0)
        r = compact_sync_folder(folder);
    close(fd);
    return r;
}

static int size_of(const char *path, uint64_t *ret_size)
{
    struct stat file;

    if (stat(path, &file) < 0)
        return error_origin(-errno);
    *ret_size = (uint64_t)file.st_size;
    return 0;
}

/* The store is open, and nobody else writes to it. */
static int write_draft(struct db *db, const struct paths *paths, struct compact_sizes *sizes)
{
    int r = size_of(paths->store, &sizes->before);

    if (r == 0)
        r = error_fold(compact_copy(db, paths->draft));
    return r ? error_trace(r) : error_trace(size_of(paths->draft, &sizes->after));
}

int compact_store(const struct db_options *options, struct compact_sizes *ret_sizes)
{
    struct compact_sizes sizes;
    struct paths paths;
    struct db *db = NULL;
    int r = find_paths(options->folder, &paths);

    if (r == 0 && access(paths.store, F_OK) < 0)
        return errno == ENOENT ? DB_E_ABSENT : error_origin(-errno);
    if (r == 0)
        r = db_open(options, &db);
    if (r)
        return r < 0 ? error_trace(r) : r;
    r = write_draft(db, &paths, &sizes);
    int lock = db_close_but_hold(db);
    if (r == 0)
        r = switch_files(&paths, options->folder);
    if (r)
        unlink(paths.draft);
    else
        *ret_sizes = sizes;
    close(lock);
    return r < 0 ? error_trace(r) : r;
}

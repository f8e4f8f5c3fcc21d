/*
 * Looked at when it is open, so that it is the file which is read.
 */
#include "crumb/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *look(const struct stat *stat, size_t size_max)
{
    if (!S_ISREG(stat->st_mode))
        return "is not a file";
    if (stat->st_size == 0)
        return "is empty";
    return (size_t)stat->st_size > size_max ? "is too large" : NULL;
}

int file_open(const char *key, const char *path, size_t size_max, size_t *ret_size, struct buffer *complaint)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* or a pipe would be waited for */

    if (fd < 0 || fstat(fd, &stat) < 0) {
        buffer_printf(complaint, "%s: %s cannot be read (%s)", key, path, strerror(errno));
    } else {
        const char *wrong = look(&stat, size_max);

        if (!wrong) {
            *ret_size = (size_t)stat.st_size;
            return fd;
        }
        buffer_printf(complaint, "%s: %s %s", key, path, wrong);
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

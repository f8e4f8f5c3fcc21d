/*
 * Files of acts: written under another name, synced and renamed, so that a kill
 * leaves none or a whole one.
 */
#include "crumb/store/act.h"
#include "crumb/base/error.h"
#include "crumb/store/checksum.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE 0600
#define MAGIC TEXT("crumb act 1")
#define ENDING ".act"
#define DRAFT ".new"
#define BAD ".bad"
#define TIME_DIGITS 13
#define NAME_BYTES (TIME_DIGITS + 1 + 2 * ACT_ID_BYTES + sizeof ENDING - 1)

_Static_assert(NAME_BYTES < ACT_NAME_BYTES, "a name fits");

/* ---- names ---- */

static struct act_name name_of(int64_t at_ms, const uint8_t id[ACT_ID_BYTES])
{
    struct act_name name;
    char hex[2 * ACT_ID_BYTES + 1];

    memcpy(name.id, id, ACT_ID_BYTES);
    sodium_bin2hex(hex, sizeof hex, id, ACT_ID_BYTES);
    /* A clock that is far off is none of the name's business: the entry has the time as it is. */
    int64_t shown = at_ms < 0 ? 0 : at_ms % 10000000000000;
    snprintf(name.text, sizeof name.text, "%0*" PRId64 "-%s" ENDING, TIME_DIGITS, shown, hex);
    return name;
}

static bool read_name(const char *text, struct act_name *ret_name)
{
    struct act_name name;
    size_t size;

    if (strlen(text) != NAME_BYTES || strcmp(text + NAME_BYTES - strlen(ENDING), ENDING) != 0 ||
        strspn(text, "0123456789") != TIME_DIGITS || text[TIME_DIGITS] != '-' ||
        sodium_hex2bin(name.id, sizeof name.id, text + TIME_DIGITS + 1, 2 * ACT_ID_BYTES, NULL, &size, NULL) < 0 ||
        size != ACT_ID_BYTES)
        return false;
    memcpy(name.text, text, NAME_BYTES + 1);
    *ret_name = name;
    return true;
}

static int path_of(const char *folder, const char *name, const char *ending, char ret_path[PATH_BYTES_MAX])
{
    if (snprintf(ret_path, PATH_BYTES_MAX, "%s/" ACT_FOLDER "%s%s%s", folder, name[0] ? "/" : "", name, ending) >=
        PATH_BYTES_MAX)
        return error_origin(-ENAMETOOLONG);
    return 0;
}

/* ---- content ---- */

static void encode(const struct act_name *name, const struct trail_entry *entry, struct buffer *buffer)
{
    buffer_put_text(buffer, MAGIC);
    trail_entry_put(buffer, entry);
    checksum_put(buffer, text_of(name->text));
}

bool act_decode(struct text name, struct text bytes, struct trail_entry *ret_entry)
{
    if (bytes.size > ACT_BYTES_MAX || !checksum_take(&bytes, name) || !text_starts(bytes, MAGIC))
        return false;
    struct reader reader = reader_of(text_from(bytes, MAGIC.size));
    return trail_entry_read(&reader, ret_entry);
}

/* ---- writing ---- */

int act_sync(const char *folder)
{
    char path[PATH_BYTES_MAX];
    int r = path_of(folder, "", "", path);

    if (r)
        return error_trace(r);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return r ? error_origin(r) : 0;
}

static int write_draft(const char *path, struct text bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    int r = 0;

    if (fd < 0)
        return error_origin(-errno);
    ssize_t size = write(fd, bytes.data, bytes.size);
    if (size != (ssize_t)bytes.size)
        r = size < 0 ? -errno : -ENOSPC;
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    close(fd);
    return r ? error_origin(r) : 0;
}

static int write_file(const char *folder, const struct act_name *name, struct text bytes)
{
    char draft[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    int r = path_of(folder, name->text, "", path);

    if (r == 0)
        r = path_of(folder, name->text, DRAFT, draft);
    if (r == 0)
        r = write_draft(draft, bytes);
    if (r == 0 && rename(draft, path) < 0)
        r = error_origin(-errno);
    if (r) {
        unlink(draft);
        return error_trace(r);
    }
    return error_trace(act_sync(folder));
}

/* Everything there is, whatever it is. */
static int count_files(const char *path, unsigned *ret_n)
{
    DIR *dir = opendir(path);
    unsigned n = 0;

    if (!dir)
        return error_origin(-errno);
    while (readdir(dir))
        n++;
    closedir(dir);
    *ret_n = n - 2; /* . and .. */
    return 0;
}

int act_drop(const char *folder, const struct trail_entry *entry, struct random *random)
{
    BUFFER_AUTO bytes = BUFFER_INIT(ACT_BYTES_MAX);
    char path[PATH_BYTES_MAX];
    uint8_t id[ACT_ID_BYTES];
    unsigned n = 0;
    int r = path_of(folder, "", "", path);

    if (r == 0 && mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST)
        r = error_origin(-errno);
    if (r == 0)
        r = count_files(path, &n);
    if (r)
        return error_trace(r);
    if (n >= ACTS_MAX)
        return ACT_E_FULL;
    random_fill(random, id, sizeof id);
    struct act_name name = name_of(entry->at_ms, id);
    encode(&name, entry, &bytes);
    return bytes.fault ? error_origin(bytes.fault) : error_trace(write_file(folder, &name, buffer_text(&bytes)));
}

/* ---- reading ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct act_name *)a)->text, ((const struct act_name *)b)->text);
}

/* Keeps the earliest @max. */
static void keep(struct act_name *names, unsigned *n, unsigned max, const struct act_name *name)
{
    unsigned at = *n;

    if (at == max && compare_names(name, &names[max - 1]) >= 0)
        return;
    if (at == max)
        at--;
    for (; at > 0 && compare_names(name, &names[at - 1]) < 0; at--)
        names[at] = names[at - 1];
    names[at] = *name;
    *n += *n < max;
}

int act_list(const char *folder, unsigned max, struct act_name *ret_names, unsigned *ret_n)
{
    char path[PATH_BYTES_MAX];
    struct dirent *file;
    int r = path_of(folder, "", "", path);

    if (r)
        return error_trace(r);
    DIR *dir = opendir(path);
    if (!dir && errno != ENOENT)
        return error_origin(-errno);
    *ret_n = 0;
    while (dir && (file = readdir(dir))) {
        struct act_name name;

        if (read_name(file->d_name, &name))
            keep(ret_names, ret_n, max, &name);
    }
    if (dir)
        closedir(dir);
    return 0;
}

int act_load(const char *folder, const struct act_name *name, struct buffer *bytes, struct trail_entry *ret_entry)
{
    char path[PATH_BYTES_MAX];
    int r = path_of(folder, name->text, "", path);

    if (r)
        return error_trace(r);
    buffer_clear(bytes);
    uint8_t *at = buffer_extend(bytes, ACT_BYTES_MAX + 1);
    if (!at)
        return error_origin(bytes->fault);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_origin(-errno);
    ssize_t size = read(fd, at, ACT_BYTES_MAX + 1);
    r = size < 0 ? -errno : 0;
    close(fd);
    if (r == -EISDIR)
        return ACT_E_UNREADABLE;
    if (r)
        return error_origin(r);
    bytes->size = (size_t)size;
    return act_decode(text_of(name->text), buffer_text(bytes), ret_entry) ? 0 : ACT_E_UNREADABLE;
}

/* ---- removing ---- */

int act_remove(const char *folder, const struct act_name *name, bool keep)
{
    char path[PATH_BYTES_MAX], bad[PATH_BYTES_MAX];
    int r = path_of(folder, name->text, "", path);

    if (r == 0)
        r = path_of(folder, name->text, BAD, bad);
    if (r)
        return error_trace(r);
    r = keep ? rename(path, bad) : unlink(path);
    return r < 0 && errno != ENOENT ? error_origin(-errno) : 0;
}

/* Calls @each for every file of acts; ends where it returns true. */
static bool each_file(const char *folder, bool (*each)(const char *folder, const char *name, const void *context),
                      const void *context)
{
    char path[PATH_BYTES_MAX];
    DIR *dir = path_of(folder, "", "", path) == 0 ? opendir(path) : NULL;
    struct dirent *file;
    bool found = false;

    while (dir && !found && (file = readdir(dir)))
        found = each(folder, file->d_name, context);
    if (dir)
        closedir(dir);
    return found;
}

static bool has_id(const char *folder, const char *text, const void *context)
{
    struct act_name name;

    (void)folder;
    return read_name(text, &name) && memcmp(name.id, context, ACT_ID_BYTES) == 0;
}

bool act_exists(const char *folder, const uint8_t id[ACT_ID_BYTES]) { return each_file(folder, has_id, id); }

static bool remove_draft(const char *folder, const char *text, const void *context)
{
    char path[PATH_BYTES_MAX];
    size_t size = strlen(text);

    (void)context;
    if (size > strlen(DRAFT) && strcmp(text + size - strlen(DRAFT), DRAFT) == 0 && path_of(folder, text, "", path) == 0)
        unlink(path);
    return false;
}

void act_tidy(const char *folder) { each_file(folder, remove_draft, NULL); }

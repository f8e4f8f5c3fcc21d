/*
 * A power cut, for tests: preloaded into crumb (LD_PRELOAD), it keeps account
 * of what the program wrote to its store and keys and did not sync, and at a
 * chosen step takes a part of that back and kills the process.
 *
 *   POWERLOSS_STEP=n   the n-th write, sync or renaming is the last; 0: none is
 *   POWERLOSS_SEED=n   decides what is lost
 *   POWERLOSS_TELL=1   says at the end how many steps there were
 *
 * A kill alone loses nothing that was written, since the kernel still has it.
 * Here the files are left as a disk may hold them after the lights went out:
 *
 *  - What was written to a file before its last fdatasync(2) or fsync(2) is
 *    there, and so is each write through a descriptor opened with O_DSYNC, which
 *    LMDB uses for its meta page.  Such a write syncs its own pages and no others.
 *  - Of every other page any state since then may be found: without the new
 *    writes, with the first of them, with all.  So writes of different pages,
 *    and of different files, are lost in any combination, whatever their order was.
 *  - A page may be torn between sectors of 512 bytes.  A write of less than a
 *    sector is there or not there.
 *  - A file is as long as what is left of it.
 *  - Of the renamings since the folder's last fsync(2), the first ones are there
 *    and the rest are not: file systems keep names in order.
 *  - A step under way at the cut is treated as one that was not synced.
 *    A file that is closed must have been synced.
 *
 * Writes go to the file at once, with what they replace put aside, so LMDB's
 * map shows the program what it wrote; the cut undoes them all and redoes those
 * that survive.
 *
 * Files of the account: the store, the keyring, the master key, the next ones and
 * the drafts of each.  Not simulated: that a new file has no name (the file systems
 * that crumb is for write it with the file's first sync), what was in a draft that
 * is begun anew, the other key files, and disks that lie about syncs or damage what
 * was synced long ago.  What the account would miss (a writable map, a truncation, a
 * short write) stops the test instead of making it weaker.
 *
 * The state is global, as there is one process and no caller to pass it in.
 */
#undef _FILE_OFFSET_BITS /* open() and open64() are two symbols, and both are wanted */
#undef _FORTIFY_SOURCE

#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define SECTOR_BYTES 512
#define FDS_MAX 1024
#define FILES_MAX 16
#define NAMES_MAX 16
#define NAME_BYTES 512

_Static_assert(sizeof(off_t) == 8 && sizeof(long) == 8, "offsets are passed to system calls as they are");

enum descriptor { FOREIGN, BUFFERED, SYNCED };

/* One write's part of one page, not synced. */
struct piece {
    off_t at;
    size_t size, n_before; /* the file may have ended inside */
    unsigned char before[PAGE_BYTES], after[PAGE_BYTES];
    bool lost; /* some of it: nothing later of its page survives */
};

struct file {
    dev_t device;
    ino_t number;
    unsigned n_open; /* 0: the place is free */
    int fd;          /* of our own, to read and write */
    off_t synced_bytes;
    struct piece *pieces;
    size_t n_pieces, capacity;
};

/* A renaming, not synced. */
struct naming {
    char from[NAME_BYTES], to[NAME_BYTES], kept[NAME_BYTES]; /* the file that had the name, if there was one */
    dev_t device;
    ino_t folder;
};

static struct {
    pthread_mutex_t lock;
    atomic_uchar descriptors[FDS_MAX];
    unsigned char of[FDS_MAX]; /* which file, where it is one of ours */
    struct file files[FILES_MAX];
    struct naming names[NAMES_MAX];
    unsigned n_names;
    unsigned long n_steps, last_step;
    uint64_t random;
    bool tells;
} power = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "powerloss: %s\n", why);
    abort();
}

/* ---- the system, without the functions below ---- */

static ssize_t real_write(int fd, const struct iovec *parts, int n_parts, off_t at)
{
    return syscall(SYS_pwritev, fd, parts, n_parts, at, 0);
}

static ssize_t real_read(int fd, void *bytes, size_t size, off_t at)
{
    return syscall(SYS_pread64, fd, bytes, size, at);
}

static int real_rename(const char *from, const char *to)
{
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static struct stat look_at(int fd)
{
    struct stat stat;

    if (fstat(fd, &stat) < 0)
        give_up("a file cannot be looked at");
    return stat;
}

/* ---- chance ---- */

/* Marsaglia, "Xorshift RNGs", 2003: the triple 13, 7, 17. */
static uint64_t draw(uint64_t n)
{
    power.random ^= power.random << 13;
    power.random ^= power.random >> 7;
    power.random ^= power.random << 17;
    return (power.random >> 11) % n;
}

__attribute__((constructor)) static void begin(void)
{
    const char *step = getenv("POWERLOSS_STEP"), *seed = getenv("POWERLOSS_SEED");

    power.tells = getenv("POWERLOSS_TELL") != NULL;
    power.last_step = step ? strtoul(step, NULL, 10) : 0;
    /* Never zero, and seeds that are neighbours are far apart. */
    power.random = ((seed ? strtoul(seed, NULL, 10) : 0) + 1) * 0x9e3779b97f4a7c15u;
    for (unsigned i = 0; i < 16; i++)
        draw(2);
}

__attribute__((destructor)) static void end(void)
{
    if (power.tells)
        fprintf(stderr, "powerloss: %lu steps\n", power.n_steps);
}

/* ---- the account ---- */

static off_t page_of(off_t at) { return at - at % PAGE_BYTES; }

static void remember_piece(struct file *file, const unsigned char *bytes, size_t size, off_t at)
{
    if (file->n_pieces == file->capacity) {
        size_t capacity = file->capacity ? file->capacity * 2 : 64;
        struct piece *grown = reallocarray(file->pieces, capacity, sizeof *grown);

        if (!grown)
            give_up("out of memory");
        file->pieces = grown;
        file->capacity = capacity;
    }
    struct piece *piece = &file->pieces[file->n_pieces++];
    piece->at = at;
    piece->size = size;
    piece->lost = false;
    memcpy(piece->after, bytes, size);
    ssize_t n = real_read(file->fd, piece->before, size, at);
    if (n < 0)
        give_up("a file cannot be read");
    piece->n_before = (size_t)n;
}

static void remember(struct file *file, const struct iovec *parts, int n_parts, size_t size, off_t at)
{
    unsigned char *bytes = malloc(size + 1);
    size_t n = 0;

    if (!bytes)
        give_up("out of memory");
    for (int i = 0; i < n_parts; i++) {
        memcpy(bytes + n, parts[i].iov_base, parts[i].iov_len);
        n += parts[i].iov_len;
    }
    for (size_t done = 0; done < size; done += n) {
        n = (size_t)(page_of(at + (off_t)done) + PAGE_BYTES - at) - done;
        if (n > size - done)
            n = size - done;
        remember_piece(file, bytes + done, n, at + (off_t)done);
    }
    free(bytes);
}

/* The pages of these bytes are on disk as they are now. */
static void settle(struct file *file, off_t from, off_t to)
{
    size_t n_left = 0;

    for (size_t i = 0; i < file->n_pieces; i++) {
        off_t page = page_of(file->pieces[i].at);

        if (page < page_of(from) || page >= to)
            file->pieces[n_left++] = file->pieces[i];
    }
    file->n_pieces = n_left;
    if (to > file->synced_bytes)
        file->synced_bytes = to;
}

/* The names in this folder are on disk as they are now. */
static void settle_names(const struct stat *folder)
{
    unsigned n_left = 0;

    for (unsigned i = 0; i < power.n_names; i++) {
        struct naming *name = &power.names[i];

        if (name->device != folder->st_dev || name->folder != folder->st_ino)
            power.names[n_left++] = *name;
        else if (name->kept[0])
            unlink(name->kept);
    }
    power.n_names = n_left;
}

/* ---- the cut ---- */

static void put(const struct file *file, const unsigned char *bytes, size_t size, off_t at)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};

    if (size && real_write(file->fd, &part, 1, at) != (ssize_t)size)
        give_up("a file cannot be written");
}

static void undo_all(const struct file *file)
{
    for (size_t i = file->n_pieces; i-- > 0;)
        put(file, file->pieces[i].before, file->pieces[i].n_before, file->pieces[i].at);
    if (syscall(SYS_ftruncate, file->fd, file->synced_bytes) < 0)
        give_up("a file cannot be cut off");
}

/* The page cache holds whole pages: the second write of one cannot be on disk without the first. */
static bool an_earlier_is_lost(const struct file *file, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (file->pieces[j].lost && page_of(file->pieces[j].at) == page_of(file->pieces[i].at))
            return true;
    return false;
}

static void redo_torn(const struct file *file, const struct piece *piece)
{
    for (size_t n, done = 0; done < piece->size; done += n) {
        n = SECTOR_BYTES - (size_t)((piece->at + (off_t)done) % SECTOR_BYTES);
        if (n > piece->size - done)
            n = piece->size - done;
        if (draw(2))
            put(file, piece->after + done, n, piece->at + (off_t)done);
    }
}

/* Returns how many are lost, torn ones included. */
static size_t redo_some(struct file *file)
{
    enum { ALL, NONE, SOME } kept = draw(4) < 2 ? (draw(2) ? ALL : NONE) : SOME;
    size_t n_lost = 0;

    for (size_t i = 0; i < file->n_pieces; i++) {
        struct piece *piece = &file->pieces[i];
        bool whole = kept == ALL || (kept == SOME && draw(2)), torn = kept == SOME && draw(4) == 0;

        piece->lost = !whole || torn || an_earlier_is_lost(file, i);
        n_lost += piece->lost;
        if (!piece->lost)
            put(file, piece->after, piece->size, piece->at);
        else if (torn && !an_earlier_is_lost(file, i))
            redo_torn(file, piece);
    }
    return n_lost;
}

/* The last names are lost first. Returns how many are. */
static unsigned undo_names(void)
{
    unsigned n_kept = (unsigned)draw(power.n_names + 1);

    for (unsigned i = power.n_names; i-- > 0;) {
        const struct naming *name = &power.names[i];

        if (i < n_kept && name->kept[0])
            unlink(name->kept);
        else if (i < n_kept)
            continue;
        else if (real_rename(name->to, name->from) < 0 || (name->kept[0] && real_rename(name->kept, name->to) < 0))
            give_up("a file cannot be named as it was");
    }
    return power.n_names - n_kept;
}

static _Noreturn void cut(void)
{
    size_t n_lost = 0, n_pieces = 0;

    for (unsigned i = 0; i < FILES_MAX; i++) {
        struct file *file = &power.files[i];

        if (!file->n_open)
            continue;
        undo_all(file);
        n_lost += redo_some(file);
        n_pieces += file->n_pieces;
    }
    unsigned n_names = undo_names();
    fprintf(stderr, "powerloss: step %lu, lost %zu of %zu, and %u of %u names\n", power.n_steps, n_lost, n_pieces,
            n_names, power.n_names);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* True for the step at which the lights go out. */
static bool is_last_step(void) { return ++power.n_steps == power.last_step; }

/* ---- files ---- */

static enum descriptor kind_of(int fd)
{
    return fd >= 0 && fd < FDS_MAX ? (enum descriptor)atomic_load_explicit(&power.descriptors[fd], memory_order_relaxed)
                                   : FOREIGN;
}

static bool begins_with(const char *name, const char *what) { return strncmp(name, what, strlen(what)) == 0; }

/* Not lock files, which mean nothing once the machine is up again, nor folders of those names. */
static bool is_ours(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dash = strrchr(name, '-');

    if (dash && strcmp(dash, "-lock") == 0)
        return false;
    return begins_with(name, "crumb.mdb") || strcmp(name, "keys") == 0 || strcmp(name, "keys.new") == 0 ||
           begins_with(name, "master.key");
}

/* The place of the file behind @fd, a free one where it is not known. */
static unsigned place_of(int fd)
{
    struct stat stat = look_at(fd);
    unsigned place = FILES_MAX;

    for (unsigned i = 0; i < FILES_MAX; i++) {
        const struct file *file = &power.files[i];

        if (file->n_open && file->device == stat.st_dev && file->number == stat.st_ino)
            return i;
        if (!file->n_open && place == FILES_MAX)
            place = i;
    }
    if (place == FILES_MAX)
        give_up("too many files");
    power.files[place] =
        (struct file){.device = stat.st_dev, .number = stat.st_ino, .fd = -1, .synced_bytes = stat.st_size};
    return place;
}

static void watch(const char *path, int flags, int fd)
{
    char own[64];

    if (fd < 0 || (flags & O_ACCMODE) == O_RDONLY || !is_ours(path))
        return;
    size_t size = strlen(path);
    if (fd >= FDS_MAX || (flags & O_TRUNC && (size < 4 || strcmp(path + size - 4, ".new") != 0)))
        give_up("a file was opened in a way that is not simulated");
    pthread_mutex_lock(&power.lock);
    unsigned place = place_of(fd);
    struct file *file = &power.files[place];
    if (!file->n_open) {
        snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
        file->fd = (int)syscall(SYS_openat, AT_FDCWD, own, O_RDWR | O_CLOEXEC, 0);
        if (file->fd < 0)
            give_up("a file cannot be opened again");
    }
    file->n_open++;
    power.of[fd] = (unsigned char)place;
    atomic_store(&power.descriptors[fd], flags & O_DSYNC ? SYNCED : BUFFERED);
    pthread_mutex_unlock(&power.lock);
}

static void unwatch(int fd)
{
    struct file *file = &power.files[power.of[fd]];

    pthread_mutex_lock(&power.lock);
    if (--file->n_open == 0) {
        if (file->n_pieces)
            give_up("a file was closed without a sync");
        syscall(SYS_close, file->fd);
        free(file->pieces);
        *file = (struct file){.fd = -1};
    }
    atomic_store(&power.descriptors[fd], FOREIGN);
    pthread_mutex_unlock(&power.lock);
}

static int open_and_watch(const char *path, int flags, mode_t mode)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);

    watch(path, flags, fd);
    return fd;
}

static ssize_t write_ours(int fd, const struct iovec *parts, int n_parts, off_t at)
{
    struct file *file = &power.files[power.of[fd]];
    size_t size = 0;

    for (int i = 0; i < n_parts; i++)
        size += parts[i].iov_len;
    pthread_mutex_lock(&power.lock);
    bool synced = kind_of(fd) == SYNCED, last = is_last_step();
    if (synced && last && draw(2))
        cut();
    if (!synced)
        remember(file, parts, n_parts, size, at);
    ssize_t n = real_write(fd, parts, n_parts, at);
    if (n != (ssize_t)size)
        give_up("a write was short or failed");
    if (synced)
        settle(file, at, at + n);
    if (last)
        cut();
    pthread_mutex_unlock(&power.lock);
    return n;
}

static ssize_t write_here(int fd, const struct iovec *parts, int n_parts)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t n = write_ours(fd, parts, n_parts, at);

    lseek(fd, at + n, SEEK_SET);
    return n;
}

static int sync_ours(int fd, long call)
{
    pthread_mutex_lock(&power.lock);
    if (is_last_step())
        cut();
    int r = (int)syscall(call, fd);
    if (r < 0)
        give_up("a sync failed");
    settle(&power.files[power.of[fd]], 0, look_at(fd).st_size);
    pthread_mutex_unlock(&power.lock);
    return r;
}

/* A folder, perhaps one in which something was renamed. */
static int sync_foreign(int fd, long call)
{
    struct stat stat = look_at(fd);

    pthread_mutex_lock(&power.lock);
    if (S_ISDIR(stat.st_mode) && power.n_names && is_last_step())
        cut();
    int r = (int)syscall(call, fd);
    if (r == 0 && S_ISDIR(stat.st_mode))
        settle_names(&stat);
    pthread_mutex_unlock(&power.lock);
    return r;
}

/* What has the new name already gets one that nobody looks for, until the renaming is on disk. */
static void remember_name(const char *from, const char *to)
{
    struct naming *name = &power.names[power.n_names];
    char folder[NAME_BYTES];
    struct stat stat_folder;

    if (power.n_names == NAMES_MAX || strlen(from) >= NAME_BYTES || strlen(to) >= NAME_BYTES - 16)
        give_up("too many renamings, or too long names");
    snprintf(name->from, NAME_BYTES, "%s", from);
    snprintf(name->to, NAME_BYTES, "%s", to);
    snprintf(folder, NAME_BYTES, "%s", to);
    if (stat(dirname(folder), &stat_folder) < 0)
        give_up("a folder cannot be looked at");
    name->device = stat_folder.st_dev;
    name->folder = stat_folder.st_ino;
    snprintf(name->kept, NAME_BYTES, "%s.powerloss", to);
    unlink(name->kept);
    if (link(to, name->kept) < 0)
        name->kept[0] = '\0';
    power.n_names++;
}

static void refuse_ours(int fd)
{
    if (kind_of(fd) != FOREIGN)
        give_up("a file was changed in a way that is not simulated");
}

/* ---- what the program calls instead of the C library ---- */

static mode_t mode_of(int flags, va_list args)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_and_watch(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_and_watch(path, flags, mode);
}

int close(int fd)
{
    if (kind_of(fd) != FOREIGN)
        unwatch(fd);
    return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};

    return kind_of(fd) == FOREIGN ? syscall(SYS_write, fd, bytes, size) : write_here(fd, &part, 1);
}

ssize_t writev(int fd, const struct iovec *parts, int n_parts)
{
    return kind_of(fd) == FOREIGN ? syscall(SYS_writev, fd, parts, n_parts) : write_here(fd, parts, n_parts);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};

    return kind_of(fd) == FOREIGN ? real_write(fd, &part, 1, at) : write_ours(fd, &part, 1, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return pwrite(fd, bytes, size, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int n_parts, off_t at)
{
    return kind_of(fd) == FOREIGN ? real_write(fd, parts, n_parts, at) : write_ours(fd, parts, n_parts, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n_parts, off64_t at)
{
    return pwritev(fd, parts, n_parts, at);
}

int fdatasync(int fd)
{
    return kind_of(fd) == FOREIGN ? sync_foreign(fd, SYS_fdatasync) : sync_ours(fd, SYS_fdatasync);
}

int fsync(int fd) { return kind_of(fd) == FOREIGN ? sync_foreign(fd, SYS_fsync) : sync_ours(fd, SYS_fsync); }

int rename(const char *from, const char *to)
{
    if (!is_ours(from) && !is_ours(to))
        return real_rename(from, to);
    pthread_mutex_lock(&power.lock);
    bool last = is_last_step();
    remember_name(from, to);
    int r = real_rename(from, to);
    if (r < 0)
        give_up("a renaming failed");
    if (last)
        cut();
    pthread_mutex_unlock(&power.lock);
    return r;
}

int ftruncate(int fd, off_t size)
{
    refuse_ours(fd);
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t at)
{
    if (protection & PROT_WRITE && flags & MAP_SHARED)
        refuse_ours(fd);
    return (void *)(uintptr_t)syscall(SYS_mmap, address, size, protection, flags, fd, at);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t at)
{
    return mmap(address, size, protection, flags, fd, at);
}

/*
 * A power cut, for tests: preloaded into crumb (LD_PRELOAD), it keeps account
 * of what the program wrote to crumb.mdb and did not sync, and at a chosen step
 * takes a part of that back and kills the process.
 *
 *   POWERLOSS_STEP=n   the n-th write or sync of the store is the last; 0: none is
 *   POWERLOSS_SEED=n   decides what is lost
 *
 * A kill alone loses nothing that was written, since the kernel still has it.
 * Here the file is left as a disk may hold it after the lights went out:
 *
 *  - What was written before the last fdatasync(2) or fsync(2) is there, and so
 *    is each write through a descriptor opened with O_DSYNC, which LMDB uses
 *    for its meta page.  Such a write syncs its own pages and no others.
 *  - Of every other page any state since then may be found: without the new
 *    writes, with the first of them, with all.  So writes of different pages
 *    are lost in any combination, whatever their order was.
 *  - A page may be torn between sectors of 512 bytes.  A write of less than a
 *    sector is there or not there.
 *  - The file is as long as what is left of it.
 *  - A write or sync under way at the cut is treated as one that was not synced.
 *    A store that is closed must have been synced.
 *
 * Writes go to the file at once, with what they replace put aside, so LMDB's
 * map shows the program what it wrote; the cut undoes them all and redoes those
 * that survive.
 *
 * Not simulated: the names of files in their folder (the file systems that
 * crumb is for write a new file's name with its first sync), key files, and
 * disks that lie about syncs or damage what was synced long ago.  What the
 * account would miss (a writable map, a truncation, a short write) stops the
 * test instead of making it weaker.
 *
 * The state is global, as there is one process and no caller to pass it in.
 */
#undef _FILE_OFFSET_BITS /* open() and open64() are two symbols, and both are wanted */
#undef _FORTIFY_SOURCE

#include <fcntl.h>
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

#define STORE_NAME "crumb.mdb"
#define PAGE_BYTES 4096
#define SECTOR_BYTES 512
#define FDS_MAX 1024

_Static_assert(sizeof(off_t) == 8 && sizeof(long) == 8, "offsets are passed to system calls as they are");

enum descriptor { FOREIGN, BUFFERED, SYNCED };

/* One write's part of one page, not synced. */
struct piece {
    off_t at;
    size_t size, n_before; /* the file may have ended inside */
    unsigned char before[PAGE_BYTES], after[PAGE_BYTES];
    bool lost; /* some of it: nothing later of its page survives */
};

static struct {
    pthread_mutex_t lock;
    atomic_uchar descriptors[FDS_MAX];
    int fd; /* of the store, to read and write */
    off_t synced_bytes;
    struct piece *pieces;
    size_t n_pieces, capacity;
    unsigned long n_steps, last_step;
    uint64_t random;
} power = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

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

static off_t size_of(int fd)
{
    struct stat stat;

    if (fstat(fd, &stat) < 0)
        give_up("the store cannot be looked at");
    return stat.st_size;
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

    power.last_step = step ? strtoul(step, NULL, 10) : 0;
    /* Never zero, and seeds that are neighbours are far apart. */
    power.random = ((seed ? strtoul(seed, NULL, 10) : 0) + 1) * 0x9e3779b97f4a7c15u;
    for (unsigned i = 0; i < 16; i++)
        draw(2);
}

/* ---- the account ---- */

static off_t page_of(off_t at) { return at - at % PAGE_BYTES; }

static void remember_piece(const unsigned char *bytes, size_t size, off_t at)
{
    if (power.n_pieces == power.capacity) {
        size_t capacity = power.capacity ? power.capacity * 2 : 64;
        struct piece *grown = reallocarray(power.pieces, capacity, sizeof *grown);

        if (!grown)
            give_up("out of memory");
        power.pieces = grown;
        power.capacity = capacity;
    }
    struct piece *piece = &power.pieces[power.n_pieces++];
    piece->at = at;
    piece->size = size;
    piece->lost = false;
    memcpy(piece->after, bytes, size);
    ssize_t n = real_read(power.fd, piece->before, size, at);
    if (n < 0)
        give_up("the store cannot be read");
    piece->n_before = (size_t)n;
}

static void remember(const struct iovec *parts, int n_parts, size_t size, off_t at)
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
        remember_piece(bytes + done, n, at + (off_t)done);
    }
    free(bytes);
}

/* The pages of these bytes are on disk as they are now. */
static void settle(off_t from, off_t to)
{
    size_t n_left = 0;

    for (size_t i = 0; i < power.n_pieces; i++) {
        off_t page = page_of(power.pieces[i].at);

        if (page < page_of(from) || page >= to)
            power.pieces[n_left++] = power.pieces[i];
    }
    power.n_pieces = n_left;
    if (to > power.synced_bytes)
        power.synced_bytes = to;
}

/* ---- the cut ---- */

static void put(const unsigned char *bytes, size_t size, off_t at)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};

    if (size && real_write(power.fd, &part, 1, at) != (ssize_t)size)
        give_up("the store cannot be written");
}

static void undo_all(void)
{
    for (size_t i = power.n_pieces; i-- > 0;)
        put(power.pieces[i].before, power.pieces[i].n_before, power.pieces[i].at);
    if (syscall(SYS_ftruncate, power.fd, power.synced_bytes) < 0)
        give_up("the store cannot be cut off");
}

/* The page cache holds whole pages: the second write of one cannot be on disk without the first. */
static bool an_earlier_is_lost(size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (power.pieces[j].lost && page_of(power.pieces[j].at) == page_of(power.pieces[i].at))
            return true;
    return false;
}

static void redo_torn(const struct piece *piece)
{
    for (size_t n, done = 0; done < piece->size; done += n) {
        n = SECTOR_BYTES - (size_t)((piece->at + (off_t)done) % SECTOR_BYTES);
        if (n > piece->size - done)
            n = piece->size - done;
        if (draw(2))
            put(piece->after + done, n, piece->at + (off_t)done);
    }
}

/* Returns how many are lost, torn ones included. */
static size_t redo_some(void)
{
    enum { ALL, NONE, SOME } kept = draw(4) < 2 ? (draw(2) ? ALL : NONE) : SOME;
    size_t n_lost = 0;

    for (size_t i = 0; i < power.n_pieces; i++) {
        struct piece *piece = &power.pieces[i];
        bool whole = kept == ALL || (kept == SOME && draw(2)), torn = kept == SOME && draw(4) == 0;

        piece->lost = !whole || torn || an_earlier_is_lost(i);
        n_lost += piece->lost;
        if (!piece->lost)
            put(piece->after, piece->size, piece->at);
        else if (torn && !an_earlier_is_lost(i))
            redo_torn(piece);
    }
    return n_lost;
}

static _Noreturn void cut(void)
{
    undo_all();
    size_t n_lost = redo_some();
    fprintf(stderr, "powerloss: step %lu, lost %zu of %zu\n", power.n_steps, n_lost, power.n_pieces);
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

/* Also a draft of it, such as crumb.mdb.new; not their lock files, which mean nothing once the machine is up again. */
static bool is_store(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dash = strrchr(name, '-');

    return strncmp(name, STORE_NAME, strlen(STORE_NAME)) == 0 && !(dash && strcmp(dash, "-lock") == 0);
}

static void watch(const char *path, int flags, int fd)
{
    if (fd < 0 || (flags & O_ACCMODE) == O_RDONLY || !is_store(path))
        return;
    if (fd >= FDS_MAX || flags & O_TRUNC)
        give_up("the store was opened in a way that is not simulated");
    if ((flags & O_ACCMODE) == O_RDWR && power.fd < 0) {
        power.fd = fd;
        power.synced_bytes = size_of(fd);
    }
    if (power.fd < 0)
        give_up("the store was first opened without reading");
    atomic_store(&power.descriptors[fd], flags & O_DSYNC ? SYNCED : BUFFERED);
}

static int open_and_watch(const char *path, int flags, mode_t mode)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);

    watch(path, flags, fd);
    return fd;
}

static ssize_t write_store(int fd, const struct iovec *parts, int n_parts, off_t at)
{
    size_t size = 0;

    for (int i = 0; i < n_parts; i++)
        size += parts[i].iov_len;
    pthread_mutex_lock(&power.lock);
    bool synced = kind_of(fd) == SYNCED, last = is_last_step();
    if (synced && last && draw(2))
        cut();
    if (!synced)
        remember(parts, n_parts, size, at);
    ssize_t n = real_write(fd, parts, n_parts, at);
    if (n != (ssize_t)size)
        give_up("a write of the store was short or failed");
    if (synced)
        settle(at, at + n);
    if (last)
        cut();
    pthread_mutex_unlock(&power.lock);
    return n;
}

static ssize_t write_here(int fd, const struct iovec *parts, int n_parts)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t n = write_store(fd, parts, n_parts, at);

    lseek(fd, at + n, SEEK_SET);
    return n;
}

static int sync_store(int fd, long call)
{
    pthread_mutex_lock(&power.lock);
    if (is_last_step())
        cut();
    int r = (int)syscall(call, fd);
    if (r < 0)
        give_up("a sync of the store failed");
    settle(0, size_of(fd));
    pthread_mutex_unlock(&power.lock);
    return r;
}

static void refuse_store(int fd)
{
    if (kind_of(fd) != FOREIGN)
        give_up("the store was changed in a way that is not simulated");
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
        atomic_store(&power.descriptors[fd], FOREIGN);
    if (fd == power.fd && power.n_pieces)
        give_up("the store was closed without a sync");
    if (fd == power.fd)
        power.fd = -1;
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

    return kind_of(fd) == FOREIGN ? real_write(fd, &part, 1, at) : write_store(fd, &part, 1, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return pwrite(fd, bytes, size, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int n_parts, off_t at)
{
    return kind_of(fd) == FOREIGN ? real_write(fd, parts, n_parts, at) : write_store(fd, parts, n_parts, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n_parts, off64_t at)
{
    return pwritev(fd, parts, n_parts, at);
}

int fdatasync(int fd)
{
    return kind_of(fd) == FOREIGN ? (int)syscall(SYS_fdatasync, fd) : sync_store(fd, SYS_fdatasync);
}

int fsync(int fd) { return kind_of(fd) == FOREIGN ? (int)syscall(SYS_fsync, fd) : sync_store(fd, SYS_fsync); }

int ftruncate(int fd, off_t size)
{
    refuse_store(fd);
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t at)
{
    if (protection & PROT_WRITE && flags & MAP_SHARED)
        refuse_store(fd);
    return (void *)(uintptr_t)syscall(SYS_mmap, address, size, protection, flags, fd, at);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t at)
{
    return mmap(address, size, protection, flags, fd, at);
}

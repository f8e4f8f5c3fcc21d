/*
 * A clock that a test sets: preloaded into crumb (LD_PRELOAD), it makes the time
 * of day what the test wrote down, and the time between two looks of the keeper
 * short.  The program itself has no way to be told another time.
 *
 *   SETCLOCK_FILE=path   eight bytes: milliseconds since 1970 UTC, in this machine's order; 0: the system's time
 *   SETCLOCK_SPEED=n     monotonic time passes n times as fast; 1 where there is none
 *
 * The time of day stands still until the test writes another.  What waits on a
 * condition for a monotonic moment is woken when it has come.  Timers of h2o
 * take gettimeofday(2), which is left alone.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

static struct {
    const _Atomic int64_t *at_ms; /* NULL: the system's */
    int64_t speed, began_ns;
} hands = {.speed = 1};

static int64_t real_ns(clockid_t clock)
{
    struct timespec now;

    syscall(SYS_clock_gettime, clock, &now);
    return now.tv_sec * NS + now.tv_nsec;
}

static struct timespec timespec_of(int64_t ns) { return (struct timespec){.tv_sec = ns / NS, .tv_nsec = ns % NS}; }

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "setclock: %s\n", why);
    abort();
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SETCLOCK_FILE"), *speed = getenv("SETCLOCK_SPEED");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    hands.began_ns = real_ns(CLOCK_MONOTONIC);
    hands.speed = speed ? strtoll(speed, NULL, 10) : 1;
    if (hands.speed < 1)
        give_up("SETCLOCK_SPEED is no speed");
    if (!path)
        return;
    void *bytes = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *hands.at_ms, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        give_up("SETCLOCK_FILE cannot be read");
    hands.at_ms = bytes;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
    int64_t set_ms = hands.at_ms ? atomic_load(hands.at_ms) : 0;

    if (clock == CLOCK_REALTIME && set_ms)
        *ret_now = timespec_of(set_ms * 1000000);
    else if (clock == CLOCK_MONOTONIC)
        *ret_now = timespec_of(hands.began_ns + (real_ns(clock) - hands.began_ns) * hands.speed);
    else
        return (int)syscall(SYS_clock_gettime, clock, ret_now);
    return 0;
}

/* crumb's conditions are all by the monotonic clock. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
    int64_t ns = until->tv_sec * NS + until->tv_nsec - hands.began_ns;
    struct timespec real = timespec_of(hands.began_ns + ns / hands.speed);

    return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &real);
}

/*
 * What the kernel says of a process that was told to be discreet.
 */
#include "check.h"
#include "crumb/base/discreet.h"
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_no_core(void **state)
{
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    assert_int_equal(discreet_begin(), 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
    assert_int_equal(discreet_begin(), 0); /* twice is as good */
}

/* As the service runs: not as root, to whom everything is open. */
static int try_own_files(void)
{
    static const char *const names[] = {"/proc/self/maps", "/proc/self/statm", "/proc/self/fd/0"};

    if (getuid() == 0 && setresuid(65534, 65534, 65534))
        return 2;
    if (discreet_begin())
        return 3;
    for (int i = 0; i < 3; i++) {
        int file = open(names[i], O_RDONLY | O_CLOEXEC);

        if (file < 0)
            return 4 + i;
        close(file);
    }
    return open("/proc/self/environ", O_RDONLY | O_CLOEXEC) < 0 ? 0 : 7; /* by its mode: root's alone */
}

static void test_own_files(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

        _exit(dup2(file, 0) ? 1 : try_own_files());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_core), cmocka_unit_test(test_own_files)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

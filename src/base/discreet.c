/*
 * Two locks on the same door: the limit alone does not keep a core from a
 * program that core_pattern pipes it to, and the flag alone is reset by exec.
 */
#include "crumb/base/discreet.h"
#include "crumb/base/error.h"
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int discreet_begin(void)
{
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0}))
        return error_origin(-errno);
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? error_origin(-errno) : 0;
}

/*
 * What a command does that belongs into the audit trail: left for the service,
 * on disk, before anything is printed.
 */
#include "crumb/store/act.h"
#include "command.h"
#include "crumb/base/clock.h"
#include "crumb/base/error.h"
#include "crumb/base/random.h"
#include <stdio.h>
#include <unistd.h>

int command_act(const char *folder, const struct trail_entry *what)
{
    char user[32];
    struct trail_entry entry = *what;

    snprintf(user, sizeof user, "uid %lu", (unsigned long)getuid());
    entry.at_ms = clock_now_ms(&clock_system);
    entry.actor = ACTOR_COMMAND;
    entry.name = text_of(user);
    int r = act_drop(folder, &entry, &random_system);
    if (r == ACT_E_FULL)
        fprintf(stderr,
                "crumb: %s/" ACT_FOLDER " has %d files or more; nothing is shown or done that cannot be put on record; "
                "`crumb serve` records and removes them\n",
                folder, ACTS_MAX);
    else if (r)
        fprintf(stderr, "crumb: %s/" ACT_FOLDER ": %s; nothing is shown or done that cannot be put on record\n", folder,
                error_trail(r));
    return r ? EXIT_FAILED : EXIT_GOOD;
}

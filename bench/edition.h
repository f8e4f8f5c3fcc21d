/*
 * The configuration that a tool works with.
 */
#pragma once

#include "crumb/consent/notice.h"
#include <stdio.h>

/* The edition of the file @path. 0 or a fault; what is wrong with the file is said on standard error. */
static inline int edition_of_file(const char *path, struct edition **ret_edition)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;
    int r = config_load(path, &complaints, &config);

    if (r > 0)
        fwrite(complaints.text.data, 1, complaints.text.size, stderr);
    complaints_deinit(&complaints);
    r = r ? r : edition_new(config, ret_edition);
    config_unref(config);
    return r;
}

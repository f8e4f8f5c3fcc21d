/*
 * One goal of a site.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/config/yaml.h"

/* Reads the goal at @at into @goals[@n], all zeros before; those before it are read. */
void goal_read(const struct yaml_at *at, struct goal *goals, unsigned n);

/* Frees what the goal holds, which may be half read. */
void goal_deinit(struct goal *goal);

/*
 * Saved filters of a site, `segments`.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/config/walk.h"

/* Reads those at @at into @all[@n], all zeros before; those before it are read. */
void saved_read(const struct yaml_at *at, struct saved_filters *all, unsigned n);

/* Frees what they hold, which may be half read. */
void saved_deinit(struct saved_filters *saved);

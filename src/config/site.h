/*
 * One site of the configuration.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/config/yaml.h"

/* Reads the site at @at, whose key is its name, into @site (all zeros before). */
void site_read(const struct yaml_at *at, struct site *site);

/* Frees what the site holds, which may be half read. */
void site_deinit(struct site *site);

/*
 * What a site does besides crumb, `policy.also`.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/config/walk.h"

/* Reads what stands at @at into @also, all zeros before. */
void also_read(const struct yaml_at *at, struct also *also);

/* Frees what it holds, which may be half read. */
void also_deinit(struct also *also);

/*
 * The calendar of a site: on which days its people work.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/config/yaml.h"

/* Readers of `working_days` and `holidays`, into a struct site. */
void calendar_read_days(const struct yaml_at *at, void *into);
void calendar_read_holidays(const struct yaml_at *at, void *into);

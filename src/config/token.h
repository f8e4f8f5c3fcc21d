/*
 * One bearer token of the configuration.
 */
#pragma once

#include "crumb/config/config.h"
#include "crumb/config/yaml.h"

/*
 * Reads the token at @at into @token (all zeros before), the last of
 * @config's tokens so far.  The sites of @config have been read.
 */
void token_read(const struct yaml_at *at, const struct config *config, struct token *token);

/* Frees what the token holds, which may be half read. */
void token_deinit(struct token *token);

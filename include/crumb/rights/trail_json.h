/*
 * A record of the audit trail as people and programs read it: one JSON object.
 */
#pragma once

#include "crumb/base/buffer.h"
#include "crumb/store/trail.h"

/* Every byte of each text becomes at most six. */
#define TRAIL_JSON_BYTES_MAX (6 * TRAIL_RECORD_BYTES_MAX + 1024)

/* Appends the object. */
void trail_json_put(struct buffer *buffer, const struct trail_record *record);

/* The same of what a command did and the service has not recorded: without number, hashes and signature. */
void trail_json_put_waiting(struct buffer *buffer, const struct trail_entry *entry);

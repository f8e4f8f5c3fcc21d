/*
 * Masking: what could name a person becomes a `*` in texts that a page made:
 *
 *   mail addresses    anna@shop.example, anna%40shop.example
 *   random words      16 letters, digits, - or _, or more, in which a letter and
 *                     a digit meet at four places: ids, tokens, UUIDs
 *   JSON in base64    eyJ and nine more of the same: the parts of a JWT
 *   long numbers      7 digits in a row, or 9 with single spaces, dots or dashes
 *
 * The tracker does the same before anything is sent (pixel/src/mask.ts); here
 * it is done for whoever did not.  tests/mask/cases.txt holds both to it.
 * Pure.
 */
#pragma once

#include "crumb/store/event.h"

/* Masks in place, where there is something to mask. The new size, never above @size. */
size_t mask_bytes(char *bytes, size_t size);

/*
 * Masks the texts of an event that a page made: path, referrer, title, utm_*,
 * se_* and the values of properties.  Their bytes must be the caller's to
 * change, but those of constants without anything to mask.
 */
void mask_event(struct event *event);

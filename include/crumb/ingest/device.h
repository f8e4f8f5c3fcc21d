/*
 * What kind of device asks, by what its browser says of itself.  Pure: a table
 * of words in the User-Agent, and the client hint that says it outright.
 */
#pragma once

#include "crumb/base/words.h"

/* @mobile: the value of Sec-CH-UA-Mobile, or the empty text; @agent: of User-Agent. */
enum device device_of(struct text mobile, struct text agent);

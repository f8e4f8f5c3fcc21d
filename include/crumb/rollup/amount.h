/*
 * Amounts of money as events bring them: decimal text.
 */
#pragma once

#include "crumb/base/text.h"
#include <stdint.h>

/*
 * "12", "-0.5", ".5", "19.999" in thousandths; further digits round, halves away
 * from zero.  False: it is no such number, or more than 10^15.
 */
bool amount_parse(struct text text, int64_t *ret_thousandths);

/* The sum, which stays at the end of its range. */
int64_t amount_add(int64_t a, int64_t b);

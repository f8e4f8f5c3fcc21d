/*
 * Whom of a table a question is about.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mask {
    bool of_hits;
    uint8_t *passes; /* a byte, 0 or 1, for each hit or visit */
};

/*
 * How much a button's text draws the eye, as far as a program can judge it
 * without understanding the language: its length and its loudness.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct prominence {
    size_t n_letters; /* characters but combining ones */
    bool exclaims;    /* has an exclamation mark, of any script */
    bool pictures;    /* has an emoji, arrow or other symbol */
    bool shouts;      /* is in capitals only: three of them at least, as "OK" has no other form */
};

/* Of a text in UTF-8. Pure. */
struct prominence prominence_of(const char *text);

/* True where one text is so much longer that its button outweighs the other's. */
bool prominence_longer(const struct prominence *a, const struct prominence *b);

/*
 * Which of the languages that there are a reader gets.  Pure.
 */
#pragma once

#include "crumb/base/limits.h"
#include "crumb/base/text.h"

/*
 * The language of @langs (at most TEXTS_LANGUAGES_MAX tags) that fits @range:
 * RFC 4647 section 3.4, subtags are taken off the end until one fits.  Before
 * each is taken off, other names of the same are tried: zh-HK finds zh-TW, no
 * finds nb, iw finds he.  False where none fits.
 */
bool language_match(struct text range, const char *const *langs, unsigned n, unsigned *ret_index);

/* The tags that language_match() knows by another name, one after the other, some twice; NULL behind the last. */
const char *language_other_name(unsigned i);

/*
 * The language of @langs for an Accept-Language header (RFC 9110 section
 * 12.5.4): the first that fits, in the order of the ranges' weights, else the
 * first of all.  Ranges of weight 0 take away what they name; `*` is the first
 * language that no other range names.  What is malformed is passed over, as are
 * ranges after the first LANGUAGE_RANGES_MAX.
 */
unsigned language_choose(struct text header, const char *const *langs, unsigned n);

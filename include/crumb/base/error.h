/*
 * Errors: one rule for the whole program.
 *
 *   0         it is done
 *   negative  a fault (a negated errno): something the program cannot decide
 *             about where it happened.  Forward it unchanged through
 *             error_trace(); only handlers and main report it, once.
 *   positive  an expected outcome named MODULE_E_WHAT in the module's header.
 *             The direct caller handles it; it is never forwarded.
 *
 * Outputs of a function that failed are left untouched.
 */
#pragma once

/*
 * Marks the place where a fault begins and returns @code.  Starts a new trail
 * for this thread.  @code must be negative.
 */
#define error_origin(code) error_origin_at((code), __FILE__, __LINE__)

/*
 * Adds the calling line to the thread's trail when @code is a fault, and
 * returns @code.  Costs one comparison when there is none.
 */
#define error_trace(code) error_trace_at((code), __FILE__, __LINE__)

/*
 * For a call whose positive outcomes cannot happen here: turns one into the
 * fault -ENOTRECOVERABLE, traces a negative one, returns 0 as 0.
 */
#define error_fold(code) error_fold_at((code), __FILE__, __LINE__)

int error_origin_at(int code, const char *file, int line);
int error_trace_at(int code, const char *file, int line);
int error_fold_at(int code, const char *file, int line);

/*
 * The thread's last trail as text: "No space left on device (db.c:120 <-
 * journal.c:33)".  Lent until the thread's next call of any error function.
 */
const char *error_trail(int code);

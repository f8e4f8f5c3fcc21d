/*
 * The program's voice: one line an event on standard error, made by handlers
 * and main only.  Never contains a visitor's data.  Any thread.
 */
#pragma once

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "what: No space left on device (db.c:120 <- journal.c:33)": a fault with its trail. */
void log_fault(const char *what, int fault);

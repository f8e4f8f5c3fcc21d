/*
 * One write per line, so that lines of several threads do not mix.
 */
#include "crumb/base/log.h"
#include "crumb/base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void __attribute__((format(printf, 2, 0))) log_line(const char *level, const char *format, va_list args)
{
    char line[2048];
    int used = snprintf(line, sizeof line, "crumb: %s", level);

    used += vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
    if (used > (int)sizeof line - 2)
        used = (int)sizeof line - 2;
    line[used++] = '\n';
    (void)!write(STDERR_FILENO, line, (size_t)used);
}

#define LOG_AT(level)                                                                                                  \
    va_list args;                                                                                                      \
    va_start(args, format);                                                                                            \
    log_line(level, format, args);                                                                                     \
    va_end(args)

void log_info(const char *format, ...) { LOG_AT(""); }
void log_warn(const char *format, ...) { LOG_AT("warning: "); }
void log_error(const char *format, ...) { LOG_AT("error: "); }

void log_fault(const char *what, int fault) { log_error("%s: %s", what, error_trail(fault)); }

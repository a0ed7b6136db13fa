#pragma once
/*
 * One line an event on stderr, spoken by whoever owns the request: time, level, node/process, text.
 * Control bytes are escaped, so that no peer can forge a line. Under systemd (JOURNAL_STREAM) the
 * journal's own priority takes the place of time and level.
 */
#include "base/error.h"
#include "base/reader.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_open(const char *node, const char *process, enum log_level level); /* once, at start */
void log_error(const char *format, ...) PRINTF(1, 2);
void log_warning(const char *format, ...) PRINTF(1, 2);
void log_info(const char *format, ...) PRINTF(1, 2);
void log_debug(const char *format, ...) PRINTF(1, 2);
/* "refused 127.16.0.9:4711 tftp: malformed: …": bad input costs one such line and nothing else. */
void log_refused(const char *peer, const char *what, const struct error *why);
/* Until log_release, lines wait and then leave in one write: for whoever deals with a batch at
 * once. An error does not wait, nor what was said before it. */
void log_hold(void);
void log_release(void);
/* For processes that strangers make talk: a line that nobody takes (the pipe is full) is lost and
 * counted, and the work goes on. How many were lost is the first thing said afterwards. */
void log_never_wait(void);
/* What libevent has to say, in its numbers: 0 debug, 1 message, 2 warning, 3 error. */
void log_library(int severity, const char *text);
bool log_level_from_name(const char *name, enum log_level *out);

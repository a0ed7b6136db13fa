#pragma once
/* One line an event on stderr (the journal under systemd), spoken by whoever owns the request. */
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
/* Sends libevent's, libcurl's and libxml2's words through here. */
void log_adopt_libraries(void);

#include "run/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { LINE_SIZE = 1024, HEAD_SIZE = 192, HELD_SIZE = 4096, LIBRARY_WARNING = 2, PATIENCE_MS = 20 };

/* journal: the number that syslog(3) and the journal give this level. */
static const struct level_row {
	const char *name;
	int journal;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static struct {
	char node[64], process[32];
	enum log_level level;
	bool journal, holds, never_waits, is_socket;
	unsigned long lost; /* lines that nobody took in time */
	size_t held;        /* bytes: no more than a pipe takes whole */
	char lines[HELD_SIZE];
} log_state = { .process = "dialtrust", .level = LOG_LEVEL_INFO };

void log_open(const char *node, const char *process, enum log_level level)
{
	(void)snprintf(log_state.node, sizeof(log_state.node), "%s", node);
	(void)snprintf(log_state.process, sizeof(log_state.process), "%s", process);
	log_state.level = level;
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

bool log_level_from_name(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < COUNT(levels); i++)
		if (strcmp(levels[i].name, name) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

static void head(enum log_level level, char out[static HEAD_SIZE])
{
	const char *slash = log_state.node[0] == '\0' ? "" : "/";
	char when[TIME_TEXT_SIZE];
	if (log_state.journal)
		(void)snprintf(out, HEAD_SIZE, "<%d>%s%s%s: ", levels[level].journal,
			log_state.node, slash, log_state.process);
	else
		(void)snprintf(out, HEAD_SIZE, "%s %s %s%s%s: ", text_time(clock_now(), when),
			levels[level].name, log_state.node, slash, log_state.process);
}

static void count_lost(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		log_state.lost += bytes[i] == '\n' ? 1 : 0;
}

/* False: it would have had to wait for a reader. Nobody there at all is nobody to tell. */
static bool leave(const char *bytes, size_t size)
{
	ssize_t done = log_state.is_socket
		? send(STDERR_FILENO, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)
		: write(STDERR_FILENO, bytes, size);
	return done >= 0 || !log_state.never_waits || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static bool tell_lost(void)
{
	char before[HEAD_SIZE], line[LINE_SIZE];
	head(LOG_LEVEL_WARNING, before);
	int used = snprintf(line, sizeof(line), "%s%lu lines were lost: nobody read them in time\n",
		before, log_state.lost);
	if (used <= 0 || !leave(line, (size_t)used))
		return false;
	log_state.lost = 0;
	return true;
}

/* Whoever reads gets a moment, but not again and again. */
static bool is_taken(void)
{
	struct pollfd end = { .fd = STDERR_FILENO, .events = POLLOUT };
	return !log_state.never_waits || poll(&end, 1, log_state.lost > 0 ? 0 : PATIENCE_MS) != 0;
}

/* A pipe is asked in turn by processes that share it: only a write that does not wait is sure. It
 * is an open file of our own then, so that nobody else's stops waiting. */
static void reopen_pipe(void)
{
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return; /* is_taken() is nearly as good */
	(void)dup2(fd, STDERR_FILENO);
	(void)close(fd);
}

void log_never_wait(void)
{
	struct stat facts;
	bool known = fstat(STDERR_FILENO, &facts) == 0;
	log_state.never_waits = true;
	log_state.is_socket = known && S_ISSOCK(facts.st_mode);
	if (known && S_ISFIFO(facts.st_mode))
		reopen_pipe();
}

static void put(const char *bytes, size_t size)
{
	if (!is_taken() || (log_state.lost > 0 && (!tell_lost() || !is_taken())) ||
		!leave(bytes, size))
		count_lost(bytes, size);
}

static void put_held(void)
{
	if (log_state.held > 0)
		put(log_state.lines, log_state.held);
	log_state.held = 0;
}

void log_hold(void)
{
	log_state.holds = true;
}

void log_release(void)
{
	log_state.holds = false;
	put_held();
}

static void put_line(enum log_level level, const char *line, size_t size)
{
	if (log_state.held + size > sizeof(log_state.lines))
		put_held();
	if (!log_state.holds && log_state.held == 0) {
		put(line, size);
		return;
	}
	memcpy(log_state.lines + log_state.held, line, size);
	log_state.held += size;
	if (!log_state.holds || level == LOG_LEVEL_ERROR)
		put_held();
}

/* One write(2) a line, or some whole ones: lines of several processes on one stderr do not mix. */
static void PRINTF(2, 0) say(enum log_level level, const char *format, va_list args)
{
	if (level > log_state.level)
		return;
	char text[LINE_SIZE - HEAD_SIZE], safe[LINE_SIZE - HEAD_SIZE], before[HEAD_SIZE],
		line[LINE_SIZE + 2];
	(void)vsnprintf(text, sizeof(text), format, args);
	head(level, before);
	int used = snprintf(line, sizeof(line), "%s%s\n", before,
		text_printable(reader_of_text(text), safe, sizeof(safe)));
	if (used > 0)
		put_line(
			level, line, (size_t)used < sizeof(line) ? (size_t)used : sizeof(line) - 1);
}

#define DEFINE_LOG(name, level)                                                                    \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
		va_start(args, format);                                                            \
		say(level, format, args);                                                          \
		va_end(args);                                                                      \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

void log_refused(const char *peer, const char *what, const struct error *why)
{
	log_warning("refused %s %s: %s: %s", peer, what, fault_name(why->fault), why->text);
}

void log_library(int severity, const char *text)
{
	if (severity >= LIBRARY_WARNING)
		log_warning("libevent: %s", text);
	else
		log_debug("libevent: %s", text);
}

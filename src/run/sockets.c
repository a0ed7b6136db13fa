#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "run/process_impl.h"

enum { FIRST = 3, ABOVE_ALL = 100, OPEN_TRIES = 10, OPEN_PAUSE_MS = 100, NAMES_SIZE = 256 };

/* clang-format off */
static const struct socket_row rows[] = {
	{ "tftp",              SOCKET_UDP,     offsetof(struct settings, tftp),         NULL },
	{ "http",              SOCKET_TCP,     offsetof(struct settings, http),         NULL },
	{ "https",             SOCKET_TCP,     offsetof(struct settings, https),        NULL },
	{ "tvs",               SOCKET_TCP,     offsetof(struct settings, tvs),          NULL },
	{ "metrics",           SOCKET_TCP,     offsetof(struct settings, metrics),      NULL },
	{ "admin",             SOCKET_ADMIN,   offsetof(struct settings, admin_socket), "admin" },
	{ "signer.manager",    SOCKET_SIBLING, 0, "manager" },
	{ "signer.provision",  SOCKET_SIBLING, 0, "provision" },
	{ "signer.tvs",        SOCKET_SIBLING, 0, "tvs" },
	{ "manager.admin",     SOCKET_SIBLING, 0, "admin" },
	{ "manager.tvs",       SOCKET_SIBLING, 0, "tvs" },
	{ "manager.provision", SOCKET_SIBLING, 0, "provision" },
	{ "courier.manager",   SOCKET_SIBLING, 0, "manager" },
	{ "signer.deployer",   SOCKET_SIBLING, 0, "deployer" },
	{ "deployer.manager",  SOCKET_SIBLING, 0, "manager" },
};
/* clang-format on */

_Static_assert(COUNT(rows) <= BOUND_MAX, "every socket has its place");

/* What this process was handed, from sockets_take_up on. */
static struct {
	char names[NAMES_SIZE]; /* "tftp:http" */
	size_t count;
} handed;

const struct socket_row *socket_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

bool process_sibling_path(const struct settings *settings, const char *name, char *out, size_t size,
	struct error *err)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int used = snprintf(path, sizeof(path), "%s/%s", settings->runtime, name);
	if (used < 0 || (size_t)used >= sizeof(path))
		return fail(err, FAULT_LIMIT,
			"%s/%s is too long for a Unix socket: choose a shorter [node] runtime",
			settings->runtime, name);
	return text_copy(out, size, path, err);
}

static bool is_unix(const struct socket_row *row)
{
	return row->kind == SOCKET_ADMIN || row->kind == SOCKET_SIBLING;
}

static bool place_of(const struct settings *settings, const struct socket_row *row, char *out,
	size_t size, struct error *err)
{
	if (row->kind == SOCKET_SIBLING)
		return process_sibling_path(settings, row->name, out, size, err);
	return text_copy(out, size, (const char *)settings + row->setting, err);
}

/* A node that was killed leaves its sockets to processes that are ending at this very moment. */
static int open_patiently(const struct supervision *node, const struct socket_row *row,
	const char *where, struct error *err)
{
	for (unsigned tries = 1;; tries++) {
		int fd = node->open_socket(row, where, err);
		if (fd >= 0 || err->fault != FAULT_IO || tries == OPEN_TRIES)
			return fd;
		(void)poll(NULL, 0, OPEN_PAUSE_MS);
	}
}

static bool open_one(const struct supervision *node, bool drop, const struct socket_row *row,
	int *out, struct error *err)
{
	char where[RUN_PATH_SIZE];
	if (!place_of(node->settings, row, where, sizeof(where), err))
		return false;
	if (where[0] == '\0')
		return true;
	int fd = open_patiently(node, row, where, err);
	if (fd < 0)
		return fail_in(err, "socket %s", row->name);
	if (is_unix(row) && drop &&
		chown(where, process_user(node->settings, row->for_process), (gid_t)-1) != 0) {
		(void)fail_errno(err, "giving %s to its user", where);
		(void)close(fd);
		return false;
	}
	*out = fd;
	return true;
}

bool sockets_open(
	const struct supervision *node, bool drop, struct bound_socket *out, struct error *err)
{
	struct error why = { 0 };
	for (size_t i = 0; i < BOUND_MAX; i++)
		out[i] = (struct bound_socket){ .fd = -1 };
	for (size_t i = 0; i < COUNT(rows); i++) {
		out[i].row = &rows[i];
		if (!open_one(node, drop, &rows[i], &out[i].fd, &why)) {
			sockets_close(out);
			return fail(err, why.fault, "%s", why.text);
		}
	}
	return true;
}

void sockets_close(struct bound_socket *bound)
{
	for (size_t i = 0; i < BOUND_MAX; i++)
		if (bound[i].fd >= 0) {
			(void)close(bound[i].fd);
			bound[i].fd = -1;
		}
}

static int find_bound(const struct bound_socket *bound, const char *name)
{
	for (size_t i = 0; i < BOUND_MAX && bound[i].row != NULL; i++)
		if (strcmp(bound[i].row->name, name) == 0)
			return bound[i].fd;
	return -1;
}

static bool set_number(const char *name, long value)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%ld", value);
	return setenv(name, text, 1) == 0;
}

/* All are first lifted out of the way: the numbers from 3 on may be in use among them. */
static bool place_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, ABOVE_ALL);
		if (fds[i] < 0)
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (dup2(fds[i], FIRST + (int)i) < 0)
			return false;
	return true;
}

bool sockets_hand_over(const struct bound_socket *bound, const struct process_row *row, int status,
	struct error *err)
{
	int fds[PROCESS_SOCKETS + 2];
	size_t count = 0;
	char names[NAMES_SIZE] = "";
	size_t used = 0;
	for (size_t i = 0; i < PROCESS_SOCKETS && row->sockets[i] != NULL; i++) {
		int fd = find_bound(bound, row->sockets[i]);
		if (fd < 0)
			continue;
		fds[count++] = fd;
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			used == 0 ? "" : ":", row->sockets[i]);
	}
	fds[count] = status;
	fds[count + 1] = roll_fd();
	if (!place_all(fds, count + 2))
		return fail_errno(err, "placing its sockets");
	if (!set_number("LISTEN_FDS", (long)count) || !set_number("LISTEN_PID", (long)getpid()) ||
		setenv("LISTEN_FDNAMES", names, 1) != 0 ||
		!set_number(ENVIRONMENT_STATUS, FIRST + (long)count) ||
		!set_number(ENVIRONMENT_ROLL, FIRST + 1 + (long)count))
		return fail_memory(err);
	return true;
}

static bool number_of(const char *name, uint64_t max, uint64_t *out)
{
	const char *text = getenv(name);
	return text != NULL && text_number(text, 0, max, out);
}

bool sockets_take_up(struct error *err)
{
	uint64_t pid, count;
	const char *names = getenv("LISTEN_FDNAMES");
	if (!number_of("LISTEN_PID", INT32_MAX, &pid) || pid != (uint64_t)getpid() ||
		!number_of("LISTEN_FDS", PROCESS_SOCKETS, &count) || names == NULL)
		return fail(err, FAULT_USAGE,
			"--process is for the supervisor: it hands sockets over and this has none");
	if (!text_copy(handed.names, sizeof(handed.names), names, err))
		return fail_in(err, "LISTEN_FDNAMES");
	handed.count = (size_t)count;
	for (int fd = FIRST; fd < FIRST + (int)count; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			return fail_errno(err, "taking up descriptor %d", fd);
	return unsetenv("LISTEN_FDS") == 0 && unsetenv("LISTEN_PID") == 0 &&
			unsetenv("LISTEN_FDNAMES") == 0
		? true
		: fail_errno(err, "environment");
}

int process_socket(const char *name)
{
	size_t length = strlen(name);
	const char *at = handed.names;
	for (size_t i = 0; i < handed.count; i++) {
		size_t word = strcspn(at, ":");
		if (word == length && strncmp(at, name, word) == 0)
			return FIRST + (int)i;
		at += word + (at[word] == ':');
	}
	return -1;
}

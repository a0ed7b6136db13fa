#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/address.h"

static bool say_why(const struct address *at, struct error *err)
{
	char text[ADDRESS_TEXT_SIZE];
	address_text(at, text);
	if (errno == EADDRINUSE)
		return fail(err, FAULT_IO,
			"%s is in use by another program: stop it or choose another port", text);
	if (errno == EACCES)
		return fail(err, FAULT_IO,
			"%s: ports below 1024 are for root (or a program with "
			"CAP_NET_BIND_SERVICE): "
			"start as root or choose a higher port",
			text);
	if (errno == EADDRNOTAVAIL)
		return fail(err, FAULT_IO,
			"%s: this machine has no such address: choose one that `ip address` lists",
			text);
	return fail_errno(err, "%s cannot be served", text);
}

static bool switch_on(int fd, int level, int option)
{
	int on = 1;
	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

static int bound(const struct address *at, int type, struct error *err)
{
	int fd = socket(at->storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		say_why(at, err);
		return -1;
	}
	/* Not for UDP: there it would let two servers share the port unnoticed. */
	bool fine = type != SOCK_STREAM || switch_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (at->storage.ss_family == AF_INET6)
		fine = fine && switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (fine && bind(fd, (const struct sockaddr *)&at->storage, at->size) == 0)
		return fd;
	say_why(at, err);
	(void)close(fd);
	return -1;
}

int listen_stream(const struct address *at, struct error *err)
{
	int fd = bound(at, SOCK_STREAM, err);
	if (fd >= 0 && listen(fd, SOMAXCONN) != 0) {
		say_why(at, err);
		(void)close(fd);
		return -1;
	}
	return fd;
}

int listen_datagram(const struct address *at, struct error *err)
{
	return bound(at, SOCK_DGRAM, err);
}

/* A socket file whose owner died refuses connections; anything else that stands there is alive or
 * is not ours to remove. */
static bool stale(const struct sockaddr_un *name, int type)
{
	struct stat file;
	if (lstat(name->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode))
		return false;
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool refused = connect(fd, (const struct sockaddr *)name, sizeof(*name)) != 0 &&
		errno == ECONNREFUSED;
	(void)close(fd);
	return refused;
}

static bool unix_bind(int fd, const struct sockaddr_un *name, int type)
{
	if (bind(fd, (const struct sockaddr *)name, sizeof(*name)) == 0)
		return true;
	if (errno != EADDRINUSE)
		return false;
	if (stale(name, type) && unlink(name->sun_path) == 0)
		return bind(fd, (const struct sockaddr *)name, sizeof(*name)) == 0;
	errno = EADDRINUSE;
	return false;
}

int listen_unix(const char *path, int type, unsigned mode, struct error *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(name.sun_path)) {
		fail(err, FAULT_USAGE,
			"socket %s: the path is longer than %zu bytes: choose a shorter directory",
			path, sizeof(name.sun_path) - 1);
		return -1;
	}
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* fchmod before bind: the file never exists with more rights than these. */
	if (fd >= 0 && fchmod(fd, (mode_t)mode) == 0 && unix_bind(fd, &name, type) &&
		chmod(path, (mode_t)mode) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	if (errno == EADDRINUSE)
		fail(err, FAULT_IO,
			"socket %s is in use by another program: stop it or choose another path",
			path);
	else
		fail_errno(err, "socket %s cannot be made", path);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

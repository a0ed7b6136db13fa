/* What a service manager wants to hear from the service that it started (sd_notify(3)): datagrams
 * to the Unix socket that it names. docs/processes.md#life */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/log.h"
#include "run/process_impl.h"

#define ENVIRONMENT_NOTIFY "NOTIFY_SOCKET"

static bool address_of(const char *name, struct sockaddr_un *out, socklen_t *size)
{
	size_t length = strlen(name);
	if (length < 2 || length >= sizeof(out->sun_path) || (name[0] != '/' && name[0] != '@'))
		return false;
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, name, length);
	if (name[0] == '@') /* an abstract name */
		out->sun_path[0] = '\0';
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

int service_manager_open(void)
{
	struct sockaddr_un address;
	socklen_t size;
	const char *name = getenv(ENVIRONMENT_NOTIFY);
	if (name == NULL)
		return -1;
	int fd = -1;
	if (!address_of(name, &address, &size)) {
		log_warning(ENVIRONMENT_NOTIFY " is no Unix socket: nobody is told of the start");
	} else {
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (const struct sockaddr *)&address, size) != 0)
			log_warning(ENVIRONMENT_NOTIFY " %s: %s", name, strerror(errno));
	}
	(void)unsetenv(ENVIRONMENT_NOTIFY); /* for the supervisor alone */
	return fd;
}

void service_manager_tell(int fd, const char *state)
{
	if (fd >= 0 && send(fd, state, strlen(state), MSG_NOSIGNAL) < 0)
		log_warning("the service manager does not hear \"%s\": %s", state, strerror(errno));
}

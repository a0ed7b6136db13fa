/* DIR/lock, DIR/store/, DIR/<node>/{settings,log,keys…}, DIR/phones/, DIR/certificates/. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "lab/lab_impl.h"
#include "net/address.h"
#include "run/files.h"

enum { FIRST_USER = 61000, USERS_PER_NODE = 10, ADDRESSES = 4 };

#define STORE_FOLDER "store"
#define STORE_FILE STORE_FOLDER "/cluster.sqlite"

/* Long enough for the longest socket of the longest node, see struct sockaddr_un. */
static bool runtime_fits(const char *runtime)
{
	return strlen(runtime) + sizeof("/manager.provision") <= 108 &&
		strlen(runtime) < sizeof(((struct settings *)NULL)->runtime);
}

static bool make_directory(struct lab *l, struct error *err)
{
	char *real;
	char path[LAB_PATH_SIZE];
	if (l->options.state == NULL) {
		const char *given = getenv("TMPDIR");
		const char *base = given == NULL || given[0] == '\0' ? "/tmp" : given;
		(void)snprintf(path, sizeof(path), "%.150s/dialtrust-lab-XXXXXX", base);
		if (mkdtemp(path) == NULL)
			return fail_errno(err, "making a temporary directory in %s", base);
	} else if (!text_copy(path, sizeof(path), l->options.state, err) ||
		!directory_make(path, 0755, err)) {
		return fail_in(err, "--state %s", l->options.state);
	}
	/* The daemons' users go through it to what is theirs. */
	if (l->options.state == NULL && chmod(path, 0755) != 0)
		return fail_errno(err, "%s", path);
	real = realpath(path, NULL);
	if (real == NULL)
		return fail_errno(err, "%s", path);
	bool fits = text_copy(l->directory, LAB_PATH_SIZE - 64, real, err);
	free(real);
	return fits ? true : fail_in(err, "--state %s: choose a shorter path", path);
}

static bool take_lock(struct lab *l, struct error *err)
{
	char path[LAB_PATH_SIZE + 16];
	(void)snprintf(path, sizeof(path), "%s/lock", l->directory);
	l->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->lock < 0)
		return fail_errno(err, "%s", path);
	if (flock(l->lock, LOCK_EX | LOCK_NB) != 0)
		return fail(err, FAULT_IO,
			"another lab runs in %s: end it first, or choose another --state",
			l->directory);
	return true;
}

bool place_open(struct lab *l, struct error *err)
{
	char path[LAB_PATH_SIZE + 16];
	if (!make_directory(l, err) || !take_lock(l, err))
		return false;
	/* Whoever waits for it must not find an earlier lab's. */
	(void)snprintf(path, sizeof(path), "%s/lab.json", l->directory);
	if (unlink(path) != 0 && errno != ENOENT)
		return fail_errno(err, "%s", path);
	return true;
}

bool place_write(const char *directory, const char *name, const char *text, struct error *err)
{
	if (!directory_make(directory, 0755, err))
		return false;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "%s", directory);
	bool written = file_replace(fd, name, reader_of_text(text), 0644, err);
	(void)close(fd);
	return written ? true : fail_in(err, "%s", directory);
}

/* ports */

struct choice {
	uint16_t *port;
	bool stream;
	int fd;
};

static bool choose_port(const char *host, struct choice *c, struct error *err)
{
	struct address at;
	if (!address_of(host, 0, &at, err))
		return false;
	c->fd = c->stream ? listen_stream(&at, err) : listen_datagram(&at, err);
	if (c->fd < 0 || !address_of_socket(c->fd, &at, err))
		return false;
	*c->port = address_port(&at);
	return true;
}

/* The kernel chooses; all are held until the last is chosen, so that they differ. */
static bool choose_ports(struct lab_node *node, struct error *err)
{
	struct choice choices[] = {
		{ &node->tftp, false, -1 },
		{ &node->http, true, -1 },
		{ &node->https, true, -1 },
		{ &node->tvs, true, -1 },
	};
	bool chosen = true;
	for (size_t i = 0; chosen && i < COUNT(choices); i++)
		chosen = choose_port(node->address, &choices[i], err);
	for (size_t i = 0; i < COUNT(choices); i++)
		if (choices[i].fd >= 0)
			(void)close(choices[i].fd);
	return chosen;
}

static bool keep_ports(struct lab_node *node, const struct settings *before, struct error *err)
{
	const struct {
		const char *text;
		uint16_t *port;
	} kept[] = {
		{ before->tftp, &node->tftp },
		{ before->http, &node->http },
		{ before->https, &node->https },
		{ before->tvs, &node->tvs },
	};
	for (size_t i = 0; i < COUNT(kept); i++) {
		struct address at;
		if (!address_parse(kept[i].text, &at, err))
			return fail_in(err, "%s", node->daemon.settings);
		*kept[i].port = address_port(&at);
	}
	return true;
}

/* settings */

static void set_address(char *out, size_t size, const struct lab_node *node, uint16_t port)
{
	if (port == 0)
		(void)snprintf(out, size, "off");
	else
		(void)snprintf(out, size, "%s:%u", node->address, (unsigned)port);
}

static bool set_runtime(const struct lab *l, struct lab_node *node, struct error *err)
{
	char runtime[LAB_PATH_SIZE + 32];
	(void)snprintf(runtime, sizeof(runtime), "%s/run", node->directory);
	if (!runtime_fits(runtime))
		return fail(err, FAULT_USAGE,
			"%s is too long for the sockets in it: choose a shorter --state",
			l->directory);
	(void)snprintf(node->settings.runtime, sizeof(node->settings.runtime), "%.79s", runtime);
	(void)snprintf(node->settings.admin_socket, sizeof(node->settings.admin_socket),
		"%.79s/admin", runtime);
	return true;
}

static bool write_settings(
	const struct lab *l, size_t index, struct lab_node *node, struct error *err)
{
	struct settings *s = &node->settings;
	(void)snprintf(s->node, sizeof(s->node), "%s", node->name);
	(void)snprintf(s->state, sizeof(s->state), "%.199s", node->directory);
	(void)snprintf(s->store, sizeof(s->store), "sqlite:%s/" STORE_FILE, l->directory);
	(void)snprintf(s->root, sizeof(s->root), "%.190s/root", node->directory);
	set_address(s->tftp, sizeof(s->tftp), node, node->tftp);
	set_address(s->http, sizeof(s->http), node, node->http);
	set_address(s->https, sizeof(s->https), node, node->https);
	set_address(s->tvs, sizeof(s->tvs), node, node->tvs);
	s->clock_offset = l->options.clock_offset;
	s->user = geteuid() == 0 ? FIRST_USER + index * USERS_PER_NODE : 0;
	s->group = geteuid() == 0 ? FIRST_USER : 0;
	if (!set_runtime(l, node, err))
		return false;
	return settings_write(node->daemon.settings, s, err);
}

static void name_node(const struct lab *l, size_t index, struct lab_node *out)
{
	const char *directory = l->directory;
	struct lab_node node = { .role = index == 0 ? NODE_PUBLISHER : NODE_SUBSCRIBER };
	if (index >= l->call_count) {
		node.role = NODE_PRESENCE;
		(void)snprintf(node.name, sizeof(node.name), "%.63s", l->options.presence);
	} else if (index == 0)
		(void)snprintf(node.name, sizeof(node.name), "pub");
	else
		(void)snprintf(node.name, sizeof(node.name), "sub%zu", index);
	(void)snprintf(node.address, sizeof(node.address), "127.0.10.%zu", index + 1);
	(void)snprintf(node.directory, sizeof(node.directory), "%s/%.15s", directory, node.name);
	(void)snprintf(node.daemon.settings, sizeof(node.daemon.settings), "%s/%.15s/settings",
		directory, node.name);
	(void)snprintf(node.daemon.log_path, sizeof(node.daemon.log_path), "%s/%.15s/log",
		directory, node.name);
	*out = node;
}

static bool prepare_node(struct lab *l, size_t index, struct error *err)
{
	struct lab_node *node = &l->nodes[index];
	struct settings before;
	name_node(l, index, node);
	if (!directory_make(node->directory, 0711, err) || !settings_defaults(&node->settings, err))
		return false;
	bool ports;
	if (node->role == NODE_PRESENCE)
		ports = true; /* it serves no phone */
	else if (access(node->daemon.settings, F_OK) == 0)
		ports = settings_load(node->daemon.settings, &before, err) &&
			keep_ports(node, &before, err);
	else
		ports = choose_ports(node, err);
	return ports && write_settings(l, index, node, err) && tree_write(l, node, err);
}

bool place_nodes(struct lab *l, struct error *err)
{
	l->call_count = (size_t)l->options.nodes;
	l->node_count = l->call_count + (l->options.presence != NULL);
	for (size_t i = 0; i < l->node_count; i++)
		if (!prepare_node(l, i, err))
			return false;
	return true;
}

void place_close(struct lab *l)
{
	if (l->lock >= 0)
		(void)close(l->lock);
	l->lock = -1;
}

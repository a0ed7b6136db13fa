/* dialtrustd: the daemon of one node. Without --process it is the supervisor; with it, one of the
 * processes of these rows, started by the supervisor. docs/processes.md */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "admin/admin.h"
#include "base/clock.h"
#include "base/text.h"
#include "courier/courier.h"
#include "deployer/deployer.h"
#include "manager/manager.h"
#include "net/address.h"
#include "net/loop.h"
#include "provision/provision.h"
#include "run/log.h"
#include "run/process.h"
#include "signer/signer.h"
#include "tvs/tvs.h"
#include "wire/deployer_message.h"
#include "wire/manager_message.h"

/* clang-format off */
static const struct process_row rows[] = {
	{ "signer", 0, false, 0700, { "keys" },
		{ "signer.manager", "signer.provision", "signer.tvs", "signer.deployer" }, signer_run },
	{ "manager", 1, true, 0755,
		{ SNAPSHOT_DIRECTORY, SNAPSHOT_DIRECTORY "/" SNAPSHOT_OBJECTS },
		{ "manager.admin", "manager.tvs", "manager.provision" }, manager_run },
	{ "tvs", 2, false, 0, { NULL }, { "tvs" }, tvs_run },
	{ "provision", 3, false, 0, { NULL }, { "tftp", "http", "https" }, provision_run },
	{ "admin", 4, false, 0, { NULL }, { "admin", "metrics" }, admin_run },
	{ "courier", 5, false, 0, { NULL }, { "courier.manager" }, courier_run },
	{ "deployer", 6, false, 0700, { DEPLOYER_DIRECTORY }, { "deployer.manager" }, deployer_run },
};
/* clang-format on */

static const char usage[] =
	"Usage: dialtrustd --settings FILE [--ready-fd N]\n"
	"Runs one node of a dialtrust cluster until SIGTERM.\n\n"
	"  --settings FILE  the node's settings, see dialtrustd(8)\n"
	"  --ready-fd N     writes \"ready\" to this descriptor when all its services serve\n"
	"  --help           prints this\n"
	"  --version        prints the version\n";

struct arguments {
	const char *settings, *process, *ready_fd;
	bool help, version;
};

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {
		{ "settings", required_argument, NULL, 's' },
		{ "process", required_argument, NULL, 'p' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 's')
			out->settings = optarg;
		else if (option == 'p')
			out->process = optarg;
		else if (option == 'r')
			out->ready_fd = optarg;
		else if (option == 'h')
			out->help = true;
		else if (option == 'v')
			out->version = true;
		else
			return false;
	}
	return optind == argc;
}

static int open_socket(const struct socket_row *row, const char *where, struct error *err)
{
	struct address at;
	switch (row->kind) {
	case SOCKET_UDP:
		return address_parse(where, &at, err) ? listen_datagram(&at, err) : -1;
	case SOCKET_TCP:
		return address_parse(where, &at, err) ? listen_stream(&at, err) : -1;
	case SOCKET_ADMIN:
		return listen_unix(where, SOCK_STREAM, 0600, err);
	case SOCKET_SIBLING:
		return listen_unix(where, SOCK_SEQPACKET, 0600, err);
	}
	(void)fail(err, FAULT_USAGE, "a socket of no kind");
	return -1;
}

static bool prepare(const struct arguments *arguments, struct supervision *node,
	struct settings *settings, struct error *err)
{
	uint64_t ready_fd;
	enum log_level level = LOG_LEVEL_INFO;
	if (arguments->ready_fd != NULL) {
		if (!text_number(arguments->ready_fd, 0, INT32_MAX, &ready_fd))
			return fail(err, FAULT_USAGE, "--ready-fd %s is no descriptor",
				arguments->ready_fd);
		node->ready_fd = (int)ready_fd;
	}
	if (!settings_load(arguments->settings, settings, err))
		return false;
	clock_set_offset(settings->clock_offset);
	(void)log_level_from_name(settings->log_level, &level); /* one of the setting's choices */
	log_open(settings->node, arguments->process == NULL ? "supervisor" : arguments->process,
		level);
	loop_on_words(log_library);
	return true;
}

static int run(const struct arguments *arguments)
{
	struct settings settings;
	struct error err = { 0 };
	struct supervision node = { .settings_path = arguments->settings,
		.settings = &settings,
		.rows = rows,
		.count = COUNT(rows),
		.open_socket = open_socket,
		.ready_fd = -1 };
	bool prepared = prepare(arguments, &node, &settings, &err);
	if (prepared && arguments->process != NULL)
		return process_run(&node, arguments->process, &err) ? EXIT_SUCCESS : EXIT_FAILURE;
	if (prepared && supervise(&node, &err))
		return EXIT_SUCCESS;
	log_error("%s", err.text);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	if (!read_arguments(argc, argv, &arguments) ||
		(arguments.settings == NULL && !arguments.help && !arguments.version)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (arguments.help || arguments.version) {
		(void)fputs(arguments.help ? usage : "dialtrustd " DIALTRUST_VERSION "\n", stdout);
		return EXIT_SUCCESS;
	}
	return run(&arguments);
}

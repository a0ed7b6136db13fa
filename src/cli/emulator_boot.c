/* `emulator boot`: the words of the command line for one phone. docs/phone.md#emulator-boot */
#include "emulator/boot.h"

#include "cli/verbs.h"
#include "cluster/node.h"

enum { USUAL_TFTP = 69, USUAL_HTTP = 6970, TIMEOUT_MAX_MS = 600000 };

static const struct number_range tftp_ports = { 1, UINT16_MAX };
static const struct number_range http_ports = { 0, UINT16_MAX };
static const struct number_range timeouts = { 1, TIMEOUT_MAX_MS };

static bool run(const struct call *call, struct error *err)
{
	uint64_t tftp = USUAL_TFTP, http = USUAL_HTTP, timeout = 0;
	struct emulator_boot boot = {
		.name = call_value(call, "name"),
		.server = call_value(call, "server"),
		.source = call_value(call, "source"),
		.state = call_value(call, "state"),
		.open = call_value(call, "open"),
		.json = call->json,
	};
	if (!device_name_check(boot.name, err) ||
		!call_number(call, "tftp", &tftp_ports, &tftp, err) ||
		!call_number(call, "http", &http_ports, &http, err) ||
		!call_number(call, "timeout", &timeouts, &timeout, err))
		return false;
	boot.tftp_port = (uint16_t)tftp;
	boot.http_port = (uint16_t)http;
	boot.timeout_ms = timeout;
	return emulator_boot(&boot, err);
}

static const struct argument arguments[] = {
	{ "name", ARGUMENT_OPTION, true, "SEP…", "the phone's device name" },
	{ "server", ARGUMENT_OPTION, true, "ADDRESS", "TFTP server, as from DHCP option 150" },
	{ "state", ARGUMENT_OPTION, true, "DIR", "keeps what the phones in it hold and remember" },
	{ "tftp", ARGUMENT_OPTION, false, "PORT", "TFTP port (69)" },
	{ "http", ARGUMENT_OPTION, false, "PORT", "HTTP port (6970); 0: TFTP alone" },
	{ "source", ARGUMENT_OPTION, false, "ADDRESS", "address to speak from" },
	{ "open", ARGUMENT_OPTION, false, "FILE", "open this file instead of booting" },
	{ "timeout", ARGUMENT_OPTION, false, "MS", "how long one answer may take (5000)" },
	{ .name = NULL },
};

const struct verb emulator_boot_verb = {
	.words = "emulator boot",
	.run = run,
	.arguments = arguments,
	.means = "boots one emulated phone and says what it believes",
	.help = "A line a verdict, in the words of a real phone. The exit status is 0 when the "
		"phone\n"
		"verified all that it was sent; otherwise that of the first thing it did not "
		"take:\n"
		"4 refused, 5 not there, 1 out of reach.",
};

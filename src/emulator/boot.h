#pragma once
/* `emulator boot`: one phone boots once from the command line. docs/phone.md#emulator-boot */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct emulator_boot {
	const char *name;              /* "SEP001122334455" */
	const char *server;            /* address of the TFTP server */
	const char *source;            /* address to speak from, or NULL */
	const char *state;             /* directory that keeps what the phone holds */
	const char *open;              /* open this file instead of booting, or NULL */
	uint16_t tftp_port, http_port; /* http_port 0: TFTP alone */
	uint64_t timeout_ms;           /* 0: 5000 */
	bool json;                     /* one JSON object on stdout instead of a line per verdict */
};

/* Verdicts go to stdout as they happen. True when the phone verified everything; else err carries
 * the first reason: FAULT_UNTRUSTED, FAULT_MALFORMED, FAULT_MISSING, FAULT_IO, … */
bool emulator_boot(const struct emulator_boot *what, struct error *err) MUST_CHECK;

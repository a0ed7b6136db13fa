#pragma once
/*
 * What a certificate in a store of a node does for the cluster: a running service shows it or signs
 * with it, it vouches for what is in use, or nothing would miss it. docs/expiry.md
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/unit.h"
#include "pki/digest.h"

enum certificate_use { USE_SERVING, USE_VOUCHING, USE_IDLE };

const char *certificate_use_name(enum certificate_use use); /* "serving" */

struct live_identity {
	const struct unit *unit;
	char node[NODE_NAME_SIZE];
	uint8_t digest[DIGEST_SIZE];
	bool self_issued;
	char issuer[600]; /* NAME_APPLIANCE; "": longer than that */
	bool running;     /* a service of that node that is activated shows it */
};

struct live_identities {
	struct live_identity *rows;
	size_t count;
};

struct stored_certificate {
	const struct unit *store; /* identity unit or trust store */
	const char *node;
	const uint8_t *digest;
	const char *subject; /* NAME_APPLIANCE */
};

enum certificate_use certificate_use(
	const struct live_identities *live, const struct stored_certificate *what);

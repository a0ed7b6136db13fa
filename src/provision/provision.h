#pragma once
/*
 * Cisco Tftp of a node: the files that phones ask for, over TFTP, HTTP and HTTPS. Trust lists and
 * configurations come from the snapshot, everything else from the operator's tree; `.sgn` files are
 * signed on demand by the signer and kept while they are asked for.
 */
#include "run/settings.h"

/* Until it is asked to end or to restart. */
bool provision_run(const struct settings *settings, struct error *err);

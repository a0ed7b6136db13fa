#pragma once
/*
 * The Trust Verification Service of a node: phones ask it over TLS about signers and servers that
 * their lists do not have. It knows the snapshot and its own TLS leaf, nothing else.
 */
#include "run/settings.h"

/* Until it is asked to end or to restart. */
bool tvs_run(const struct settings *settings, struct error *err);

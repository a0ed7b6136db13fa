#pragma once
/*
 * The manager of a node: the only process that opens the database. It carries out what operators
 * ask, makes the node's certificates, publishes the lists whose signer's key is here, and writes
 * the snapshot from which the node's phone-facing processes serve.
 */
#include "run/settings.h"

/* Until it is asked to end. */
bool manager_run(const struct settings *settings, struct error *err);

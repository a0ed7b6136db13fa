#pragma once
/* The process that holds every private key of a node and answers its siblings' few questions.
 * docs/signer.md */
#include "base/error.h"
#include "run/settings.h"

/* True: asked to end. False: it could not start or go on. */
bool signer_run(const struct settings *settings, struct error *err) MUST_CHECK;

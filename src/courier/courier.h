#pragma once
/* The process that brings word to the outside: syslog, a webhook and mail. It holds no key and no
 * database, and connects to nothing but what its settings name. docs/expiry.md */
#include "run/settings.h"

/* Until told to end. */
bool courier_run(const struct settings *settings, struct error *err) MUST_CHECK;

#pragma once
/* `dialtrust admin`: the appliance's command line, word for word where its output is known.
 * docs/admin.md */
#include "cli/cli.h"

extern const struct verb admin_verb;

#pragma once
/* A phone and its verdicts as JSON, as `emulator boot --json` and the lab print them. */
#include <jansson.h>

#include "emulator/fleet.h"

json_t *verdict_json(const struct phone_verdict *v); /* NULL: out of memory */
/* name, source, state, boots, itl, ctl, verdicts */
json_t *fleet_phone_json(const struct fleet_phone *phone);

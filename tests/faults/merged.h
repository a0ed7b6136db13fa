#pragma once
/* An operator's configuration with a cluster of one node merged in. In a file of its own, because
 * the manager and the emulated phone both have a phone_list. */
#include "base/bytes.h"

bool merge(struct reader xml, struct bytes *out, struct error *err) MUST_CHECK;

#pragma once
/* A certificate as JSON, every field of it: what `cert show --json` prints, and what the lines of
 * `cert show` are made from. docs/cert.md#show */
#include <jansson.h>

#include "pki/cert.h"

/* NULL with err: it cannot be read whole, or memory. `now` judges its validity. */
json_t *cert_describe(const struct cert *c, int64_t now, struct error *err);
/* The lines for people. */
void cert_describe_print(const json_t *told);

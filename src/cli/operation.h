#pragma once
/* An operation of ops/ asked of a daemon by name and value: for faces that have words of their own.
 */
#include <jansson.h>

#include "base/error.h"
#include "ops/op.h"

struct operation_argument {
	const char *name, *text; /* of a flag any text; NULL: not given */
};

/* `arguments` end with a NULL name; each is a field of the row. *out is the caller's. A fault of
 * the daemon's becomes ours. */
bool operation_ask(const char *control, enum op_id id, const struct operation_argument *arguments,
	json_t **out, struct error *err) MUST_CHECK;

#pragma once
/* What every fuzz target starts with. A target asserts a property, not only that nothing crashes.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A refusal has a kind and a sentence. Returns 0, what a target returns. */
static inline int refused(const struct error *err)
{
	assert(err->fault != FAULT_NONE && err->text[0] != '\0');
	return 0;
}

#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

const char *call_value(const struct call *call, const char *name)
{
	const struct argument *arguments = call->verb->arguments;
	for (size_t i = 0; arguments != NULL && arguments[i].name != NULL; i++)
		if (strcmp(arguments[i].name, name) == 0)
			return call->values[i];
	return NULL;
}

bool call_flag(const struct call *call, const char *name)
{
	return call_value(call, name) != NULL;
}

bool call_number(const struct call *call, const char *name, const struct number_range *range,
	uint64_t *out, struct error *err)
{
	const char *value = call_value(call, name);
	if (value == NULL || text_number(value, range->min, range->max, out))
		return true;
	return fail(err, FAULT_USAGE, "--%s: \"%.40s\" is no whole number from %llu to %llu", name,
		value, (unsigned long long)range->min, (unsigned long long)range->max);
}

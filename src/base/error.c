#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[FAULT_NONE] = "none",
	[FAULT_USAGE] = "usage",
	[FAULT_MALFORMED] = "malformed",
	[FAULT_REFUSED] = "refused",
	[FAULT_MISSING] = "missing",
	[FAULT_UNTRUSTED] = "untrusted",
	[FAULT_LIMIT] = "limit",
	[FAULT_BUSY] = "busy",
	[FAULT_IO] = "io",
	[FAULT_STORE] = "store",
	[FAULT_CRYPTO] = "crypto",
	[FAULT_MEMORY] = "memory",
};

static void PRINTF(2, 0) say(struct error *err, const char *format, va_list args)
{
	(void)vsnprintf(err->text, sizeof(err->text), format, args); /* cut when too long */
}

bool fail(struct error *err, enum fault fault, const char *format, ...)
{
	if (err == NULL)
		return false;
	va_list args;
	va_start(args, format);
	err->fault = fault;
	say(err, format, args);
	va_end(args);
	return false;
}

bool fail_in(struct error *err, const char *format, ...)
{
	if (err == NULL)
		return false;
	struct error inner = *err;
	va_list args;
	va_start(args, format);
	say(err, format, args);
	va_end(args);
	size_t used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner.text);
	return false;
}

bool fail_errno(struct error *err, const char *format, ...)
{
	if (err == NULL)
		return false;
	int number = errno;
	va_list args;
	va_start(args, format);
	err->fault = number == ENOENT ? FAULT_MISSING : FAULT_IO;
	say(err, format, args);
	va_end(args);
	size_t used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(number));
	return false;
}

bool fail_memory(struct error *err)
{
	return fail(err, FAULT_MEMORY, "out of memory");
}

const char *fault_name(enum fault fault)
{
	return (size_t)fault < COUNT(names) ? names[fault] : "unknown";
}

bool fault_from_name(const char *name, enum fault *out)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum fault)i;
			return true;
		}
	return false;
}

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
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

/* A full buffer may have been cut inside a character; what is left of that one goes, for a sentence
 * that is not UTF-8 cannot be put into JSON. */
static void drop_cut_character(struct error *err)
{
	size_t end = strlen(err->text);
	if (end + 1 < sizeof(err->text))
		return;
	size_t start = end;
	while (start > 0 && (err->text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0 || (err->text[start - 1] & 0xC0) != 0xC0)
		return;
	unsigned lead = (uint8_t)err->text[start - 1];
	size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
	if (end - (start - 1) < wanted)
		err->text[start - 1] = '\0';
}

static void PRINTF(2, 0) say(struct error *err, const char *format, va_list args)
{
	(void)vsnprintf(err->text, sizeof(err->text), format, args); /* cut when too long */
	drop_cut_character(err);
}

static void add(struct error *err, const char *text)
{
	size_t used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
	drop_cut_character(err);
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
	add(err, inner.text);
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
	add(err, strerror(number));
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

#include "cluster/secret_name.h"

#include <string.h>
#include <strings.h>

#include "base/own.h"

/* docs/formats/provisioning.md */
static const char *const endings[] = {
	".key",
	".pem",
	".p12",
	".pfx",
	".jks",
	".keystore",
	".db",
	".sqlite",
	".sqlite3",
	"-wal",
	"-shm",
	"-journal",
};

bool secret_name(const char *name)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < COUNT(endings); i++) {
		size_t ending = strlen(endings[i]);
		if (size > ending && strcasecmp(name + size - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

#include "trust/certificate_use.h"

#include <string.h>

const char *certificate_use_name(enum certificate_use use)
{
	switch (use) {
	case USE_SERVING:
		return "serving";
	case USE_VOUCHING:
		return "vouching";
	case USE_IDLE:
		return "idle";
	}
	return "";
}

static bool in_use(const struct live_identity *row)
{
	return row->running || row->unit->signs_lists || row->unit->signs_files;
}

static bool is_it(const struct live_identity *row, const struct stored_certificate *what)
{
	return memcmp(row->digest, what->digest, DIGEST_SIZE) == 0;
}

static bool serves(const struct live_identity *row, const struct stored_certificate *what)
{
	return row->unit == what->store && strcmp(row->node, what->node) == 0 && is_it(row, what) &&
		in_use(row);
}

/* A copy of a live identity is what its peers check it by; any other vouches as an issuer. */
static bool vouches(const struct live_identity *row, const struct stored_certificate *what)
{
	if (is_it(row, what))
		return in_use(row);
	return in_use(row) && !row->self_issued && row->issuer[0] != '\0' &&
		strcmp(row->issuer, what->subject) == 0;
}

enum certificate_use certificate_use(
	const struct live_identities *live, const struct stored_certificate *what)
{
	bool trust = what->store->trust;
	for (size_t i = 0; i < live->count; i++)
		if (trust ? vouches(&live->rows[i], what) : serves(&live->rows[i], what))
			return trust ? USE_VOUCHING : USE_SERVING;
	return USE_IDLE;
}

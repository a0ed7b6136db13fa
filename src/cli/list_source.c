#include "cli/list_source.h"

#include "fetch/fetch.h"
#include "run/files.h"

enum { SOURCE_TIMEOUT_MS = 10000 };

bool list_fault(struct error *err)
{
	if (err != NULL && err->fault == FAULT_LIMIT)
		err->fault = FAULT_MALFORMED;
	return false;
}

bool list_source_read(const char *source, struct bytes *out, struct error *err)
{
	bool fine = fetch_is_url(source)
		? fetch_url(source, LIMIT_TRUST_LIST, SOURCE_TIMEOUT_MS, out, err)
		: file_read(source, LIMIT_TRUST_LIST, out, err);
	return fine || list_fault(err);
}

struct held_list *list_source_load(const char *source, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (!list_source_read(source, &file, err))
		return NULL;
	struct held_list *held = held_list_load(bytes_reader(&file), err);
	if (held == NULL) {
		(void)list_fault(err);
		(void)fail_in(err, "%s", source);
	}
	return held;
}

struct held_list *list_source_hold(const char *source, struct error *err)
{
	AUTO(held_list) held = list_source_load(source, err);
	if (held == NULL || held_list_intact(held, err))
		return TAKE(held);
	(void)list_fault(err);
	(void)fail_in(err, "%s", source);
	return NULL;
}

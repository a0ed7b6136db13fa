#include "cli/list_source.h"

bool list_source_read(const char *source, struct bytes *out, struct error *err)
{
	return list_source_read_judged(source, &(struct server_judge){ 0 }, out, err);
}

bool list_source_read_judged(
	const char *source, const struct server_judge *judge, struct bytes *out, struct error *err)
{
	return remote_source_read(source, LIMIT_TRUST_LIST, judge, out, err);
}

struct held_list *list_source_load(const char *source, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (!list_source_read(source, &file, err))
		return NULL;
	struct held_list *held = held_list_load(bytes_reader(&file), err);
	if (held == NULL)
		(void)fail_in(err, "%s", source);
	return held;
}

struct held_list *list_source_hold(const char *source, struct error *err)
{
	AUTO(held_list) held = list_source_load(source, err);
	if (held == NULL || held_list_intact(held, err))
		return TAKE(held);
	(void)fail_in(err, "%s", source);
	return NULL;
}

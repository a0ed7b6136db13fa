/* list status and audit list: what was published, and what was done. */
#include "manager/manager_impl.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/text.h"
#include "trust/held_list.h"

enum { AUDIT_SHOWN = 500, AUDIT_MAX = 5000 };

struct statuses {
	struct manager *m;
	json_t *rows;
};

static bool add_file_facts(
	struct statuses *s, const struct list_row *row, json_t *item, struct error *err)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE], made[TIME_TEXT_SIZE];
	AUTO_DONE(bytes) file = { 0 };
	if (!store_list_file(s->m->store, row->name, row->published, &file, err) ||
		!digest_sha256(bytes_reader(&file), digest, err))
		return false;
	AUTO(held_list) held = held_list_load(bytes_reader(&file), err);
	if (held == NULL)
		return fail_in(err, "%s", row->name);
	json_auto_t *facts = json_pack("{s:s, s:s, s:I, s:i}", "sha256",
		hex_write(reader_of(digest, sizeof(digest)), hex), "timestamp",
		text_time(held->list.header.timestamp, made), "size", (json_int_t)file.size,
		"records", (int)held->list.count);
	return json_object_update(item, facts) == 0 || fail_memory(err);
}

static bool list_one(const struct list_row *row, void *into, struct error *err)
{
	struct statuses *s = into;
	char signer[2 * NODE_NAME_SIZE + 8];
	(void)snprintf(signer, sizeof(signer), "%s of %s", row->signer_unit, row->signer_node);
	json_t *item = json_pack("{s:s, s:s, s:I, s:I, s:s, s:n, s:n, s:n, s:n}", "name", row->name,
		"node", row->node, "generation", (json_int_t)row->published, "wanted",
		(json_int_t)row->wanted, "signer", signer, "sha256", "timestamp", "size",
		"records");
	if (item == NULL || json_array_append_new(s->rows, item) != 0)
		return fail_memory(err);
	return row->published == 0 || add_file_facts(s, row, item, err);
}

json_t *list_status(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	json_auto_t *rows = json_array();
	struct statuses s = { m, rows };
	if (!store_lists(m->store, list_one, &s, err))
		return NULL;
	return result_of_rows("lists", rows);
}

static bool list_audit(const struct audit_row *row, void *into, struct error *err)
{
	char time[TIME_TEXT_SIZE], hex[DIGEST_HEX_SIZE];
	json_t *item = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "change",
		(json_int_t)row->change, "time", text_time(row->time, time), "actor", row->actor,
		"action", row->action, "detail", row->detail, "hash",
		hex_write(reader_of(row->hash, DIGEST_SIZE), hex));
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

/* The whole chain is verified whenever a part is shown: a broken one is an error, not a list. */
json_t *audit_list(struct manager *m, struct asked *asked, struct error *err)
{
	uint64_t count, limit, before;
	json_auto_t *rows = json_array();
	if (!argument_number(asked, "limit", AUDIT_SHOWN, &limit, err) ||
		!argument_number(asked, "before", 0, &before, err))
		return NULL;
	if (limit == 0 || limit > AUDIT_MAX) {
		(void)fail(err, FAULT_USAGE, "limit: 1 to %d", AUDIT_MAX);
		return NULL;
	}
	if (rows == NULL || !store_audit_verify(m->store, &count, err))
		return NULL;
	uint64_t last = before > 0 && before - 1 < count ? before - 1 : count;
	if (!store_audit_some(
		    m->store, last > limit ? last - limit : 0, last, list_audit, rows, err))
		return NULL;
	return result_of_rows("audit", rows);
}

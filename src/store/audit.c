#include "base/clock.h"
#include "base/text.h"
#include "store/store_impl.h"

enum { AUDIT_PAGE = 500, AUDIT_ENCODING_MAX = 2048 };

static const char select_page[] = "SELECT number, time, actor, action, detail, digest FROM audit "
				  "WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3";

static void write_counted(struct writer *w, const char *text)
{
	writer_u32(w, (uint32_t)strlen(text));
	writer_text(w, text);
}

/* What the chain is made of, docs/store.md#audit: the digest before, then the row itself. */
static bool row_hash(const uint8_t before[static DIGEST_SIZE], const struct audit_row *row,
	uint8_t out[static DIGEST_SIZE], struct error *err)
{
	uint8_t memory[AUDIT_ENCODING_MAX];
	struct writer w = writer_on(memory, sizeof(memory));
	writer_bytes(&w, reader_of(before, DIGEST_SIZE));
	writer_u64(&w, row->change);
	writer_u64(&w, (uint64_t)row->time);
	write_counted(&w, row->actor);
	write_counted(&w, row->action);
	write_counted(&w, row->detail);
	assert(w.ok);
	return digest_sha256(writer_written(&w), out, err);
}

static bool read_head(const struct row *row, void *into, struct error *err)
{
	struct audit_head head = { .number = row_number(row, 0) };
	if (!row_digest(row, 1, head.digest, err))
		return false;
	*(struct audit_head *)into = head;
	return true;
}

bool audit_head(struct store *s, struct audit_head *out, struct error *err)
{
	struct audit_head head = { 0 };
	struct statement newest = { "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1",
		NULL, 0, 0 };
	if (!store_run(s, &newest, read_head, &head, err))
		return false;
	*out = head;
	return true;
}

bool store_audit_head(struct store *s, uint8_t out[static DIGEST_SIZE], struct error *err)
{
	struct audit_head head;
	if (!audit_head(s, &head, err))
		return false;
	memcpy(out, head.digest, DIGEST_SIZE);
	return true;
}

bool audit_append(struct txn *t, const struct change *what, struct error *err)
{
	struct audit_row row = { .change = txn_number(t), .time = clock_now() };
	(void)text_escape(reader_of_text(what->actor), row.actor, sizeof(row.actor));
	(void)text_escape(reader_of_text(what->action), row.action, sizeof(row.action));
	(void)text_escape(reader_of_text(what->detail), row.detail, sizeof(row.detail));
	if (!row_hash(t->head.digest, &row, row.hash, err))
		return false;
	const struct param params[] = { number_param(row.change), time_param(row.time),
		text_param(row.actor), text_param(row.action), text_param(row.detail),
		digest_param(row.hash) };
	struct statement insert = {
		"INSERT INTO audit (number, time, actor, action, detail, digest) "
		"VALUES ($1, $2, $3, $4, $5, $6)",
		params, COUNT(params), 0
	};
	return store_run(t->store, &insert, NULL, NULL, err) || fail_in(err, "writing the audit");
}

/* A walk in pages: the audit only grows. */
struct walk {
	audit_fn *each;
	void *into;
	uint64_t at; /* number of the last row */
};

static bool walk_row(const struct row *row, void *into, struct error *err)
{
	struct walk *walk = into;
	struct audit_row audit = { .change = row_number(row, 0), .time = row_time(row, 1) };
	if (!row_text(row, 2, audit.actor, sizeof(audit.actor), err) ||
		!row_text(row, 3, audit.action, sizeof(audit.action), err) ||
		!row_text(row, 4, audit.detail, sizeof(audit.detail), err) ||
		!row_digest(row, 5, audit.hash, err))
		return fail_in(err, "row %llu of the audit", (unsigned long long)audit.change);
	walk->at = audit.change;
	return walk->each(&audit, walk->into, err);
}

bool store_audit(struct store *s, audit_fn *each, void *into, struct error *err)
{
	return store_audit_some(s, 0, INT64_MAX, each, into, err);
}

bool store_audit_some(struct store *s, uint64_t after, uint64_t last, audit_fn *each, void *into,
	struct error *err)
{
	struct walk walk = { each, into, after };
	for (size_t got = AUDIT_PAGE; got == AUDIT_PAGE;) {
		const struct param params[] = { number_param(walk.at), number_param(last),
			number_param(AUDIT_PAGE) };
		struct statement page = { select_page, params, COUNT(params), 0 };
		if (!store_run(s, &page, walk_row, &walk, err))
			return false;
		got = page.rows;
	}
	return true;
}

static bool verify_row(const struct audit_row *row, void *into, struct error *err)
{
	struct audit_head *before = into;
	uint8_t hash[DIGEST_SIZE];
	if (row->change != before->number + 1)
		return fail(err, FAULT_STORE,
			"the audit is broken: row %llu follows row %llu. Rows were removed: "
			"compare "
			"with a backup",
			(unsigned long long)row->change, (unsigned long long)before->number);
	if (!row_hash(before->digest, row, hash, err))
		return false;
	if (memcmp(hash, row->hash, sizeof(hash)) != 0)
		return fail(err, FAULT_STORE,
			"the audit is broken: row %llu was changed after it was written, or a row "
			"before it was removed: compare with a backup",
			(unsigned long long)row->change);
	before->number = row->change;
	memcpy(before->digest, row->hash, DIGEST_SIZE);
	return true;
}

bool store_audit_verify(struct store *s, uint64_t *rows, struct error *err)
{
	struct audit_head head = { 0 };
	if (!store_audit(s, verify_row, &head, err))
		return false;
	*rows = head.number;
	return true;
}

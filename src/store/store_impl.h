#pragma once
/*
 * What the files of this room share: the interface of an engine, statements, and the rows that
 * they give. An engine knows its database and no table; the other files know tables and no
 * database. Statements are written once for all engines: $1 … $n, no dialect.
 */
#include <assert.h>
#include <string.h>

#include "base/writer.h"
#include "store/store.h"

struct param {
	enum param_kind { PARAM_NUMBER, PARAM_TEXT, PARAM_BYTES } kind;
	int64_t number;
	struct reader bytes; /* text without its NUL, or bytes */
};

static inline struct param number_param(uint64_t number)
{
	assert(number <= INT64_MAX);
	return (struct param){ .kind = PARAM_NUMBER, .number = (int64_t)number };
}

static inline struct param time_param(int64_t seconds)
{
	return (struct param){ .kind = PARAM_NUMBER, .number = seconds };
}

static inline struct param text_param(const char *text)
{
	return (struct param){ .kind = PARAM_TEXT, .bytes = reader_of_text(text) };
}

static inline struct param bytes_param(struct reader bytes)
{
	return (struct param){ .kind = PARAM_BYTES, .bytes = bytes };
}

static inline struct param digest_param(const uint8_t digest[static DIGEST_SIZE])
{
	return bytes_param(reader_of(digest, DIGEST_SIZE));
}

struct statement {
	const char *sql; /* one statement */
	const struct param *params;
	size_t count;
	size_t rows; /* set by store_run: how many it gave */
};

/* The rows of a result, held whole: a callback may ask and change the store meanwhile. */
struct rows {
	size_t columns, count, capacity;
	struct cell {
		int64_t number;
		size_t offset, size; /* of its bytes in `bytes` */
	} * cells;
	struct writer bytes;
};
void rows_init(struct rows *rows);
void rows_done(struct rows *rows);
/* For engines: a new row of `columns` cells, then its cells; FAULT_LIMIT, FAULT_MEMORY. */
bool rows_add(struct rows *rows, size_t columns, struct error *err) MUST_CHECK;
void rows_set_number(struct rows *rows, size_t column, int64_t number);
bool rows_set_bytes(struct rows *rows, size_t column, struct reader bytes, struct error *err)
	MUST_CHECK;

struct row { /* one of them, as a callback sees it */
	const struct rows *rows;
	size_t index;
};
int64_t row_time(const struct row *row, size_t column);
uint64_t row_number(const struct row *row, size_t column);
struct reader row_bytes(const struct row *row, size_t column);
/* FAULT_STORE: the database holds what we would not have written. */
bool row_text(const struct row *row, size_t column, char *out, size_t size, struct error *err)
	MUST_CHECK;
bool row_digest(const struct row *row, size_t column, uint8_t out[static DIGEST_SIZE],
	struct error *err) MUST_CHECK;
bool row_text_new(const struct row *row, size_t column, char **out, struct error *err)
	MUST_CHECK; /* free() it */

/* One file a database. FAULT_BUSY from any of these means "another one holds it; try again". */
struct engine {
	const char *scheme; /* "sqlite" */
	void *(*open)(const char *place, struct error *err);
	bool (*run)(void *db, const struct statement *what, struct rows *out, struct error *err);
	bool (*script)(void *db, const char *sql, struct error *err); /* statements, no rows */
	bool (*begin)(void *db, struct error *err);                   /* for writing */
	bool (*commit)(void *db, struct error *err);
	void (*rollback)(void *db);
	bool (*changed_elsewhere)(void *db);
	void (*give_up_on)(void *db, int fd); /* no waiting while it is readable */
	void (*close)(void *db);
};
extern const struct engine sqlite_engine;

struct migration {
	unsigned number; /* from 1, without a gap */
	const char *name;
	const char *sql;
};
/* The change whose tombstone stands against the entry; 0: none. */
bool store_deleted_by(struct store *s, const struct entry *entry, uint64_t *out, struct error *err)
	MUST_CHECK;

extern const struct migration migrations[]; /* written by tools/embed-migrations */
extern const size_t migration_count;

struct store {
	const struct engine *engine;
	void *db;
	bool in_change;
	bool contended; /* the last failure was the engine's FAULT_BUSY */
	int give_up;    /* no waiting while it is readable; -1: none */
};

struct txn {
	struct store *store;
	struct audit_head {
		uint64_t number;
		uint8_t digest[DIGEST_SIZE];
	} head; /* of the change before this one */
};

/* Runs it and hands its rows to `each` (NULL: none are looked at), in order. */
typedef bool row_fn(const struct row *row, void *into, struct error *err);
bool store_run(struct store *s, struct statement *what, row_fn *each, void *into, struct error *err)
	MUST_CHECK;

bool store_migrate(struct store *s, struct error *err) MUST_CHECK;
bool audit_head(struct store *s, struct audit_head *out, struct error *err) MUST_CHECK;
bool audit_append(struct txn *t, const struct change *what, struct error *err) MUST_CHECK;

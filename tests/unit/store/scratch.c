#include "unit/store/scratch.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct change change = { "uid 0", "test", "a change of a test" };

void test_ends(const char *why)
{
	print_error("%s\n", why);
	_fail(__FILE__, __LINE__);
	abort();
}

int scratch_empty(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	(void)snprintf(s->folder, sizeof(s->folder), "/tmp/dialtrust-store-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	(void)snprintf(s->path, sizeof(s->path), "%s/cluster.db", s->folder);
	(void)snprintf(s->url, sizeof(s->url), "sqlite:%s", s->path);
	*state = s;
	return 0;
}

int scratch_make(void **state)
{
	struct error err = { 0 };
	(void)scratch_empty(state);
	struct scratch *s = *state;
	s->store = store_open(s->url, &err);
	if (s->store == NULL)
		test_ends(err.text);
	return 0;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *at)
{
	(void)facts;
	(void)kind;
	(void)at;
	return remove(path);
}

int scratch_remove(void **state)
{
	struct scratch *s = *state;
	store_close(s->store);
	(void)nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(s);
	return 0;
}

uint64_t must_change(struct store *s, change_fn *work, void *context)
{
	struct error err = { 0 };
	uint64_t number = 0;
	if (!store_change(s, &change, work, context, &number, &err))
		test_ends(err.text);
	return number;
}

void must_refuse(struct store *s, change_fn *work, void *context, enum fault fault)
{
	struct error err = { 0 };
	uint64_t before, after, number = 77;
	assert_true(store_change_number(s, &before, NULL));
	assert_false(store_change(s, &change, work, context, &number, &err));
	if (err.fault != fault)
		test_ends(err.text);
	assert_true(strlen(err.text) > 10);
	assert_int_equal(number, 77);
	assert_true(store_change_number(s, &after, NULL));
	assert_int_equal(before, after);
}

void scratch_sql(const struct scratch *scratch, const char *sql)
{
	sqlite3 *db = NULL;
	char *text = NULL;
	assert_int_equal(sqlite3_open(scratch->path, &db), SQLITE_OK);
	int code = sqlite3_exec(db, sql, NULL, NULL, &text);
	if (code != SQLITE_OK)
		test_ends(text);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool put_nodes(struct txn *t, void *context, struct error *err)
{
	(void)context;
	const struct node pub = { "pub", NODE_PUBLISHER, "pub.example.net", "127.0.10.1", 69, 6970,
		6971, 2445 };
	const struct node sub = { "sub1", NODE_SUBSCRIBER, "sub1.example.net", "127.0.10.2", 0, 0,
		0, 65535 };
	return txn_put_node(t, &sub, err) && txn_put_node(t, &pub, err);
}

void put_two_nodes(struct store *s)
{
	(void)must_change(s, put_nodes, NULL);
}

struct made {
	uint8_t digest[DIGEST_SIZE];
	uint8_t bytes[16384];
	size_t size;
};

static bool put_made(struct txn *t, void *context, struct error *err)
{
	const struct made *made = context;
	return txn_put_certificate(t, made->digest, reader_of(made->bytes, made->size), err);
}

void put_certificate(struct store *s, uint8_t mark, size_t size)
{
	struct made made = { .size = size };
	memset(made.digest, mark, sizeof(made.digest));
	memset(made.bytes, mark ^ 0x55, sizeof(made.bytes));
	(void)must_change(s, put_made, &made);
}

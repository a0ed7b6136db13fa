/* Keys on their way to another node, and the requests for all nodes that they belong to. */
#include "store/sealed_keys.h"

#include <stdio.h>

#include "store/csrs.h"
#include "unit/store/scratch.h"

enum { NOTE_SIZE = 400, MOST = 128 * 1024 };

struct sending {
	struct sealed_key_row row;
	size_t size;
};

static struct sending sending_to(const char *node, uint8_t mark)
{
	struct sending p = { .size = 100 };
	(void)snprintf(p.row.unit, sizeof(p.row.unit), "tomcat");
	(void)snprintf(p.row.node, sizeof(p.row.node), "%s", node);
	memset(p.row.key, mark, sizeof(p.row.key));
	memset(p.row.recipient, mark + 1, sizeof(p.row.recipient));
	return p;
}

static bool put(struct txn *t, void *context, struct error *err)
{
	static const uint8_t bytes[MOST + 1] = { 0x30 };
	const struct sending *p = context;
	return txn_put_sealed_key(t, &p->row, reader_of(bytes, p->size), err);
}

static bool drop(struct txn *t, void *context, struct error *err)
{
	const struct sending *p = context;
	return txn_drop_sealed_key(t, p->row.key, p->row.node[0] == '\0' ? NULL : p->row.node, err);
}

static bool note(
	const struct sealed_key_row *row, struct reader sealed, void *into, struct error *err)
{
	(void)err;
	size_t used = strlen(into);
	(void)snprintf((char *)into + used, NOTE_SIZE - used, "%s/%s=%u,%u,%zu;", row->node,
		row->unit, row->key[31], row->recipient[31], sealed.left);
	return true;
}

static void assert_on_their_way(struct scratch *s, const char *node, const char *expected)
{
	char text[NOTE_SIZE] = "";
	assert_true(store_sealed_keys(s->store, node, note, text, NULL));
	assert_string_equal(text, expected);
}

static int two_nodes(void **state)
{
	int made = scratch_make(state);
	struct scratch *s = *state;
	put_two_nodes(s->store);
	return made;
}

static void one_a_key_and_node(void **state)
{
	struct scratch *s = *state;
	assert_on_their_way(s, NULL, "");
	struct sending rows[] = { sending_to("sub1", 1), sending_to("pub", 1),
		sending_to("sub1", 2), sending_to("sub1", 1) };
	rows[3].size = 7;
	for (size_t i = 0; i < COUNT(rows); i++)
		(void)must_change(s->store, put, &rows[i]);
	assert_on_their_way(s, "pub", "pub/tomcat=1,2,100;");
	assert_on_their_way(s, "sub1", "sub1/tomcat=1,2,7;sub1/tomcat=2,3,100;");
	assert_on_their_way(s, "sub2", "");
	(void)must_change(s->store, drop, &rows[0]);
	(void)must_change(s->store, drop, &rows[0]);
	assert_on_their_way(s, NULL, "pub/tomcat=1,2,100;sub1/tomcat=2,3,100;");
	rows[0].row.node[0] = '\0';
	(void)must_change(s->store, drop, &rows[0]);
	assert_on_their_way(s, NULL, "sub1/tomcat=2,3,100;");
}

static void they_have_a_size(void **state)
{
	struct scratch *s = *state;
	struct sending p = sending_to("sub1", 1);
	p.size = 0;
	must_refuse(s->store, put, &p, FAULT_LIMIT);
	p.size = MOST + 1;
	must_refuse(s->store, put, &p, FAULT_LIMIT);
	p.size = MOST;
	(void)must_change(s->store, put, &p);
}

/* requests */

struct asking {
	struct csr_row row;
};

static struct asking asking_on(const char *node, uint8_t mark, bool multi_server)
{
	struct asking a = { .row = { .unit = "tomcat", .multi_server = multi_server } };
	(void)snprintf(a.row.node, sizeof(a.row.node), "%s", node);
	memset(a.row.key, mark, sizeof(a.row.key));
	return a;
}

static bool ask(struct txn *t, void *context, struct error *err)
{
	const struct asking *a = context;
	return txn_put_csr(t, &a->row, reader_of("\x30", 1), err);
}

static bool forget(struct txn *t, void *context, struct error *err)
{
	const struct asking *a = context;
	return txn_drop_csr(t, a->row.unit, a->row.node, err);
}

static bool is_pending(struct scratch *s, const char *node)
{
	struct csr_row row;
	return store_csr(s->store, "tomcat", node, &row, NULL, NULL);
}

static void one_for_all_nodes_is_dropped_on_all(void **state)
{
	struct scratch *s = *state;
	struct asking rows[] = { asking_on("pub", 1, true), asking_on("sub1", 1, true) };
	struct sending key = sending_to("sub1", 1), other = sending_to("sub1", 2);
	struct csr_row read;
	for (size_t i = 0; i < COUNT(rows); i++)
		(void)must_change(s->store, ask, &rows[i]);
	(void)must_change(s->store, put, &key);
	(void)must_change(s->store, put, &other);
	assert_true(store_csr(s->store, "tomcat", "sub1", &read, NULL, NULL));
	assert_true(read.multi_server);
	(void)must_change(s->store, forget, &rows[1]);
	assert_false(is_pending(s, "pub") || is_pending(s, "sub1"));
	assert_on_their_way(s, NULL, "sub1/tomcat=2,3,100;");
}

static void one_of_a_node_is_dropped_alone(void **state)
{
	struct scratch *s = *state;
	struct asking rows[] = { asking_on("pub", 1, false), asking_on("sub1", 1, false) };
	for (size_t i = 0; i < COUNT(rows); i++)
		(void)must_change(s->store, ask, &rows[i]);
	(void)must_change(s->store, forget, &rows[0]);
	assert_false(is_pending(s, "pub"));
	assert_true(is_pending(s, "sub1"));
}

static bool refuse(
	const struct sealed_key_row *row, struct reader sealed, void *into, struct error *err)
{
	(void)row;
	(void)sealed;
	(void)into;
	return fail(err, FAULT_REFUSED, "enough");
}

static void a_walk_ends_when_it_is_told(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	struct sending key = sending_to("sub1", 1);
	(void)must_change(s->store, put, &key);
	assert_false(store_sealed_keys(s->store, NULL, refuse, NULL, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

static void a_vandals_row_is_told(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	scratch_sql(s, "INSERT INTO sealed_key VALUES (x'01', 'sub1', 'tomcat', x'02', x'30', 1)");
	assert_false(store_sealed_keys(s->store, NULL, note, NULL, &err));
	assert_int_equal(err.fault, FAULT_STORE);
}

#define NODES_TEST(test) cmocka_unit_test_setup_teardown(test, two_nodes, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NODES_TEST(one_a_key_and_node),
		NODES_TEST(they_have_a_size),
		NODES_TEST(one_for_all_nodes_is_dropped_on_all),
		NODES_TEST(one_of_a_node_is_dropped_alone),
		NODES_TEST(a_walk_ends_when_it_is_told),
		NODES_TEST(a_vandals_row_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

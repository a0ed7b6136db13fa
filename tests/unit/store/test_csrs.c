/* Requests to a CA that are pending. */
#include "store/csrs.h"

#include <stdio.h>

#include "unit/store/scratch.h"

enum { NOTE_SIZE = 400, MOST = 32 * 1024 };

struct putting {
	struct csr_row row;
	size_t size;
};

static struct putting putting_of(const char *unit, const char *node, uint8_t mark)
{
	struct putting p = { .size = 100 };
	(void)snprintf(p.row.unit, sizeof(p.row.unit), "%s", unit);
	(void)snprintf(p.row.node, sizeof(p.row.node), "%s", node);
	memset(p.row.key, mark, sizeof(p.row.key));
	return p;
}

static bool put(struct txn *t, void *context, struct error *err)
{
	static const uint8_t bytes[MOST + 1] = { 0x30 };
	const struct putting *p = context;
	return txn_put_csr(t, &p->row, reader_of(bytes, p->size), err);
}

static bool drop(struct txn *t, void *context, struct error *err)
{
	const struct putting *p = context;
	return txn_drop_csr(t, p->row.unit, p->row.node, err);
}

static bool note(const struct csr_row *row, struct reader der, void *into, struct error *err)
{
	(void)err;
	size_t used = strlen(into);
	(void)snprintf((char *)into + used, NOTE_SIZE - used, "%s/%s=%u,%zu;", row->node, row->unit,
		row->key[31], der.left);
	return true;
}

static void nothing_is_pending_at_first(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE] = "";
	struct csr_row row = { .change = 7 };
	struct bytes der = { 0 };
	struct error err = { 0 };
	assert_true(store_csrs(s->store, note, text, NULL));
	assert_string_equal(text, "");
	assert_false(store_csr(s->store, "tomcat", "pub", &row, &der, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_int_equal(row.change, 7);
	assert_null(der.data);
}

static void one_a_unit_and_node(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE] = "";
	struct putting rows[] = { putting_of("tomcat", "pub", 1), putting_of("tomcat", "sub1", 2),
		putting_of("CAPF", "pub", 3), putting_of("tomcat", "pub", 4) };
	for (size_t i = 0; i < 4; i++)
		(void)must_change(s->store, put, &rows[i]);
	assert_true(store_csrs(s->store, note, text, NULL));
	assert_string_equal(text, "pub/CAPF=3,100;pub/tomcat=4,100;sub1/tomcat=2,100;");
	struct csr_row row;
	struct bytes der = { 0 };
	assert_true(store_csr(s->store, "tomcat", "pub", &row, &der, NULL));
	assert_int_equal(row.key[0], 4);
	assert_int_equal(der.size, 100);
	bytes_done(&der);
	assert_false(store_csr(s->store, "Tomcat", "pub", &row, NULL, NULL));
	assert_false(store_csr(s->store, "tomcat", "", &row, NULL, NULL));
}

static void dropped_is_gone_and_may_be_dropped_again(void **state)
{
	struct scratch *s = *state;
	struct csr_row row;
	struct putting one = putting_of("tomcat", "pub", 1), other = putting_of("TVS", "pub", 2);
	(void)must_change(s->store, put, &one);
	(void)must_change(s->store, put, &other);
	(void)must_change(s->store, drop, &one);
	(void)must_change(s->store, drop, &one);
	assert_false(store_csr(s->store, "tomcat", "pub", &row, NULL, NULL));
	assert_true(store_csr(s->store, "TVS", "pub", &row, NULL, NULL));
}

static void requests_have_a_size(void **state)
{
	struct scratch *s = *state;
	struct putting p = putting_of("tomcat", "pub", 1);
	p.size = 0;
	must_refuse(s->store, put, &p, FAULT_LIMIT);
	p.size = MOST + 1;
	must_refuse(s->store, put, &p, FAULT_LIMIT);
	p.size = MOST;
	(void)must_change(s->store, put, &p);
}

static bool refuse(const struct csr_row *row, struct reader der, void *into, struct error *err)
{
	(void)row;
	(void)der;
	(void)into;
	return fail(err, FAULT_REFUSED, "enough");
}

static void a_walk_ends_when_it_is_told(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	struct putting one = putting_of("tomcat", "pub", 1);
	(void)must_change(s->store, put, &one);
	assert_false(store_csrs(s->store, refuse, NULL, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

static void a_vandals_row_is_told(void **state)
{
	struct scratch *s = *state;
	struct csr_row row;
	struct error err = { 0 };
	scratch_sql(s, "INSERT INTO csr VALUES ('tomcat', 'pub', x'0102', x'30', 1, 0)");
	assert_false(store_csr(s->store, "tomcat", "pub", &row, NULL, &err));
	assert_int_equal(err.fault, FAULT_STORE);
	assert_false(store_csrs(s->store, note, NULL, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(nothing_is_pending_at_first),
		STORE_TEST(one_a_unit_and_node),
		STORE_TEST(dropped_is_gone_and_may_be_dropped_again),
		STORE_TEST(requests_have_a_size),
		STORE_TEST(a_walk_ends_when_it_is_told),
		STORE_TEST(a_vandals_row_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

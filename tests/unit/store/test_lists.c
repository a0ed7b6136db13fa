#include "unit/store/scratch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

static bool want(struct txn *t, void *context, struct error *err)
{
	return txn_want_list(t, context, "pub", "ITLRecovery", "pub", err);
}

struct publication {
	uint64_t generation;
	size_t size;
	uint8_t fill;
};

static bool publish(struct txn *t, void *context, struct error *err)
{
	const struct publication *p = context;
	uint8_t *bytes = malloc(LIMIT_TRUST_LIST + 1);
	assert_non_null(bytes);
	memset(bytes, p->fill, LIMIT_TRUST_LIST + 1);
	bool done = txn_publish_list(t, "ITL pub", p->generation, reader_of(bytes, p->size), err);
	free(bytes);
	return done;
}

static bool take_row(const struct list_row *row, void *into, struct error *err)
{
	(void)err;
	*(struct list_row *)into = *row;
	return true;
}

static struct list_row itl(struct scratch *s)
{
	struct list_row row = { 0 };
	assert_true(store_lists(s->store, take_row, &row, NULL));
	return row;
}

enum { NOTE_SIZE = 2000 };

static char name[] = "ITL pub";

static void generations_count_up_and_are_published_in_turn(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	(void)must_change(s->store, want, name);
	assert_string_equal(itl(s).name, "ITL pub");
	assert_string_equal(itl(s).node, "pub");
	assert_string_equal(itl(s).signer_unit, "ITLRecovery");
	assert_string_equal(itl(s).signer_node, "pub");
	assert_int_equal(itl(s).wanted, 1);
	assert_int_equal(itl(s).published, 0);
	(void)must_change(s->store, publish, &(struct publication){ 1, 100, 'a' });
	assert_int_equal(itl(s).wanted, 1);
	assert_int_equal(itl(s).published, 1);
	(void)must_change(s->store, want, name);
	(void)must_change(s->store, want, name);
	assert_int_equal(itl(s).wanted, 3);
	assert_int_equal(itl(s).published, 1);
	(void)must_change(s->store, publish, &(struct publication){ 3, 100, 'c' });
	assert_int_equal(itl(s).published, 3);
}

static bool want_twice(struct txn *t, void *context, struct error *err)
{
	return want(t, context, err) &&
		txn_want_list(t, context, "pub", "CallManager", "sub1", err);
}

static void a_change_wants_one_generation_however_often_it_says_so(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	(void)must_change(s->store, want_twice, name);
	assert_int_equal(itl(s).wanted, 1);
	assert_string_equal(itl(s).signer_unit, "CallManager"); /* the last word counts */
	assert_string_equal(itl(s).signer_node, "sub1");
	(void)must_change(s->store, want_twice, name);
	assert_int_equal(itl(s).wanted, 2);
}

static void what_is_no_longer_wanted_is_not_published(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	(void)must_change(s->store, want, name);
	(void)must_change(s->store, want, name);
	must_refuse(s->store, publish, &(struct publication){ 1, 100, 'a' }, FAULT_BUSY);
	must_refuse(s->store, publish, &(struct publication){ 3, 100, 'a' }, FAULT_REFUSED);
	(void)must_change(s->store, publish, &(struct publication){ 2, 100, 'a' });
	must_refuse(s->store, publish, &(struct publication){ 2, 100, 'b' }, FAULT_REFUSED);
	must_refuse(s->store, publish, &(struct publication){ 0, 100, 'b' }, FAULT_BUSY);
}

static void a_list_has_a_size(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	(void)must_change(s->store, want, name);
	must_refuse(s->store, publish, &(struct publication){ 1, 0, 'a' }, FAULT_LIMIT);
	must_refuse(s->store, publish, &(struct publication){ 1, LIMIT_TRUST_LIST + 1, 'a' },
		FAULT_LIMIT);
	(void)must_change(s->store, publish, &(struct publication){ 1, LIMIT_TRUST_LIST, 'a' });
}

static void every_generation_is_archived(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	for (uint8_t i = 1; i <= 3; i++) {
		(void)must_change(s->store, want, name);
		(void)must_change(s->store, publish,
			&(struct publication){ i, 100U + i, (uint8_t)('a' + i) });
	}
	for (uint64_t i = 0; i <= 3; i++) {
		AUTO_DONE(bytes) file = { 0 };
		uint64_t expected = i == 0 ? 3 : i;
		assert_true(store_list_file(s->store, name, i, &file, NULL));
		assert_int_equal(file.size, 100 + expected);
		assert_int_equal(file.data[0], 'a' + expected);
	}
}

static void lists_and_generations_that_are_not_there(void **state)
{
	struct scratch *s = *state;
	struct bytes file = { 0 };
	struct error err = { 0 };
	put_two_nodes(s->store);
	assert_false(store_list_file(s->store, name, 0, &file, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	must_refuse(s->store, publish, &(struct publication){ 1, 100, 'a' }, FAULT_MISSING);
	(void)must_change(s->store, want, name);
	assert_false(store_list_file(s->store, name, 0, &file, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_non_null(strstr(err.text, "published yet"));
	assert_false(store_list_file(s->store, name, 1, &file, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_null(file.data);
}

static bool want_of_nobody(struct txn *t, void *context, struct error *err)
{
	(void)context;
	return txn_want_list(t, "CTL", "", "ITLRecovery", "sub9", err);
}

static void the_signer_must_be_a_node(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	must_refuse(s->store, want_of_nobody, NULL, FAULT_MISSING);
}

/* services, which follow from lists and identities */

static bool put_service(struct txn *t, void *context, struct error *err)
{
	return txn_put_service(t, context, err);
}

static bool note_service(const struct service_row *row, void *into, struct error *err)
{
	(void)err;
	char *text = into;
	(void)snprintf(text + strlen(text), NOTE_SIZE - strlen(text), "%s@%s %d %lld %llu %llu;",
		row->service, row->node, row->activated, (long long)row->started,
		(unsigned long long)row->restart_wanted, (unsigned long long)row->restarted);
	return true;
}

static void services_are_put_and_replaced(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE] = "";
	put_two_nodes(s->store);
	struct service_row rows[] = { { "Cisco Tftp", "sub1", true, 0, 0, 0 },
		{ "Cisco Tftp", "pub", false, 5, 6, 7 },
		{ "Cisco CallManager", "pub", true, -1, 0, 1 },
		{ "Cisco Tftp", "sub1", true, 1700000000, 42, 41 } };
	for (size_t i = 0; i < COUNT(rows); i++)
		(void)must_change(s->store, put_service, &rows[i]);
	assert_true(store_services(s->store, note_service, text, NULL));
	assert_string_equal(text,
		"Cisco CallManager@pub 1 -1 0 1;Cisco Tftp@pub 0 5 6 7;"
		"Cisco Tftp@sub1 1 1700000000 42 41;");
	struct service_row homeless = { .service = "Cisco Tftp", .node = "sub9" };
	must_refuse(s->store, put_service, &homeless, FAULT_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(generations_count_up_and_are_published_in_turn),
		STORE_TEST(a_change_wants_one_generation_however_often_it_says_so),
		STORE_TEST(what_is_no_longer_wanted_is_not_published),
		STORE_TEST(a_list_has_a_size),
		STORE_TEST(every_generation_is_archived),
		STORE_TEST(lists_and_generations_that_are_not_there),
		STORE_TEST(the_signer_must_be_a_node),
		STORE_TEST(services_are_put_and_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

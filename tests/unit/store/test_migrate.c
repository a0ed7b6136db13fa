#include "unit/store/scratch.h"

#include "store/store_impl.h"

static void migrations_are_numbered_without_a_gap(void **state)
{
	(void)state;
	assert_true(migration_count >= 1);
	for (size_t i = 0; i < migration_count; i++) {
		assert_int_equal(migrations[i].number, i + 1);
		assert_true(strlen(migrations[i].name) > 0);
		assert_non_null(strstr(migrations[i].sql, "CREATE"));
	}
}

static void opening_again_changes_nothing(void **state)
{
	struct scratch *s = *state;
	put_two_nodes(s->store);
	for (int i = 0; i < 3; i++) {
		store_close(s->store);
		s->store = store_open(s->url, NULL);
		assert_non_null(s->store);
	}
	struct node node;
	assert_true(store_node(s->store, "pub", &node, NULL));
	assert_true(store_migrate(s->store, NULL));
}

static void a_newer_database_is_refused(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	store_close(s->store);
	s->store = NULL;
	scratch_sql(s, "INSERT INTO migration VALUES (99, 'from_the_future', 0)");
	assert_null(store_open(s->url, &err));
	assert_int_equal(err.fault, FAULT_STORE);
	assert_non_null(strstr(err.text, "newer dialtrust"));
	assert_non_null(strstr(err.text, "99"));
	assert_non_null(strstr(err.text, s->path));
}

/* As after a crash between two migrations: what is missing is applied, what fails is rolled back.
 */
static void a_migration_that_fails_leaves_nothing(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	store_close(s->store);
	s->store = NULL;
	scratch_sql(s, "DELETE FROM migration; DROP TABLE cluster");
	assert_null(store_open(s->url, &err));
	assert_int_equal(err.fault, FAULT_STORE);
	assert_non_null(strstr(err.text, "migration 1"));
	scratch_sql(s, "CREATE TABLE cluster (was_rolled_back TEXT)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(migrations_are_numbered_without_a_gap),
		STORE_TEST(opening_again_changes_nothing),
		STORE_TEST(a_newer_database_is_refused),
		STORE_TEST(a_migration_that_fails_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

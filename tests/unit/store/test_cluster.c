#include "unit/store/scratch.h"

#include "cluster/parameter.h"

static const struct cluster_row example = { "example",
	{ "Example, Größe & Co", "Telephony", "Köln", "NW", "DE" }, 1234567890 };

static bool make(struct txn *t, void *context, struct error *err)
{
	return txn_make_cluster(t, context, err);
}

static void there_is_none_at_first(void **state)
{
	struct scratch *s = *state;
	struct cluster_row row = { .name = "untouched" };
	struct error err = { 0 };
	assert_false(store_cluster(s->store, &row, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_non_null(strstr(err.text, "cluster init"));
	assert_string_equal(row.name, "untouched");
}

static void it_is_made_once(void **state)
{
	struct scratch *s = *state;
	struct cluster_row row = example, other = { .name = "other" };
	(void)must_change(s->store, make, &row);
	memset(&row, 0, sizeof(row));
	assert_true(store_cluster(s->store, &row, NULL));
	assert_string_equal(row.name, "example");
	assert_string_equal(row.subject.organization, "Example, Größe & Co");
	assert_string_equal(row.subject.unit, "Telephony");
	assert_string_equal(row.subject.locality, "Köln");
	assert_string_equal(row.subject.state, "NW");
	assert_string_equal(row.subject.country, "DE");
	assert_int_equal(row.created, 1234567890);
	must_refuse(s->store, make, &other, FAULT_REFUSED);
	must_refuse(s->store, make, &row, FAULT_REFUSED);
	assert_true(store_cluster(s->store, &row, NULL));
	assert_string_equal(row.name, "example");
}

static void a_text_of_another_size_is_no_text_of_ours(void **state)
{
	struct scratch *s = *state;
	struct cluster_row row = example;
	struct error err = { 0 };
	(void)must_change(s->store, make, &row);
	scratch_sql(s, "UPDATE cluster SET country = 'DEU'");
	assert_false(store_cluster(s->store, &row, &err));
	assert_int_equal(err.fault, FAULT_STORE);
	scratch_sql(s, "UPDATE cluster SET country = 'D' || char(10)");
	assert_false(store_cluster(s->store, &row, &err));
	assert_int_equal(err.fault, FAULT_STORE);
	assert_string_equal(row.subject.country, "DE");
}

struct setting {
	const char *name, *value;
};

static bool set(struct txn *t, void *context, struct error *err)
{
	const struct setting *setting = context;
	return txn_set_parameter(t, setting->name, setting->value, err);
}

static void a_parameter_has_its_default_until_it_is_set(void **state)
{
	struct scratch *s = *state;
	char value[32];
	assert_true(store_parameter(s->store, PARAMETER_FILE_HASH, value, sizeof(value), NULL));
	assert_string_equal(value, "SHA-1");
	(void)must_change(
		s->store, set, &(struct setting){ "tftp file signature algorithm", "SHA-512" });
	assert_true(store_parameter(s->store, PARAMETER_FILE_HASH, value, sizeof(value), NULL));
	assert_string_equal(value, "SHA-512");
	(void)must_change(s->store, set, &(struct setting){ PARAMETER_FILE_HASH, "SHA-1" });
	assert_true(store_parameter(s->store, PARAMETER_FILE_HASH, value, sizeof(value), NULL));
	assert_string_equal(value, "SHA-1");
	assert_true(store_parameter(s->store, PARAMETER_TVS_TTL, value, sizeof(value), NULL));
	assert_string_equal(value, "86400");
}

static void wrong_parameters_and_values(void **state)
{
	struct scratch *s = *state;
	char value[32] = "untouched";
	struct error err = { 0 };
	must_refuse(s->store, set, &(struct setting){ "No Such Thing", "1" }, FAULT_MISSING);
	must_refuse(s->store, set, &(struct setting){ PARAMETER_ERA, "Z" }, FAULT_USAGE);
	must_refuse(s->store, set, &(struct setting){ PARAMETER_TVS_TTL, "0" }, FAULT_USAGE);
	assert_false(store_parameter(s->store, "No Such Thing", value, sizeof(value), &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_false(store_parameter(s->store, PARAMETER_TVS_TTL, value, 5, &err));
	assert_string_equal(value, "untouched");
	assert_true(store_parameter(s->store, PARAMETER_TVS_TTL, value, 6, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(there_is_none_at_first),
		STORE_TEST(it_is_made_once),
		STORE_TEST(a_text_of_another_size_is_no_text_of_ours),
		STORE_TEST(a_parameter_has_its_default_until_it_is_set),
		STORE_TEST(wrong_parameters_and_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "base/limits.h"
#include "ops/op.h"

static const struct op_field *field(enum op_id id, const char *name)
{
	size_t count;
	const struct op_field *found = op_field_find(&op_rows(&count)[id], name);
	assert_non_null(found);
	return found;
}

static void assert_fine(const struct op_field *f, const char *value)
{
	struct error err = { 0 };
	if (!op_field_check(f, value, &err))
		print_error("%s\n", err.text);
	assert_int_equal(err.fault, FAULT_NONE);
}

static void assert_refused(const struct op_field *f, const char *value, enum fault fault)
{
	struct error err = { 0 };
	assert_false(op_field_check(f, value, &err));
	assert_int_equal(err.fault, fault);
	assert_true(strlen(err.text) > 10);
}

static const char *filled(char *out, size_t size)
{
	memset(out, 'a', size);
	out[size] = '\0';
	return out;
}

static void texts_are_one_line(void **state)
{
	(void)state;
	char text[1100];
	const struct op_field *f = field(OP_CLUSTER_INIT, "organization");
	assert_fine(f, "Größe & Söhne, \"quoted\"");
	assert_fine(f, filled(text, 1023));
	assert_refused(f, filled(text, 1024), FAULT_USAGE);
	static const char *const wrong[] = { "", "two\nlines", "\x1b[2J", "\x7f", "\xff",
		"cut \xc3" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_refused(f, wrong[i], FAULT_USAGE);
}

static void names_are_shorter(void **state)
{
	(void)state;
	char text[300];
	const struct op_field *f = field(OP_PARAMETER_SET, "name");
	assert_fine(f, "ITL Signer");
	assert_fine(f, filled(text, 255));
	assert_refused(f, filled(text, 256), FAULT_USAGE);
	assert_refused(f, "", FAULT_USAGE);
}

static void numbers_are_whole(void **state)
{
	(void)state;
	const struct op_field *f = field(OP_CLUSTER_INIT, "tvs-port");
	assert_fine(f, "0");
	assert_fine(f, "65535");
	assert_fine(f, "4294967295");
	static const char *const wrong[] = { "", "-1", "1.5", "0x10", "ten", "1 ", " 1",
		"4294967296", "99999999999999999999999" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_refused(f, wrong[i], FAULT_USAGE);
}

static void nodes_have_a_shape(void **state)
{
	(void)state;
	const struct op_field *f = field(OP_CERT_REGEN, "node");
	assert_fine(f, "pub");
	assert_refused(f, "", FAULT_USAGE);
	assert_refused(f, "pub/..", FAULT_USAGE);
	assert_refused(f, "{node}", FAULT_USAGE);
}

static void units_must_exist(void **state)
{
	(void)state;
	const struct op_field *f = field(OP_CERT_LIST, "unit");
	assert_fine(f, "CallManager");
	assert_fine(f, "callmanager-TRUST");
	assert_refused(f, "CallManagr", FAULT_MISSING);
	assert_refused(f, "", FAULT_USAGE);
	assert_refused(f, "a\nb", FAULT_USAGE);
	char text[100];
	assert_refused(f, filled(text, 64), FAULT_USAGE);
}

static void an_identity_is_no_trust_store(void **state)
{
	(void)state;
	const struct op_field *f = field(OP_CERT_REGEN, "unit");
	assert_fine(f, "TVS");
	assert_refused(f, "TVS-trust", FAULT_REFUSED);
	assert_refused(f, "TVX", FAULT_MISSING);
}

static void a_flag_is_true_or_false(void **state)
{
	(void)state;
	const struct op_field f = { .name = "force", .kind = OP_FLAG };
	assert_fine(&f, "true");
	assert_fine(&f, "false");
	assert_refused(&f, "", FAULT_USAGE);
	assert_refused(&f, "yes", FAULT_USAGE);
	assert_refused(&f, "True", FAULT_USAGE);
}

static void a_trust_store_is_no_identity(void **state)
{
	(void)state;
	const struct op_field f = { .name = "store", .kind = OP_TRUST_STORE };
	assert_fine(&f, "tomcat-trust");
	assert_refused(&f, "tomcat", FAULT_REFUSED);
	assert_refused(&f, "nothing-trust", FAULT_MISSING);
	assert_refused(&f, "", FAULT_USAGE);
}

static void check_file(enum op_field_kind kind)
{
	const struct op_field f = { .name = "certificate", .kind = kind };
	assert_fine(&f, "AAEC");
	assert_refused(&f, "", FAULT_USAGE);
	assert_refused(&f, "AAE", FAULT_MALFORMED);
	assert_refused(&f, "AAE!", FAULT_MALFORMED);
	size_t most = (LIMIT_UPLOAD + 2) / 3 * 4;
	char *text = malloc(most + 5);
	memset(text, 'A', most + 4);
	text[most] = '\0';
	assert_fine(&f, text);
	text[most] = 'A';
	text[most + 4] = '\0';
	assert_refused(&f, text, FAULT_LIMIT);
	free(text);
}

static void a_file_is_base64_and_has_a_most(void **state)
{
	(void)state;
	check_file(OP_FILE);
	check_file(OP_AUTHORITIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_one_line),
		cmocka_unit_test(names_are_shorter),
		cmocka_unit_test(numbers_are_whole),
		cmocka_unit_test(nodes_have_a_shape),
		cmocka_unit_test(units_must_exist),
		cmocka_unit_test(an_identity_is_no_trust_store),
		cmocka_unit_test(a_flag_is_true_or_false),
		cmocka_unit_test(a_trust_store_is_no_identity),
		cmocka_unit_test(a_file_is_base64_and_has_a_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

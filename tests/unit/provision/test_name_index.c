#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/name_index.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct name_index *index_of(const char *const *names, size_t count)
{
	struct name_index *n = name_index_new(NULL);
	assert_non_null(n);
	for (size_t i = 0; i < count; i++)
		name_index_add(n, names[i]);
	assert_true(name_index_finish(n, NULL));
	assert_int_equal(name_index_count(n), count);
	return n;
}

static void names_are_found_in_any_case(void **state)
{
	static const char *const names[] = { "Ringlist.xml", "b", "RINGLIST.DAT", "a_", "aZ", "",
		"[" };
	static const struct {
		const char *asked, *found;
		size_t ordinal;
	} rows[] = {
		{ "Ringlist.xml", "Ringlist.xml", 0 },
		{ "RINGLIST.XML", "Ringlist.xml", 0 },
		{ "ringlist.dat", "RINGLIST.DAT", 2 },
		{ "B", "b", 1 },
		{ "A_", "a_", 3 },
		{ "Az", "aZ", 4 },
		{ "", "", 5 },
		{ "[", "[", 6 },
		{ "ringlist.xm", NULL, 0 },
		{ "ringlist.xmll", NULL, 0 },
		{ "{", NULL, 0 }, /* '[' and '{' differ by the bit that case is */
		{ "a", NULL, 0 },
		{ "c", NULL, 0 },
		{ "\xff", NULL, 0 },
	};
	(void)state;
	AUTO(name_index) n = index_of(names, COUNT(names));
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t ordinal = 99;
		const char *found = name_index_find(n, rows[i].asked, &ordinal);
		if (rows[i].found == NULL) {
			assert_null(found);
			assert_int_equal(ordinal, 99);
			continue;
		}
		assert_string_equal(found, rows[i].found);
		assert_int_equal(ordinal, rows[i].ordinal);
		assert_string_equal(name_index_find(n, rows[i].asked, NULL), rows[i].found);
	}
}

static void the_exact_one_is_preferred(void **state)
{
	static const char *const names[] = { "a.xml", "A.XML", "a.XML" };
	(void)state;
	AUTO(name_index) n = index_of(names, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(name_index_find(n, names[i], NULL), names[i]);
	assert_string_equal(name_index_find(n, "A.xml", NULL), "A.XML");
}

static void an_empty_one_has_nothing(void **state)
{
	(void)state;
	AUTO(name_index) n = index_of(NULL, 0);
	assert_null(name_index_find(n, "", NULL));
	assert_null(name_index_find(n, "a", NULL));
	AUTO(name_index) unfinished = name_index_new(NULL);
	name_index_add(unfinished, "a");
	assert_null(name_index_find(unfinished, "a", NULL));
	name_index_free(NULL);
}

static void all_of_many_are_found(void **state)
{
	enum { MANY = 10000 };
	(void)state;
	AUTO(name_index) n = name_index_new(NULL);
	char name[40];
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "SEP%012X.cnf.xml", (i * 7919u) % MANY);
		name_index_add(n, name);
	}
	assert_true(name_index_finish(n, NULL));
	for (unsigned i = 0; i < MANY; i++) {
		size_t ordinal = MANY;
		(void)snprintf(name, sizeof(name), "sep%012x.CNF.xml", i);
		assert_non_null(name_index_find(n, name, &ordinal));
		assert_int_equal((ordinal * 7919u) % MANY, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(the_exact_one_is_preferred),
		cmocka_unit_test(an_empty_one_has_nothing),
		cmocka_unit_test(all_of_many_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "scene.h"

#include <stdio.h>

#include "net/source_counts.h"

static struct address from(const char *host, unsigned port)
{
	struct address a;
	assert_true(address_of(host, (uint16_t)port, &a, NULL));
	return a;
}

static struct source *enter(struct source_counts *s, const char *host, unsigned port)
{
	struct address a = from(host, port);
	struct source *source = source_enter(s, &a, NULL);
	assert_non_null(source);
	return source;
}

static void ports_of_one_address_are_counted_together(void **state)
{
	(void)state;
	struct source_counts *s = source_counts_new();
	struct source *one = enter(s, "127.16.0.1", 1), *other = enter(s, "127.16.0.2", 1);
	assert_ptr_equal(enter(s, "127.16.0.1", 2), one);
	assert_ptr_equal(enter(s, "127.16.0.1", 2), one);
	assert_int_equal(source_count(one), 3);
	assert_int_equal(source_count(other), 1);
	source_leave(s, one);
	assert_int_equal(source_count(one), 2);
	assert_int_equal(source_count(other), 1);
	source_counts_free(s);
}

static void who_has_left_begins_anew(void **state)
{
	(void)state;
	struct source_counts *s = source_counts_new();
	for (unsigned i = 1; i < 100; i++) {
		struct source *one = enter(s, "2001:db8::1", i);
		assert_int_equal(source_count(one), 1);
		source_leave(s, one);
	}
	source_counts_free(s);
}

static void kinds_of_addresses_are_told_apart(void **state)
{
	(void)state;
	struct source_counts *s = source_counts_new();
	struct source *four = enter(s, "127.0.0.1", 9), *six = enter(s, "::ffff:127.0.0.1", 9);
	struct source *other = enter(s, "::1", 9);
	assert_ptr_not_equal(four, six);
	assert_ptr_not_equal(six, other);
	assert_int_equal(source_count(four), 1);
	assert_int_equal(source_count(six), 1);
	source_counts_free(s);
}

/* More than there are buckets: those that share one are told apart, whoever of them leaves first.
 */
static void many_addresses_have_each_their_own(void **state)
{
	enum { MANY = 5000 };
	(void)state;
	static struct source *sources[MANY];
	char host[ADDRESS_TEXT_SIZE];
	struct source_counts *s = source_counts_new();
	for (unsigned turn = 0; turn < 2; turn++)
		for (unsigned i = 0; i < MANY; i++) {
			(void)snprintf(host, sizeof(host), "10.9.%u.%u", i / 250, i % 250);
			sources[i] = enter(s, host, i);
			assert_int_equal(source_count(sources[i]), turn + 1);
		}
	for (unsigned i = 0; i < MANY; i += 3) {
		source_leave(s, sources[i]);
		source_leave(s, sources[i]);
	}
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(host, sizeof(host), "10.9.%u.%u", i / 250, i % 250);
		assert_int_equal(source_count(enter(s, host, i)), i % 3 == 0 ? 1 : 3);
	}
	source_counts_free(s);
	source_counts_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_one_address_are_counted_together),
		cmocka_unit_test(who_has_left_begins_anew),
		cmocka_unit_test(kinds_of_addresses_are_told_apart),
		cmocka_unit_test(many_addresses_have_each_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

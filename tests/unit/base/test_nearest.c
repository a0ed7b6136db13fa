#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *best_of(const char *unknown, const char *const *known)
{
	struct nearest n = nearest_to(unknown);
	for (; *known != NULL; known++)
		nearest_offer(&n, *known);
	return n.best;
}

static const char *const verbs[] = { "list", "node", "cert", "cluster", "phone", NULL };

static void slips_of_the_hand_are_understood(void **state)
{
	(void)state;
	static const char *const pairs[][2] = { { "lits", "list" }, { "cret", "cert" },
		{ "certs", "cert" }, { "cer", "cert" }, { "CLUSTER", "cluster" },
		{ "phnoe", "phone" }, { "clutser", "cluster" }, { "bode", "node" },
		{ "cert", "cert" } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *best = best_of(pairs[i][0], verbs);
		assert_non_null(best);
		assert_string_equal(best, pairs[i][1]);
	}
}

static void other_words_are_not_guessed_at(void **state)
{
	(void)state;
	static const char *const unknown[] = { "", "x", "telephone-directory", "frobnicate",
		"zzzz" };
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_null(best_of(unknown[i], verbs));
}

static void the_longest_word_is_looked_at_and_no_longer_one(void **state)
{
	(void)state;
	char word[66];
	memset(word, 'w', sizeof(word));
	word[65] = '\0';
	const char *const known[] = { word, NULL };
	assert_null(best_of("w", known));
	assert_null(best_of(word, known));
	word[64] = '\0';
	assert_ptr_equal(best_of(word, known), word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips_of_the_hand_are_understood),
		cmocka_unit_test(other_words_are_not_guessed_at),
		cmocka_unit_test(the_longest_word_is_looked_at_and_no_longer_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A look at CAPF: what a server may say to a phone that does nothing, and what it may not. */
#include "talk/capf_look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define BYTES(text) reader_of(text, sizeof(text) - 1)
/* Session 42: AUTH_REQ of the appliance, and with the authentication of public servers. */
#define AUTH_REQ BYTES("U\1\0\0\0\x2a\0\4\7\0\1\3")
#define AUTH_REQ_16 BYTES("U\1\0\0\0\x2a\0\x8\7\0\1\3\10\0\1\0")
#define END_9 BYTES("U\xf\0\0\0\x2a\0\4\1\0\1\x9")

static struct writer answer;
static uint8_t memory[256];

static void heard(struct capf_look *l, struct reader message)
{
	struct error err = { 0 };
	answer = writer_on(memory, sizeof(memory));
	if (!capf_look_message(l, message, &answer, &err))
		fail_msg("%s", err.text);
}

static void refused(struct capf_look *l, struct reader message, const char *words)
{
	struct error err = { 0 };
	size_t count = l->count;
	answer = writer_on(memory, sizeof(memory));
	if (capf_look_message(l, message, &answer, &err))
		fail_msg("heard; awaited: %s", words);
	assert_int_equal(err.fault, FAULT_MALFORMED);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s\nawaited: %s", err.text, words);
	assert_int_equal(answer.used, 0);
	assert_int_equal(l->count, count);
	assert_true(l->ended);
}

static void names_are_judged_before_anybody_is_called(void **state)
{
	(void)state;
	static const char *const names[] = { "", "a b", "../x", "SEP\n", "SEP/1" };
	struct error err = { 0 };
	char longest[LIMIT_DEVICE_NAME + 1];
	memset(longest, 'x', sizeof(longest));
	longest[LIMIT_DEVICE_NAME - 1] = '\0';
	assert_true(capf_look_device("SEP001122334455", &err));
	assert_true(capf_look_device("CSFuser_1.a-b", &err));
	assert_true(capf_look_device(longest, &err));
	longest[LIMIT_DEVICE_NAME - 1] = 'x';
	longest[LIMIT_DEVICE_NAME] = '\0';
	assert_false(capf_look_device(longest, &err));
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_false(capf_look_device(names[i], &err));
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_non_null(strstr(err.text, "no name of a device"));
	}
}

static void without_a_device_nothing_is_said(void **state)
{
	(void)state;
	struct capf_look l = { 0 };
	heard(&l, AUTH_REQ_16);
	assert_true(l.ended);
	assert_int_equal(answer.used, 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.heard[0].command, CAPF_AUTH_REQUEST);
	assert_int_equal(l.heard[0].session, 42);
	assert_true(l.heard[0].has[CAPF_VERSION] && l.heard[0].has[CAPF_AUTH_TYPE]);
	assert_int_equal(l.heard[0].numbers[CAPF_VERSION], 3);
	assert_int_equal(l.heard[0].numbers[CAPF_AUTH_TYPE], 0);
	assert_false(l.heard[0].has[CAPF_REASON]);
	struct capf_look other = { 0 };
	heard(&other, END_9);
	assert_true(other.ended);
	assert_int_equal(other.heard[0].numbers[CAPF_REASON], CAPF_UNKNOWN);
}

/* docs/formats/capf.md#seen has these bytes. */
static void a_device_says_its_name_once(void **state)
{
	(void)state;
	static const char said[] =
		"U\2\0\0\0\x2a\0\x1b\1\0\1\1\7\0\1\3\x0d\0\x10SEP001122334455"; /* and its NUL */
	struct capf_look l = { .device = "SEP001122334455" };
	heard(&l, AUTH_REQ);
	assert_false(l.ended);
	assert_int_equal(answer.used, sizeof(said));
	assert_memory_equal(answer.data, said, sizeof(said));
	heard(&l, BYTES("U\3\0\0\0\x2a\0\5\12\0\2\x8\0"));
	assert_true(l.ended);
	assert_int_equal(answer.used, 0);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.heard[1].command, CAPF_KEYGEN_REQUEST);
	assert_int_equal(l.heard[1].numbers[CAPF_KEY_SIZE], 2048);
}

static void a_session_that_is_refused_at_once_gets_no_answer(void **state)
{
	(void)state;
	struct capf_look l = { .device = "SEP001122334455" };
	heard(&l, END_9);
	assert_true(l.ended);
	assert_int_equal(answer.used, 0);
}

static void what_no_server_says_here(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *words;
	} first[] = {
		{ "HTTP/1.1 400", 12, "capf: starts with" },
		{ "U\2\0\0\0\x2a\0\x9\7\0\1\3\x0d\0\2a\0", 17, "is said by phones" },
		{ "U\x11\0\0\0\x2a\0\0", 8, "is said by phones" },
		{ "U\3\0\0\0\x2a\0\5\12\0\2\x8\0", 13, "AUTH_REQ was awaited" },
		{ "U\xb\0\0\0\x2a\0\0", 8, "AUTH_REQ was awaited" },
		{ "U\1\0\0\0\x2a\0\0", 8, "version" },
		{ "U\1\0\0\0\x2a\0\4\7\0\1\4", 12, "version" },
		{ "U\x18\0\0\0\x2a\0\0", 8, "24" },
		{ "", 0, "too few bytes" },
	};
	for (size_t i = 0; i < COUNT(first); i++) {
		struct capf_look l = { .device = "SEP001122334455" };
		refused(&l, reader_of(first[i].bytes, first[i].size), first[i].words);
	}
	struct capf_look l = { .device = "SEP001122334455" };
	heard(&l, AUTH_REQ);
	refused(&l, AUTH_REQ, "AUTH_REQ came twice");
	l = (struct capf_look){ .device = "SEP001122334455" };
	heard(&l, AUTH_REQ);
	refused(&l, BYTES("U\xf\0\0\0\x2b\0\4\1\0\1\0"), "session 42 became session 43");
}

static void names_that_no_device_has(void **state)
{
	(void)state;
	static const char *const names[] = { "", "a b", "../x", "a\n", "SEP00112233445\xc3\xa9",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct capf_look l = { .device = names[i] };
		struct error err = { 0 };
		answer = writer_on(memory, sizeof(memory));
		if (capf_look_message(&l, AUTH_REQ, &answer, &err))
			fail_msg("taken: %s", names[i]);
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_int_equal(answer.used, 0);
	}
	struct capf_look l = { .device = names[5] + 1 }; /* 63 letters: the most there can be */
	heard(&l, AUTH_REQ);
	assert_false(l.ended);
}

static void every_cut_and_changed_byte_is_safe(void **state)
{
	(void)state;
	uint8_t bytes[16];
	struct reader whole = AUTH_REQ_16;
	for (size_t size = 0; size < whole.left; size++) {
		struct capf_look l = { 0 };
		refused(&l, reader_of(whole.at, size), "capf: ");
	}
	for (size_t at = 0; at < whole.left; at++)
		for (unsigned value = 0; value < 0x100; value++) {
			struct capf_look l = { .device = "SEP001122334455" };
			struct error err = { 0 };
			struct reader from = whole;
			reader_copy(&from, bytes, sizeof(bytes));
			bytes[at] = (uint8_t)value;
			answer = writer_on(memory, sizeof(memory));
			bool fine = capf_look_message(
				&l, reader_of(bytes, sizeof(bytes)), &answer, &err);
			assert_true(fine ? l.count == 1 : err.text[0] != '\0' && l.count == 0);
			assert_true(fine || answer.used == 0);
		}
}

static void numbers_have_names(void **state)
{
	(void)state;
	assert_string_equal(capf_authentication_name(0), "none");
	assert_string_equal(capf_authentication_name(4), "manufacturing certificate");
	assert_null(capf_authentication_name(5));
	assert_string_equal(capf_reason_means(9), "the device is not known");
	assert_null(capf_reason_means(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_judged_before_anybody_is_called),
		cmocka_unit_test(without_a_device_nothing_is_said),
		cmocka_unit_test(a_device_says_its_name_once),
		cmocka_unit_test(a_session_that_is_refused_at_once_gets_no_answer),
		cmocka_unit_test(what_no_server_says_here),
		cmocka_unit_test(names_that_no_device_has),
		cmocka_unit_test(every_cut_and_changed_byte_is_safe),
		cmocka_unit_test(numbers_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

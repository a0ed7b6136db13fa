#include "talk/phone.h"

#include "lib/key_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct phone_settings usual(void)
{
	return (struct phone_settings){
		.name = "SEP001122334455",
		.model = "CP-8861",
		.server_count = 1,
		.servers = { { "192.0.2.1", 69, 6970 } },
	};
}

static void refused(const struct phone_settings *settings, enum fault fault)
{
	struct error err = { 0 };
	assert_null(phone_new(settings, NULL, NULL, &err));
	assert_int_equal(err.fault, fault);
	assert_true(err.text[0] != '\0');
}

static void settings_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	struct phone_settings s = usual();
	s.server_count = 0;
	refused(&s, FAULT_USAGE);
	s.server_count = PHONE_SERVERS + 1;
	refused(&s, FAULT_USAGE);
	s = usual();
	s.name[14] = 'x';
	refused(&s, FAULT_USAGE);
	s.name[0] = '\0';
	refused(&s, FAULT_USAGE);
}

/* The label for TVS is model, hyphen and name: 63 bytes fit its message, 64 do not. */
static void the_longest_label(void **state)
{
	(void)state;
	struct phone_settings s = usual();
	struct error err = { 0 };
	memset(s.name, 0, sizeof(s.name));
	memset(s.name, 'x', LIMIT_DEVICE_NAME - 1 - sizeof("CP-8861"));
	memcpy(s.name, "CSF", 3);
	AUTO(phone) p = phone_new(&s, NULL, NULL, &err);
	assert_non_null(p);
	s.name[strlen(s.name)] = 'x';
	refused(&s, FAULT_LIMIT);
}

static void the_longest_file_name(void **state)
{
	(void)state;
	struct phone_settings s = usual();
	struct error err = { 0 };
	char name[LIMIT_FILE_NAME] = "";
	AUTO(phone) p = phone_new(&s, NULL, NULL, &err);
	struct phone_event event = { .happening = PHONE_OPEN, .name = name };
	memset(name, 'x', LIMIT_FILE_NAME - sizeof(".sgn") + 1);
	assert_false(phone_step(p, &event, 0, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_int_equal(phone_action(p)->act, PHONE_REST);
	name[LIMIT_FILE_NAME - sizeof(".sgn")] = '\0';
	assert_true(phone_step(p, &event, 0, &err));
	assert_string_equal(phone_action(p)->name, name);
}

static void servers_change_only_at_rest(void **state)
{
	(void)state;
	struct phone_settings s = usual();
	struct phone_server other = { "192.0.2.7", 69, 0 };
	struct error err = { 0 };
	AUTO(phone) p = phone_new(&s, NULL, NULL, &err);
	assert_true(phone_set_servers(p, &other, 1, &err));
	assert_false(phone_set_servers(p, &other, 0, &err));
	assert_true(phone_step(p, &(struct phone_event){ .happening = PHONE_BOOT }, 0, &err));
	assert_string_equal(phone_action(p)->server->address, "192.0.2.7");
	assert_false(phone_set_servers(p, &other, 1, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
}

/* As many answers as there is room for; then the one that expires first makes way. */
static void the_answer_that_expires_first_is_forgotten(void **state)
{
	(void)state;
	struct phone_settings s = usual();
	struct error err = { 0 };
	size_t count;
	AUTO(key_ring) ring = key_ring_new();
	AUTO(phone) p = phone_new(&s, NULL, NULL, &err);
	for (unsigned i = 0; i <= PHONE_ANSWERS; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "signer-%u", i);
		struct phone_answer answer = {
			.cert = key_ring_get(ring, name)->cert,
			.role_count = 1,
			.expires = i == 3 ? 1 : 1000 + (int64_t)i,
		};
		assert_true(phone_restore_answer(p, &answer, &err));
		(void)phone_answers(p, &count);
		assert_int_equal(count, i < PHONE_ANSWERS ? i + 1 : PHONE_ANSWERS);
	}
	const struct phone_answer *answers = phone_answers(p, &count);
	assert_true(cert_same(answers[3].cert, key_ring_get(ring, "signer-16")->cert));
	struct phone_answer again = { .cert = key_ring_get(ring, "signer-5")->cert, .expires = 7 };
	assert_true(phone_restore_answer(p, &again, &err));
	answers = phone_answers(p, &count);
	assert_int_equal(count, PHONE_ANSWERS);
	assert_int_equal(answers[5].expires, 7);
	again.role_count = TVS_ROLES_MAX + 1;
	assert_false(phone_restore_answer(p, &again, &err));
}

static void a_damaged_list_is_not_restored(void **state)
{
	(void)state;
	struct phone_settings s = usual();
	struct error err = { 0 };
	AUTO(phone) p = phone_new(&s, NULL, NULL, &err);
	assert_false(phone_restore_list(p, PHONE_ITL, reader_of_text("no list"), &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_non_null(strstr(err.text, s.name));
	assert_int_equal(phone_list(p, PHONE_ITL).left, 0);
	assert_null(phone_configuration(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_that_make_no_sense_are_refused),
		cmocka_unit_test(the_longest_label),
		cmocka_unit_test(the_longest_file_name),
		cmocka_unit_test(servers_change_only_at_rest),
		cmocka_unit_test(the_answer_that_expires_first_is_forgotten),
		cmocka_unit_test(a_damaged_list_is_not_restored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "trust/vouch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"
#include "wire/tvs_message.h"

enum { VALID_NOW = 1700001000 };

static int ring_made(void **state)
{
	*state = key_ring_new();
	return 0;
}

static int ring_freed(void **state)
{
	key_ring_free(*state);
	return 0;
}

static void add(struct vouch *v, struct cert *cert, const char *roles)
{
	struct error err = { 0 };
	assert_true(vouch_add(v, cert, (const uint8_t *)roles, strlen(roles), &err));
}

static bool find(const struct vouch *v, const struct cert *cert, enum name_form form, int64_t now,
	struct vouch_answer *out)
{
	return vouch_find_signer(v, reader_of_text(cert_subject(cert, form)),
		reader_of_text(cert_issuer(cert, form)), cert_serial(cert), now, out);
}

static void what_was_added_is_found_both_ways(void **state)
{
	struct error err = { 0 };
	AUTO(vouch) v = vouch_new(&err);
	struct cert *one = key_ring_get(*state, "one")->cert;
	struct cert *two = key_ring_get(*state, "two")->cert;
	add(v, one, "\x02\x03");
	add(v, two, "\x15");
	assert_int_equal(vouch_count(v), 2);
	struct vouch_answer answer;
	assert_true(vouch_find(v, cert_der(two), &answer));
	assert_ptr_equal(answer.cert, two);
	assert_int_equal(answer.role_count, 1);
	assert_int_equal(answer.roles[0], 21);
	assert_true(find(v, one, NAME_APPLIANCE, VALID_NOW, &answer));
	assert_ptr_equal(answer.cert, one);
	assert_int_equal(answer.role_count, 2);
	assert_true(find(v, one, NAME_BUILDER, VALID_NOW, &answer));
	assert_ptr_equal(answer.cert, one);
}

static void strangers_are_not_found(void **state)
{
	struct error err = { 0 };
	AUTO(vouch) v = vouch_new(&err);
	struct cert *one = key_ring_get(*state, "one")->cert;
	struct cert *other = key_ring_get(*state, "one/2")->cert;
	struct vouch_answer answer;
	assert_false(vouch_find(v, cert_der(one), &answer));
	assert_false(find(v, one, NAME_APPLIANCE, VALID_NOW, &answer));
	add(v, one, "\x02");
	assert_false(vouch_find(v, cert_der(other), &answer));
	assert_false(find(v, other, NAME_APPLIANCE, VALID_NOW, &answer));
	struct reader der = cert_der(one);
	assert_false(vouch_find(v, reader_of(der.at, der.left - 1), &answer));
	assert_false(vouch_find(v, reader_of(der.at, 0), &answer));
}

static void a_malformed_name_is_not_found(void **state)
{
	struct error err = { 0 };
	AUTO(vouch) v = vouch_new(&err);
	struct cert *one = key_ring_get(*state, "one")->cert;
	struct vouch_answer answer;
	add(v, one, "\x02");
	struct reader name = reader_of_text(cert_subject(one, NAME_APPLIANCE));
	static const char *const bad[] = { "", "=", "CN", "CN=one;;", "CN=\"one", ";" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(vouch_find_signer(
			v, reader_of_text(bad[i]), name, cert_serial(one), VALID_NOW, &answer));
		assert_false(vouch_find_signer(
			v, name, reader_of_text(bad[i]), cert_serial(one), VALID_NOW, &answer));
	}
	assert_false(vouch_find_signer(v, name, name, reader_of("\x01", 1), VALID_NOW, &answer));
}

static void roles_of_one_certificate_add_up(void **state)
{
	struct error err = { 0 };
	AUTO(vouch) v = vouch_new(&err);
	struct cert *one = key_ring_get(*state, "one")->cert;
	struct vouch_answer answer;
	add(v, one, "\x02\x03");
	add(v, one, "\x03\x07");
	assert_int_equal(vouch_count(v), 1);
	assert_true(vouch_find(v, cert_der(one), &answer));
	assert_int_equal(answer.role_count, 3);
	assert_int_equal(answer.roles[2], 7);
}

static void roles_are_bounded_as_in_an_answer(void **state)
{
	struct error err = { 0 };
	AUTO(vouch) v = vouch_new(&err);
	struct cert *one = key_ring_get(*state, "one")->cert;
	uint8_t roles[TVS_ROLES_MAX + 1];
	for (size_t i = 0; i < COUNT(roles); i++)
		roles[i] = (uint8_t)(i + 1);
	assert_false(vouch_add(v, one, roles, TVS_ROLES_MAX + 1, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_int_equal(vouch_count(v), 0);
	assert_true(vouch_add(v, one, roles, TVS_ROLES_MAX, &err));
	assert_false(vouch_add(v, one, &roles[TVS_ROLES_MAX], 1, &err));
	struct vouch_answer answer;
	assert_true(vouch_find(v, cert_der(one), &answer));
	assert_int_equal(answer.role_count, TVS_ROLES_MAX);
}

/* Two certificates with one name and serial, as a careless authority makes them. */
static struct cert *twin_of(const struct cert *cert, uint8_t last_byte)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	assert_true(bytes_copy(&der, cert_der(cert), &err));
	der.data[der.size - 1] = last_byte; /* in the signature */
	struct cert *twin = cert_parse(bytes_reader(&der), &err);
	assert_non_null(twin);
	return twin;
}

static void of_several_the_one_that_has_not_expired(void **state)
{
	struct error err = { 0 };
	struct cert *one = key_ring_get(*state, "one")->cert;
	AUTO(vouch) v = vouch_new(&err);
	AUTO(cert) first = twin_of(one, 1);
	AUTO(cert) second = twin_of(one, 2);
	struct vouch_answer answer;
	add(v, first, "\x02");
	assert_true(find(v, one, NAME_APPLIANCE, VALID_NOW, &answer));
	assert_true(find(v, one, NAME_APPLIANCE, cert_not_after(one), &answer));
	assert_true(find(v, one, NAME_APPLIANCE, cert_not_after(one) + 1, &answer));
	add(v, second, "\x02");
	assert_false(find(v, one, NAME_APPLIANCE, VALID_NOW, &answer));
	assert_false(find(v, one, NAME_APPLIANCE, cert_not_after(one) + 1, &answer));
}

static void many_are_held(void **state)
{
	struct error err = { 0 };
	AUTO(vouch) v = vouch_new(&err);
	struct cert *one = key_ring_get(*state, "one")->cert;
	for (unsigned i = 0; i < 200; i++) {
		AUTO(cert) twin = twin_of(one, (uint8_t)i);
		add(v, twin, "\x02");
	}
	assert_int_equal(vouch_count(v), 200);
	AUTO(cert) last = twin_of(one, 199);
	struct vouch_answer answer;
	assert_true(vouch_find(v, cert_der(last), &answer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found_both_ways),
		cmocka_unit_test(strangers_are_not_found),
		cmocka_unit_test(a_malformed_name_is_not_found),
		cmocka_unit_test(roles_of_one_certificate_add_up),
		cmocka_unit_test(roles_are_bounded_as_in_an_answer),
		cmocka_unit_test(of_several_the_one_that_has_not_expired),
		cmocka_unit_test(many_are_held),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}

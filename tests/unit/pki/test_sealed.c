/* Sealed for one key: it alone opens it, and nothing may be changed on the way. */
#include "pki/sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pki/self_signed.h"

struct holder {
	struct key *key;
	struct cert *cert;
};

static struct holder holder_of(enum key_kind kind)
{
	struct error err = { 0 };
	struct certificate_profile profile = {
		.subject = { .common_name = "pub.lab", .organization = "Lab" },
		.usages = USAGE_KEY_ENCIPHERMENT,
		.not_before = 1700000000,
		.days = 365,
	};
	struct holder h = { .key = key_generate(kind, &err) };
	assert_non_null(h.key);
	h.cert = certificate_self_sign(&profile, h.key, &err);
	assert_non_null(h.cert);
	return h;
}

static void holder_done(struct holder *h)
{
	key_free(h->key);
	cert_free(h->cert);
}

static int set_up(void **state)
{
	struct holder *h = calloc(2, sizeof(*h));
	h[0] = holder_of(KEY_RSA_2048);
	h[1] = holder_of(KEY_RSA_2048);
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct holder *h = *state;
	holder_done(&h[0]);
	holder_done(&h[1]);
	free(h);
	return 0;
}

static void sealed_text(const struct holder *h, const char *text, struct bytes *out)
{
	struct error err = { 0 };
	if (!seal_for(h->cert, reader_of_text(text), out, &err))
		fail_msg("%s", err.text);
}

static void its_holder_opens_it(void **state)
{
	struct holder *h = *state;
	struct error err = { 0 };
	AUTO_DONE(bytes) sealed = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	AUTO_DONE(bytes) clear = { 0 };
	sealed_text(h, "a private key", &sealed);
	sealed_text(h, "a private key", &again);
	assert_true(seal_open(h->key, bytes_reader(&sealed), &clear, &err));
	assert_true(reader_same(bytes_reader(&clear), reader_of_text("a private key")));
	assert_false(reader_same(bytes_reader(&sealed), bytes_reader(&again)));
	assert_null(memmem(sealed.data, sealed.size, "private", 7));
}

static void another_does_not(void **state)
{
	struct holder *h = *state;
	struct error err = { 0 };
	AUTO_DONE(bytes) sealed = { 0 };
	AUTO_DONE(bytes) clear = { 0 };
	sealed_text(h, "a private key", &sealed);
	assert_false(seal_open(h[1].key, bytes_reader(&sealed), &clear, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	assert_null(clear.data);
}

/* Every byte changed, and cut at every length: it is refused, with a kind and a sentence. */
static void nothing_may_be_changed(void **state)
{
	struct holder *h = *state;
	AUTO_DONE(bytes) sealed = { 0 };
	sealed_text(h, "a private key", &sealed);
	size_t same = 0;
	for (size_t i = 0; i < sealed.size; i++) {
		struct error err = { 0 };
		struct bytes clear = { 0 };
		sealed.data[i] ^= 0x10;
		bool opened = seal_open(h->key, bytes_reader(&sealed), &clear, &err);
		sealed.data[i] ^= 0x10;
		/* The recipient's name is for finding the key; that is given. */
		same += opened && clear.size == 13 && memcmp(clear.data, "a private key", 13) == 0;
		assert_true(opened || (err.fault != FAULT_NONE && err.text[0] != '\0'));
		assert_true(!opened || clear.size == 13);
		bytes_done(&clear);
	}
	assert_true(same < sealed.size / 4);
	for (size_t size = 0; size < sealed.size; size++) {
		struct error err = { 0 };
		struct bytes clear = { 0 };
		assert_false(seal_open(h->key, reader_of(sealed.data, size), &clear, &err));
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
}

static void nothing_stands_behind_it(void **state)
{
	struct holder *h = *state;
	struct error err = { 0 };
	AUTO_DONE(bytes) sealed = { 0 };
	struct bytes clear = { 0 };
	sealed_text(h, "a private key", &sealed);
	uint8_t *longer = calloc(1, sealed.size + 1);
	memcpy(longer, sealed.data, sealed.size);
	assert_false(seal_open(h->key, reader_of(longer, sealed.size + 1), &clear, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	free(longer);
}

static void only_for_strong_rsa(void **state)
{
	(void)state;
	static const enum key_kind weak[] = { KEY_RSA_1024, KEY_EC_384 };
	for (size_t i = 0; i < COUNT(weak); i++) {
		struct error err = { 0 };
		struct bytes sealed = { 0 };
		struct holder h = holder_of(weak[i]);
		assert_false(seal_for(h.cert, reader_of_text("x"), &sealed, &err));
		assert_int_equal(err.fault, FAULT_REFUSED);
		assert_non_null(strstr(err.text, "RSA of 2048 bits"));
		assert_null(sealed.data);
		holder_done(&h);
	}
}

static void sizes_have_a_limit(void **state)
{
	struct holder *h = *state;
	static uint8_t most[SEALED_MAX + 1];
	static const size_t wrong[] = { 0, SEALED_MAX + 1 };
	struct error err = { 0 };
	AUTO_DONE(bytes) sealed = { 0 };
	AUTO_DONE(bytes) clear = { 0 };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(seal_for(h->cert, reader_of(most, wrong[i]), &sealed, &err));
		assert_int_equal(err.fault, FAULT_LIMIT);
	}
	assert_true(seal_for(h->cert, reader_of(most, SEALED_MAX), &sealed, &err));
	assert_true(seal_open(h->key, bytes_reader(&sealed), &clear, &err));
	assert_int_equal(clear.size, SEALED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_holder_opens_it),
		cmocka_unit_test(another_does_not),
		cmocka_unit_test(nothing_may_be_changed),
		cmocka_unit_test(nothing_stands_behind_it),
		cmocka_unit_test(only_for_strong_rsa),
		cmocka_unit_test(sizes_have_a_limit),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* From a leaf to its root, and every way in which that is no chain. */
#include "pki/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "issued.h"
#include "pki/cert_bundle.h"
#include "pki/cert_issuer.h"

static struct key *root_key, *middle_key, *leaf_key;

static int keys_made(void **state)
{
	(void)state;
	root_key = key_generate(KEY_EC_256, NULL);
	middle_key = key_generate(KEY_RSA_1024, NULL);
	leaf_key = key_generate(KEY_EC_256, NULL);
	return root_key == NULL || middle_key == NULL || leaf_key == NULL;
}

static int keys_freed(void **state)
{
	(void)state;
	key_free(root_key);
	key_free(middle_key);
	key_free(leaf_key);
	return 0;
}

/* A sound chain of three; a test changes a part of it. */
struct three {
	struct issue root, middle, leaf;
};

static struct three sound(void)
{
	return (struct three){
		.root = { ISSUED("root", "root", root_key, root_key), .extensions = { ISSUED_CA } },
		.middle = { ISSUED("middle", "root", middle_key, root_key),
			.extensions = { ISSUED_CA } },
		.leaf = { ISSUED("leaf", "middle", leaf_key, middle_key) },
	};
}

enum belief_in { IN_NOBODY, IN_ROOT, IN_MIDDLE, IN_LEAF };

struct asked {
	enum belief_in in;
	int64_t now; /* 0: ISSUED_NOW */
	bool any_time, without_middle;
};

static bool verify(const struct three *t, const struct asked *asked, size_t *count, bool *anchored,
	struct error *err)
{
	AUTO(cert) root = issued(&t->root);
	AUTO(cert) middle = issued(&t->middle);
	AUTO(cert) leaf = issued(&t->leaf);
	const struct cert *pool[] = { leaf, root, middle };
	const struct cert *anchors[] = { [IN_NOBODY] = NULL, root, middle, leaf };
	struct chain chain = { 0 };
	const struct chain_terms terms = {
		.pool = pool,
		.pool_count = asked->without_middle ? 2 : 3,
		.anchors = &anchors[asked->in],
		.anchor_count = asked->in != IN_NOBODY,
		.now = asked->now != 0 ? asked->now : ISSUED_NOW,
		.any_time = asked->any_time,
	};
	bool fine = chain_verify(leaf, &terms, &chain, err);
	*count = chain.count;
	*anchored = chain.anchored;
	if (fine)
		assert_true(chain.certs[0] == leaf);
	return fine;
}

static void good(const struct three *t, const struct asked *asked, size_t wanted)
{
	struct error err = { 0 };
	size_t count = 0;
	bool anchored = false;
	if (!verify(t, asked, &count, &anchored, &err))
		fail_msg("%s", err.text);
	assert_int_equal(count, wanted);
	assert_int_equal(anchored, asked->in != IN_NOBODY);
}

static void bad(const struct three *t, const struct asked *asked, const char *words)
{
	struct error err = { 0 };
	size_t count = 0;
	bool anchored = false;
	if (verify(t, asked, &count, &anchored, &err))
		fail_msg("verified; awaited: %s", words);
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s\nawaited: %s", err.text, words);
	assert_int_equal(count, 0);
}

static const struct asked usual = { .in = IN_ROOT };

static void a_sound_chain_verifies(void **state)
{
	(void)state;
	struct three t = sound();
	good(&t, &usual, 3);
	good(&t, &(struct asked){ .in = IN_NOBODY }, 3);
	good(&t, &(struct asked){ .in = IN_MIDDLE }, 2);
	t.root.version_1 = true;
	t.root.extensions[0].name = NULL;
	good(&t, &usual, 3);
	t = sound();
	t.middle.extensions[0].value = "CA:TRUE,pathlen:0";
	t.middle.extensions[1].name = "keyUsage";
	t.middle.extensions[1].value = "critical,keyCertSign,cRLSign";
	good(&t, &usual, 3);
}

static void issuers_that_are_not_here(void **state)
{
	(void)state;
	struct three t = sound();
	bad(&t, &(struct asked){ .in = IN_ROOT, .without_middle = true }, "CN=middle is not here");
	bad(&t, &(struct asked){ .in = IN_LEAF }, "none of those that are believed");
	t.middle.issuer = "other";
	bad(&t, &usual, "CN=other is not here");
}

static void signatures_of_others(void **state)
{
	(void)state;
	struct three t = sound();
	t.leaf.issuer_key = root_key;
	bad(&t, &usual, "not signed by the key of CN=middle");
	t = sound();
	t.middle.issuer_key = leaf_key;
	bad(&t, &usual, "not signed by the key of CN=root");
	t = sound();
	t.root.issuer_key = leaf_key;
	bad(&t, &(struct asked){ .in = IN_NOBODY }, "names itself as its issuer");
	t = sound();
	t.leaf.digest = "MD5";
	bad(&t, &usual, "proves nothing");
}

static void times(void **state)
{
	(void)state;
	struct three t = sound();
	good(&t, &(struct asked){ .in = IN_ROOT, .now = ISSUED_NOW + 1000 }, 3);
	good(&t, &(struct asked){ .in = IN_ROOT, .now = ISSUED_NOW - 1000 }, 3);
	bad(&t, &(struct asked){ .in = IN_ROOT, .now = ISSUED_NOW + 1001 }, "expired at");
	bad(&t, &(struct asked){ .in = IN_ROOT, .now = ISSUED_NOW - 1001 }, "is not valid before");
	t.root.not_after = ISSUED_NOW - 5;
	bad(&t, &usual, "CN=root expired at");
	good(&t, &(struct asked){ .in = IN_ROOT, .any_time = true }, 3);
	t = sound();
	t.middle.not_before = ISSUED_NOW + 5;
	bad(&t, &usual, "CN=middle is not valid before");
	good(&t, &(struct asked){ .in = IN_ROOT, .any_time = true }, 3);
}

static void issuers_that_may_not(void **state)
{
	(void)state;
	struct three t = sound();
	t.middle.extensions[0].name = NULL;
	bad(&t, &usual, "it has no basic constraints");
	t = sound();
	t.middle.extensions[0].value = "CA:FALSE";
	bad(&t, &usual, "say that it is no CA");
	t = sound();
	t.middle.version_1 = true;
	t.middle.extensions[0].name = NULL;
	bad(&t, &usual, "may not issue");
	t = sound();
	t.middle.extensions[1].name = "keyUsage";
	t.middle.extensions[1].value = "digitalSignature";
	bad(&t, &usual, "keyCertSign is not among");
	t = sound();
	t.root.extensions[0].value = "critical,CA:TRUE,pathlen:0";
	bad(&t, &usual, "allows 0 issuers below it, there are 1");
	t.root.extensions[0].value = "critical,CA:TRUE,pathlen:1";
	good(&t, &usual, 3);
}

static void extensions_that_forbid(void **state)
{
	(void)state;
	struct three t = sound();
	t.leaf.extensions[0].name = "1.2.3.4";
	t.leaf.extensions[0].value = "DER:0500";
	good(&t, &usual, 3);
	t.leaf.extensions[0].value = "critical,DER:0500";
	bad(&t, &usual, "1.2.3.4 is critical and not understood here");
	t.leaf.extensions[0].name = "nameConstraints";
	t.leaf.extensions[0].value = "critical,permitted;DNS:example.com";
	bad(&t, &usual, "nameConstraints is critical");
	t = sound();
	t.middle.extensions[1].name = "basicConstraints";
	t.middle.extensions[1].value = "CA:FALSE";
	bad(&t, &usual, "basicConstraints stands in it twice");
	t = sound();
	t.middle.extensions[0].name = "2.5.29.19";
	t.middle.extensions[0].value = "DER:30030101";
	bad(&t, &usual, "basicConstraints cannot be read");
	t.middle.extensions[0].value = "DER:30030101FF00";
	bad(&t, &usual, "basicConstraints cannot be read");
}

static void a_root_alone(void **state)
{
	(void)state;
	struct three t = sound();
	AUTO(cert) root = issued(&t.root);
	AUTO(cert) leaf = issued(&t.leaf);
	const struct cert *anchors[] = { root };
	struct chain chain = { 0 };
	struct error err = { 0 };
	struct chain_terms terms = { .anchors = anchors, .anchor_count = 1, .now = ISSUED_NOW };
	assert_true(chain_verify(root, &terms, &chain, &err));
	assert_int_equal(chain.count, 1);
	assert_true(chain.anchored);
	terms.anchor_count = 0;
	assert_true(chain_verify(root, &terms, &chain, &err));
	assert_false(chain.anchored);
	assert_false(chain_verify(leaf, &terms, &chain, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
}

static void two_that_sign_each_other(void **state)
{
	(void)state;
	AUTO(cert)
	a = issued(&(struct issue){
		ISSUED("a", "b", root_key, middle_key), .extensions = { ISSUED_CA } });
	AUTO(cert)
	b = issued(&(struct issue){
		ISSUED("b", "a", middle_key, root_key), .extensions = { ISSUED_CA } });
	const struct cert *pool[] = { a, b };
	struct chain chain = { 0 };
	struct error err = { 0 };
	const struct chain_terms terms = { .pool = pool, .pool_count = 2, .now = ISSUED_NOW };
	assert_false(chain_verify(a, &terms, &chain, &err));
	assert_non_null(strstr(err.text, "sign in a circle"));
}

/* Of two with one key, the one that is valid now, wherever it stands. */
static void a_renewed_issuer_is_found(void **state)
{
	(void)state;
	struct three t = sound();
	AUTO(cert) root = issued(&t.root);
	AUTO(cert) middle = issued(&t.middle);
	AUTO(cert) leaf = issued(&t.leaf);
	t.middle.not_after = ISSUED_NOW - 1;
	AUTO(cert) old = issued(&t.middle);
	t.middle.key = leaf_key;
	AUTO(cert) other_key = issued(&t.middle);
	const struct cert *pools[][3] = { { old, middle, other_key }, { other_key, middle, old } };
	for (size_t i = 0; i < COUNT(pools); i++) {
		struct chain chain = { 0 };
		struct error err = { 0 };
		const struct chain_terms terms = { .pool = pools[i],
			.pool_count = 3,
			.anchors = (const struct cert *const[]){ root },
			.anchor_count = 1,
			.now = ISSUED_NOW };
		if (!chain_verify(leaf, &terms, &chain, &err))
			fail_msg("%s", err.text);
		assert_true(chain.certs[1] == middle);
	}
}

static bool long_chain(size_t length, struct error *err)
{
	struct cert *certs[CHAIN_MAX + 1];
	char names[CHAIN_MAX + 1][8];
	struct chain chain = { 0 };
	for (size_t i = 0; i < length; i++)
		(void)snprintf(names[i], sizeof(names[i]), "n%zu", i);
	for (size_t i = 0; i < length; i++)
		certs[i] = issued(&(struct issue){
			ISSUED(names[i], names[i + 1 < length ? i + 1 : i], root_key, root_key),
			.extensions = { ISSUED_CA } });
	const struct chain_terms terms = {
		.pool = (const struct cert *const *)certs, .pool_count = length, .now = ISSUED_NOW
	};
	bool fine = chain_verify(certs[0], &terms, &chain, err);
	assert_int_equal(chain.count, fine ? length : 0);
	for (size_t i = 0; i < length; i++)
		cert_free(certs[i]);
	return fine;
}

static void a_chain_has_an_end(void **state)
{
	(void)state;
	struct error err = { 0 };
	if (!long_chain(CHAIN_MAX, &err))
		fail_msg("%s", err.text);
	assert_false(long_chain(CHAIN_MAX + 1, &err));
	assert_non_null(strstr(err.text, "more than 10 certificates"));
}

static void every_changed_byte_of_a_leaf_is_found(void **state)
{
	(void)state;
	struct three t = sound();
	AUTO(cert) root = issued(&t.root);
	AUTO(cert) middle = issued(&t.middle);
	AUTO(cert) leaf = issued(&t.leaf);
	AUTO_DONE(bytes) der = { 0 };
	assert_true(bytes_copy(&der, cert_der(leaf), NULL));
	const struct cert *pool[] = { middle, root };
	const struct chain_terms terms = { .pool = pool, .pool_count = 2, .now = ISSUED_NOW };
	for (size_t at = 0; at < der.size; at++) {
		struct chain chain = { 0 };
		struct error err = { 0 };
		der.data[at] ^= 0x01;
		AUTO(cert) changed = cert_parse(bytes_reader(&der), &err);
		if (changed != NULL && chain_verify(changed, &terms, &chain, &err))
			fail_msg("byte %zu may be anything", at);
		assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
		der.data[at] ^= 0x01;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_chain_verifies),
		cmocka_unit_test(issuers_that_are_not_here),
		cmocka_unit_test(signatures_of_others),
		cmocka_unit_test(times),
		cmocka_unit_test(issuers_that_may_not),
		cmocka_unit_test(extensions_that_forbid),
		cmocka_unit_test(a_root_alone),
		cmocka_unit_test(two_that_sign_each_other),
		cmocka_unit_test(a_renewed_issuer_is_found),
		cmocka_unit_test(a_chain_has_an_end),
		cmocka_unit_test(every_changed_byte_of_a_leaf_is_found),
	};
	return cmocka_run_group_tests(tests, keys_made, keys_freed);
}

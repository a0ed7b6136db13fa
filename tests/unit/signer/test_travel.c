/* Keys that travel: sealed by one signer, opened by another, and by nobody else. */
#include <stdio.h>
#include <string.h>

#include "pki/sealed.h"
#include "scratch_keys.h"
#include "wire/sealed_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PAYLOAD_MAX = 1 << 17 };

/* Two nodes, each with its key store. */
struct pair {
	struct scratch_keys *from, *to;
	struct scratch_key opener; /* of `to` */
	struct scratch_key key;    /* of `from`, new */
};

static struct scratch_key make_strong(struct scratch_keys *s, const char *unit, enum key_kind kind)
{
	struct error err = { 0 };
	struct scratch_key made = { 0 };
	struct making what = {
		.unit = unit_find(unit),
		.kind = kind,
		.profile = { .subject = { .organization = "Lab", .common_name = "pub.lab" },
			.not_before = 1700000000,
			.days = 1825 },
		.made = 1700000007,
	};
	if (!key_store_make(s->keys, &what, made.id, &err) ||
		!key_store_adopt(s->keys, made.id, &err))
		fail_msg("%s", err.text);
	made.cert = cert_keep(key_store_find(s->keys, made.id, &err)->cert);
	return made;
}

static struct pair pair_of(const char *unit, enum key_kind kind)
{
	void *from = NULL, *to = NULL;
	assert_int_equal(scratch_keys_open(&from), 0);
	assert_int_equal(scratch_keys_open(&to), 0);
	struct pair p = { .from = from, .to = to };
	p.opener = make_strong(to, "ipsec", KEY_RSA_2048);
	assert_true(key_store_mark_live(p.to->keys, p.opener.id, NULL, NULL));
	p.key = make_strong(from, unit, kind);
	return p;
}

static void pair_done(struct pair *p)
{
	void *from = p->from, *to = p->to;
	scratch_key_done(&p->opener);
	scratch_key_done(&p->key);
	assert_int_equal(scratch_keys_close(&from), 0);
	assert_int_equal(scratch_keys_close(&to), 0);
}

static void ask_seal(struct pair *p, const struct cert *recipient, struct writer *w)
{
	struct signer_seal m = { .recipient = cert_der(recipient) };
	memcpy(m.key, p->key.id, sizeof(m.key));
	signer_seal_write(w, &m);
	assert_true(p->from != NULL && w->ok);
}

static struct bytes sealed_of(struct pair *p)
{
	struct error err = { 0 };
	struct bytes sealed = { 0 };
	AUTO_DONE(writer) w = writer_new(PAYLOAD_MAX);
	ask_seal(p, p->opener.cert, &w);
	if (!scratch_ask(p->from, PEER_MANAGER, SIGNER_SEAL, writer_written(&w), &sealed, &err))
		fail_msg("%s", err.text);
	return sealed;
}

static struct signer_unseal unseal_of(const struct pair *p, const struct bytes *sealed)
{
	struct signer_unseal m = { .sealed = bytes_reader(sealed) };
	memcpy(m.key, p->key.id, sizeof(m.key));
	memcpy(m.recipient, p->opener.id, sizeof(m.recipient));
	(void)snprintf(
		m.unit, sizeof(m.unit), "%s", key_store_find(p->from->keys, p->key.id, NULL)->unit);
	return m;
}

static bool unseal(struct pair *p, const struct signer_unseal *m, struct error *err)
{
	AUTO_DONE(bytes) answer = { 0 };
	AUTO_DONE(writer) w = writer_new(PAYLOAD_MAX);
	signer_unseal_write(&w, m);
	return scratch_ask(p->to, PEER_MANAGER, SIGNER_UNSEAL, writer_written(&w), &answer, err);
}

static void not_unsealed(
	struct pair *p, const struct signer_unseal *m, enum fault fault, const char *word)
{
	AUTO_DONE(writer) w = writer_new(PAYLOAD_MAX);
	size_t before = key_store_count(p->to->keys);
	signer_unseal_write(&w, m);
	struct expected_refusal expected = { PEER_MANAGER, SIGNER_UNSEAL, writer_written(&w), fault,
		word };
	scratch_refused(p->to, &expected);
	assert_int_equal(key_store_count(p->to->keys), before);
}

/* It is there as new, on the disk, and the same key; a second time changes nothing. */
static void a_key_arrives_whole(void **state)
{
	(void)state;
	static const struct {
		const char *unit;
		enum key_kind kind;
	} travellers[] = { { "tomcat", KEY_RSA_2048 }, { "CallManager-ECDSA", KEY_EC_384 },
		{ "tomcat", KEY_RSA_4096 } };
	for (size_t i = 0; i < COUNT(travellers); i++) {
		struct error err = { 0 };
		struct pair p = pair_of(travellers[i].unit, travellers[i].kind);
		AUTO_DONE(bytes) sealed = sealed_of(&p);
		struct signer_unseal m = unseal_of(&p, &sealed);
		for (unsigned times = 0; times < 2; times++)
			if (!unseal(&p, &m, &err))
				fail_msg("%s", err.text);
		assert_int_equal(key_store_count(p.to->keys), 2);
		scratch_keys_reopen(p.to);
		const struct stored_key *here = key_store_find(p.to->keys, p.key.id, &err);
		assert_non_null(here);
		assert_int_equal(here->state, SIGNER_KEY_NEW);
		assert_int_equal(here->made, 1700000007);
		assert_string_equal(here->unit, travellers[i].unit);
		assert_true(cert_same(here->cert, p.key.cert));
		uint8_t id[SIGNER_KEY_SIZE];
		const struct key *private = key_store_private(p.to->keys, here, &err);
		assert_non_null(private);
		key_id(private, id);
		assert_memory_equal(id, p.key.id, sizeof(id));
		pair_done(&p);
	}
}

static void nothing_of_it_is_in_the_clear(void **state)
{
	(void)state;
	struct pair p = pair_of("tomcat", KEY_RSA_2048);
	AUTO_DONE(bytes) sealed = sealed_of(&p);
	struct bytes der = { 0 };
	const struct stored_key *stored = key_store_find(p.from->keys, p.key.id, NULL);
	const struct key *private = key_store_private(p.from->keys, stored, NULL);
	assert_true(key_write(private, &der, NULL));
	for (size_t at = 0; at + 16 <= der.size; at += 16)
		assert_null(memmem(sealed.data, sealed.size, der.data + at, 16));
	bytes_wipe(&der);
	pair_done(&p);
}

static void only_what_stands_for_all_nodes_travels(void **state)
{
	(void)state;
	size_t count;
	const struct unit *units = unit_rows(&count);
	struct pair p = pair_of("tomcat", KEY_RSA_2048);
	for (size_t i = 0; i < count; i++) {
		if (units[i].trust || units[i].multi_server)
			continue;
		struct scratch_key stays = scratch_make(p.from, units[i].name);
		struct pair other = { .from = p.from, .key = stays };
		AUTO_DONE(writer) w = writer_new(PAYLOAD_MAX);
		ask_seal(&other, p.opener.cert, &w);
		struct expected_refusal expected = { PEER_MANAGER, SIGNER_SEAL, writer_written(&w),
			FAULT_REFUSED, "stay where they were made" };
		scratch_refused(p.from, &expected);
		scratch_key_done(&stays);
	}
	pair_done(&p);
}

static void not_sealed(
	struct pair *p, const struct cert *recipient, enum fault fault, const char *word)
{
	AUTO_DONE(writer) w = writer_new(PAYLOAD_MAX);
	ask_seal(p, recipient, &w);
	struct expected_refusal expected = { PEER_MANAGER, SIGNER_SEAL, writer_written(&w), fault,
		word };
	scratch_refused(p->from, &expected);
}

static void what_is_not_sealed(void **state)
{
	(void)state;
	struct pair p = pair_of("tomcat", KEY_RSA_2048);
	struct scratch_key weak = scratch_make(p.to, "ipsec");
	struct scratch_key curve = make_strong(p.to, "tomcat-ECDSA", KEY_EC_384);
	not_sealed(&p, weak.cert, FAULT_REFUSED, "RSA of 2048 bits");
	not_sealed(&p, curve.cert, FAULT_REFUSED, "RSA of 2048 bits");
	struct signer_seal m = { .recipient = reader_of_text("no certificate") };
	memcpy(m.key, p.key.id, sizeof(m.key));
	AUTO_DONE(writer) w = writer_new(PAYLOAD_MAX);
	signer_seal_write(&w, &m);
	struct expected_refusal expected = { PEER_MANAGER, SIGNER_SEAL, writer_written(&w),
		FAULT_MALFORMED, "" };
	scratch_refused(p.from, &expected);
	/* One that is live serves this node; it stays. */
	assert_true(key_store_mark_live(p.from->keys, p.key.id, NULL, NULL));
	not_sealed(&p, p.opener.cert, FAULT_REFUSED, "is live");
	scratch_key_done(&weak);
	scratch_key_done(&curve);
	pair_done(&p);
}

static void what_is_in_it_must_be_what_was_asked_for(void **state)
{
	(void)state;
	struct pair p = pair_of("tomcat", KEY_RSA_2048);
	AUTO_DONE(bytes) sealed = sealed_of(&p);
	struct signer_unseal m = unseal_of(&p, &sealed);
	m.key[0] ^= 1;
	not_unsealed(&p, &m, FAULT_REFUSED, "another key of tomcat is in it");
	m = unseal_of(&p, &sealed);
	(void)snprintf(m.unit, sizeof(m.unit), "CallManager");
	not_unsealed(&p, &m, FAULT_REFUSED, "a key of tomcat is in it, not of CallManager");
	(void)snprintf(m.unit, sizeof(m.unit), "ITLRecovery");
	not_unsealed(&p, &m, FAULT_REFUSED, "stay where they were made");
	(void)snprintf(m.unit, sizeof(m.unit), "tomcat-trust");
	not_unsealed(&p, &m, FAULT_REFUSED, "stay where they were made");
	m = unseal_of(&p, &sealed);
	m.recipient[0] ^= 1;
	not_unsealed(&p, &m, FAULT_MISSING, "has no key");
	sealed.data[sealed.size - 1] ^= 1;
	m = unseal_of(&p, &sealed);
	not_unsealed(&p, &m, FAULT_UNTRUSTED, "the sealed key of tomcat");
	m.sealed = reader_of_text("nothing");
	not_unsealed(&p, &m, FAULT_MALFORMED, "no CMS AuthEnvelopedData");
	pair_done(&p);
}

/* Its successor may be live by the time that it arrives. */
static void a_retired_key_opens_it_and_another_unit_does_not(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct pair p = pair_of("tomcat", KEY_RSA_2048);
	AUTO_DONE(bytes) sealed = sealed_of(&p);
	struct signer_unseal m = unseal_of(&p, &sealed);
	struct scratch_key next = make_strong(p.to, "ipsec", KEY_RSA_2048);
	struct scratch_key other = scratch_make_live(p.to, "TVS");
	memcpy(m.recipient, next.id, sizeof(m.recipient));
	not_unsealed(&p, &m, FAULT_REFUSED, "is new");
	memcpy(m.recipient, other.id, sizeof(m.recipient));
	not_unsealed(&p, &m, FAULT_REFUSED, "nothing is sealed for a key of TVS");
	assert_true(key_store_mark_live(p.to->keys, next.id, p.opener.id, NULL));
	memcpy(m.recipient, next.id, sizeof(m.recipient));
	not_unsealed(&p, &m, FAULT_UNTRUSTED, "it is not sealed for this key");
	m = unseal_of(&p, &sealed);
	assert_true(unseal(&p, &m, &err));
	scratch_key_done(&next);
	scratch_key_done(&other);
	pair_done(&p);
}

/* Sealed by whoever: what no signer of ours would send is not kept. */
static void not_kept(struct pair *p, const struct sealed_key *clear, const char *word)
{
	AUTO_DONE(bytes) sealed = { 0 };
	AUTO_DONE(writer) w = writer_new(SEALED_MAX);
	sealed_key_write(&w, clear);
	assert_true(seal_for(p->opener.cert, writer_written(&w), &sealed, NULL));
	struct signer_unseal m = unseal_of(p, &sealed);
	not_unsealed(p, &m, FAULT_REFUSED, word);
}

static void what_does_not_fit_together_is_not_kept(void **state)
{
	(void)state;
	struct pair p = pair_of("tomcat", KEY_RSA_2048);
	struct bytes der = { 0 };
	const struct stored_key *stored = key_store_find(p.from->keys, p.key.id, NULL);
	assert_true(key_write(key_store_private(p.from->keys, stored, NULL), &der, NULL));
	struct sealed_key clear = { .unit = "tomcat", .key = bytes_reader(&der) };
	clear.placeholder = cert_der(p.opener.cert);
	not_kept(&p, &clear, "the certificate in it is of another key");
	bytes_wipe(&der);
	struct scratch_key weak = scratch_make(p.from, "tomcat");
	scratch_key_done(&p.key);
	p.key = weak;
	AUTO_DONE(bytes) sealed = sealed_of(&p);
	struct signer_unseal m = unseal_of(&p, &sealed);
	not_unsealed(&p, &m, FAULT_REFUSED, "no unit has a key of RSA-1024");
	pair_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_arrives_whole),
		cmocka_unit_test(nothing_of_it_is_in_the_clear),
		cmocka_unit_test(only_what_stands_for_all_nodes_travels),
		cmocka_unit_test(what_is_not_sealed),
		cmocka_unit_test(what_is_in_it_must_be_what_was_asked_for),
		cmocka_unit_test(a_retired_key_opens_it_and_another_unit_does_not),
		cmocka_unit_test(what_does_not_fit_together_is_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "signer/operations.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cluster/service.h"
#include "scratch_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct reader key_name(const struct scratch_key *k)
{
	return reader_of(k->id, sizeof(k->id));
}

static void refused(struct scratch_keys *s, enum signer_peer from, unsigned operation,
	struct reader payload, const char *word)
{
	struct expected_refusal expected = { from, operation, payload, FAULT_REFUSED, word };
	scratch_refused(s, &expected);
}

/* docs/signer.md#operations, written down a second time. */
static void everyone_may_ask_only_what_the_table_says(void **state)
{
	(void)state;
	static const struct permission {
		unsigned operation;
		unsigned peers;
	} permissions[] = {
		{ 0, 0 },
		{ SIGNER_MAKE_IDENTITY, PEER_MANAGER },
		{ SIGNER_MARK_LIVE, PEER_MANAGER },
		{ SIGNER_SIGN_LIST, PEER_MANAGER },
		{ SIGNER_SIGN_FILE, PEER_PROVISION },
		{ SIGNER_LEAF, PEER_PROVISION | PEER_TVS },
		{ SIGNER_KEYS, PEER_MANAGER },
		{ SIGNER_DESTROY, PEER_MANAGER },
		{ SIGNER_REQUEST, PEER_MANAGER },
		{ SIGNER_CERTIFY, PEER_MANAGER },
		{ SIGNER_DEPLOY, PEER_DEPLOYER },
		{ SIGNER_SEAL, PEER_MANAGER },
		{ SIGNER_UNSEAL, PEER_MANAGER },
		{ SIGNER_UNSEAL + 1, 0 },
		{ UINT16_MAX, 0 },
	};
	size_t count;
	const struct peer_row *peers = peer_rows(&count);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < COUNT(permissions); i++)
		for (size_t k = 0; k < count; k++) {
			struct error err = { 0 };
			bool may = (permissions[i].peers & peers[k].peer) != 0;
			const struct operation *row =
				operation_find(permissions[i].operation, peers[k].peer, &err);
			assert_int_equal(row != NULL, may);
			if (may)
				assert_true((row->answer == NULL) != (row->prepare == NULL));
			else
				assert_int_equal(err.fault, FAULT_REFUSED);
			if (!may)
				assert_non_null(strstr(err.text, peers[k].process));
		}
}

static void each_peer_has_its_socket(void **state)
{
	(void)state;
	size_t count;
	const struct peer_row *peers = peer_rows(&count);
	for (size_t i = 0; i < count; i++) {
		char socket[64];
		(void)snprintf(socket, sizeof(socket), "signer.%s", peers[i].process);
		assert_string_equal(peers[i].socket, socket);
		assert_string_equal(peer_name(peers[i].peer), peers[i].process);
	}
	assert_string_equal(peer_name((enum signer_peer)0x80), "nobody");
}

/* make-identity */

static struct signer_make make_of(const char *name)
{
	const struct unit *unit = unit_find(name);
	struct signer_make make = {
		.key_kind = unit->key == UNIT_KEY_EC_384 ? KEY_EC_384 : KEY_RSA_2048,
		.common_name = "pub.lab",
		.organization = "Lab",
		.country = "PL",
		.dns_name = "pub.lab",
		.usages = unit->usages,
		.authority = unit->authority,
		.not_before = 1700000000,
		.days = 1825,
	};
	(void)snprintf(make.unit, sizeof(make.unit), "%s", name);
	return make;
}

static bool prepare(struct scratch_keys *s, const struct signer_make *make, struct making *out,
	struct error *err)
{
	AUTO_DONE(writer) w = writer_new(4096);
	signer_make_write(&w, make);
	struct question q = {
		.keys = s->keys, .from = PEER_MANAGER, .payload = writer_written(&w)
	};
	return operation_find(SIGNER_MAKE_IDENTITY, PEER_MANAGER, err)->prepare(&q, out, err);
}

static void every_identity_can_be_made(void **state)
{
	struct scratch_keys *s = *state;
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		struct error err = { 0 };
		struct making what = { 0 };
		if (units[i].trust)
			continue;
		struct signer_make make = make_of(units[i].name);
		if (!prepare(s, &make, &what, &err))
			fail_msg("%s: %s", units[i].name, err.text);
		assert_ptr_equal(what.unit, &units[i]);
		assert_int_equal(what.kind, make.key_kind);
		assert_int_equal(what.profile.usages, units[i].usages);
		assert_int_equal(what.profile.authority, units[i].authority);
		assert_int_equal(what.profile.days, 1825);
		assert_string_equal(what.profile.subject.common_name, "pub.lab");
		assert_string_equal(what.profile.dns_name, "pub.lab");
		assert_true(what.made <= clock_now() && what.made > clock_now() - 60);
	}
	assert_int_equal(key_store_count(s->keys), 0); /* nothing is made yet */
}

static void not_made(
	struct scratch_keys *s, const struct signer_make *make, enum fault fault, const char *word)
{
	struct error err = { 0 };
	struct making what = { 0 };
	assert_false(prepare(s, make, &what, &err));
	if (err.fault != fault || strstr(err.text, word) == NULL)
		fail_msg("%s: \"%s\", but \"%s\" was expected", fault_name(err.fault), err.text,
			word);
	assert_null(what.unit);
}

static void units_that_have_no_key_are_refused(void **state)
{
	struct scratch_keys *s = *state;
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		struct signer_make make = make_of(units[i].name);
		if (units[i].trust)
			not_made(s, &make, FAULT_REFUSED, "trust store");
	}
	static const char *const unknown[] = { "", "Tvs", "tvs", "TVS ", "nothing", "TVS/../x" };
	for (size_t i = 0; i < COUNT(unknown); i++) {
		struct signer_make make = make_of("TVS");
		(void)snprintf(make.unit, sizeof(make.unit), "%s", unknown[i]);
		not_made(s, &make, FAULT_REFUSED, "there is no unit");
	}
}

static void the_row_of_the_unit_decides(void **state)
{
	struct scratch_keys *s = *state;
	struct signer_make make = make_of("TVS");
	for (unsigned kind = 0; kind < 256; kind++) {
		make.key_kind = (uint8_t)kind;
		if (kind < KEY_RSA_2048 || kind > KEY_EC_521)
			not_made(s, &make, FAULT_REFUSED, "no unit has a key");
		else if (kind > KEY_RSA_4096)
			not_made(s, &make, FAULT_REFUSED, "a key like RSA-2048");
	}
	make = make_of("CallManager-ECDSA");
	make.key_kind = KEY_RSA_2048;
	not_made(s, &make, FAULT_REFUSED, "a key like EC-P384");
	make = make_of("CallManager");
	make.key_kind = KEY_RSA_3072; /* .sgn has no code for it */
	not_made(s, &make, FAULT_REFUSED, "no code for RSA-3072");
	make = make_of("TVS");
	make.hash_bits = 160;
	not_made(s, &make, FAULT_USAGE, "hash of 160 bits");
	for (unsigned bit = 0; bit < 32; bit++) {
		make = make_of("TVS");
		make.usages ^= 1U << bit;
		not_made(s, &make, FAULT_REFUSED, "may not be used as asked");
	}
	make = make_of("TVS");
	make.authority = true; /* it would issue certificates for anyone */
	not_made(s, &make, FAULT_REFUSED, "authority");
	make = make_of("CAPF");
	make.authority = false;
	not_made(s, &make, FAULT_REFUSED, "authority");
}

static void senseless_certificates_are_refused_before_a_key_is_made(void **state)
{
	struct scratch_keys *s = *state;
	struct signer_make make = make_of("TVS");
	make.common_name[0] = '\0';
	not_made(s, &make, FAULT_USAGE, "common name");
	make = make_of("TVS");
	make.days = 0;
	not_made(s, &make, FAULT_USAGE, "0 days");
	make = make_of("TVS");
	make.country[1] = '1';
	not_made(s, &make, FAULT_USAGE, "country");
	make = make_of("TVS");
	make.dns_name[0] = '*';
	not_made(s, &make, FAULT_USAGE, "DNS name");
}

/* Every message is cut at every length: none of that is a question. */
static void cut_questions_are_malformed(void **state)
{
	struct scratch_keys *s = *state;
	struct scratch_key key = scratch_make(s, "TVS");
	struct signer_make make = make_of("TVS");
	struct signer_mark mark = { 0 };
	struct signer_request request = { .common_name = "pub.lab" };
	struct signer_identity identity = { .certificate = reader_of_text("DER") };
	struct signer_sign sign = { .list = "ITL pub", .file = reader_of_text("file") };
	memcpy(mark.key, key.id, sizeof(mark.key));
	memcpy(sign.key, key.id, sizeof(sign.key));
	for (unsigned operation = SIGNER_MAKE_IDENTITY; operation <= SIGNER_CERTIFY; operation++) {
		AUTO_DONE(writer) w = writer_new(4096);
		if (operation == SIGNER_MAKE_IDENTITY)
			signer_make_write(&w, &make);
		else if (operation == SIGNER_MARK_LIVE)
			signer_mark_write(&w, &mark);
		else if (operation == SIGNER_REQUEST)
			signer_request_write(&w, &request);
		else if (operation == SIGNER_CERTIFY)
			signer_identity_write(&w, &identity);
		else if (operation == SIGNER_SIGN_LIST || operation == SIGNER_SIGN_FILE)
			signer_sign_write(&w, &sign);
		else if (operation != SIGNER_KEYS)
			writer_bytes(&w, key_name(&key));
		enum signer_peer from = operation == SIGNER_SIGN_FILE ? PEER_PROVISION
			: operation == SIGNER_LEAF                    ? PEER_TVS
								      : PEER_MANAGER;
		for (size_t size = 0; size < w.used; size++) {
			struct expected_refusal expected = { from, operation,
				reader_of(w.data, size), FAULT_MALFORMED, "" };
			scratch_refused(s, &expected);
		}
		writer_u8(&w, 0);
		struct expected_refusal longer = { from, operation, writer_written(&w),
			FAULT_MALFORMED, "" };
		scratch_refused(s, &longer);
	}
	assert_int_equal(scratch_state(s, &key), SIGNER_KEY_NEW);
	scratch_key_done(&key);
}

/* mark-live, keys, destroy */

static void keys_are_marked_listed_and_destroyed(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct scratch_key one = scratch_make(s, "TVS");
	struct scratch_key two = scratch_make(s, "TVS");
	struct signer_mark first = { 0 };
	struct signer_mark second = { .has_predecessor = true };
	memcpy(first.key, one.id, sizeof(one.id));
	memcpy(second.key, two.id, sizeof(two.id));
	memcpy(second.predecessor, one.id, sizeof(one.id));
	AUTO_DONE(writer) w = writer_new(256);
	signer_mark_write(&w, &first);
	struct bytes answer = { 0 };
	assert_true(
		scratch_ask(s, PEER_MANAGER, SIGNER_MARK_LIVE, writer_written(&w), &answer, &err));
	assert_int_equal(answer.size, 0);
	writer_done(&w);
	w = writer_new(256);
	signer_mark_write(&w, &second);
	assert_true(scratch_ask(s, PEER_MANAGER, SIGNER_MARK_LIVE, writer_written(&w), NULL, &err));
	AUTO_DONE(bytes) rows = { 0 };
	assert_true(scratch_ask(s, PEER_MANAGER, SIGNER_KEYS, reader_of(NULL, 0), &rows, &err));
	struct reader r = bytes_reader(&rows);
	size_t states[SIGNER_KEY_RETIRED + 1] = { 0 };
	while (r.left > 0) {
		struct signer_key_row row;
		assert_true(signer_key_row_next(&r, &row, &err));
		assert_string_equal(row.unit, "TVS");
		assert_int_equal(row.made, 1700000000);
		bool live = memcmp(row.key, two.id, sizeof(two.id)) == 0;
		assert_int_equal(row.state, live ? SIGNER_KEY_LIVE : SIGNER_KEY_RETIRED);
		states[row.state]++;
	}
	assert_int_equal(states[SIGNER_KEY_LIVE], 1);
	assert_int_equal(states[SIGNER_KEY_RETIRED], 1);
	refused(s, PEER_MANAGER, SIGNER_DESTROY, key_name(&two), "is live");
	assert_true(scratch_ask(s, PEER_MANAGER, SIGNER_DESTROY, key_name(&one), NULL, &err));
	struct expected_refusal gone = { PEER_MANAGER, SIGNER_DESTROY, key_name(&one),
		FAULT_MISSING, "has no key" };
	scratch_refused(s, &gone);
	scratch_key_done(&one);
	scratch_key_done(&two);
}

/* leaf */

static void a_leaf_goes_to_its_process(void **state)
{
	struct scratch_keys *s = *state;
	static const struct leaf_case {
		const char *unit;
		enum signer_peer peer;
	} cases[] = { { "TVS", PEER_TVS }, { "tomcat", PEER_PROVISION } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		AUTO_DONE(bytes) answer = { 0 };
		struct signer_leaf leaf;
		uint8_t id[DIGEST_SIZE];
		struct scratch_key key = scratch_make_live(s, cases[i].unit);
		assert_true(
			scratch_ask(s, cases[i].peer, SIGNER_LEAF, key_name(&key), &answer, &err));
		assert_true(signer_leaf_parse(bytes_reader(&answer), &leaf, &err));
		assert_true(reader_same(leaf.certificate, cert_der(key.cert)));
		AUTO(key) private = key_parse(leaf.key, &err);
		assert_non_null(private);
		key_id(private, id);
		assert_memory_equal(id, key.id, sizeof(id));
		scratch_key_done(&key);
	}
}

static void no_other_key_leaves_the_signer(void **state)
{
	struct scratch_keys *s = *state;
	static const enum signer_peer peers[] = { PEER_PROVISION, PEER_TVS };
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		if (units[i].trust)
			continue;
		struct scratch_key key = scratch_make_live(s, units[i].name);
		for (size_t k = 0; k < COUNT(peers); k++) {
			const char *own = peers[k] == PEER_TVS ? "TVS" : "tomcat";
			if (strcmp(units[i].name, own) != 0)
				refused(s, peers[k], SIGNER_LEAF, key_name(&key), "in its TLS");
		}
		refused(s, PEER_MANAGER, SIGNER_LEAF, key_name(&key), "is not for manager");
		scratch_key_done(&key);
	}
}

/* deploy */

static bool deploy(struct scratch_keys *s, const struct scratch_key *key, const char *deployable,
	struct bytes *out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	struct question q = { .keys = s->keys,
		.from = PEER_DEPLOYER,
		.payload = key_name(key),
		.deployable = deployable };
	return operation_find(SIGNER_DEPLOY, PEER_DEPLOYER, err)->answer(&q, &w, err) &&
		writer_take(&w, out, err);
}

static void keys_are_deployed_that_the_operator_names(void **state)
{
	struct scratch_keys *s = *state;
	static const char *const named[] = { "tomcat", "ipsec", "CallManager" };
	static const char all[] = "tomcat, ipsec,CallManager,TVS,CAPF,ITLRecovery";
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		struct error err = { 0 };
		AUTO_DONE(bytes) answer = { 0 };
		bool may = false;
		if (units[i].trust)
			continue;
		for (size_t k = 0; k < COUNT(named); k++)
			may = may || strcmp(units[i].name, named[k]) == 0;
		struct scratch_key key = scratch_make_live(s, units[i].name);
		assert_int_equal(deploy(s, &key, all, &answer, &err), may);
		if (!may)
			assert_non_null(strstr(err.text,
				units[i].key_stays ? "never leaves its signer" : "does not name"));
		assert_false(deploy(s, &key, NULL, &answer, &err));
		assert_false(deploy(s, &key, "none", &answer, &err));
		assert_false(deploy(s, &key, "tomca,ipse,tomcatx", &answer, &err));
		scratch_key_done(&key);
	}
}

static void only_a_live_key_is_deployed(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	AUTO_DONE(bytes) answer = { 0 };
	struct scratch_key one = scratch_make_live(s, "tomcat"), two = scratch_make(s, "tomcat");
	assert_false(deploy(s, &two, "tomcat", &answer, &err));
	assert_non_null(strstr(err.text, "is new"));
	assert_true(key_store_mark_live(s->keys, two.id, one.id, NULL));
	assert_false(deploy(s, &one, "tomcat", &answer, &err));
	assert_non_null(strstr(err.text, "is retired"));
	assert_true(deploy(s, &two, "tomcat", &answer, &err));
	scratch_key_done(&one);
	scratch_key_done(&two);
}

static void what_may_be_deployed_is_checked_at_the_start(void **state)
{
	(void)state;
	static const struct {
		const char *keys, *word; /* NULL: fine */
	} cases[] = {
		{ "none", NULL },
		{ "tomcat", NULL },
		{ "tomcat,ipsec, CallManager ,", NULL },
		{ "tomcat,TVS", "never leaves" },
		{ "CAPF", "never leaves" },
		{ "ITLRecovery,tomcat", "never leaves" },
		{ "kitten", "no unit with a key" },
		{ "tomcat-trust", "no unit with a key" },
		{ "tomcat,none", "no unit with a key" },
		{ "a-name-that-is-so-long-that-no-unit-of-this-or-any-later-version-has-it",
			"is none of a unit" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		assert_int_equal(deployable_check(cases[i].keys, &err), cases[i].word == NULL);
		if (cases[i].word != NULL)
			assert_non_null(strstr(err.text, cases[i].word));
	}
}

/* Whatever the table of services may come to say. */
static void no_unit_that_signs_is_a_leaf_of_ours(void **state)
{
	(void)state;
	size_t count;
	const struct service *services = service_rows(&count);
	for (size_t i = 0; i < count; i++) {
		const char *process = services[i].process;
		if (process == NULL || services[i].leaf == NULL ||
			(strcmp(process, "tvs") != 0 && strcmp(process, "provision") != 0))
			continue;
		const struct unit *unit = unit_find(services[i].leaf);
		assert_false(unit->signs_lists || unit->signs_files || unit->authority);
	}
}

static void a_leaf_has_been_live(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	uint8_t unknown[SIGNER_KEY_SIZE] = { 0x77 };
	struct scratch_key one = scratch_make(s, "TVS");
	struct scratch_key two = scratch_make(s, "TVS");
	refused(s, PEER_TVS, SIGNER_LEAF, key_name(&one), "is new");
	assert_true(key_store_mark_live(s->keys, one.id, NULL, &err));
	assert_true(key_store_mark_live(s->keys, two.id, one.id, &err));
	assert_true(scratch_ask(s, PEER_TVS, SIGNER_LEAF, key_name(&one), NULL, &err));
	assert_true(scratch_ask(s, PEER_TVS, SIGNER_LEAF, key_name(&two), NULL, &err));
	struct expected_refusal missing = { PEER_TVS, SIGNER_LEAF,
		reader_of(unknown, sizeof(unknown)), FAULT_MISSING, "has no key 77" };
	scratch_refused(s, &missing);
	scratch_key_done(&one);
	scratch_key_done(&two);
}

static void a_new_identity_is_answered_whole(void **state)
{
	struct scratch_keys *s = *state;
	struct error err = { 0 };
	struct signer_identity identity;
	uint8_t unknown[SIGNER_KEY_SIZE] = { 0 };
	struct scratch_key key = scratch_make(s, "TVS");
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	assert_true(made_identity_write(s->keys, key.id, &w, &err));
	assert_true(signer_identity_parse(writer_written(&w), &identity, &err));
	assert_memory_equal(identity.key, key.id, sizeof(key.id));
	assert_true(reader_same(identity.certificate, cert_der(key.cert)));
	assert_false(made_identity_write(s->keys, unknown, &w, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	scratch_key_done(&key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_keys_open, scratch_keys_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everyone_may_ask_only_what_the_table_says),
		cmocka_unit_test(each_peer_has_its_socket),
		CASE(every_identity_can_be_made),
		CASE(units_that_have_no_key_are_refused),
		CASE(the_row_of_the_unit_decides),
		CASE(senseless_certificates_are_refused_before_a_key_is_made),
		CASE(cut_questions_are_malformed),
		CASE(keys_are_marked_listed_and_destroyed),
		CASE(a_leaf_goes_to_its_process),
		CASE(no_other_key_leaves_the_signer),
		CASE(keys_are_deployed_that_the_operator_names),
		CASE(only_a_live_key_is_deployed),
		CASE(what_may_be_deployed_is_checked_at_the_start),
		cmocka_unit_test(no_unit_that_signs_is_a_leaf_of_ours),
		CASE(a_leaf_has_been_live),
		CASE(a_new_identity_is_answered_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

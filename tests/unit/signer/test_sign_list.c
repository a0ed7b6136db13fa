#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scratch_keys.h"
#include "signer/operations.h"
#include "trust/held_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What a publisher's signer holds: the keys of its own lists, and certificates of other nodes. */
struct scene {
	struct scratch_keys *s;
	struct scratch_key recovery, recovery_2, callmanager, callmanager_2, tvs;
};

static void scene_init(struct scene *scene, struct scratch_keys *s)
{
	*scene = (struct scene){
		.s = s,
		.recovery = scratch_make_live(s, "ITLRecovery"),
		.recovery_2 = scratch_make_live(s, "ITLRecovery"),
		.callmanager = scratch_make_live(s, "CallManager"),
		.callmanager_2 = scratch_make_live(s, "CallManager"),
		.tvs = scratch_make_live(s, "TVS"),
	};
}

static void scene_done(struct scene *scene)
{
	struct scratch_key *const all[] = { &scene->recovery, &scene->recovery_2,
		&scene->callmanager, &scene->callmanager_2, &scene->tvs };
	for (size_t i = 0; i < COUNT(all); i++)
		scratch_key_done(all[i]);
}

/* As the appliance's: the signer, CallManager as second signer and as TFTP, TVS. */
static struct list_plan plan_of(const struct scene *scene, const struct scratch_key *signer,
	const struct scratch_key *other)
{
	return (struct list_plan){
		.file_name = "ITLFile.tlv",
		.signer = signer->cert,
		.hash = HASH_SHA1,
		.timestamp = 1700000001,
		.count = 4,
		.records = { { .cert = signer->cert, .role = ROLE_SAST },
			{ .cert = other->cert, .role = ROLE_SAST },
			{ .cert = other->cert, .role = ROLE_TFTP },
			{ .cert = scene->tvs.cert, .role = ROLE_TVS } },
	};
}

static void build(const struct list_plan *plan, struct bytes *out)
{
	struct error err = { 0 };
	if (!list_build(plan, out, &err))
		fail_msg("%s", err.text);
}

struct asking {
	const char *list;
	const struct scratch_key *key;
	struct reader file;
};

static void question_write(struct writer *w, const struct asking *asking)
{
	struct signer_sign sign = { .file = asking->file };
	memcpy(sign.key, asking->key->id, sizeof(sign.key));
	(void)snprintf(sign.list, sizeof(sign.list), "%s", asking->list);
	signer_sign_write(w, &sign);
}

static bool ask(struct scratch_keys *s, const struct asking *asking, struct bytes *signature,
	struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	question_write(&w, asking);
	return scratch_ask(s, PEER_MANAGER, SIGNER_SIGN_LIST, writer_written(&w), signature, err);
}

static void refused(
	struct scratch_keys *s, const struct asking *asking, enum fault fault, const char *word)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	question_write(&w, asking);
	struct expected_refusal expected = { PEER_MANAGER, SIGNER_SIGN_LIST, writer_written(&w),
		fault, word };
	scratch_refused(s, &expected);
}

static void signed_as(struct scene *scene, const char *list, const struct scratch_key *key,
	const struct list_plan *plan)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) signature = { 0 };
	build(plan, &file);
	struct asking asking = { list, key, bytes_reader(&file) };
	if (!ask(scene->s, &asking, &signature, &err))
		fail_msg("%s", err.text);
	assert_true(signature_insert(&file, bytes_reader(&signature), &err));
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	assert_non_null(held);
	if (!held_list_intact(held, &err))
		fail_msg("%s", err.text);
}

static void not_signed_as(struct scene *scene, const char *list, const struct scratch_key *key,
	const struct list_plan *plan, const char *word)
{
	AUTO_DONE(bytes) file = { 0 };
	build(plan, &file);
	struct asking asking = { list, key, bytes_reader(&file) };
	refused(scene->s, &asking, FAULT_REFUSED, word);
}

static void lists_are_signed(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan.hash = HASH_SHA512;
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan = plan_of(&scene, &scene.callmanager, &scene.recovery);
	signed_as(&scene, "ITL pub", &scene.callmanager, &plan);
	plan.file_name = "CTLFile.tlv";
	signed_as(&scene, "CTL", &scene.callmanager, &plan);
}

static void a_first_list_may_be_signed_by_a_new_key(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct scratch_key fresh = scratch_make(scene.s, "ITLRecovery");
	struct list_plan plan = plan_of(&scene, &fresh, &scene.callmanager);
	signed_as(&scene, "ITL pub", &fresh, &plan);
	assert_true(key_store_mark_live(scene.s->keys, fresh.id, scene.recovery.id, NULL));
	plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	not_signed_as(&scene, "ITL pub", &scene.recovery, &plan, "is retired");
	scratch_key_done(&fresh);
}

static void keys_that_sign_no_lists_are_refused(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	static const char *const units[] = { "TVS", "tomcat", "ipsec", "CAPF" };
	for (size_t i = 0; i < COUNT(units); i++) {
		struct scratch_key key = scratch_make_live(scene.s, units[i]);
		struct list_plan plan = plan_of(&scene, &key, &scene.callmanager);
		not_signed_as(&scene, "ITL pub", &key, &plan, "does not sign trust lists");
		scratch_key_done(&key);
	}
}

static void a_list_that_names_another_signer_is_refused(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct list_plan plan = plan_of(&scene, &scene.callmanager, &scene.recovery);
	not_signed_as(&scene, "ITL pub", &scene.recovery, &plan, "names another signer");
	not_signed_as(&scene, "ITL pub", &scene.callmanager_2, &plan, "names another signer");
}

/* The list is built whole, then the signer's own record is turned into another role. */
static void a_list_without_its_own_signer_is_refused(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	assert_non_null(held);
	held->list.records[0].role = ROLE_CCM;
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, &held->list);
	assert_true(w.ok);
	struct asking asking = { "ITL pub", &scene.recovery, writer_written(&w) };
	refused(scene.s, &asking, FAULT_REFUSED, "holds no record with role 0");
}

/* But for a cut between two records, which leaves a shorter list. */
static void every_cut_of_a_list_is_refused(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	AUTO(held_list) whole = held_list_load(bytes_reader(&file), NULL);
	size_t signed_count = 0;
	for (size_t size = 0; size < file.size; size++) {
		struct error err = { 0 };
		bool between = false;
		for (size_t i = 1; i < whole->list.count; i++)
			between = between || whole->list.records[i].offset == size;
		struct asking asking = { "ITL pub", &scene.recovery, reader_of(file.data, size) };
		bool answered = ask(scene.s, &asking, NULL, &err);
		assert_int_equal(answered, between);
		assert_true(answered || (err.fault != FAULT_NONE && err.text[0] != '\0'));
		signed_count += answered ? 1 : 0;
	}
	assert_int_equal(signed_count, 3);
}

/* A changed byte is refused, or it changes nothing that a list says about who may sign. */
static void changed_lists_are_refused_or_harmless(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	size_t signed_count = 0;
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	for (size_t at = 0; at < file.size; at++) {
		struct bytes signature = { 0 };
		file.data[at] ^= 0x04;
		struct asking asking = { "ITL pub", &scene.recovery, bytes_reader(&file) };
		if (ask(scene.s, &asking, &signature, &err)) {
			signed_count++;
			AUTO(held_list) held = held_list_load(bytes_reader(&file), NULL);
			assert_non_null(held);
			assert_true(cert_same(held->certs[0], scene.recovery.cert));
			assert_true(reader_same(
				held->list.header.file_name, reader_of_text("ITLFile.tlv")));
		}
		bytes_done(&signature);
		file.data[at] ^= 0x04;
	}
	/* The zeros in the signature's place (128), the timestamp (4), roles, and bits that only
	 * the records' own signatures hold. */
	assert_true(signed_count >= 128 && signed_count < file.size / 2);
}

static void the_file_must_be_a_list_of_that_name(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	not_signed_as(&scene, "CTL", &scene.recovery, &plan, "not that of a list");
	plan.file_name = "CTLFile.tlv";
	not_signed_as(&scene, "ITL pub", &scene.recovery, &plan, "not that of a list");
	static const char *const names[] = { "ITLSEP001122334455.tlv", "ITLFile.tlv.sgn",
		"itlfile.tlv", "SEP001122334455.cnf.xml.sgn", "ITLFile.tl" };
	for (size_t i = 0; i < COUNT(names); i++) {
		plan.file_name = names[i];
		not_signed_as(&scene, "ITL pub", &scene.recovery, &plan, "not that of a list");
	}
}

static void a_name_of_a_list_is_no_path(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	static const char *const names[] = { ".", "..", "../ITL", "ITL/pub", ".hidden", " ITL",
		"ITL\xc5\x82", "ITL:pub", "-", "_" };
	struct asking nameless = { "", &scene.recovery, bytes_reader(&file) };
	refused(scene.s, &nameless, FAULT_REFUSED, "a list needs a name");
	for (size_t i = 0; i < COUNT(names); i++) {
		struct asking asking = { names[i], &scene.recovery, bytes_reader(&file) };
		refused(scene.s, &asking, FAULT_REFUSED, "cannot be the name of a list");
	}
	struct asking longest = {
		"ITL aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		&scene.recovery, bytes_reader(&file)
	};
	struct error err = { 0 };
	assert_true(ask(scene.s, &longest, NULL, &err));
}

static void a_signed_file_is_no_list(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) empty = { 0 };
	assert_true(signed_file_build("ITLFile.tlv",
		&(struct file_signer){ .cert = scene.recovery.cert, .hash = HASH_SHA1 }, 1,
		reader_of_text("<device/>"), &file, &err));
	struct asking asking = { "ITL pub", &scene.recovery, bytes_reader(&file) };
	refused(scene.s, &asking, FAULT_MALFORMED, "record");
	assert_true(signed_file_build("ITLFile.tlv",
		&(struct file_signer){ .cert = scene.recovery.cert, .hash = HASH_SHA1 }, 1,
		reader_of(NULL, 0), &empty, &err));
	asking.file = bytes_reader(&empty);
	refused(scene.s, &asking, FAULT_REFUSED, "version 1.0 is not a trust list's");
}

static void phones_verify_no_sha_256(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	held->list.header.hash = HASH_SHA256;
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, &held->list);
	struct asking asking = { "ITL pub", &scene.recovery, writer_written(&w) };
	refused(scene.s, &asking, FAULT_REFUSED, "SHA-256 was asked");
}

static void the_signature_has_the_key_s_size(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct error err = { 0 };
	uint8_t zeros[256] = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	AUTO(held_list) held = held_list_load(bytes_reader(&file), &err);
	held->list.header.modulus = sizeof(zeros);
	held->list.header.signature = reader_of(zeros, sizeof(zeros));
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, &held->list);
	struct asking asking = { "ITL pub", &scene.recovery, writer_written(&w) };
	refused(scene.s, &asking, FAULT_REFUSED, "leaves 256 bytes");
}

/* Steps */

static void one_signer_may_change_at_a_time(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan = plan_of(&scene, &scene.recovery, &scene.callmanager_2); /* CallManager anew */
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan = plan_of(&scene, &scene.recovery_2, &scene.callmanager_2); /* then ITLRecovery */
	signed_as(&scene, "ITL pub", &scene.recovery_2, &plan);
	plan.count = 1; /* a signer leaves, and records that sign nothing with it */
	signed_as(&scene, "ITL pub", &scene.recovery_2, &plan);
	plan = plan_of(&scene, &scene.recovery_2, &scene.callmanager); /* one joins */
	signed_as(&scene, "ITL pub", &scene.recovery_2, &plan);
	signed_as(&scene, "ITL pub", &scene.recovery_2, &plan); /* nothing changes */
}

static void two_signers_at_once_are_refused(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan = plan_of(&scene, &scene.recovery_2, &scene.callmanager_2);
	not_signed_as(&scene, "ITL pub", &scene.recovery_2, &plan, "2 signers leave and 2 join");
	scratch_keys_reopen(scene.s); /* the signer remembers across its own death */
	not_signed_as(&scene, "ITL pub", &scene.recovery_2, &plan, "keys/signed/ITL pub");
	plan.count = 1;
	not_signed_as(&scene, "ITL pub", &scene.recovery_2, &plan, "2 signers leave and 1 join");
	plan = plan_of(&scene, &scene.recovery, &scene.callmanager_2); /* refusals left no trace */
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan.count = 1;
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan = plan_of(&scene, &scene.recovery_2, &scene.callmanager_2);
	not_signed_as(&scene, "ITL pub", &scene.recovery_2, &plan, "1 signers leave and 2 join");
}

static void lists_of_other_names_are_chains_of_their_own(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	plan = plan_of(&scene, &scene.recovery_2, &scene.callmanager_2);
	signed_as(&scene, "ITL sub", &scene.recovery_2, &plan);
	not_signed_as(&scene, "ITL pub", &scene.recovery_2, &plan, "at a time");
}

static void a_new_cluster_starts_a_new_chain(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	char path[200];
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	assert_int_equal(unlink(scratch_path(scene.s, "signed/ITL pub", path)), 0);
	plan = plan_of(&scene, &scene.recovery_2, &scene.callmanager_2);
	signed_as(&scene, "ITL pub", &scene.recovery_2, &plan);
}

static void what_was_signed_is_kept_whole(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	struct error err = { 0 };
	bool found = false;
	AUTO_DONE(bytes) last = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	assert_true(key_store_last_list(scene.s->keys, "ITL pub", &last, &found, &err));
	assert_true(found);
	AUTO(held_list) held = held_list_load(bytes_reader(&last), &err);
	assert_non_null(held);
	assert_true(held_list_intact(held, &err));
}

static void a_damaged_memory_stops_signing(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	char path[200];
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	signed_as(&scene, "ITL pub", &scene.recovery, &plan);
	scratch_write(scratch_path(scene.s, "signed/ITL pub", path), "rotten");
	build(&plan, &file);
	struct asking asking = { "ITL pub", &scene.recovery, bytes_reader(&file) };
	refused(scene.s, &asking, FAULT_MALFORMED, "the last signed ITL pub");
}

/* A key file that lost its private numbers but not its name must not sign for anyone. */
static void a_missing_key_file_is_told(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	char path[200];
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	assert_int_equal(unlink(scratch_key_path(scene.s, &scene.recovery, "key.der", path)), 0);
	struct asking asking = { "ITL pub", &scene.recovery, bytes_reader(&file) };
	refused(scene.s, &asking, FAULT_MISSING, "key.der");
}

/* Skips `count` elements and gives the content of the next one (short and two-byte lengths). */
static uint8_t *der_element(uint8_t *at, size_t count)
{
	for (;; count--) {
		size_t head = at[1] < 0x80 ? 2 : at[1] == 0x81 ? 3 : 4;
		size_t size = head == 2 ? at[1] : head == 3 ? at[2] : (size_t)at[2] << 8 | at[3];
		if (count == 0)
			return at + head;
		at += head + size;
	}
}

static void a_rotten_key_file_signs_nothing(void **state)
{
	AUTO_DONE(scene) scene;
	scene_init(&scene, *state);
	char path[200];
	uint8_t der[KEY_DER_MAX];
	AUTO_DONE(bytes) file = { 0 };
	struct list_plan plan = plan_of(&scene, &scene.recovery, &scene.callmanager);
	build(&plan, &file);
	FILE *rotten = fopen(scratch_key_path(scene.s, &scene.recovery, "key.der", path), "r+b");
	assert_non_null(rotten);
	size_t size = fread(der, 1, sizeof(der), rotten);
	/* PKCS#8: version, algorithm, OCTET STRING of RSAPrivateKey, whose numbers 3 and 6 are the
	 * exponents d and d mod p - 1. Modulus and public exponent stay, and with them the name. */
	uint8_t *numbers = der_element(der_element(der_element(der, 0), 2), 0);
	der_element(numbers, 3)[20] ^= 1;
	der_element(numbers, 6)[20] ^= 1;
	rewind(rotten);
	assert_int_equal(fwrite(der, 1, size, rotten), size);
	assert_int_equal(fclose(rotten), 0);
	struct asking asking = { "ITL pub", &scene.recovery, bytes_reader(&file) };
	refused(scene.s, &asking, FAULT_CRYPTO, "makes wrong signatures");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_keys_open, scratch_keys_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lists_are_signed),
		CASE(a_first_list_may_be_signed_by_a_new_key),
		CASE(keys_that_sign_no_lists_are_refused),
		CASE(a_list_that_names_another_signer_is_refused),
		CASE(a_list_without_its_own_signer_is_refused),
		CASE(every_cut_of_a_list_is_refused),
		CASE(changed_lists_are_refused_or_harmless),
		CASE(the_file_must_be_a_list_of_that_name),
		CASE(a_name_of_a_list_is_no_path),
		CASE(a_signed_file_is_no_list),
		CASE(phones_verify_no_sha_256),
		CASE(the_signature_has_the_key_s_size),
		CASE(one_signer_may_change_at_a_time),
		CASE(two_signers_at_once_are_refused),
		CASE(lists_of_other_names_are_chains_of_their_own),
		CASE(a_new_cluster_starts_a_new_chain),
		CASE(what_was_signed_is_kept_whole),
		CASE(a_damaged_memory_stops_signing),
		CASE(a_missing_key_file_is_told),
		CASE(a_rotten_key_file_signs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Files signed on demand, each once. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

struct asker {
	struct stage *stage;
	unsigned calls, fine;
	bool asks_again;
	struct bytes got;
	struct error why;
};

static void told(struct content *signed_file, const struct error *err, void *context);

static void ask_for(struct stage *s, const char *name, enum hash_code hash, struct reader payload,
	struct asker *a)
{
	struct bytes copy = { 0 };
	assert_true(bytes_copy(&copy, payload, NULL));
	AUTO(content) content = content_new(&copy, NULL);
	assert_non_null(content);
	const struct signing_question question = { name, name, hash, content };
	signing_ask(s->provision.signing, &question, told, a);
}

static void told(struct content *signed_file, const struct error *err, void *context)
{
	struct asker *a = context;
	a->calls++;
	assert_true((signed_file == NULL) != (err == NULL));
	if (err != NULL) {
		a->why = *err;
		if (a->asks_again) {
			a->asks_again = false;
			a->stage->refuses = false;
			ask_for(a->stage, "a.xml.sgn", HASH_SHA1, reader_of_text("one"), a);
		}
		return;
	}
	a->fine++;
	bytes_done(&a->got);
	assert_true(bytes_copy(&a->got, content_bytes(signed_file), NULL));
}

static void ask(struct stage *s, const char *name, const char *payload, struct asker *a)
{
	ask_for(s, name, HASH_SHA1, reader_of_text(payload), a);
}

static void wait_for(struct stage *s, struct asker *a, unsigned calls)
{
	scene_until_count(s->scene, &a->calls, calls);
}

static void a_file_is_signed_and_kept(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	stage_sign(s);
	ask(s, "SEP001122334455.cnf.xml.sgn", "<device/>", &a);
	assert_int_equal(a.calls, 0);
	wait_for(s, &a, 1);
	stage_check_signed(s, bytes_reader(&a.got), "SEP001122334455.cnf.xml.sgn",
		reader_of_text("<device/>"));
	ask(s, "SEP001122334455.cnf.xml.sgn", "<device/>", &a);
	assert_int_equal(a.calls, 2); /* at once */
	assert_int_equal(s->asked, 1);
	assert_int_equal(signing_questions(s->provision.signing), 1);
	bytes_done(&a.got);
}

/* The payload's digest is made once, however often it is asked for. */
static void who_asks_with_the_same_bytes_gets_the_same(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	struct bytes one = { 0 };
	uint8_t digest[DIGEST_SIZE], expected[DIGEST_SIZE];
	stage_sign(s);
	assert_true(bytes_copy(&one, reader_of_text("one"), NULL));
	AUTO(content) kept = content_new(&one, NULL);
	for (unsigned i = 1; i <= 3; i++) {
		const struct signing_question question = { "a.xml.sgn", "a.xml.sgn", HASH_SHA1,
			kept };
		signing_ask(s->provision.signing, &question, told, &a);
		wait_for(s, &a, i);
		assert_true(content_digest(kept, digest, NULL));
		assert_true(digest_sha256(reader_of_text("one"), expected, NULL));
		assert_memory_equal(digest, expected, DIGEST_SIZE);
	}
	ask(s, "a.xml.sgn", "one", &a); /* another content of the same bytes */
	assert_int_equal(a.fine, 4);
	assert_int_equal(s->asked, 1);
	bytes_done(&a.got);
}

static void whatever_differs_is_signed_anew(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	stage_sign(s);
	ask(s, "a.xml.sgn", "one", &a);
	ask(s, "b.xml.sgn", "one", &a);
	ask(s, "a.xml.sgn", "two", &a);
	ask_for(s, "a.xml.sgn", HASH_SHA512, reader_of_text("one"), &a);
	wait_for(s, &a, 4);
	assert_int_equal(s->asked, 4);
	assert_int_equal(a.fine, 4);
	bytes_done(&a.got);
}

static void spell(struct stage *s, const char *asked, const char *spelt, struct asker *a)
{
	struct bytes copy = { 0 };
	assert_true(bytes_copy(&copy, reader_of_text("one"), NULL));
	AUTO(content) content = content_new(&copy, NULL);
	const struct signing_question question = { asked, spelt, HASH_SHA1, content };
	unsigned before = a->calls;
	signing_ask(s->provision.signing, &question, told, a);
	wait_for(s, a, before + 1);
}

/* As it was asked for, while that are few; trying out all of them costs no more signatures. */
static void spellings_of_one_name_are_few(void **state)
{
	static const char *const asked[] = { "RING.XML.sgn", "ring.xml.sgn", "rING.xml.sgn",
		"riNG.xml.sgn", "rinG.xml.sgn", "RinG.xml.sgn", "RiNg.xml.sgn" };
	static const char own[] = "Ring.xml.sgn";
	struct stage *s = *state;
	struct asker a = { 0 };
	stage_sign(s);
	for (size_t i = 0; i < COUNT(asked); i++) {
		spell(s, asked[i], own, &a);
		stage_check_signed(s, bytes_reader(&a.got), i < SIGNING_SPELLINGS ? asked[i] : own,
			reader_of_text("one"));
	}
	assert_int_equal(s->asked, SIGNING_SPELLINGS + 1);
	spell(s, own, own, &a);
	stage_check_signed(s, bytes_reader(&a.got), own, reader_of_text("one"));
	spell(s, asked[0], own, &a);
	stage_check_signed(s, bytes_reader(&a.got), asked[0], reader_of_text("one"));
	assert_int_equal(s->asked, SIGNING_SPELLINGS + 1);
	spell(s, "ring.xml.sgn", "ring.xml.sgn", &a); /* the same bytes in a file of that name */
	assert_int_equal(s->asked, SIGNING_SPELLINGS + 2);
	assert_int_equal(a.fine, a.calls);
	bytes_done(&a.got);
}

static void many_who_ask_at_once_share_one_signature(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	stage_sign(s);
	s->silent = true;
	for (unsigned i = 0; i < 50; i++)
		ask(s, "a.xml.sgn", "one", &a);
	scene_until_count(s->scene, &s->asked, 1);
	assert_int_equal(a.calls, 0);
	stage_answer_kept(s);
	wait_for(s, &a, 50);
	assert_int_equal(a.fine, 50);
	assert_int_equal(s->asked, 1);
	bytes_done(&a.got);
}

static void a_refusal_reaches_all_and_is_not_kept(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	stage_sign(s);
	s->refuses = true;
	ask(s, "a.xml.sgn", "one", &a);
	ask(s, "a.xml.sgn", "one", &a);
	wait_for(s, &a, 2);
	assert_int_equal(a.fine, 0);
	assert_int_equal(a.why.fault, FAULT_REFUSED);
	assert_non_null(strstr(a.why.text, "signing: this is not signed"));
	s->refuses = false;
	ask(s, "a.xml.sgn", "one", &a);
	wait_for(s, &a, 3);
	assert_int_equal(a.fine, 1);
	bytes_done(&a.got);
}

static void who_asks_again_at_once_is_served_anew(void **state)
{
	struct stage *s = *state;
	struct asker a = { .stage = s, .asks_again = true };
	stage_sign(s);
	s->refuses = true;
	ask(s, "a.xml.sgn", "one", &a);
	wait_for(s, &a, 2);
	assert_int_equal(a.fine, 1);
	assert_int_equal(s->asked, 2);
	bytes_done(&a.got);
}

static void without_a_certificate_nothing_is_signed(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	ask(s, "a.xml.sgn", "one", &a);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.why.fault, FAULT_BUSY);
	assert_int_equal(s->asked, 0);
}

static void what_is_too_large_is_refused_at_once(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	stage_sign(s);
	void *large = calloc(1, LIMIT_SIGNED_FILE + 1);
	ask_for(s, "a.xml.sgn", HASH_SHA1, reader_of(large, LIMIT_SIGNED_FILE + 1), &a);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.why.fault, FAULT_LIMIT);
	ask_for(s, "a.xml.sgn", HASH_SHA1, reader_of(large, LIMIT_SIGNED_FILE), &a);
	wait_for(s, &a, 2);
	assert_int_equal(a.fine, 1);
	free(large);
	bytes_done(&a.got);
}

static void the_longest_unused_goes_first(void **state)
{
	enum { EACH = 10 << 20, FIT = SIGNING_KEEPS / EACH };
	struct stage *s = *state;
	struct asker a = { 0 };
	char *payload = calloc(1, EACH);
	stage_sign(s);
	for (unsigned i = 0; i < FIT; i++) {
		payload[0] = (char)i;
		ask_for(s, "a.xml.sgn", HASH_SHA1, reader_of(payload, EACH), &a);
		wait_for(s, &a, i + 1);
	}
	payload[0] = 0; /* asked again: the second is now the longest unused */
	ask_for(s, "a.xml.sgn", HASH_SHA1, reader_of(payload, EACH), &a);
	assert_int_equal(a.calls, FIT + 1);
	payload[0] = FIT;
	ask_for(s, "a.xml.sgn", HASH_SHA1, reader_of(payload, EACH), &a);
	wait_for(s, &a, FIT + 2);
	unsigned asked = s->asked;
	payload[0] = 0;
	ask_for(s, "a.xml.sgn", HASH_SHA1, reader_of(payload, EACH), &a);
	assert_int_equal(a.calls, FIT + 3);
	assert_int_equal(s->asked, asked);
	payload[0] = 1;
	ask_for(s, "a.xml.sgn", HASH_SHA1, reader_of(payload, EACH), &a);
	wait_for(s, &a, FIT + 4);
	assert_int_equal(s->asked, asked + 1);
	free(payload);
	bytes_done(&a.got);
}

static void a_lost_signer_is_told(void **state)
{
	struct stage *s = *state;
	struct asker a = { 0 };
	stage_sign(s);
	s->silent = true;
	ask(s, "a.xml.sgn", "one", &a);
	scene_until_count(s->scene, &s->asked, 1);
	sibling_client_free(TAKE(s->way));
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.why.fault, FAULT_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
		CASE(a_file_is_signed_and_kept),
		CASE(who_asks_with_the_same_bytes_gets_the_same),
		CASE(whatever_differs_is_signed_anew),
		CASE(spellings_of_one_name_are_few),
		CASE(many_who_ask_at_once_share_one_signature),
		CASE(a_refusal_reaches_all_and_is_not_kept),
		CASE(who_asks_again_at_once_is_served_anew),
		CASE(without_a_certificate_nothing_is_signed),
		CASE(what_is_too_large_is_refused_at_once),
		CASE(the_longest_unused_goes_first),
		CASE(a_lost_signer_is_told),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

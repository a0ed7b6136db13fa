#include "trust/belief.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"

struct scene {
	struct key_ring *ring;
	struct held_list *itl, *ctl;
};

static struct held_list *made(struct key_ring *ring, const struct ring_list *list)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(ring, list, &file);
	struct held_list *held = held_list_load(bytes_reader(&file), &err);
	if (held == NULL)
		fail_msg("%s", err.text);
	return held;
}

static const struct ring_list itl = {
	.signer = "recovery",
	.count = 4,
	.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_SAST },
		{ "callmanager", ROLE_TFTP }, { "tvs", ROLE_TVS } },
};

static const struct ring_list ctl = {
	.file_name = "CTLFile.tlv",
	.signer = "token",
	.count = 3,
	.records = { { "token", ROLE_SAST }, { "cluster", ROLE_CCM_TFTP },
		{ "pages", ROLE_APP_SERVER } },
};

static int scene_made(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->ring = key_ring_new();
	s->itl = made(s->ring, &itl);
	s->ctl = made(s->ring, &ctl);
	*state = s;
	return 0;
}

static int scene_freed(void **state)
{
	struct scene *s = *state;
	held_list_free(s->itl);
	held_list_free(s->ctl);
	key_ring_free(s->ring);
	free(s);
	return 0;
}

static struct belief_answer judged(const struct holding *holding, enum believed_thing what,
	const struct bytes *file, struct error *why)
{
	struct reader rest = bytes_reader(file);
	struct signed_header header;
	assert_true(signed_header_parse(&rest, &header, NULL));
	return believe(holding, what, bytes_reader(file), &header, why);
}

/* What is believed of a thing signed by `signer`, and by which list. */
static struct belief_answer signed_by(struct scene *s, const struct holding *holding,
	enum believed_thing what, const char *signer)
{
	AUTO_DONE(bytes) file = { 0 };
	struct error why = { 0 };
	key_ring_file(s->ring, "x.sgn", signer, reader_of_text("payload"), &file);
	struct belief_answer answer = judged(holding, what, &file, &why);
	bool explained = answer.belief == BELIEF_ASK_TVS || answer.belief == BELIEF_BAD;
	assert_int_equal(why.fault, explained ? FAULT_UNTRUSTED : FAULT_NONE);
	return answer;
}

static void the_first_is_taken_unseen(void **state)
{
	struct holding none = { 0 };
	assert_int_equal(signed_by(*state, &none, BELIEVE_ITL, "stranger").belief, BELIEF_FIRST);
	assert_int_equal(signed_by(*state, &none, BELIEVE_CTL, "stranger").belief, BELIEF_FIRST);
}

static void a_list_needs_role_0_and_a_file_role_3_or_2(void **state)
{
	struct scene *s = *state;
	struct holding both = { .ctl = s->ctl, .itl = s->itl };
	static const struct {
		const char *signer;
		enum believed_thing what;
		enum belief belief;
		bool by_ctl;
		size_t record;
	} rows[] = {
		{ "recovery", BELIEVE_ITL, BELIEF_HELD, false, 0 },
		{ "callmanager", BELIEVE_ITL, BELIEF_HELD, false, 1 },
		{ "token", BELIEVE_ITL, BELIEF_HELD, true, 0 },
		{ "token", BELIEVE_CTL, BELIEF_HELD, true, 0 },
		{ "recovery", BELIEVE_CTL, BELIEF_HELD, false, 0 },
		{ "callmanager", BELIEVE_FILE, BELIEF_HELD, false, 2 },
		{ "cluster", BELIEVE_FILE, BELIEF_HELD, true, 1 },
		{ "recovery", BELIEVE_FILE, BELIEF_ASK_TVS, false, 0 },
		{ "token", BELIEVE_FILE, BELIEF_ASK_TVS, false, 0 },
		{ "tvs", BELIEVE_FILE, BELIEF_ASK_TVS, false, 0 },
		{ "tvs", BELIEVE_ITL, BELIEF_ASK_TVS, false, 0 },
		{ "cluster", BELIEVE_CTL, BELIEF_ASK_TVS, false, 0 },
		{ "pages", BELIEVE_FILE, BELIEF_ASK_TVS, false, 0 },
		{ "stranger", BELIEVE_FILE, BELIEF_ASK_TVS, false, 0 },
		{ "stranger", BELIEVE_ITL, BELIEF_ASK_TVS, false, 0 },
		{ "callmanager/2", BELIEVE_ITL, BELIEF_ASK_TVS, false, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct belief_answer answer = signed_by(s, &both, rows[i].what, rows[i].signer);
		if (answer.belief != rows[i].belief || answer.by_ctl != rows[i].by_ctl ||
			answer.record != rows[i].record)
			fail_msg("row %zu: %s: belief %d", i, rows[i].signer, (int)answer.belief);
		assert_true((answer.signer != NULL) == (answer.belief == BELIEF_HELD));
	}
}

static void a_blank_list_lets_anything_in_unless_there_is_a_ctl(void **state)
{
	struct scene *s = *state;
	static const struct ring_list blank = {
		.signer = "recovery",
		.count = 3,
		.records = { { "recovery", ROLE_SAST }, { "blank", ROLE_TFTP },
			{ "blank", ROLE_TVS } },
	};
	static const enum believed_thing things[] = { BELIEVE_ITL, BELIEVE_CTL, BELIEVE_FILE };
	AUTO(held_list) itl_blank = made(s->ring, &blank);
	struct holding alone = { .itl = itl_blank };
	struct holding both = { .itl = itl_blank, .ctl = s->ctl };
	for (size_t i = 0; i < COUNT(things); i++) {
		struct belief_answer answer = signed_by(s, &alone, things[i], "stranger");
		assert_int_equal(answer.belief, BELIEF_OPEN);
		assert_null(answer.signer);
		answer = signed_by(s, &both, things[i], "stranger");
		assert_int_equal(answer.belief, BELIEF_ASK_TVS);
	}
	assert_false(knows_tvs(&alone) || knows_tvs(&both));
	assert_false(wants_signed_files(&alone));
	assert_false(believe_server(&alone, key_ring_get(s->ring, "tvs")->cert, ROLE_TVS));
}

/* One server with a certificate, or no server at all: not blank, and judged by what is there. */
static void only_a_wholly_blank_list_is_blank(void **state)
{
	struct scene *s = *state;
	static const struct ring_list lists[] = {
		{ .signer = "recovery",
			.count = 3,
			.records = { { "recovery", ROLE_SAST }, { "blank", ROLE_TFTP },
				{ "tvs", ROLE_TVS } } },
		{ .signer = "recovery",
			.count = 3,
			.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_CCM_TFTP },
				{ "blank", ROLE_TVS } } },
		{ .signer = "recovery",
			.count = 2,
			.records = { { "recovery", ROLE_SAST }, { "blank", ROLE_CAPF } } },
		{ .signer = "recovery", .count = 1, .records = { { "recovery", ROLE_SAST } } },
	};
	for (size_t i = 0; i < COUNT(lists); i++) {
		AUTO(held_list) held = made(s->ring, &lists[i]);
		struct holding holding = { .itl = held };
		assert_false(held_list_blank(held));
		assert_int_equal(
			signed_by(s, &holding, BELIEVE_ITL, "stranger").belief, BELIEF_ASK_TVS);
		assert_true(knows_tvs(&holding) == (i == 0));
	}
}

static void a_first_itl_is_judged_by_the_ctl(void **state)
{
	struct scene *s = *state;
	struct holding only = { .ctl = s->ctl };
	assert_int_equal(signed_by(s, &only, BELIEVE_ITL, "token").belief, BELIEF_HELD);
	assert_int_equal(signed_by(s, &only, BELIEVE_ITL, "recovery").belief, BELIEF_ASK_TVS);
}

static void a_bad_signature_of_a_held_signer_is_bad(void **state)
{
	struct scene *s = *state;
	struct holding holding = { .itl = s->itl };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_file(s->ring, "x.sgn", "callmanager", reader_of_text("payload"), &file);
	file.data[file.size - 1] ^= 1;
	struct error why = { 0 };
	struct belief_answer answer = judged(&holding, BELIEVE_FILE, &file, &why);
	assert_int_equal(answer.belief, BELIEF_BAD);
	assert_ptr_equal(answer.signer, s->itl->certs[2]);
	assert_int_equal(why.fault, FAULT_UNTRUSTED);
	assert_true(why.text[0] != '\0');
}

/* Phones compare bytes: the same names in another form are a stranger's, who is asked about. */
static void another_form_of_the_names_is_not_held(void **state)
{
	struct scene *s = *state;
	struct holding holding = { .itl = s->itl };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_file(s->ring, "x.sgn", "callmanager", reader_of_text("payload"), &file);
	struct reader rest = bytes_reader(&file);
	struct signed_header header;
	struct error why = { 0 };
	const struct cert *cert = key_ring_get(s->ring, "callmanager")->cert;
	assert_true(signed_header_parse(&rest, &header, NULL));
	header.signer_name = reader_of_text(cert_subject(cert, NAME_BUILDER));
	header.issuer_name = reader_of_text(cert_issuer(cert, NAME_BUILDER));
	assert_true(signer_is(&header, cert));
	struct belief_answer answer =
		believe(&holding, BELIEVE_FILE, bytes_reader(&file), &header, &why);
	assert_int_equal(answer.belief, BELIEF_ASK_TVS);
	assert_non_null(strstr(why.text, "in another form"));
	header.signer_name = reader_of_text("CN=nobody");
	answer = believe(&holding, BELIEVE_FILE, bytes_reader(&file), &header, &why);
	assert_int_equal(answer.belief, BELIEF_ASK_TVS);
	assert_null(strstr(why.text, "in another form"));
}

static bool vouched(struct scene *s, enum believed_thing what, const char *signer,
	const char *vouched_for, uint8_t role)
{
	AUTO_DONE(bytes) file = { 0 };
	struct error why = { 0 };
	key_ring_file(s->ring, "x.sgn", signer, reader_of_text("payload"), &file);
	struct reader rest = bytes_reader(&file);
	struct signed_header header;
	assert_true(signed_header_parse(&rest, &header, NULL));
	uint8_t roles[] = { ROLE_CAPF, role };
	bool believed = believe_vouched(what, bytes_reader(&file), &header,
		key_ring_get(s->ring, vouched_for)->cert, roles, COUNT(roles), &why);
	assert_int_equal(why.fault, believed ? FAULT_NONE : FAULT_UNTRUSTED);
	return believed;
}

static void vouching_needs_the_role_the_signer_and_the_signature(void **state)
{
	struct scene *s = *state;
	assert_true(vouched(s, BELIEVE_FILE, "new", "new", ROLE_TFTP));
	assert_true(vouched(s, BELIEVE_FILE, "new", "new", ROLE_CCM_TFTP));
	assert_true(vouched(s, BELIEVE_ITL, "new", "new", ROLE_SAST));
	assert_true(vouched(s, BELIEVE_CTL, "new", "new", ROLE_SAST));
	assert_false(vouched(s, BELIEVE_FILE, "new", "new", ROLE_SAST));
	assert_false(vouched(s, BELIEVE_FILE, "new", "new", ROLE_CCM));
	assert_false(vouched(s, BELIEVE_ITL, "new", "new", ROLE_TFTP));
	assert_false(vouched(s, BELIEVE_ITL, "new", "new", ROLE_CCM_TFTP));
	assert_false(vouched(s, BELIEVE_FILE, "new", "old", ROLE_TFTP));
	assert_false(vouched(s, BELIEVE_FILE, "new", "new/2", ROLE_TFTP));
}

static void vouching_does_not_mend_a_signature(void **state)
{
	struct scene *s = *state;
	AUTO_DONE(bytes) file = { 0 };
	struct error why = { 0 };
	uint8_t role = ROLE_TFTP;
	key_ring_file(s->ring, "x.sgn", "new", reader_of_text("payload"), &file);
	file.data[file.size - 1] ^= 1;
	struct reader rest = bytes_reader(&file);
	struct signed_header header;
	assert_true(signed_header_parse(&rest, &header, NULL));
	assert_false(believe_vouched(BELIEVE_FILE, bytes_reader(&file), &header,
		key_ring_get(s->ring, "new")->cert, &role, 1, &why));
	assert_int_equal(why.fault, FAULT_UNTRUSTED);
	assert_false(believe_vouched(BELIEVE_FILE, bytes_reader(&file), &header,
		key_ring_get(s->ring, "new")->cert, &role, 0, &why));
}

static void a_server_is_the_very_certificate_with_the_role(void **state)
{
	struct scene *s = *state;
	struct holding both = { .ctl = s->ctl, .itl = s->itl }, none = { 0 };
	const struct cert *tvs = key_ring_get(s->ring, "tvs")->cert;
	assert_true(believe_server(&both, tvs, ROLE_TVS));
	assert_false(believe_server(&none, tvs, ROLE_TVS));
	assert_false(believe_server(&both, tvs, ROLE_APP_SERVER));
	assert_false(believe_server(&both, key_ring_get(s->ring, "tvs/2")->cert, ROLE_TVS));
	const struct cert *pages = key_ring_get(s->ring, "pages")->cert;
	assert_true(believe_server(&both, pages, ROLE_APP_SERVER));
	struct holding itl_only = { .itl = s->itl };
	assert_false(believe_server(&itl_only, pages, ROLE_APP_SERVER));
}

static void signed_names_are_wanted_with_a_file_signer_on_board(void **state)
{
	struct scene *s = *state;
	static const struct ring_list bare = {
		.signer = "recovery",
		.count = 2,
		.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_CCM } },
	};
	AUTO(held_list) without = made(s->ring, &bare);
	assert_true(wants_signed_files(&(struct holding){ .itl = s->itl }));
	assert_true(wants_signed_files(&(struct holding){ .ctl = s->ctl }));
	assert_true(wants_signed_files(&(struct holding){ .ctl = s->ctl, .itl = without }));
	assert_false(wants_signed_files(&(struct holding){ .itl = without }));
	assert_false(wants_signed_files(&(struct holding){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_taken_unseen),
		cmocka_unit_test(a_list_needs_role_0_and_a_file_role_3_or_2),
		cmocka_unit_test(a_blank_list_lets_anything_in_unless_there_is_a_ctl),
		cmocka_unit_test(only_a_wholly_blank_list_is_blank),
		cmocka_unit_test(a_first_itl_is_judged_by_the_ctl),
		cmocka_unit_test(a_bad_signature_of_a_held_signer_is_bad),
		cmocka_unit_test(another_form_of_the_names_is_not_held),
		cmocka_unit_test(vouching_needs_the_role_the_signer_and_the_signature),
		cmocka_unit_test(vouching_does_not_mend_a_signature),
		cmocka_unit_test(a_server_is_the_very_certificate_with_the_role),
		cmocka_unit_test(signed_names_are_wanted_with_a_file_signer_on_board),
	};
	return cmocka_run_group_tests(tests, scene_made, scene_freed);
}

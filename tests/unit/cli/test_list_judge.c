#include "cli/list_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/list_source.h"
#include "lib/key_ring.h"
#include "pki/vector_file.h"

enum { LIST_TIME = 1753722942 };

static const struct ring_list first = { .signer = "recovery",
	.timestamp = LIST_TIME,
	.count = 4,
	.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_SAST },
		{ "callmanager", ROLE_TFTP }, { "tvs", ROLE_TVS } } };
/* Signed by the other of the two, and earlier. */
static const struct ring_list second = { .signer = "callmanager",
	.timestamp = LIST_TIME - 1,
	.count = 2,
	.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_SAST } } };
static const struct ring_list foreign = { .signer = "stranger",
	.timestamp = LIST_TIME,
	.count = 1,
	.records = { { "stranger", ROLE_SAST } } };
static const struct ring_list without_tvs = { .signer = "recovery",
	.timestamp = LIST_TIME,
	.count = 1,
	.records = { { "recovery", ROLE_SAST } } };
static const struct ring_list ctl = { .file_name = "CTLFile.tlv",
	.signer = "recovery",
	.timestamp = LIST_TIME,
	.count = 1,
	.records = { { "recovery", ROLE_SAST } } };

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

static struct held_list *loaded(void **state, const struct ring_list *list)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, list, &file);
	struct held_list *held = held_list_load(bytes_reader(&file), &err);
	if (held == NULL)
		fail_msg("%s", err.text);
	return held;
}

static struct list_judgement accepted(const struct held_list *list, const struct held_list *held)
{
	struct error err = { 0 };
	struct list_judgement j;
	bool fine = list_judge(list, held, &j, &err);
	if (!fine)
		fail_msg("%s", err.text);
	return j;
}

static void refused(const struct held_list *list, const struct held_list *held, const char *words)
{
	struct error err = { 0 };
	struct list_judgement j = { .record = 77 };
	assert_false(list_judge(list, held, &j, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	assert_non_null(strstr(err.text, words));
	assert_int_equal(j.record, 77);
}

static void alone_a_list_is_intact_and_no_more(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &second);
	struct list_judgement j = accepted(one, NULL);
	assert_int_equal(j.verdict, LIST_INTACT);
	assert_int_equal(j.record, 0);
	assert_string_equal(j.key.name, "RSA-1024");
	assert_false(j.without_successor);
	assert_int_equal(accepted(other, NULL).record, 1);
}

static void a_held_list_may_trust_it(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &second);
	struct list_judgement j = accepted(other, one);
	assert_int_equal(j.verdict, LIST_TRUSTED);
	assert_int_equal(j.record, 1);
	assert_true(j.older);
	j = accepted(one, other);
	assert_int_equal(j.record, 0);
	assert_false(j.older);
	assert_false(accepted(one, one).older);
}

static void itl_and_ctl_hold_for_each_other(void **state)
{
	AUTO(held_list) itl = loaded(state, &first);
	AUTO(held_list) tokens = loaded(state, &ctl);
	AUTO(held_list) old = loaded(state, &second);
	assert_int_equal(accepted(itl, tokens).verdict, LIST_TRUSTED);
	assert_int_equal(accepted(tokens, itl).verdict, LIST_TRUSTED);
	refused(old, tokens, "rejects"); /* callmanager is not in the CTL */
	assert_false(accepted(tokens, itl).older);
}

static void a_stranger_is_asked_about_or_rejected(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) poor = loaded(state, &without_tvs);
	AUTO(held_list) other = loaded(state, &foreign);
	refused(other, one, "asks TVS (1 servers)");
	refused(other, poor, "knows no TVS to ask");
	assert_int_equal(accepted(other, NULL).verdict, LIST_INTACT);
}

static void a_known_signer_with_a_bad_signature_is_rejected(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	AUTO(held_list) other = loaded(state, &first);
	other->file.data[other->list.header.signature_offset + 10] ^= 1;
	refused(other, one, "rejects");
	refused(other, NULL, "");
}

/* A list that a phone takes, and which then leaves it alone. */
static void a_signer_without_a_record_is_noted(void **state)
{
	AUTO(held_list) one = loaded(state, &first);
	struct trust_list list = one->list;
	list.records[0] = list.records[3];
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, &list);
	AUTO_DONE(bytes) file = { 0 };
	assert_true(writer_take(&w, &file, NULL));
	key_ring_sign(*state, "recovery", &file);
	AUTO(held_list) orphan = held_list_load(bytes_reader(&file), NULL);
	assert_non_null(orphan);
	assert_true(accepted(orphan, one).without_successor);
	refused(orphan, NULL, "");
}

static void a_signer_in_another_form_is_noted(void **state)
{
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &second, &file);
	AUTO(held_list) same = held_list_load(bytes_reader(&file), NULL);
	assert_false(accepted(same, NULL).other_form);
	key_ring_reform(*state, second.signer, NAME_BUILDER, &file);
	AUTO(held_list) other = held_list_load(bytes_reader(&file), NULL);
	struct list_judgement j = accepted(other, NULL);
	assert_true(j.other_form);
	assert_false(j.without_successor);
	assert_int_equal(j.verdict, LIST_INTACT);
	struct list_judgement none;
	assert_false(list_judge(other, same, &none, &err));
	assert_non_null(strstr(err.text, "in another form"));
}

/* What `list verify` would exit with. */
static int verified(struct reader file)
{
	struct error err = { 0 };
	struct list_judgement j;
	AUTO(held_list) list = held_list_load(file, &err);
	if (list != NULL && list_judge(list, NULL, &j, &err))
		return EXIT_FINE;
	assert_true(err.text[0] != '\0');
	return (int)exit_status_of(err.fault);
}

static void every_flip_is_4(struct bytes *file)
{
	assert_int_equal(verified(bytes_reader(file)), EXIT_FINE);
	for (size_t i = 0; i < file->size; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			file->data[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(verified(bytes_reader(file)), EXIT_UNVERIFIED);
			file->data[i] ^= (uint8_t)(1u << bit);
		}
	for (size_t size = 0; size < file->size; size++)
		assert_int_equal(verified(reader_of(file->data, size)), EXIT_UNVERIFIED);
}

static void one_flipped_bit_anywhere_is_4(void **state)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(*state, &second, &file);
	every_flip_is_4(&file);
}

static void one_flipped_bit_anywhere_in_lists_of_others_is_4(void **state)
{
	(void)state;
	static const char *const names[] = { "itl/ITLFile-3411.tlv",
		"vectors/CTLSEP001122334455.tlv" };
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_DONE(bytes) file = { 0 };
		if (!vector_read(names[i], &file))
			skip();
		every_flip_is_4(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone_a_list_is_intact_and_no_more),
		cmocka_unit_test(a_held_list_may_trust_it),
		cmocka_unit_test(itl_and_ctl_hold_for_each_other),
		cmocka_unit_test(a_stranger_is_asked_about_or_rejected),
		cmocka_unit_test(a_known_signer_with_a_bad_signature_is_rejected),
		cmocka_unit_test(a_signer_without_a_record_is_noted),
		cmocka_unit_test(a_signer_in_another_form_is_noted),
		cmocka_unit_test(one_flipped_bit_anywhere_is_4),
		cmocka_unit_test(one_flipped_bit_anywhere_in_lists_of_others_is_4),
	};
	return cmocka_run_group_tests(tests, ring_made, ring_freed);
}

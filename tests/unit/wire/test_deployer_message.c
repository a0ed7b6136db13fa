#include "wire/deployer_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "wire/mutation.h"

enum { ROOM = 8 << 20 };

static bool hook_trip(struct reader bytes, struct error *err)
{
	struct deployer_hook hook;
	struct reader rest = bytes;
	if (!deployer_hook_next(&rest, &hook, err))
		return false;
	AUTO_DONE(writer) w = writer_new(ROOM);
	deployer_hook_write(&w, &hook);
	assert_true(reader_same(reader_sub(&bytes, bytes.left - rest.left), writer_written(&w)));
	return true;
}

static bool order_trip(struct reader bytes, struct error *err)
{
	struct deployer_order order;
	if (!deployer_order_parse(bytes, &order, err))
		return false;
	AUTO_DONE(writer) w = writer_new(ROOM);
	deployer_order_write(&w, &order);
	assert_true(reader_same(bytes, writer_written(&w))); /* one way to write it */
	return true;
}

static bool journal_trip(struct reader bytes, struct error *err)
{
	struct deployer_journal journal;
	if (!deployer_journal_parse(bytes, &journal, err))
		return false;
	AUTO_DONE(writer) w = writer_new(ROOM);
	deployer_journal_write(&w, &journal);
	assert_true(reader_same(bytes, writer_written(&w)));
	return true;
}

static struct deployer_order an_order(size_t issuers)
{
	struct deployer_order order = { .hook = "web",
		.key = { 1, 2, 3 },
		.certificate = reader_of_text("a certificate"),
		.issuer_count = issuers };
	for (size_t i = 0; i < issuers && i < DEPLOYER_ISSUERS; i++)
		order.issuers[i] = reader_of_text("an issuer");
	return order;
}

static struct deployer_journal a_journal(size_t files)
{
	struct deployer_journal journal = { .count = files };
	for (size_t i = 0; i < files && i < DEPLOYER_FILES; i++)
		journal.files[i] = (struct deployer_file){ .path = "/etc/web/key.pem",
			.existed = i % 2 == 0,
			.mode = 0640,
			.owner = 33,
			.group = 34,
			.content = reader_of_text(i % 2 == 0 ? "a key" : "") };
	return journal;
}

static void written(struct writer *w, const struct deployer_journal *journal)
{
	*w = writer_new(ROOM);
	deployer_journal_write(w, journal);
	assert_true(w->ok);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	AUTO_DONE(writer) order = writer_new(ROOM);
	AUTO_DONE(writer) hook = writer_new(ROOM);
	AUTO_DONE(writer) journal = { 0 };
	struct deployer_order of = an_order(DEPLOYER_ISSUERS);
	struct deployer_journal kept = a_journal(DEPLOYER_FILES);
	const struct deployer_hook row = { "web", "Cisco Tomcat", "tomcat", "nginx" };
	deployer_order_write(&order, &of);
	deployer_hook_write(&hook, &row);
	written(&journal, &kept);
	assert_true(order_trip(writer_written(&order), NULL));
	assert_true(hook_trip(writer_written(&hook), NULL));
	assert_true(journal_trip(writer_written(&journal), NULL));
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(writer) order = writer_new(ROOM);
	AUTO_DONE(writer) hook = writer_new(ROOM);
	AUTO_DONE(writer) journal = { 0 };
	struct deployer_order of = an_order(2);
	struct deployer_journal kept = a_journal(2);
	const struct deployer_hook row = { "web", "Cisco Tomcat", "tomcat", "" };
	deployer_order_write(&order, &of);
	deployer_hook_write(&hook, &row);
	written(&journal, &kept);
	assert_int_equal(every_truncation(writer_written(&order), order_trip), 0);
	assert_int_equal(every_truncation(writer_written(&hook), hook_trip), 0);
	assert_int_equal(every_truncation(writer_written(&journal), journal_trip), 0);
}

static void every_changed_byte_is_refused_or_kept(void **state)
{
	(void)state;
	AUTO_DONE(writer) order = writer_new(ROOM);
	AUTO_DONE(writer) hook = writer_new(ROOM);
	AUTO_DONE(writer) journal = { 0 };
	struct deployer_order of = an_order(2);
	struct deployer_journal kept = a_journal(2);
	const struct deployer_hook row = { "web", "Cisco Tomcat", "tomcat", "nginx" };
	deployer_order_write(&order, &of);
	deployer_hook_write(&hook, &row);
	written(&journal, &kept);
	(void)every_changed_byte(writer_written(&order), order_trip, true);
	(void)every_changed_byte(writer_written(&hook), hook_trip, true);
	(void)every_changed_byte(writer_written(&journal), journal_trip, true);
}

static void one_too_many_is_refused(void **state)
{
	(void)state;
	AUTO_DONE(writer) order = writer_new(ROOM);
	AUTO_DONE(writer) journal = { 0 };
	struct deployer_order of = an_order(DEPLOYER_ISSUERS);
	struct deployer_journal kept = a_journal(DEPLOYER_FILES);
	deployer_order_write(&order, &of);
	order.data[2 + 3 + DEPLOYER_KEY_SIZE + 4 + 13]++; /* the number of issuers */
	refused_with(writer_written(&order), order_trip, FAULT_LIMIT, "issuers");
	written(&journal, &kept);
	journal.data[19]++; /* the number of files */
	refused_with(writer_written(&journal), journal_trip, FAULT_LIMIT, "files");
}

static void a_certificate_may_be_so_large_and_no_larger(void **state)
{
	(void)state;
	static const uint8_t large[LIMIT_CERTIFICATE + 1];
	for (size_t size = LIMIT_CERTIFICATE; size <= LIMIT_CERTIFICATE + 1; size++) {
		AUTO_DONE(writer) w = writer_new(ROOM);
		struct deployer_order of = an_order(0);
		of.certificate = reader_of(large, size);
		deployer_order_write(&w, &of);
		if (size == LIMIT_CERTIFICATE)
			assert_true(order_trip(writer_written(&w), NULL));
		else
			refused_with(writer_written(&w), order_trip, FAULT_LIMIT, "the most");
	}
}

static void a_journal_that_no_deployer_wrote_is_refused(void **state)
{
	(void)state;
	static const struct {
		struct deployer_file file;
		const char *words;
	} cases[] = {
		{ { .path = "etc/web/key.pem" }, "begin at the root" },
		{ { .path = "" }, "begin at the root" },
		{ { .path = "/etc/web/key.pem", .mode = 010000 }, "a mode that no file has" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(writer) journal = { 0 };
		struct deployer_journal kept = { .count = 1, .files = { cases[i].file } };
		written(&journal, &kept);
		refused_with(
			writer_written(&journal), journal_trip, FAULT_MALFORMED, cases[i].words);
	}
	refused_with(reader_of_text("dialtrust deploy 2\n"), journal_trip, FAULT_MALFORMED,
		"one of this version");
}

static void nothing_stands_behind_the_last_field(void **state)
{
	(void)state;
	AUTO_DONE(writer) order = writer_new(ROOM);
	AUTO_DONE(writer) journal = { 0 };
	struct deployer_order of = an_order(1);
	struct deployer_journal kept = a_journal(1);
	deployer_order_write(&order, &of);
	writer_u8(&order, 0);
	refused_with(writer_written(&order), order_trip, FAULT_MALFORMED, "1 bytes too many");
	written(&journal, &kept);
	writer_u8(&journal, 0);
	refused_with(writer_written(&journal), journal_trip, FAULT_MALFORMED, "1 bytes too many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_changed_byte_is_refused_or_kept),
		cmocka_unit_test(one_too_many_is_refused),
		cmocka_unit_test(a_certificate_may_be_so_large_and_no_larger),
		cmocka_unit_test(a_journal_that_no_deployer_wrote_is_refused),
		cmocka_unit_test(nothing_stands_behind_the_last_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

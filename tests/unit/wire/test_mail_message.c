#include "wire/mail_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* base/error.h has one of its own */

enum { SIZE = 8192 };

static const char *const two[] = { "one@example.com", "two@example.com", NULL };

static bool written(const struct mail_message *m, char out[static SIZE])
{
	struct error err = { 0 };
	struct writer w = writer_on(out, SIZE - 1);
	bool fine = mail_message_write(m, &w, &err);
	assert_true(fine || (err.fault != FAULT_NONE && err.text[0] != '\0'));
	out[w.used] = '\0';
	return fine;
}

static struct mail_message letter(const char *body)
{
	return (struct mail_message){ .from = "alarms@node.example",
		.to = two,
		.subject = "Critical: 3 certificates",
		.written = 1409875256, /* 5 September 2014 */
		.id = "0123abcd",
		.body = reader_of_text(body) };
}

#define FIELDS                                                                                     \
	"From: alarms@node.example\r\nTo: one@example.com,\r\n\ttwo@example.com\r\n"               \
	"Date: Fri, 05 Sep 2014 00:00:56 +0000\r\nSubject: Critical: 3 certificates\r\n"           \
	"Message-ID: <0123abcd@node.example>\r\nMIME-Version: 1.0\r\n"
#define PLAIN                                                                                      \
	"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n"        \
	"Auto-Submitted: auto-generated\r\n\r\n"
#define QUOTED                                                                                     \
	"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "                   \
	"quoted-printable\r\n"                                                                     \
	"Auto-Submitted: auto-generated\r\n\r\n"

static void expect(const char *body, const char *whole)
{
	char out[SIZE];
	struct mail_message m = letter(body);
	assert_true(written(&m, out));
	assert_string_equal(out, whole);
}

static void ascii_goes_as_it_is(void **state)
{
	(void)state;
	expect("a = b\n.\n\nc ", FIELDS PLAIN "a = b\r\n.\r\n\r\nc ");
	expect("", FIELDS PLAIN);
}

static void all_else_is_quoted(void **state)
{
	(void)state;
	expect("Gr\xc3\xbc\xc3\x9f"
	       "e = \nx\r\ty\n",
		FIELDS QUOTED "Gr=C3=BC=C3=9Fe =3D=20\r\nx=0D=09y\r\n");
}

static void long_lines_are_broken(void **state)
{
	(void)state;
	char body[1200], out[SIZE];
	memset(body, 'x', sizeof(body));
	struct mail_message m = letter("");
	m.body = reader_of(body, 998);
	assert_true(written(&m, out));
	assert_non_null(strstr(out, "7bit"));
	m.body = reader_of(body, 999);
	assert_true(written(&m, out));
	assert_non_null(strstr(out, "quoted-printable"));
	memset(body + 500, 0xC3, 300);
	m.body = reader_of(body, sizeof(body));
	assert_true(written(&m, out));
	for (const char *at = out; *at != '\0'; at += strcspn(at, "\n") + 1)
		assert_true(strcspn(at, "\r") <= 76);
}

static void nobody_puts_a_field_into_the_head(void **state)
{
	(void)state;
	char out[SIZE], subject[MAIL_SUBJECT_MAX + 2];
	static const char *const addresses[] = { "", "a", "@b", "a@", "a@b@c", "a b@c",
		"a@b\r\nX: y", "<a@b>", "a@b,c@d", "\"a\"@b", "a@\xc3\xa4", "a:@b", "a;@b" };
	for (size_t i = 0; i < COUNT(addresses); i++) {
		const char *const to[] = { "one@example.com", addresses[i], NULL };
		struct mail_message m = letter("x");
		m.to = to;
		assert_false(written(&m, out));
		m = letter("x");
		m.from = addresses[i];
		assert_false(written(&m, out));
	}
	static const char *const texts[] = { "a\r\nBcc: b@c", "a\nb", "\x7f", "\xc3\xa4", "\t" };
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct mail_message m = letter("x");
		m.subject = texts[i];
		assert_false(written(&m, out));
		m = letter("x");
		m.id = texts[i];
		assert_false(written(&m, out));
	}
	static const char *const ids[] = { "a b", "<a", "a>", "a@b" };
	for (size_t i = 0; i < COUNT(ids); i++) {
		struct mail_message m = letter("x");
		m.id = ids[i];
		assert_false(written(&m, out));
	}
	const char *const nobody[] = { NULL };
	struct mail_message m = letter("x");
	m.to = nobody;
	assert_false(written(&m, out));
	m = letter("x");
	memset(subject, 's', sizeof(subject));
	subject[MAIL_SUBJECT_MAX + 1] = '\0';
	m.subject = subject;
	assert_false(written(&m, out));
	subject[MAIL_SUBJECT_MAX] = '\0';
	assert_true(written(&m, out));
}

static void an_address_has_its_length(void **state)
{
	(void)state;
	char address[MAIL_ADDRESS_MAX + 2];
	memset(address, 'a', sizeof(address));
	address[10] = '@';
	address[MAIL_ADDRESS_MAX] = '\0';
	assert_true(mail_address_valid(address));
	address[MAIL_ADDRESS_MAX] = 'a';
	address[MAIL_ADDRESS_MAX + 1] = '\0';
	assert_false(mail_address_valid(address));
}

static void days_have_their_names(void **state)
{
	(void)state;
	char out[SIZE];
	static const struct {
		int64_t at;
		const char *date;
	} rows[] = {
		{ 0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n" },
		{ -1, "Date: Wed, 31 Dec 1969 23:59:59 +0000\r\n" },
		{ 951782400, "Date: Tue, 29 Feb 2000 00:00:00 +0000\r\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail_message m = letter("x");
		m.written = rows[i].at;
		assert_true(written(&m, out));
		assert_non_null(strstr(out, rows[i].date));
	}
	struct mail_message m = letter("x");
	m.written = INT64_MAX / 4;
	assert_false(written(&m, out));
}

static void a_full_writer_is_told_of(void **state)
{
	(void)state;
	char out[SIZE], again[SIZE];
	struct mail_message m = letter("some text\nof two lines\n");
	assert_true(written(&m, out));
	for (size_t size = 0; size < strlen(out); size++) {
		struct writer w = writer_on(again, size);
		assert_false(mail_message_write(&m, &w, NULL));
	}
	struct writer w = writer_on(again, strlen(out));
	assert_true(mail_message_write(&m, &w, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_goes_as_it_is),
		cmocka_unit_test(all_else_is_quoted),
		cmocka_unit_test(long_lines_are_broken),
		cmocka_unit_test(nobody_puts_a_field_into_the_head),
		cmocka_unit_test(an_address_has_its_length),
		cmocka_unit_test(days_have_their_names),
		cmocka_unit_test(a_full_writer_is_told_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "wire/distinguished_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "wire/mutation.h"

/* What is written is what the appliance would keep of it. */
static bool trip(struct reader bytes, struct error *err)
{
	static struct distinguished_name once, twice;
	uint8_t memory[2][16384];
	if (!distinguished_name_parse(bytes, &once, err))
		return false;
	assert_in_range(once.count, 1, NAME_ATTRIBUTES);
	assert_true(distinguished_name_same(&once, &once));
	assert_true(distinguished_name_agrees(&once, &once));
	struct writer w = writer_on(memory[0], sizeof(memory[0]));
	distinguished_name_write(&w, &once);
	assert_true(w.ok);
	if (w.used == 0 || w.used > LIMIT_TEXT)
		return true;
	assert_true(distinguished_name_parse(writer_written(&w), &twice, err));
	assert_true(distinguished_name_agrees(&once, &twice));
	struct writer again = writer_on(memory[1], sizeof(memory[1]));
	distinguished_name_write(&again, &twice);
	assert_true(reader_same(writer_written(&w), writer_written(&again)));
	return true;
}

static struct distinguished_name parsed(const char *text)
{
	struct distinguished_name name = { 0 };
	struct error err = { 0 };
	if (!distinguished_name_parse(reader_of_text(text), &name, &err))
		print_error("refused: %s\n", err.text);
	assert_int_equal(err.fault, FAULT_NONE);
	assert_true(trip(reader_of_text(text), NULL));
	return name;
}

static void has(
	const struct distinguished_name *name, size_t index, const char *type, const char *value)
{
	assert_true(index < name->count);
	assert_string_equal(name->attributes[index].type, type);
	assert_string_equal(name->attributes[index].value, value);
}

static void writes(const char *from, const char *expected)
{
	char memory[2048];
	struct distinguished_name name = parsed(from);
	struct writer w = writer_on(memory, sizeof(memory));
	distinguished_name_write(&w, &name);
	assert_true(w.ok);
	assert_int_equal(w.used, strlen(expected));
	assert_memory_equal(memory, expected, w.used);
}

static bool same(const char *a, const char *b)
{
	struct distinguished_name one = parsed(a);
	struct distinguished_name other = parsed(b);
	bool answer = distinguished_name_same(&one, &other);
	assert_int_equal(answer, distinguished_name_same(&other, &one));
	return answer;
}

static bool agrees(const char *a, const char *b)
{
	struct distinguished_name one = parsed(a);
	struct distinguished_name other = parsed(b);
	bool answer = distinguished_name_agrees(&one, &other);
	assert_int_equal(answer, distinguished_name_agrees(&other, &one));
	return answer;
}

static void the_appliances_form_is_read(void **state)
{
	(void)state;
	struct distinguished_name n =
		parsed("CN=pub.lab.local;OU=IST;O=Lab;L=Brisbane;ST=QLD;C=AU");
	assert_int_equal(n.count, 6);
	has(&n, 0, "CN", "pub.lab.local");
	has(&n, 5, "C", "AU");
	n = parsed("CN=pub;O=Example Systems, Inc.;OU=R+D");
	assert_int_equal(n.count, 3);
	has(&n, 1, "O", "Example Systems, Inc.");
	has(&n, 2, "OU", "R+D");
	n = parsed("CN=DOM\\user;O=a;b");
	has(&n, 0, "CN", "DOM\\user");
	has(&n, 1, "O", "a;b");
}

static void the_builders_form_is_read(void **state)
{
	(void)state;
	struct distinguished_name n =
		parsed("CN=ccm01.lab.org,O=Lab Technologies,OU=Lab PBX Texas");
	assert_int_equal(n.count, 3);
	has(&n, 1, "O", "Lab Technologies");
	n = parsed("CN=a\\,b\\;c\\\"d\\+e\\<f\\>g\\=h\\\\,OU=\\#x\\20");
	assert_int_equal(n.count, 2);
	has(&n, 0, "CN", "a,b;c\"d+e<f>g=h\\");
	has(&n, 1, "OU", "#x ");
	n = parsed("CN=\\C3\\B6,DC=lab,1.2.840.113549.1.9.1=a@b");
	has(&n, 0, "CN", "\xc3\xb6");
	has(&n, 1, "DC", "lab");
	has(&n, 2, "1.2.840.113549.1.9.1", "a@b");
	n = parsed("CN=a+OU=b,O=c+d");
	assert_int_equal(n.count, 3);
	has(&n, 2, "O", "c+d");
}

static void a_tokens_form_is_read(void **state)
{
	(void)state;
	struct distinguished_name n =
		parsed("cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Sys");
	assert_int_equal(n.count, 3);
	has(&n, 0, "CN", "SAST-ADN0054f509        ");
	has(&n, 1, "OU", "IPCBU");
	has(&n, 2, "O", "Example Sys");
	n = parsed("cn=\"a;ou=b\",o=\"c\\\"d\"");
	assert_int_equal(n.count, 2);
	has(&n, 0, "CN", "a;ou=b");
	has(&n, 1, "O", "c\"d");
}

static bool token_of(const char *from, char out[static NAME_TOKEN_MAX + 1], struct error *err)
{
	struct distinguished_name name = parsed(from);
	struct writer w = writer_on((uint8_t *)out, NAME_TOKEN_MAX);
	bool fine = distinguished_name_write_token(&w, &name, err);
	assert_true(w.ok);
	assert_true(fine || w.used == 0);
	out[w.used] = '\0';
	return fine;
}

/* Written, then read as the name that it was written from. */
static void writes_token(const char *from, const char *expected)
{
	char written[NAME_TOKEN_MAX + 1];
	struct error err = { 0 };
	if (!token_of(from, written, &err))
		fail_msg("%s", err.text);
	assert_string_equal(written, expected);
	assert_true(agrees(from, written));
}

static void a_tokens_form_is_written(void **state)
{
	(void)state;
	writes_token("CN=SAST-ADN0054f509        ;OU=IPCBU;O=Cisco Systems, Inc.",
		"cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems");
	writes_token("O=Example Systems,CN=Example Manufacturing CA",
		"cn=Example Manufacturing CA;o=Example Systems");
	writes_token("C=AT;CN=a;DC=lab;ST=b;L=c", "cn=a;l=c;st=b;c=AT");
	writes_token("CN=a\\, b", "cn=\"a, b\"");
	writes_token("CN=a\"b\\\\c;O=d", "cn=\"a\\\"b\\\\c\";o=d");
	writes_token("CN= a;O=b", "cn=\" a\";o=b");
	writes_token("CN=;O=b", "cn=;o=b");
	/* at the limit whole, one beyond cut off or another name */
	writes_token("CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;O=b",
		"cn=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;o=b");
	writes_token("CN=a;O=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,",
		"cn=a;o=\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,");
}

static void a_name_that_would_become_another_is_no_token(void **state)
{
	(void)state;
	static const char *const names[] = {
		"CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;O=bc",    /* in plain text */
		"CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;OU=b",  /* in a type */
		"CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;OU=b", /* behind ; */
		"DC=lab,DC=local",                                             /* nothing left */
	};
	for (size_t i = 0; i < COUNT(names); i++) {
		char written[NAME_TOKEN_MAX + 1];
		struct error err = { 0 };
		if (token_of(names[i], written, &err))
			fail_msg("%s became %s", names[i], written);
		assert_int_equal(err.fault, FAULT_REFUSED);
		assert_non_null(strstr(err.text, "55 bytes"));
	}
}

static void an_attribute_may_be_alone_or_empty(void **state)
{
	(void)state;
	struct distinguished_name n = parsed("CN=a, b");
	assert_int_equal(n.count, 1);
	has(&n, 0, "CN", "a, b");
	n = parsed("CN=");
	has(&n, 0, "CN", "");
	n = parsed("CN=;OU=");
	assert_int_equal(n.count, 2);
	has(&n, 1, "OU", "");
	n = parsed("cn=a=b");
	has(&n, 0, "CN", "a=b");
}

static void names_that_are_none_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *words;
	} bad[] = {
		{ "", "is empty" },
		{ "CN", "no attribute type" },
		{ "=a", "no attribute type" },
		{ ";CN=a", "no attribute type" },
		{ " CN=a", "no attribute type" },
		{ "C N=a", "no attribute type" },
		{ "C\xc3\xb6=a", "no attribute type" },
		{ "CN=a\x1b", "control byte" },
		{ "CN=a\\00", "control byte 00" },
		{ "CN=a\\0A", "control byte 0a" },
		{ "CN=\xff", "not UTF-8" },
		{ "CN=a,OU=\\FF", "attribute at byte 5: value of OU: text is not UTF-8" },
		{ "cn=\"a\"b", "after the closing quote" },
		{ "cn=\"a\" ,ou=b", "after the closing quote" },
	};
	for (size_t i = 0; i < COUNT(bad); i++)
		refused_with(reader_of_text(bad[i].text), trip, FAULT_MALFORMED, bad[i].words);
	refused_with(reader_of("CN=a\0b", 6), trip, FAULT_MALFORMED, "control byte 00");
	struct distinguished_name out = { .count = 7 };
	assert_false(distinguished_name_parse(reader_of_text("CN"), &out, NULL));
	assert_int_equal(out.count, 7);
}

static void fill(struct writer *w, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		writer_text(w, text);
}

static void limits_hold_at_their_value_and_not_beyond(void **state)
{
	(void)state;
	for (size_t beyond = 0; beyond <= 1; beyond++) {
		AUTO_DONE(writer) value = writer_new(5000);
		writer_text(&value, "CN=");
		fill(&value, "x", NAME_VALUE_SIZE - 1 + beyond);
		AUTO_DONE(writer) type = writer_new(5000);
		fill(&type, "1", NAME_TYPE_SIZE - 1 + beyond);
		writer_text(&type, "=x");
		AUTO_DONE(writer) count = writer_new(5000);
		fill(&count, "OU=x;", NAME_ATTRIBUTES - 1 + beyond);
		writer_text(&count, "O=y");
		AUTO_DONE(writer) whole = writer_new(5000);
		for (size_t i = 0; i < 4; i++) {
			writer_text(&whole, "OU=");
			fill(&whole, "x", 250);
			writer_text(&whole, ";");
		}
		writer_text(&whole, "C=");
		fill(&whole, "y", LIMIT_TEXT - whole.used + beyond);
		const struct writer *all[] = { &value, &type, &count, &whole };
		for (size_t i = 0; i < COUNT(all); i++)
			if (beyond == 0)
				assert_true(trip(writer_written(all[i]), NULL));
			else
				refused_with(writer_written(all[i]), trip, FAULT_LIMIT, "name: ");
	}
}

static void order_and_case_of_types_do_not_matter(void **state)
{
	(void)state;
	assert_true(same("CN=a;OU=b;O=c", "CN=a,O=c,OU=b"));
	assert_true(same("cn=\"a\";ou=b", "CN=a,OU=b"));
	assert_true(same("OU=x;OU=y;CN=a", "CN=a,OU=y,OU=x"));
	assert_true(same("O=Example, Inc.;CN=a", "CN=a,O=Example\\, Inc."));
}

static void values_are_compared_exactly(void **state)
{
	(void)state;
	assert_false(same("CN=a", "CN=A"));
	assert_false(same("CN=a", "CN=a "));
	assert_false(same("CN=a", "OU=a"));
	assert_false(same("CN=a;OU=b", "CN=a"));
	assert_false(same("OU=x;OU=x;CN=a", "OU=x;CN=a;CN=a"));
	assert_false(same("OU=x;OU=x;CN=a", "OU=x;OU=y;CN=a"));
	assert_false(agrees("CN=a", "CN=b"));
	assert_false(agrees("CN=a;OU=b", "CN=a"));
	assert_false(agrees("OU=x;OU=x;CN=a", "OU=x;CN=a;CN=a"));
}

static void what_the_appliance_drops_does_not_count_in_agreement(void **state)
{
	(void)state;
	assert_true(agrees("CN=lab-CA", "DC=local,DC=lab,CN=lab-CA"));
	assert_false(same("CN=lab-CA", "DC=local,DC=lab,CN=lab-CA"));
	assert_true(agrees("CN=a,DC=x", "CN=a,DC=y"));
	assert_false(agrees("DC=x", "DC=y"));
	assert_true(agrees("DC=x", "DC=x"));
	assert_false(agrees("DC=x", "CN=x"));
}

/* 55 bytes and no closing quote: docs/formats/distinguished-name.md#cut-off */
static const char token[] = "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Syste";

static void a_tokens_name_that_is_cut_off_goes_on(void **state)
{
	(void)state;
	assert_int_equal(strlen(token), 55);
	static const char whole[] = "CN=SAST-ADN0054f509        ;OU=IPCBU;O=Example Systems, Inc.";
	assert_true(same(token, whole));
	assert_true(same(whole, token));
	assert_true(agrees(token, whole));
	assert_true(same(token, token));
	assert_true(same(token, "O=Example Systems,OU=IPCBU,CN=SAST-ADN0054f509        ,C=US"));
	assert_true(agrees("DC=lab,O=Example Systems,OU=IPCBU,CN=SAST-ADN0054f509        ", token));
	assert_false(same(token, "CN=SAST-ADN0054f509        ;OU=IPCBU;O=Example Syst"));
	assert_false(same(token, "CN=SAST-ADN0054f509        ;O=Example Systems"));
	assert_false(agrees(token, "CN=SAST-ADN0054f509        ;O=Example Systems"));
	assert_false(same(token, "CN=SAST-ADN0054f509;OU=IPCBU;O=Example Systems"));
	assert_false(agrees(token, "DC=lab"));
	/* one byte less or more is not cut off, only odd */
	assert_false(same("cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Syst", whole));
	assert_false(same("cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example System", whole));
	assert_false(same("cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Syst\"", whole));
}

static void writing_follows_the_appliance(void **state)
{
	(void)state;
	writes("C=AU,O=Lab,OU=IST,CN=pub,ST=QLD,L=Brisbane",
		"CN=pub;OU=IST;O=Lab;L=Brisbane;ST=QLD;C=AU");
	writes("DC=local,CN=lab-CA", "CN=lab-CA");
	writes("CN=a,OU=y,OU=x", "CN=a;OU=y;OU=x");
	writes("CN=a,O=Example\\, Inc.", "CN=a;O=Example, Inc.");
	writes("DC=local", "");
}

static void writing_escapes_what_would_be_misread(void **state)
{
	(void)state;
	writes("CN=a\\;OU\\=b,O=c", "CN=a\\;OU=b;O=c");
	writes("CN=a\\\\20,O=c", "CN=a\\\\20;O=c");
	writes("CN=\\\"a,O=c", "CN=\\\"a;O=c");
	writes("O=a\\,CN=b", "O=a\\,CN=b");
	writes("O=a\\+CN=b", "O=a\\+CN=b");
}

static const char *const samples[] = {
	"CN=pub.lab.local;OU=IST;O=Lab;L=Brisbane;ST=QLD;C=AU",
	"CN=ccm01.lab.org,O=Lab\\, Inc.,OU=\\C3\\B6+DC=x",
	"cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Sys",
	token,
};

static void cut_and_changed_names_do_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		assert_true(every_truncation(reader_of_text(samples[i]), trip) > 0);
		assert_true(every_changed_byte(reader_of_text(samples[i]), trip, true) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_appliances_form_is_read),
		cmocka_unit_test(the_builders_form_is_read),
		cmocka_unit_test(a_tokens_form_is_written),
		cmocka_unit_test(a_name_that_would_become_another_is_no_token),
		cmocka_unit_test(a_tokens_form_is_read),
		cmocka_unit_test(an_attribute_may_be_alone_or_empty),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(limits_hold_at_their_value_and_not_beyond),
		cmocka_unit_test(order_and_case_of_types_do_not_matter),
		cmocka_unit_test(values_are_compared_exactly),
		cmocka_unit_test(what_the_appliance_drops_does_not_count_in_agreement),
		cmocka_unit_test(a_tokens_name_that_is_cut_off_goes_on),
		cmocka_unit_test(writing_follows_the_appliance),
		cmocka_unit_test(writing_escapes_what_would_be_misread),
		cmocka_unit_test(cut_and_changed_names_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

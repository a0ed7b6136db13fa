#include "cli/signer_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void same(struct reader got, const char *wanted)
{
	assert_true(reader_same(got, reader_of_text(wanted)));
}

static struct signer_words read_fine(const char *text)
{
	struct signer_words words;
	struct error err = { 0 };
	if (!signer_words_read(text, &words, &err))
		fail_msg("%s: %s", text, err.text);
	return words;
}

static void refused(const char *text, const char *why)
{
	struct signer_words words;
	struct error err = { 0 };
	if (signer_words_read(text, &words, &err))
		fail_msg("read: %s", text);
	assert_int_equal(err.fault, FAULT_USAGE);
	if (strstr(err.text, why) == NULL)
		fail_msg("%s does not say %s", err.text, why);
}

static void names_and_serial_are_parted(void **state)
{
	(void)state;
	struct signer_words w = read_fine("CN=pub;OU=lab;O=x,CN=ca;O=x,7A:01:ff");
	same(w.subject, "CN=pub;OU=lab;O=x");
	same(w.issuer, "CN=ca;O=x");
	assert_int_equal(w.serial_size, 3);
	assert_memory_equal(w.serial, "\x7a\x01\xff", 3);
}

static void names_with_commas_are_parted_where_both_are_equal(void **state)
{
	(void)state;
	struct signer_words w = read_fine("CN=pub,OU=lab,O=x,CN=pub,OU=lab,O=x,01");
	same(w.subject, "CN=pub,OU=lab,O=x");
	same(w.issuer, "CN=pub,OU=lab,O=x");
	w = read_fine("CN=pub,CN=ca,01");
	same(w.subject, "CN=pub");
	same(w.issuer, "CN=ca");
}

static void serial_numbers_lose_leading_zeros(void **state)
{
	(void)state;
	struct signer_words w = read_fine("CN=a,CN=b,000f01");
	assert_int_equal(w.serial_size, 2);
	assert_memory_equal(w.serial, "\x0f\x01", 2);
	w = read_fine("CN=a,CN=b,1");
	assert_int_equal(w.serial_size, 1);
	assert_int_equal(w.serial[0], 1);
	w = read_fine("CN=a,CN=b,abc");
	assert_memory_equal(w.serial, "\x0a\xbc", 2);
}

static void serial_numbers_have_a_limit(void **state)
{
	(void)state;
	char text[200];
	static const char digits[] = "0102030405060708091011121314151617181920"
				     "212223242526272829303132";
	(void)snprintf(text, sizeof(text), "CN=a,CN=b,f%.63s", digits);
	assert_int_equal(read_fine(text).serial_size, LIMIT_SERIAL);
	(void)snprintf(text, sizeof(text), "CN=a,CN=b,ff%.63s", digits);
	refused(text, "over 32 bytes");
}

static void what_is_unclear_or_missing_is_refused(void **state)
{
	(void)state;
	refused("", "SUBJECT,ISSUER,SERIAL");
	refused(",", "SUBJECT,ISSUER,SERIAL");
	refused(",,", "SUBJECT,ISSUER,SERIAL");
	refused("CN=a", "SUBJECT,ISSUER,SERIAL");
	refused("CN=a,01", "SUBJECT,ISSUER,SERIAL");
	refused("a,b,01", "SUBJECT,ISSUER,SERIAL");
	refused("CN=a,CN=b", "SUBJECT,ISSUER,SERIAL");
	refused("CN=a,CN=b,", "missing");
	refused("CN=a,CN=b,00", "missing");
	refused("CN=a,CN=b,::", "missing");
	refused("CN=a,CN=b,0x12", "hexadecimal");
	refused("CN=a,CN=b,1g", "hexadecimal");
	refused("CN=a,CN=b,1 2", "hexadecimal");
	refused("CN=a,O=b,CN=c,01", "semicolons");
}

static void names_have_a_limit(void **state)
{
	(void)state;
	static char text[5000];
	size_t used = 0;
	for (int i = 0; i < 10; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "CN=%0120d;", i);
	(void)snprintf(text + used, sizeof(text) - used, "O=x,CN=a,01");
	refused(text, "SUBJECT,ISSUER,SERIAL");
}

static void out_is_kept_when_refused(void **state)
{
	(void)state;
	struct signer_words words = { .serial_size = 77 };
	assert_false(signer_words_read("CN=a,CN=b,xx", &words, NULL));
	assert_int_equal(words.serial_size, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_serial_are_parted),
		cmocka_unit_test(names_with_commas_are_parted_where_both_are_equal),
		cmocka_unit_test(serial_numbers_lose_leading_zeros),
		cmocka_unit_test(serial_numbers_have_a_limit),
		cmocka_unit_test(what_is_unclear_or_missing_is_refused),
		cmocka_unit_test(names_have_a_limit),
		cmocka_unit_test(out_is_kept_when_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

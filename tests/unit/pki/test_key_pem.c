#include "pki/key.h"

#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A key of our own as PEM, with lines of any length. */
static void pem_of(const struct key *k, const char *kind, const char *header, char out[static 4096])
{
	AUTO_DONE(bytes) der = { 0 };
	char *text = NULL;
	assert_true(key_write(k, &der, NULL));
	assert_true(base64_write(bytes_reader(&der), &text, NULL));
	size_t used =
		(size_t)snprintf(out, 4096, "text in front\n-----BEGIN %s-----\n%s", kind, header);
	for (const char *at = text; *at != '\0'; at += strnlen(at, 64))
		used += (size_t)snprintf(out + used, 4096 - used, "%.64s\n", at);
	(void)snprintf(out + used, 4096 - used, "-----END %s-----\n", kind);
	free(text);
}

static void a_key_in_pem_is_read(void **state)
{
	(void)state;
	static const enum key_kind kinds[] = { KEY_RSA_1024, KEY_RSA_2048, KEY_EC_256 };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char pem[4096];
		struct error err = { 0 };
		uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];
		AUTO(key) key = key_generate(kinds[i], &err);
		assert_non_null(key);
		pem_of(key, "PRIVATE KEY", "", pem);
		AUTO(key) read = key_parse_pem(reader_of_text(pem), &err);
		if (read == NULL)
			fail_msg("%s", err.text);
		key_id(key, one);
		key_id(read, other);
		assert_memory_equal(one, other, sizeof(one));
	}
}

static void refused(const char *pem, enum fault fault)
{
	struct error err = { 0 };
	AUTO(key) key = key_parse_pem(reader_of_text(pem), &err);
	assert_null(key);
	assert_int_equal(err.fault, fault);
	assert_true(err.text[0] != '\0');
}

static void what_is_no_key_is_refused(void **state)
{
	(void)state;
	char pem[4096];
	AUTO(key) key = key_generate(KEY_RSA_1024, NULL);
	refused("", FAULT_MALFORMED);
	refused("no PEM", FAULT_MALFORMED);
	refused("-----BEGIN PRIVATE KEY-----\n", FAULT_MALFORMED);
	refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", FAULT_MALFORMED);
	pem_of(key, "CERTIFICATE", "", pem);
	refused(pem, FAULT_MALFORMED);
	pem_of(key, "EC PRIVATE KEY", "", pem);
	refused(pem, FAULT_MALFORMED);
	pem_of(key, "ENCRYPTED PRIVATE KEY", "", pem);
	refused(pem, FAULT_REFUSED);
	pem_of(key, "RSA PRIVATE KEY",
		"Proc-Type: 4,ENCRYPTED\nDEK-Info: "
		"AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n",
		pem);
	refused(pem, FAULT_REFUSED);
}

static void a_pem_that_is_cut_is_refused(void **state)
{
	(void)state;
	char pem[4096];
	AUTO(key) key = key_generate(KEY_RSA_1024, NULL);
	pem_of(key, "PRIVATE KEY", "", pem);
	for (size_t size = 0; size + 2 < strlen(pem); size += 7) {
		struct error err = { 0 };
		AUTO(key) read = key_parse_pem(reader_of(pem, size), &err);
		assert_null(read);
		assert_int_equal(err.fault, FAULT_MALFORMED);
	}
}

static void a_pem_with_a_changed_byte_is_refused_or_read(void **state)
{
	(void)state;
	char pem[4096];
	AUTO(key) key = key_generate(KEY_EC_256, NULL);
	pem_of(key, "PRIVATE KEY", "", pem);
	for (size_t at = 0; pem[at] != '\0'; at++)
		for (char flip = 1; flip <= 4; flip = (char)(flip << 1)) {
			struct error err = { 0 };
			pem[at] ^= flip;
			AUTO(key) read = key_parse_pem(reader_of_text(pem), &err);
			assert_true(
				read != NULL || (err.fault != FAULT_NONE && err.text[0] != '\0'));
			pem[at] ^= flip;
		}
}

static void a_pem_file_has_a_limit(void **state)
{
	(void)state;
	enum { MOST = 1 << 20 };
	char *file = malloc(MOST + 1);
	assert_non_null(file);
	memset(file, '\n', MOST + 1);
	AUTO(key) key = key_generate(KEY_EC_256, NULL);
	pem_of(key, "PRIVATE KEY", "", file);
	file[strlen(file)] = '\n';
	for (size_t size = MOST; size <= MOST + 1; size++) {
		struct error err = { 0 };
		AUTO(key) read = key_parse_pem(reader_of(file, size), &err);
		assert_int_equal(read != NULL, size == MOST);
		assert_int_equal(err.fault, size == MOST ? FAULT_NONE : FAULT_LIMIT);
	}
	free(file);
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	static const enum key_kind kinds[] = { KEY_RSA_1024, KEY_EC_256, KEY_EC_521 };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct bytes pem = { 0 };
		uint8_t before[DIGEST_SIZE], after[DIGEST_SIZE];
		AUTO(key) key = key_generate(kinds[i], NULL);
		assert_true(key_write_pem(key, &pem, NULL));
		assert_memory_equal(pem.data, "-----BEGIN PRIVATE KEY-----\n", 28);
		AUTO(key) read = key_parse_pem(bytes_reader(&pem), NULL);
		assert_non_null(read);
		key_id(key, before);
		key_id(read, after);
		assert_memory_equal(before, after, DIGEST_SIZE);
		bytes_wipe(&pem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_in_pem_is_read),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(a_pem_that_is_cut_is_refused),
		cmocka_unit_test(a_pem_with_a_changed_byte_is_refused_or_read),
		cmocka_unit_test(a_pem_file_has_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cli/list_cucm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "cluster/role.h"
#include "pki/digest.h"

/* The two published dumps of an appliance's CTL, rebuilt from their names and the sizes of their
 * fields. What no dump shows (keys, certificates) is filler of the right size. */

enum {
	FIRST_SIZE = 4947,
	STUBS_SIZE = 3746,
	LAST_MODIFIED = 1425675367, /* Fri Mar 06 21:56:07 CET 2015 */
};

static const char publisher[] = "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL";
static const char capf[] = "CN=CAPF-e41e7d87;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL";
static const char subscriber[] = "CN=cucm-1051-a-sub1;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL";
static const char token[] = "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems";
static const char token_issuer[] = "cn=IPCBU-Manufacturing-CA;ou=IPCBU;o=Cisc";
static const uint8_t serial[] = { 0x70, 0xCA, 0xF6, 0x4E, 0x09, 0x07, 0x51, 0xB9, 0xDF, 0x22, 0xF4,
	0x9F, 0x75, 0x4F, 0xC5, 0xBB };
static const uint8_t other_serial[] = { 0x71, 0xCA, 0xF6, 0x4E, 0x09, 0x07, 0x51, 0xB9, 0xDF, 0x22,
	0xF4, 0x9F, 0x75, 0x4F, 0xC5, 0xBB };
static const uint8_t token_serial[] = { 0x32, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x30, 0x31,
	0x32 };
static const uint8_t other_token_serial[] = { 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x30, 0x31,
	0x32 };
static const uint8_t signature[128] = { 0x65, 0xba, 0x26, 0xb4, 0xba, 0xde, 0x2b, 0x13, 0xb8, 0x18,
	0x02, 0x4a, 0x2b, 0x6c, 0x2d, 0x20, [16 ... 127] = 0x0f };
static const uint8_t filler[1024] = { [0 ... 1023] = 0x5a };
static const uint8_t address[4];

static struct signed_header header_of(const char *name, const char *issuer, struct reader number)
{
	return (struct signed_header){
		.version = { 1, 2 },
		.signer_name = reader_of_text(name),
		.serial = number,
		.issuer_name = reader_of_text(issuer),
		.hash = HASH_SHA1,
		.modulus = sizeof(signature),
		.signature = reader_of(signature, sizeof(signature)),
		.file_name = reader_of_text("CTLFile.tlv"),
		.has_timestamp = true,
		.timestamp = LAST_MODIFIED,
	};
}

static struct trust_record record_of(
	const char *host, const char *subject, enum role role, size_t certificate)
{
	return (struct trust_record){
		.dns_name = reader_of_text(host),
		.has_dns_name = true,
		.subject = reader_of_text(subject),
		.has_role = true,
		.role = (uint16_t)role,
		.issuer = reader_of_text(subject),
		.serial = reader_of(serial, sizeof(serial)),
		.public_key = reader_of(filler, 140),
		.signature = reader_of(filler, 128),
		.certificate = reader_of(filler, certificate),
		.address = reader_of(address, sizeof(address)),
	};
}

static struct trust_record token_record(struct reader number)
{
	struct trust_record r = record_of("", token, ROLE_SAST, 902);
	r.issuer = reader_of_text(token_issuer);
	r.serial = number;
	r.signature = (struct reader){ 0 };
	return r;
}

static void written(const struct trust_list *list, size_t size, struct bytes *file)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, list);
	assert_true(writer_take(&w, file, NULL));
	assert_int_equal(file->size, size);
}

static void first_list(struct bytes *file)
{
	struct trust_list list = {
		.header = header_of(publisher, publisher, reader_of(serial, sizeof(serial))),
		.count = 4,
		.records = {
			record_of("cucm-1051-a-pub", publisher, ROLE_SAST, 694),
			record_of("cucm-1051-a-pub", publisher, ROLE_CCM_TFTP, 694),
			record_of("cucm-1051-a-pub", capf, ROLE_CAPF, 680),
			record_of("cucm-1051-a-sub1", subscriber, ROLE_CCM_TFTP, 696),
		},
	};
	written(&list, FIRST_SIZE, file);
}

/* A cluster that left mixed mode: its call managers are left as names. */
static void list_with_stubs(struct bytes *file)
{
	struct trust_record stub = { .dns_name = reader_of_text("cucm-pub.lab"),
		.has_dns_name = true,
		.has_role = true,
		.role = ROLE_CCM_TFTP,
		.address = reader_of(address, sizeof(address)) };
	struct trust_record enroller = record_of("cucm-pub.lab", capf, ROLE_CAPF, 680);
	enroller.signature = (struct reader){ 0 };
	struct trust_list list = {
		.header = header_of(
			token, token_issuer, reader_of(token_serial, sizeof(token_serial))),
		.count = 5,
		.records = { token_record(reader_of(token_serial, sizeof(token_serial))),
			token_record(reader_of(other_token_serial, sizeof(other_token_serial))),
			stub, enroller, stub },
	};
	written(&list, STUBS_SIZE, file);
}

/* free() it. */
static char *printed(const struct bytes *file, bool verified)
{
	char *text = NULL;
	size_t size = 0;
	struct error err = { 0 };
	struct trust_list list;
	if (!trust_list_parse(bytes_reader(file), &list, &err))
		fail_msg("%s", err.text);
	FILE *to = open_memstream(&text, &size);
	assert_non_null(to);
	list_cucm_print(to, bytes_reader(file), &list, verified);
	assert_int_equal(fclose(to), 0);
	return text;
}

static const char *hex(enum digest_kind kind, struct reader bytes, char *out)
{
	uint8_t digest[DIGEST_MAX];
	assert_true(digest_of(kind, &bytes, 1, digest, NULL));
	return hex_write(reader_of(digest, digest_size(kind)), out);
}

/* "E9 D4 33 …" */
static void spaced(struct reader bytes, char *out, size_t size)
{
	uint8_t digest[DIGEST_MAX];
	size_t used = 0;
	assert_true(digest_of(DIGEST_SHA1, &bytes, 1, digest, NULL));
	for (size_t i = 0; i < digest_size(DIGEST_SHA1); i++)
		used += (size_t)snprintf(out + used, size - used, "%02X ", digest[i]);
}

/* As published up to the dump of the signature; the checksums are those of the filler. */
static const char published_header[] =
	"\n"
	"Length of CTL file: 4947\n"
	"The CTL File was last modified on Fri Mar 06 20:56:07 UTC 2015\n"
	"\n"
	"        Parse CTL File\n"
	"        ----------------\n"
	"\n"
	"Version:        1.2\n"
	"HeaderLength:   336 (BYTES)\n"
	"\n"
	"BYTEPOS TAG             LENGTH  VALUE\n"
	"------- ---             ------  -----\n"
	"3       SIGNERID        2       149\n"
	"4       SIGNERNAME      62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"5       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB\n"
	"6       CANAME          62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"7       SIGNATUREINFO   2       15\n"
	"8       DIGESTALGORTITHM        1\n"
	"9       SIGNATUREALGOINFO       2       8\n"
	"10      SIGNATUREALGORTITHM     1\n"
	"11      SIGNATUREMODULUS        1\n"
	"12      SIGNATURE       128\n"
	"65  ba  26  b4  ba  de  2b  13\n"
	"b8  18  2   4a  2b  6c  2d  20\n"
	"f   f   f   f   f   f   f   f\n";

static const char published_record[] =
	"14      FILENAME        12\n"
	"15      TIMESTAMP       4\n"
	"\n"
	"        CTL Record #:1\n"
	"                  ----\n"
	"BYTEPOS TAG             LENGTH  VALUE\n"
	"------- ---             ------  -----\n"
	"1       RECORDLENGTH    2       1156\n"
	"2       DNSNAME         16      cucm-1051-a-pub\n"
	"3       SUBJECTNAME     62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"4       FUNCTION        2       System Administrator Security Token\n"
	"5       ISSUERNAME      62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"6       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB\n"
	"7       PUBLICKEY       140\n"
	"8       SIGNATURE       128\n"
	"9       CERTIFICATE     694     %.44s\n"
	"                                %.14s (SHA1 Hash HEX)\n"
	"10      IPADDRESS       4\n"
	"This etoken was used to sign the CTL file.\n"
	"\n"
	"        CTL Record #:2\n"
	"                  ----\n";

static void a_list_is_printed_as_published(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	char md5[64], sha1[64], certificate[80], top[256], record[2048];
	first_list(&file);
	char *text = printed(&file, true);
	(void)snprintf(top, sizeof(top), "The checksum value of the CTL file:\n%s(MD5)\n%s(SHA1)\n",
		hex(DIGEST_MD5, bytes_reader(&file), md5),
		hex(DIGEST_SHA1, bytes_reader(&file), sha1));
	assert_int_equal(strncmp(text, top, strlen(top)), 0);
	assert_int_equal(
		strncmp(text + strlen(top), published_header, strlen(published_header)), 0);
	spaced(reader_of(filler, 694), certificate, sizeof(certificate));
	(void)snprintf(record, sizeof(record), published_record, certificate, certificate + 45);
	assert_non_null(strstr(text, record));
	static const char *const parts[] = {
		"1       RECORDLENGTH    2       1138\n",
		"3       SUBJECTNAME     60      CN=CAPF-e41e7d87;OU=TAC;O=Cisco;L=Krakow;\n",
		"4       FUNCTION        2       CAPF\n",
		"4       FUNCTION        2       CCM+TFTP\n",
		"1       RECORDLENGTH    2       1161\n",
		"2       DNSNAME         17      cucm-1051-a-sub1\n",
		"10      IPADDRESS       4\n\nThe CTL file was verified successfully.\n",
	};
	const char *at = strstr(text, record);
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_non_null(strstr(at, parts[i]));
	assert_null(strstr(text, "Record #:5"));
	assert_null(strstr(text, " \n"));
	free(text);
}

static void records_without_a_certificate_are_four_lines(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	list_with_stubs(&file);
	char *text = printed(&file, false);
	static const char stub[] = "        CTL Record #:3\n"
				   "                  ----\n"
				   "BYTEPOS TAG             LENGTH  VALUE\n"
				   "------- ---             ------  -----\n"
				   "1       RECORDLENGTH    2       33\n"
				   "2       DNSNAME         13      cucm-pub.lab\n"
				   "4       FUNCTION        2       CCM+TFTP\n"
				   "10      IPADDRESS       4\n"
				   "\n";
	assert_non_null(strstr(text, stub));
	assert_non_null(strstr(text, "HeaderLength:   304 (BYTES)\n"));
	assert_non_null(strstr(text, "3       SIGNERID        2       117\n"));
	assert_non_null(strstr(text, "1       RECORDLENGTH    2       1186\n"));
	assert_non_null(strstr(text, "2       DNSNAME         1\n"));
	assert_non_null(strstr(text, "Length of CTL file: 3746\n"));
	assert_non_null(strstr(text, "This etoken was used to sign the CTL file.\n"));
	assert_non_null(strstr(text, "This etoken was not used to sign the CTL file.\n"));
	assert_non_null(strstr(text, "\nVerification of the CTL file failed.\n"));
	assert_null(strstr(text, "successfully"));
	free(text);
}

static void the_kind_is_that_of_the_file_name(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	struct trust_list list = { .header = header_of(publisher, publisher,
					   reader_of(other_serial, sizeof(other_serial))),
		.count = 1,
		.records = { record_of("pub", publisher, ROLE_SAST, 10) } };
	list.header.file_name = reader_of_text("ITLFile.tlv");
	list.header.has_timestamp = false;
	list.header.has_signer_version = true;
	list.header.signer_version = (struct version){ 1, 1 };
	list.records[0].role = 99;
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, &list);
	assert_true(writer_take(&w, &file, NULL));
	char *text = printed(&file, true);
	assert_null(strstr(text, "CTL"));
	assert_null(strstr(text, "last modified"));
	assert_null(strstr(text, "etoken"));
	assert_non_null(strstr(text, "28      SIGNERVERSION   2       1.1\n"));
	assert_non_null(strstr(text, "4       FUNCTION        2       99\n"));
	assert_non_null(strstr(text, "The ITL file was verified successfully.\n"));
	free(text);
}

static void text_from_elsewhere_cannot_move_the_cursor(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	first_list(&file);
	struct trust_list list;
	assert_true(trust_list_parse(bytes_reader(&file), &list, NULL));
	file.data[list.header.signer_name.at - file.data] = 0x1b;
	file.data[list.records[0].subject.at - file.data] = 0xff;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	list_cucm_print(to, bytes_reader(&file), &list, true);
	assert_int_equal(fclose(to), 0);
	assert_null(strchr(text, 0x1b));
	assert_null(strchr(text, 0xff));
	assert_non_null(strstr(text, "\\x1bN=cucm"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_printed_as_published),
		cmocka_unit_test(records_without_a_certificate_are_four_lines),
		cmocka_unit_test(the_kind_is_that_of_the_file_name),
		cmocka_unit_test(text_from_elsewhere_cannot_move_the_cursor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

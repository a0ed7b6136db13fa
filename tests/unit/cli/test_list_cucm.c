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

/* Word for word as published: the top, the header, and the first record of the first list. What no
 * print shows (checksums, the rest of the signature, digests of certificates) is that of the
 * filler, and every other line of both lists is made the same way. */
static const char published_top[] =
	"The checksum value of the CTL file:\n"
	"%s(MD5)\n"
	"%s(SHA1)\n"
	"\n"
	"Length of CTL file: %zu\n"
	"The CTL File was last modified on Fri Mar 06 21:56:07 CET 2015\n"
	"\n"
	"        Parse CTL File\n"
	"        ----------------\n"
	"\n"
	"Version:        1.2\n";

static const char first_header[] =
	"HeaderLength:   336 (BYTES)\n"
	"\n"
	"BYTEPOS TAG             LENGTH  VALUE\n"
	"------- ---             ------  -----\n"
	"3       SIGNERID        2       149\n"
	"4       SIGNERNAME      62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"5       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB\n"
	"6       CANAME          62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n";

static const char token_header[] =
	"HeaderLength:   304 (BYTES)\n"
	"\n"
	"BYTEPOS TAG             LENGTH  VALUE\n"
	"------- ---             ------  -----\n"
	"3       SIGNERID        2       117\n"
	"4       SIGNERNAME      56      cn=\"SAST-ADN0054f509        \";ou=IPCBU;\n"
	"                                o=\"Cisco Systems\n"
	"5       SERIALNUMBER    10      32:34:35:36:37:38:39:30:31:32\n"
	"6       CANAME          42      cn=IPCBU-Manufacturing-CA;ou=IPCBU;o=Cisc\n";

static const char published_signature[] = "7       SIGNATUREINFO   2       15\n"
					  "8       DIGESTALGORTITHM        1\n"
					  "9       SIGNATUREALGOINFO       2       8\n"
					  "10      SIGNATUREALGORTITHM     1\n"
					  "11      SIGNATUREMODULUS        1\n"
					  "12      SIGNATURE       128\n"
					  "65  ba  26  b4  ba  de  2b  13\n"
					  "b8  18  2   4a  2b  6c  2d  20\n";

static const char record_title[] = "\n"
				   "        CTL Record #:%u\n"
				   "                  ----\n"
				   "BYTEPOS TAG             LENGTH  VALUE\n"
				   "------- ---             ------  -----\n";

static const char publisher_record[] =
	"1       RECORDLENGTH    2       1156\n"
	"2       DNSNAME         16      cucm-1051-a-pub\n"
	"3       SUBJECTNAME     62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"4       FUNCTION        2       %s\n"
	"5       ISSUERNAME      62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"6       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB\n"
	"7       PUBLICKEY       140\n"
	"8       SIGNATURE       128\n";

static const char capf_record[] =
	"1       RECORDLENGTH    2       %u\n"
	"2       DNSNAME         %s\n"
	"3       SUBJECTNAME     60      CN=CAPF-e41e7d87;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"4       FUNCTION        2       CAPF\n"
	"5       ISSUERNAME      60      CN=CAPF-e41e7d87;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"6       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB\n"
	"7       PUBLICKEY       140\n";

static const char subscriber_record[] =
	"1       RECORDLENGTH    2       1161\n"
	"2       DNSNAME         17      cucm-1051-a-sub1\n"
	"3       SUBJECTNAME     63      CN=cucm-1051-a-sub1;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"4       FUNCTION        2       CCM+TFTP\n"
	"5       ISSUERNAME      63      CN=cucm-1051-a-sub1;OU=TAC;O=Cisco;L=Krakow;\n"
	"                                ST=Malopolska;C=PL\n"
	"6       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB\n"
	"7       PUBLICKEY       140\n"
	"8       SIGNATURE       128\n";

static const char token_record_text[] =
	"1       RECORDLENGTH    2       1186\n"
	"2       DNSNAME         1\n"
	"3       SUBJECTNAME     56      cn=\"SAST-ADN0054f509        \";ou=IPCBU;\n"
	"                                o=\"Cisco Systems\n"
	"4       FUNCTION        2       System Administrator Security Token\n"
	"5       ISSUERNAME      42      cn=IPCBU-Manufacturing-CA;ou=IPCBU;o=Cisc\n"
	"6       SERIALNUMBER    10      %s:34:35:36:37:38:39:30:31:32\n"
	"7       PUBLICKEY       140\n";

static const char stub_record[] = "1       RECORDLENGTH    2       33\n"
				  "2       DNSNAME         13      cucm-pub.lab\n"
				  "4       FUNCTION        2       CCM+TFTP\n"
				  "10      IPADDRESS       4\n";

static void expect_top(FILE *to, const struct bytes *file, const char *header)
{
	char md5[64], sha1[64];
	(void)fprintf(to, published_top, hex(DIGEST_MD5, bytes_reader(file), md5),
		hex(DIGEST_SHA1, bytes_reader(file), sha1), file->size);
	(void)fputs(header, to);
	(void)fputs(published_signature, to);
	for (size_t i = 0; i < 14; i++)
		(void)fputs("f   f   f   f   f   f   f   f\n", to);
	(void)fputs("14      FILENAME        12\n15      TIMESTAMP       4\n", to);
}

/* 9 and 10 of a record; its digest stands in two lines. */
static void expect_end(FILE *to, size_t size)
{
	char digest[80];
	spaced(reader_of(filler, size), digest, sizeof(digest));
	(void)fprintf(to,
		"9       CERTIFICATE     %zu     %.44s\n"
		"                                %.14s (SHA1 Hash HEX)\n"
		"10      IPADDRESS       4\n",
		size, digest, digest + 45);
}

static const char was_used[] = "This etoken was used to sign the CTL file.\n";
static const char was_not_used[] = "This etoken was not used to sign the CTL file.\n";

/* Both ends are freed. */
static void same_text(FILE *to, char **expected, char *text)
{
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, *expected);
	free(*expected);
	free(text);
}

static void a_list_is_printed_as_published(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	char *expected = NULL;
	size_t size = 0;
	first_list(&file);
	FILE *to = open_memstream(&expected, &size);
	expect_top(to, &file, first_header);
	(void)fprintf(to, record_title, 1);
	(void)fprintf(to, publisher_record, "System Administrator Security Token");
	expect_end(to, 694);
	(void)fputs(was_used, to);
	(void)fprintf(to, record_title, 2);
	(void)fprintf(to, publisher_record, "CCM+TFTP");
	expect_end(to, 694);
	(void)fprintf(to, record_title, 3);
	(void)fprintf(to, capf_record, 1138, "16      cucm-1051-a-pub");
	(void)fputs("8       SIGNATURE       128\n", to);
	expect_end(to, 680);
	(void)fprintf(to, record_title, 4);
	(void)fputs(subscriber_record, to);
	expect_end(to, 696);
	(void)fputs("\nThe CTL file was verified successfully.\n", to);
	same_text(to, &expected, printed(&file, true));
}

static void a_list_with_tokens_and_stubs_is_printed_as_published(void **state)
{
	(void)state;
	AUTO_DONE(bytes) file = { 0 };
	char *expected = NULL;
	size_t size = 0;
	list_with_stubs(&file);
	FILE *to = open_memstream(&expected, &size);
	expect_top(to, &file, token_header);
	(void)fprintf(to, record_title, 1);
	(void)fprintf(to, token_record_text, "32");
	expect_end(to, 902);
	(void)fputs(was_used, to);
	(void)fprintf(to, record_title, 2);
	(void)fprintf(to, token_record_text, "33");
	expect_end(to, 902);
	(void)fputs(was_not_used, to);
	(void)fprintf(to, record_title, 3);
	(void)fputs(stub_record, to);
	(void)fprintf(to, record_title, 4);
	(void)fprintf(to, capf_record, 1004, "13      cucm-pub.lab");
	expect_end(to, 680);
	(void)fprintf(to, record_title, 5);
	(void)fputs(stub_record, to);
	(void)fputs("\nVerification of the CTL file failed.\n", to);
	same_text(to, &expected, printed(&file, false));
}

/* The sizes of the ITL that an appliance printed in 2011; its long names are broken as above. */
static void an_itl_is_printed_as_published(void **state)
{
	(void)state;
	static const uint8_t number[] = { 0x21, 0, 0x2d, 0x17, 0, 0, 0, 0, 0, 5 };
	static const char header[] =
		"        Parse ITL File\n"
		"        ----------------\n"
		"\n"
		"Version:        1.2\n"
		"HeaderLength:   296 (BYTES)\n"
		"\n"
		"BYTEPOS TAG             LENGTH  VALUE\n"
		"------- ---             ------  -----\n"
		"3       SIGNERID        2       110\n"
		"4       SIGNERNAME      76      CN=CUCM8-Publisher.bbbburns.lab;OU=TAC;\n"
		"                                O=Cisco;L=RTP;ST=North Carolina;C=US\n"
		"5       SERIALNUMBER    10      21:00:2D:17:00:00:00:00:00:05\n"
		"6       CANAME          15      CN=JASBURNS-AD\n"
		"7       SIGNATUREINFO   2       15\n";
	AUTO_DONE(bytes) file = { 0 };
	struct trust_list list = {
		.header = header_of("CN=CUCM8-Publisher.bbbburns.lab;OU=TAC;O=Cisco;L=RTP;ST=North "
				    "Carolina;C=US",
			"CN=JASBURNS-AD", reader_of(number, sizeof(number))),
	};
	list.header.file_name = reader_of_text("ITLFile.tlv");
	written(&list, 296, &file);
	char *text = printed(&file, true);
	assert_non_null(strstr(text, header));
	assert_non_null(
		strstr(text, "Length of ITL file: 296\nThe ITL File was last modified on "));
	assert_non_null(strstr(text, "\nThe ITL file was verified successfully.\n"));
	free(text);
}

static void unreadable(const char *source, struct reader file, const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	list_cucm_print_unreadable(to, source, file);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void a_list_that_is_not_there_is_told_as_published(void **state)
{
	(void)state;
	static const char ctl[] = "Length of CTL file: 0\n"
				  "CTL File not found . Please run CTLClient plugin or run the CLI "
				  "- utils ctl.. to generate the CTL file.\n"
				  "Error parsing the CTL File.\n";
	static const char itl[] = "Length of ITL file: 0\n"
				  "ITL File not found.\n"
				  "Error parsing the ITL File!!\n";
	struct reader none = reader_of(NULL, 0);
	unreadable("CTLFile.tlv", none, ctl);
	unreadable("tftp://10.0.0.1/CTLSEP001122334455.tlv", none, ctl);
	unreadable("CTL/ITLFile.tlv", none, itl);
	unreadable("-", none, itl);
	unreadable("ITLFile.tlv", reader_of_text("broken"),
		"The checksum value of the ITL file:\n"
		"54ddc3c7d064822eed932015d8740336(MD5)\n"
		"0b8a1caec23d75d1154b8d9bef9cec6c03697638(SHA1)\n"
		"\n"
		"Length of ITL file: 6\n"
		"\n"
		"Error parsing the ITL File!!\n");
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
		cmocka_unit_test(a_list_with_tokens_and_stubs_is_printed_as_published),
		cmocka_unit_test(an_itl_is_printed_as_published),
		cmocka_unit_test(a_list_that_is_not_there_is_told_as_published),
		cmocka_unit_test(the_kind_is_that_of_the_file_name),
		cmocka_unit_test(text_from_elsewhere_cannot_move_the_cursor),
	};
	/* Where the published list was printed; without a table of zones. */
	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cli/phone_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"

static const struct phone_message *found(const char *text)
{
	struct error err = { 0 };
	const struct phone_message *m = phone_message_find(text, &err);
	if (m == NULL)
		fail_msg("%s", err.text);
	return m;
}

static void means(const char *text, const char *words)
{
	assert_string_equal(found(text)->words[0], words);
}

static void unknown(const char *text, const char *near)
{
	struct error err = { 0 };
	if (phone_message_find(text, &err) != NULL)
		fail_msg("known: %s", text);
	assert_int_equal(err.fault, FAULT_MISSING);
	if (strstr(err.text, near) == NULL)
		fail_msg("%s does not name %s", err.text, near);
}

static void every_row_is_whole(void **state)
{
	(void)state;
	size_t count;
	const struct phone_message *rows = phone_message_rows(&count);
	for (size_t i = 0; i < count; i++) {
		const char *texts[] = { rows[i].words[0], rows[i].means, rows[i].cause,
			rows[i].action, rows[i].source };
		for (size_t n = 0; n < COUNT(texts); n++)
			assert_true(texts[n] != NULL && texts[n][0] != '\0');
		assert_string_not_equal(message_level_name(rows[i].level), "");
	}
}

/* No row stands in the shadow of one before it: each of its words finds itself, in any case. */
static void every_row_is_reached(void **state)
{
	(void)state;
	size_t count;
	const struct phone_message *rows = phone_message_rows(&count);
	for (size_t i = 0; i < count * MESSAGE_WORDS; i++) {
		const struct phone_message *row = &rows[i / MESSAGE_WORDS];
		const char *words = row->words[i % MESSAGE_WORDS];
		char upper[200], line[300];
		if (words == NULL)
			continue;
		assert_ptr_equal(found(words), row);
		(void)snprintf(upper, sizeof(upper), "%s", words);
		for (char *c = upper; *c != '\0'; c++)
			*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		(void)snprintf(line, sizeof(line), "Nov 23 16:04:00 [x] %s. (y)", upper);
		assert_ptr_equal(found(line), row);
	}
}

static void names_stand_for_any(void **state)
{
	(void)state;
	means("invalid file SEP001122334455.cnf.xml.sgn, authenticated fail. Reason:14",
		"invalid file *, authenticated fail. Reason:*");
	means("SEP001122334455.cnf.xml.sgn(HTTP)", "*.sgn(HTTP)");
	means("File  not\tfound <CTLSEP001122334455.tlv>", "File Not Found <CTL*.tlv>");
	means("File Not Found <ITLFile.tlv>", "File Not Found <ITL*.tlv>");
	means("File Not Found <SEP001122334455.cnf.xml.sgn>", "CFG File Not Found");
	means("File Not Found <ringlist.xml>", "File Not Found <*>");
	means("1234 NOT SECD: -PXY_NO_LSC: No LSC for [SCCP], will try MIC", "PXY_NO_LSC");
	means("SSL3 alert [read]:[fatal]:[unknown CA]", "SSL3 alert [read]:[fatal]:[unknown CA");
}

/* Lines as logs have them: times before, brackets around, blanks and case as they come. */
static void lines_of_logs_are_known(void **state)
{
	(void)state;
	static const struct {
		const char *line, *words;
	} lines[] = {
		{ "9:14:02a 11/23/26  No trust list INSTALLED", "No Trust List Installed" },
		{ "[16:04:00] CTL Installed.", "CTL installed" },
		{ "Nov 23 16:04:00 SEP001122334455 <13> Trust  List\tUpdated",
			"Trust List Updated" },
		{ "16:04:00: Erasing CTL and ITL files...", "Erasing CTL and ITL files" },
		{ "ctl UPDATE failed!", "CTL update failed" },
		{ "2026-11-23T16:04:00Z File not found <Cfg File>", "CFG File Not Found" },
		{ "16:04 CFG file not found", "CFG File Not Found" },
		{ "File Not Found <CTLFile.tlv>", "File Not Found <CTL*.tlv>" },
		{ "9:14a SEP001122334455.cnf.xml.sgn(HTTP)", "*.sgn(HTTP)" },
		{ "16:04 TFTP Authorization Failure (x)", "TFTP authorization failure" },
		{ "Phone failed to register. Cert key size is not FIPS compliant.",
			"Cert key size is not FIPS compliant" },
		{ "4523: NOT 16:04:00.123456 SECD: -PXY_NO_LSC: No LSC for [SCCP], will try MIC",
			"PXY_NO_LSC" },
		{ "secd: no lsc for [SIP], will try mic", "PXY_NO_LSC" },
		{ "4524: NOT 16:04:00 SECD: -PXY_CERT_CIPHER: [SCCP], [TLSv1], cert [LSC]",
			"PXY_CERT_CIPHER" },
		{ "4525: ERR 16:04:00 SECD: SSL3 alert [read]:[fatal]:[unknown CA]",
			"SSL3 alert [read]:[fatal]:[unknown CA" },
		{ "tlsv1 alert unknown ca", "SSL3 alert [read]:[fatal]:[unknown CA" },
		{ "16:04:00 SECD: TL file verified successfully.",
			"TL file verified successfully" },
		{ "16:04:00 SECD: TL file updated.", "TL file verified successfully" },
		{ "SECD: Hashes match... authentication successful.",
			"Hashes match... authentication successful" },
		{ "SECD: hdr ver 1.2 (knows only upto 1.1)", "hdr ver *(knows only upto *)" },
		{ "SECD: added cert to TVS cache - expires in 24 hours",
			"added cert to TVS cache" },
		{ "CertificateDBCache::getCertificateInformation - Found entry {rolecount : 2}",
			"Found entry {rolecount *" },
		{ "err CAPF_CLNT_PUBKEY_MISMATCH (7)", "CAPF_CLNT_PUBKEY_MISMATCH" },
		{ "CAPF_CLNT_DECRYPT_FILE_FAILED", "CAPF_CLNT_DECRYPT_FILE_FAILED" },
		{ "SECD: Role is = 21", "Role is = 21" },
		{ "[StatusCode = 8]", "StatusCode=8" },
		{ "File Not Found : CTLFile.tlv", "File Not Found <CTL*.tlv>" },
		{ "File Not Found : CTLSEP001122334455.tlv", "File Not Found <CTL*.tlv>" },
		{ "16:04 File not found  :  ITLFile.tlv", "File Not Found <ITL*.tlv>" },
		{ "File Not Found : SEP001122334455.cnf.xml.sgn", "CFG File Not Found" },
		{ "File Not Found : ringlist.xml", "File Not Found <*>" },
		{ "TFTP Error : Not Authorized", "TFTP Error: Not Authorized" },
		{ "9:14a TFTP error: not authorized.", "TFTP Error: Not Authorized" },
		{ "SEP001122334455.cnf.xml(TFTP)", "*.cnf.xml(TFTP)" },
		{ "SEP\xe2\x80\xa6.cnf.xml(TFTP)", "*.cnf.xml(TFTP)" },
		{ "SEP001122334455.cnf.xml (HTTP)", "*.cnf.xml(TFTP)" },
		{ "SEP001122334455.cnf.xml(HTTPS)", "*.cnf.xml(HTTPS)" },
		{ "SEP001122334455.cnf.xml.sgn (TFTP)", "*.sgn(HTTP)" },
		{ "alert unknown : CA, StatusCode : 4", "StatusCode=4" },
		{ "status code: 5", "StatusCode=5" },
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		means(lines[i].line, lines[i].words);
	unknown("Role is = 2", "is the nearest");
	unknown("hdr ver 1.2", "is the nearest");
	unknown("No LSC", "is the nearest");
	unknown("TFTP Error : 7", "is the nearest");
	unknown("SEP001122334455.cnf.xml(FTP)", "is the nearest");
	unknown("File Not Found :", "File Not Found");
	unknown("CAPF_CLNT_PUBKEY_MISMATCHED", "CAPF_CLNT_PUBKEY_MISMATCH");
}

static void nearly_the_same_is_told_apart(void **state)
{
	(void)state;
	means("CTL and ITL installed", "CTL and ITL installed");
	means("ITL installed", "ITL installed");
	means("Trust List Update Failed", "Trust List Update Failed");
	means("Trust List update failed, verification failure",
		"Trust List update failed, verification failure");
	means("Trust List Updated", "Trust List Updated");
	means("TL_FAILED", "StatusCode=7");
	means("TL_FAILED_OLD_TL", "StatusCode=9");
	means("TL_INITIAL_SUCCESS", "StatusCode=4");
	means("ITL_INITIAL_SUCCESS", "StatusCode=3");
}

/* A row of nine, in the alarm and alone; the alarm without a code is good news. */
static void status_codes_have_their_rows(void **state)
{
	(void)state;
	for (unsigned code = 1; code <= 9; code++) {
		char line[200], words[40];
		(void)snprintf(words, sizeof(words), "StatusCode=%u", code);
		(void)snprintf(line, sizeof(line),
			"%%UC_PHONE-6-DeviceTLInfo: %%[DeviceName=SEP001122334455][%s]: info",
			words);
		means(line, words);
		assert_int_equal(found(words)->level, code < 5 ? MESSAGE_FINE : MESSAGE_TROUBLE);
	}
	means("%UC_PHONE-6-DeviceTLInfo: %[DeviceName=SEP001122334455]", "DeviceTLInfo");
	unknown("%UC_PHONE-6-DeviceTLInfo: %[StatusCode=0]", "StatusCode");
	unknown("%UC_PHONE-6-DeviceTLInfo: %[StatusCode=10]", "StatusCode");
	unknown("StatusCode=77", "StatusCode=");
}

static void the_unknown_names_the_nearest(void **state)
{
	(void)state;
	unknown("Trust Lst Updaet Failed", "\"Trust List Update Failed\" is the nearest");
	unknown("the phone said its certificate was not in some cache",
		"\"Cannot find the certificate in the cache\" is the nearest");
	unknown("qqqq", "nor is anything like it");
	unknown("", "nor is anything like it");
	unknown("   ", "nor is anything like it");
}

static void words_do_not_begin_or_end_inside_others(void **state)
{
	(void)state;
	unknown("XITL installed", "ITL installed");
	unknown("ITL installedness", "ITL installed");
	unknown("No Trust List InstalledX", "No Trust List Installed");
	unknown("ITLinstalled", "ITL installed");
	unknown("File Not Found <>", "File Not Found");
}

static void what_is_shown_of_the_unknown_is_escaped(void **state)
{
	(void)state;
	struct error err = { 0 };
	assert_null(phone_message_find("\033[2J\xff", &err));
	assert_null(strchr(err.text, '\033'));
	assert_non_null(strstr(err.text, "\\xff"));
}

static void long_lines_have_a_limit(void **state)
{
	(void)state;
	static char line[MESSAGE_TEXT_MAX + 2];
	struct error err = { 0 };
	memset(line, '*', MESSAGE_TEXT_MAX + 1);
	assert_null(phone_message_find(line, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	line[MESSAGE_TEXT_MAX] = '\0';
	assert_null(phone_message_find(line, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	static const char words[] = " Trust List Updated";
	memcpy(line + MESSAGE_TEXT_MAX - (sizeof(words) - 1), words, sizeof(words));
	means(line, "Trust List Updated");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(every_row_is_reached),
		cmocka_unit_test(names_stand_for_any),
		cmocka_unit_test(lines_of_logs_are_known),
		cmocka_unit_test(nearly_the_same_is_told_apart),
		cmocka_unit_test(status_codes_have_their_rows),
		cmocka_unit_test(the_unknown_names_the_nearest),
		cmocka_unit_test(words_do_not_begin_or_end_inside_others),
		cmocka_unit_test(what_is_shown_of_the_unknown_is_escaped),
		cmocka_unit_test(long_lines_have_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

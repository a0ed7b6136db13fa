#include "cli/configuration_lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char name[] = "SEP001122334455.cnf.xml";
static const char sound[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a phone -->\n<device>\n"
	"<fullConfig>true</fullConfig>\n<deviceSecurityMode>3</deviceSecurityMode>\n"
	"<sipProfile><transportLayerProtocol> 3 </transportLayerProtocol></sipProfile>\n"
	"<capfAuthMode>3</capfAuthMode><capfList><capf><phonePort>3804</phonePort>"
	"<processNodeName>pub</processNodeName></capf></capfList>\n<certHash></certHash>\n"
	"<loadInformation>sip88xx.14-2-1-0101-67</loadInformation>\n"
	"<TVS><members><member priority=\"0\"><port>2445</port><address>pub</address></member>"
	"<member priority=\"1\"><port>2445</port><address>sub</address></member></members></TVS>\n"
	"<encrConfig>false</encrConfig>\n</device>\n";

static struct lint_findings *judged_as(const char *file, const char *header, struct reader xml)
{
	struct lint_scene scene = { .name = file, .header = header, .xml = xml };
	struct error err = { 0 };
	struct lint_findings *f = configuration_lint(&scene, &err);
	if (f == NULL)
		fail_msg("%s", err.text);
	return f;
}

static struct lint_findings *judged(const char *xml)
{
	return judged_as(name, NULL, reader_of_text(xml));
}

static const struct lint_finding *found(const struct lint_findings *f, const char *code)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->rows[i].rule->code, code) == 0)
			return &f->rows[i];
	return NULL;
}

#define MODE(n) "<deviceSecurityMode>" n "</deviceSecurityMode>"
#define SIP(n) "<sipProfile><transportLayerProtocol>" n "</transportLayerProtocol></sipProfile>"
#define CAPF "<capf><phonePort>3804</phonePort><processNodeName>p</processNodeName></capf>"
#define MEMBER(n) "<member priority=\"" n "\"><port>2445</port><address>a</address></member>"
#define TVS(x) "<TVS><members>" x "</members></TVS>"
#define TEN "0123456789"
#define HASH(x) "<certHash>" x "</certHash>"
#define VPN(x) "<vpnGroup><certHash1>" x "</certHash1></vpnGroup>"
#define B64_20 "AAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* What stands in <device>: the finding is there, and not with what is right beside it. */
/* clang-format off */
static const struct sample {
	const char *code, *wrong, *right;
} samples[] = {
	{ "wrong-case", "<certhash/>", "<certHash/>" },
	{ "wrong-case", "<vendorConfig><WebAccess>1</WebAccess></vendorConfig>",
	  "<vendorConfig><webAccess>1</webAccess></vendorConfig>" },
	{ "wrong-case", "<tvs/>", "<somethingElse/>" },
	{ "misplaced", "<vendorConfig><encrConfig>true</encrConfig></vendorConfig>",
	  "<encrConfig>true</encrConfig>" },
	{ "misplaced", "<a><capfList/></a>", "<capfList/>" },
	{ "twice", MODE("1") MODE("3"), MODE("1") "<a/>" },
	{ "twice", TVS("") "<a/>" TVS(""), TVS(MEMBER("0") MEMBER("1")) },
	{ "clear-password", "<sshPassword>x</sshPassword>", "<sshPassword> </sshPassword>" },
	{ "clear-password", "<sshPassword>x</sshPassword><encrConfig>false</encrConfig>",
	  "<sshPassword>x</sshPassword><encrConfig>true</encrConfig>" },
	{ "clear-password", "<a><authPassword>x</authPassword></a>", "<a><authPassword/></a>" },
	{ "clear-password", "<phonePassword>x</phonePassword>", "<phonePassword/>" },
	{ "clear-password", "<wifi><Passphrase>x</Passphrase></wifi>", "<wifi><pass>x</pass></wifi>" },
	{ "clear-password", "<sharedSecret>x</sharedSecret>", "<secretary>x</secretary>" },
	{ "guessable-password", "<sshPassword>cisco</sshPassword>", "<sshPassword>ciscx</sshPassword>" },
	{ "guessable-password", "<sshUserId>Bob</sshUserId><sshPassword>bob</sshPassword>",
	  "<sshUserId>bob</sshUserId><sshPassword>alice</sshPassword>" },
	{ "ssh-user", "<sshUserId>bob</sshUserId>", "<sshUserId></sshUserId>" },
	{ "full-and-encrypted", "<encrConfig>true</encrConfig>",
	  "<encrConfig>true</encrConfig><fullConfig>false</fullConfig>" },
	{ "security-mode", MODE("4"), MODE("3") },
	{ "security-mode", MODE("none"), MODE("") },
	{ "not-encrypted", MODE("2"), MODE("3") },
	{ "not-secured", MODE("1"), MODE("3") },
	{ "security-mode-missing", "", MODE("1") },
	{ "security-mode-missing", MODE(" "), "<fullConfig>false</fullConfig>" },
	{ "mode-without-tls", MODE("3") SIP("1"), MODE("3") SIP("3") },
	{ "mode-without-tls", MODE("2") SIP("4"), MODE("1") SIP("1") },
	{ "tls-without-mode", MODE("1") SIP("3"), MODE("2") SIP("3") },
	{ "tls-without-mode", SIP("3"), SIP("1") },
	{ "transport", SIP("2"), SIP("1") },
	{ "transport-security", MODE("3") "<transportLayerSecurityProtocol>1</transportLayerSecurityProtocol>",
	  MODE("3") SIP("3") "<transportLayerSecurityProtocol>1</transportLayerSecurityProtocol>" },
	{ "secured-port", MODE("3") "<securedSipPort>5060</securedSipPort>",
	  MODE("3") "<securedSipPort>5061</securedSipPort>" },
	{ "secured-port-number", "<securedSipPort>0</securedSipPort>", "<securedSipPort>1</securedSipPort>" },
	{ "secured-port-number", "<securedSipPort>65536</securedSipPort>", "<securedSipPort>65535</securedSipPort>" },
	{ "ciphers", "<disableTLSCiphers>8</disableTLSCiphers>", "<disableTLSCiphers>7</disableTLSCiphers>" },
	{ "ciphers", "<disableTLSCiphers>0</disableTLSCiphers>", "<disableTLSCiphers>1, 2</disableTLSCiphers>" },
	{ "ciphers", "<disableTLSCiphers>1;2</disableTLSCiphers>", "<disableTLSCiphers/>" },
	{ "ciphers", "<disableTLSCiphers>1,</disableTLSCiphers>", "<disableTLSCiphers>1</disableTLSCiphers>" },
	{ "no-cipher", "<disableTLSCiphers>7,6,5,4,3,2,1</disableTLSCiphers>",
	  "<disableTLSCiphers>1,2,3,4,5,6</disableTLSCiphers>" },
	{ "capf-null-string", "<capfAuthMode>2</capfAuthMode>", "<capfAuthMode>1</capfAuthMode>" },
	{ "capf-mode", "<capfAuthMode>5</capfAuthMode>", "<capfAuthMode>0</capfAuthMode>" },
	{ "capf-string-secured", MODE("3") "<capfAuthMode>1</capfAuthMode>",
	  MODE("1") "<capfAuthMode>1</capfAuthMode>" },
	{ "capf-list-missing", "<capfAuthMode>3</capfAuthMode><capfList/>",
	  "<capfAuthMode>3</capfAuthMode><capfList>" CAPF "</capfList>" },
	{ "capf-list-missing", "<capfAuthMode>1</capfAuthMode>", "<capfAuthMode>0</capfAuthMode>" },
	{ "capf-list-missing-secured", MODE("2"), MODE("1") },
	{ "capf-too-many", "<capfList>" CAPF CAPF CAPF CAPF CAPF CAPF "</capfList>",
	  "<capfList>" CAPF CAPF CAPF CAPF CAPF "</capfList>" },
	{ "capf-port-number", "<capfList><capf><phonePort>-1</phonePort></capf></capfList>",
	  "<capfList>" CAPF "</capfList>" },
	{ "capf-port", "<capfList><capf><phonePort>3803</phonePort></capf></capfList>",
	  "<capfList>" CAPF "</capfList>" },
	{ "capf-host", "<capfList><capf><processNodeName/></capf></capfList>",
	  "<capfList>" CAPF "</capfList>" },
	{ "certificate-hash", HASH(TEN TEN TEN "0"), HASH(TEN TEN TEN "00") },
	{ "certificate-hash", HASH(TEN TEN TEN TEN "0"), HASH(TEN TEN TEN TEN) },
	{ "certificate-hash", HASH(TEN TEN TEN "0g"), HASH("") },
	{ "certificate-hash-long", HASH(TEN TEN TEN TEN TEN TEN "0000"), HASH(TEN TEN TEN TEN) },
	{ "certificate-hash-case", HASH(TEN TEN TEN "0A"), HASH(TEN TEN TEN "0a") },
	{ "certificate-hash-missing", "<fullConfig>false</fullConfig><encrConfig>true</encrConfig>",
	  "<fullConfig>false</fullConfig><encrConfig>true</encrConfig>" HASH("0") },
	{ "encrypted", "<encrConfig>yes</encrConfig>", "<encrConfig>true</encrConfig>" },
	{ "full", "<fullConfig>TRUE</fullConfig>", "<fullConfig>true</fullConfig>" },
	{ "stub-leads-nowhere", "<fullConfig>false</fullConfig>",
	  "<fullConfig>false</fullConfig><encrConfig>true</encrConfig>" },
	{ "vpn-hash", VPN("deadbeef"), VPN(B64_20) },
	{ "vpn-hash", VPN("AAAA"), "<vpnGroup><mtu>1</mtu><certHash2/></vpnGroup>" },
	{ "tvs-missing", "", TVS(MEMBER("0")) },
	{ "tvs-missing", TVS(""), "<fullConfig>false</fullConfig>" },
	{ "tvs-too-many", TVS(MEMBER("0") MEMBER("1") MEMBER("2") MEMBER("3") MEMBER("4") MEMBER("0")),
	  TVS(MEMBER("0") MEMBER("1") MEMBER("2") MEMBER("3") MEMBER("4")) },
	{ "tvs-priority", TVS(MEMBER("5")), TVS(MEMBER("4")) },
	{ "tvs-priority", TVS("<member/>"), TVS(MEMBER("0")) },
	{ "tvs-priority-again", TVS(MEMBER("1") MEMBER("0") MEMBER("1")), TVS(MEMBER("1") MEMBER("0")) },
	{ "tvs-port-number", TVS("<member priority=\"0\"><port>x</port></member>"), TVS(MEMBER("0")) },
	{ "tvs-port", TVS("<member priority=\"0\"><port>2444</port></member>"), TVS(MEMBER("0")) },
	{ "tvs-address", TVS("<member><address>" TEN TEN TEN TEN TEN "0</address></member>"),
	  TVS("<member><address>" TEN TEN TEN TEN TEN "</address></member>") },
	{ "tvs-address-empty", TVS("<member><address/></member>"), TVS(MEMBER("0")) },
	{ "load-suffix", "<loadInformation>a.loads</loadInformation>", "<loadInformation>a</loadInformation>" },
	{ "load-name", "<loadInformation>../a</loadInformation>", "<loadInformation>a.1-2</loadInformation>" },
	{ "load-server", "<loadServer>x</loadServer>", "<loadServer/>" },
	{ "peer-firmware", "<peerFirmwareSharing>1</peerFirmwareSharing>",
	  "<peerFirmwareSharing>0</peerFirmwareSharing>" },
	{ "settings-open", "<settingsAccess>1</settingsAccess>", "<settingsAccess>2</settingsAccess>" },
	{ "web-open", "<v><webAccess>0</webAccess></v>", "<v><webAccess>1</webAccess></v>" },
	{ "ssh-open", "<v><sshAccess>0</sshAccess></v>", "<v><sshAccess>1</sshAccess></v>" },
	{ "clear-page", "<authenticationURL>http://a</authenticationURL>",
	  "<authenticationURL>https://a</authenticationURL>" },
	{ "clear-page", "<servicesURL>http://a</servicesURL>",
	  "<servicesURL>http://a</servicesURL><secureServicesURL>https://a</secureServicesURL>" },
	{ "clear-page", "<directoryURL>http://a</directoryURL>", "<directoryURL/>" },
	{ "clear-page", "<informationURL>http://a</informationURL>", "<idleURL>http://a</idleURL>" },
};

/* The same of whole files and their names. */
static const struct file_sample {
	const char *code, *file, *header, *wrong;
} file_samples[] = {
	{ "not-utf-8", name, NULL, "<device>\xe4</device>" },
	{ "not-utf-8", name, NULL, "\xff\xfe<" },
	{ "not-utf-8", name, NULL, "<device>\xc3" },
	{ "encoding", name, NULL, "<?xml version='1.0' encoding='ISO-8859-1'?><device/>" },
	{ "encoding", name, NULL, "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"x\"?><device/>" },
	{ "doctype", name, NULL, "<!DOCTYPE device><device/>" },
	{ "doctype", name, NULL, "<?xml version='1.0'?>\n<!-- x --><?y z?>\n<!DOCTYPE d [<!ENTITY a \"b\">]><d>&a;</d>" },
	{ "byte-order-mark", name, NULL, "\xef\xbb\xbf<device/>" },
	{ "not-xml", name, NULL, "" },
	{ "not-xml", name, NULL, "<device>" },
	{ "not-xml", name, NULL, "<device>&who;</device>" },
	{ "not-xml", name, NULL, "<device/><device/>" },
	{ "root", name, NULL, "<Device/>" },
	{ "root", name, NULL, "<config/>" },
	{ "name", "SEP00112233445.cnf.xml", NULL, "<device/>" },
	{ "name", "SEP00112233445a.cnf.xml", NULL, "<device/>" },
	{ "name", "sep001122334455.cnf.xml", NULL, "<device/>" },
	{ "name", "XMLDefault.cnf.xml", NULL, "<device/>" },
	{ "name", "SEP001122334455.cnf.xml", NULL, "<Default/>" },
	{ "name", ".cnf.xml", NULL, "<device/>" },
	{ "name-other", "SEP001122334455.xml", NULL, "<device/>" },
	{ "signed-name", name, "SEP001122334456.cnf.xml.sgn", "<device/>" },
	{ "signed-name", name, "SEP001122334455.cnf.xml", "<device/>" },
	{ "tvs-default", "XMLDefault.cnf.xml", NULL, "<Default/>" },
	{ "too-large", NULL, NULL, NULL }, /* a test of its own */
};
/* clang-format on */

static void a_sound_file_has_nothing(void **state)
{
	(void)state;
	static const char *const names[] = { NULL, name, "ATA001122334455.cnf.xml",
		"CSFbob.cnf.xml" };
	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO(lint_findings) f = judged_as(names[i], NULL, reader_of_text(sound));
		if (f->count > 0)
			fail_msg("%s: %s", f->rows[0].path, f->rows[0].rule->sentence);
	}
	AUTO(lint_findings) f =
		judged_as(name, "a/SEP001122334455.cnf.xml.sgn", reader_of_text(sound));
	assert_int_equal(f->count, 0);
}

static void each_mistake_is_found_and_its_mending_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		char xml[1500];
		(void)snprintf(xml, sizeof(xml), "<device>%s</device>", samples[i].wrong);
		AUTO(lint_findings) wrong = judged(xml);
		if (found(wrong, samples[i].code) == NULL)
			fail_msg("%s is not found in %s", samples[i].code, xml);
		(void)snprintf(xml, sizeof(xml), "<device>%s</device>", samples[i].right);
		AUTO(lint_findings) right = judged(xml);
		if (found(right, samples[i].code) != NULL)
			fail_msg("%s is found in %s", samples[i].code, xml);
	}
	AUTO(lint_findings) clean = judged(sound);
	for (size_t i = 0; i < COUNT(file_samples); i++) {
		const struct file_sample *s = &file_samples[i];
		if (s->wrong == NULL)
			continue;
		AUTO(lint_findings) f = judged_as(s->file, s->header, reader_of_text(s->wrong));
		if (found(f, s->code) == NULL)
			fail_msg("%s is not found in %s", s->code, s->wrong);
		assert_null(found(clean, s->code));
	}
}

static bool is_sampled(const char *code)
{
	for (size_t i = 0; i < COUNT(samples); i++)
		if (strcmp(samples[i].code, code) == 0)
			return true;
	for (size_t i = 0; i < COUNT(file_samples); i++)
		if (strcmp(file_samples[i].code, code) == 0)
			return true;
	return false;
}

static void every_rule_is_whole_and_tested(void **state)
{
	(void)state;
	size_t count;
	const struct lint_rule *rules = lint_rules(&count);
	for (size_t i = 0; i < count; i++) {
		const char *texts[] = { rules[i].code, rules[i].sentence, rules[i].action,
			rules[i].source };
		for (size_t n = 0; n < COUNT(texts); n++)
			if (texts[n] == NULL || texts[n][0] == '\0')
				fail_msg("%s, row %zu", rules[i].code, i);
		if (!is_sampled(rules[i].code))
			fail_msg("nothing tests %s", rules[i].code);
	}
}

static void secrets_are_not_shown(void **state)
{
	(void)state;
	AUTO(lint_findings) f = judged("<device><sshUserId>hush</sshUserId>"
				       "<sshPassword>hush</sshPassword><a><authPassword>hush"
				       "</authPassword></a><xPSK>hush</xPSK></device>");
	size_t secrets = 0;
	for (size_t i = 0; i < f->count; i++) {
		const struct lint_rule *rule = f->rows[i].rule;
		secrets += rule->level == LINT_SECURITY;
		if (rule->level == LINT_SECURITY)
			assert_string_equal(f->rows[i].value, "");
	}
	assert_int_equal(secrets, 4);
}

static void the_gravest_come_first_with_their_lines(void **state)
{
	(void)state;
	AUTO(lint_findings) f = judged("<device>\n<certhash/>\n<webAccess>0</webAccess>\n"
				       "<capfAuthMode>2</capfAuthMode>\n</device>");
	for (size_t i = 1; i < f->count; i++)
		assert_true(f->rows[i - 1].rule->level <= f->rows[i].rule->level);
	assert_string_equal(f->rows[0].rule->code, "capf-null-string");
	assert_string_equal(f->rows[0].path, "device/capfAuthMode");
	assert_string_equal(f->rows[0].value, "2");
	assert_int_equal(f->rows[0].line, 4);
	assert_int_equal(found(f, "wrong-case")->line, 2);
	assert_int_equal(f->of_level[LINT_SECURITY], 1);
}

static void a_fault_of_the_file_ends_the_reading(void **state)
{
	(void)state;
	AUTO(lint_findings) f =
		judged("<!DOCTYPE d><device><capfAuthMode>2</capfAuthMode></device>");
	assert_int_equal(f->count, 1);
	AUTO(lint_findings) empty = judged_as(name, NULL, reader_of(NULL, 0));
	assert_string_equal(empty->rows[0].rule->code, "not-xml");
	AUTO(lint_findings) g = judged("<device>\n<capfAuthMode>2</capfAuthMode>\n</devise>");
	assert_int_equal(g->count, 1);
	assert_int_equal(g->rows[0].line, 3);
	assert_string_not_equal(g->rows[0].value, "");
}

static void what_comments_and_names_say_is_no_doctype(void **state)
{
	(void)state;
	AUTO(lint_findings) f =
		judged("<!-- <!DOCTYPE x> --><device><a><![CDATA[<!DOCTYPE y>]]></a>"
		       "</device>");
	assert_null(found(f, "doctype"));
	assert_null(found(f, "not-xml"));
}

static void values_are_escaped(void **state)
{
	(void)state;
	AUTO(lint_findings) f =
		judged("<device><capfAuthMode>\xc2\x9b[2J\xe2\x80\xae</capfAuthMode></device>");
	const struct lint_finding *row = found(f, "capf-mode");
	assert_non_null(row);
	assert_null(strstr(row->value, "\xc2\x9b"));
}

static void sizes_have_a_limit(void **state)
{
	(void)state;
	char *xml = malloc(LINT_FILE_MAX + 2);
	assert_non_null(xml);
	memset(xml, ' ', LINT_FILE_MAX + 1);
	memcpy(xml, "<device/>", 9);
	AUTO(lint_findings) most = judged_as(name, NULL, reader_of(xml, LINT_FILE_MAX));
	assert_null(found(most, "too-large"));
	AUTO(lint_findings) beyond = judged_as(name, NULL, reader_of(xml, LINT_FILE_MAX + 1));
	assert_non_null(found(beyond, "too-large"));
	assert_int_equal(beyond->count, 1);
	size_t used = (size_t)snprintf(xml, LINT_FILE_MAX, "<device>");
	for (int i = 0; i < LINT_TAGS_MAX - 2; i++)
		used += (size_t)snprintf(xml + used, 8, "<TVS/>");
	used += (size_t)snprintf(xml + used, 16, "</device>");
	AUTO(lint_findings) tags = judged_as(name, NULL, reader_of(xml, used));
	assert_null(found(tags, "too-large"));
	used += (size_t)snprintf(xml + used, 16, "<!---->");
	AUTO(lint_findings) more = judged_as(name, NULL, reader_of(xml, used));
	assert_non_null(found(more, "too-large"));
	free(xml);
}

static void findings_beyond_the_limit_are_counted(void **state)
{
	(void)state;
	static char xml[LINT_FINDINGS * 40 + 100];
	size_t used = (size_t)snprintf(xml, sizeof(xml), "<device>");
	for (int i = 0; i < LINT_FINDINGS + 5; i++)
		used += (size_t)snprintf(xml + used, sizeof(xml) - used, "<a><webaccess/></a>");
	(void)snprintf(xml + used, sizeof(xml) - used, "</device>");
	AUTO(lint_findings) f = judged(xml);
	assert_int_equal(f->count, LINT_FINDINGS);
	assert_true(f->omitted >= 5);
	assert_int_equal(f->of_level[LINT_FAULT], LINT_FINDINGS + 5);
}

/* Deep nests and what libxml2 stops at are findings, not crashes. */
static void depth_is_no_danger(void **state)
{
	(void)state;
	static char xml[20000];
	size_t used = 0;
	for (int i = 0; i < 3000; i++)
		used += (size_t)snprintf(xml + used, sizeof(xml) - used, "<a>");
	AUTO(lint_findings) f = judged(xml);
	assert_non_null(found(f, "not-xml"));
}

static void check_any(struct reader xml)
{
	AUTO(lint_findings) f = judged_as(name, NULL, xml);
	for (size_t i = 0; i < f->count; i++) {
		assert_true(f->rows[i].line >= 0);
		assert_true(strlen(f->rows[i].value) < LINT_VALUE);
	}
}

static void cut_and_changed_files_are_judged(void **state)
{
	(void)state;
	uint8_t copy[sizeof(sound)];
	for (size_t size = 0; size < sizeof(sound) - 1; size++) {
		AUTO(lint_findings) f = judged_as(name, NULL, reader_of(sound, size));
		if (size < sizeof(sound) - 2)
			assert_true(f->of_level[LINT_FAULT] > 0);
	}
	for (size_t i = 0; i < sizeof(sound) - 1; i++)
		for (unsigned change = 0; change < 4; change++) {
			static const uint8_t masks[] = { 0x01, 0x20, 0x80, 0xff };
			memcpy(copy, sound, sizeof(sound));
			copy[i] = (uint8_t)(copy[i] ^ masks[change]);
			check_any(reader_of(copy, sizeof(sound) - 1));
		}
}

static void levels_have_names(void **state)
{
	static const char *const names[LINT_LEVELS] = { "security", "fault", "warning", "note" };
	(void)state;
	for (int level = 0; level < LINT_LEVELS; level++)
		assert_string_equal(lint_level_name((enum lint_level)level), names[level]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_file_has_nothing),
		cmocka_unit_test(each_mistake_is_found_and_its_mending_not),
		cmocka_unit_test(every_rule_is_whole_and_tested),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(the_gravest_come_first_with_their_lines),
		cmocka_unit_test(a_fault_of_the_file_ends_the_reading),
		cmocka_unit_test(what_comments_and_names_say_is_no_doctype),
		cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(sizes_have_a_limit),
		cmocka_unit_test(findings_beyond_the_limit_are_counted),
		cmocka_unit_test(depth_is_no_danger),
		cmocka_unit_test(cut_and_changed_files_are_judged),
		cmocka_unit_test(levels_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

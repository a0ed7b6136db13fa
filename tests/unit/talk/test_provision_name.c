#include "talk/provision_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names_are_explained(void **state)
{
	(void)state;
	static const struct {
		const char *asked;
		enum provision_kind kind;
		const char *source;
		const char *device;
	} rows[] = {
		{ "ITLFile.tlv", PROVISION_ITL, "ITLFile.tlv", "" },
		{ "/ITLFile.tlv", PROVISION_ITL, "ITLFile.tlv", "" },
		{ "itlfile.TLV", PROVISION_ITL, "ITLFile.tlv", "" },
		{ "ITLSEP001122334455.tlv", PROVISION_ITL, "ITLFile.tlv", "SEP001122334455" },
		{ "ITLSEP00aabbccddee.tlv", PROVISION_ITL, "ITLFile.tlv", "SEP00AABBCCDDEE" },
		{ "ITLATA001122334455.tlv", PROVISION_ITL, "ITLFile.tlv", "ATA001122334455" },
		{ "CTLFile.tlv", PROVISION_CTL, "CTLFile.tlv", "" },
		{ "CTLSEP001122334455.tlv", PROVISION_CTL, "CTLFile.tlv", "SEP001122334455" },
		{ "ITLSEP00112233445.tlv", PROVISION_PLAIN, "ITLSEP00112233445.tlv", "" },
		{ "ITLSEP00112233445G.tlv", PROVISION_PLAIN, "ITLSEP00112233445G.tlv", "" },
		{ "ITL.tlv", PROVISION_PLAIN, "ITL.tlv", "" },
		{ "SEP001122334455.cnf.xml", PROVISION_PLAIN, "SEP001122334455.cnf.xml",
			"SEP001122334455" },
		{ "SEP001122334455.cnf.xml.sgn", PROVISION_SIGNED, "SEP001122334455.cnf.xml",
			"SEP001122334455" },
		{ "SEP001122334455.cnf.xml.enc.sgn", PROVISION_ENCRYPTED, "SEP001122334455.cnf.xml",
			"SEP001122334455" },
		{ "CSFalice.cnf.xml.sgn", PROVISION_SIGNED, "CSFalice.cnf.xml", "CSFalice" },
		{ "XMLDefault.cnf.xml.sgn", PROVISION_SIGNED, "XMLDefault.cnf.xml", "" },
		{ "Ringlist.xml.sgn", PROVISION_SIGNED, "Ringlist.xml", "" },
		{ "Desktops/320x196x4/List.xml.sgn", PROVISION_SIGNED,
			"Desktops/320x196x4/List.xml", "" },
		{ "mk-sip.jar.sgn", PROVISION_SIGNED, "mk-sip.jar", "" },
		{ "sip88xx.14-2.loads", PROVISION_PLAIN, "sip88xx.14-2.loads", "" },
		{ "kern88xx.bin.sgn", PROVISION_PLAIN, "kern88xx.bin.sgn", "" },
		{ "kern88xx.bin2.sgn", PROVISION_PLAIN, "kern88xx.bin2.sgn", "" },
		{ "rootfs.zz.sgn", PROVISION_PLAIN, "rootfs.zz.sgn", "" },
		{ "update.cop.SGN", PROVISION_PLAIN, "update.cop.SGN", "" },
		{ ".xml.sgn", PROVISION_PLAIN, NULL, "" },
		{ "SEP001122334455", PROVISION_PLAIN, "SEP001122334455", "" },
		{ "key.xml", PROVISION_PLAIN, "key.xml", "" },
		{ "a.keys", PROVISION_PLAIN, "a.keys", "" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { 0 };
		struct provision_name name;
		bool fine = provision_name_parse(rows[i].asked, &name, &err);
		assert_int_equal(fine, rows[i].source != NULL);
		if (!fine)
			continue;
		if (name.kind != rows[i].kind)
			fail_msg("%s: kind %d", rows[i].asked, (int)name.kind);
		assert_string_equal(name.name, rows[i].asked + (rows[i].asked[0] == '/' ? 1 : 0));
		assert_string_equal(name.source, rows[i].source);
		assert_string_equal(name.device, rows[i].device);
	}
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "", "/", "//", "//etc/passwd", "..", "../x", "a/../x",
		"a/..", "a/./x", "./x", ".ssh/id", "a/.hidden", ".hidden", "a//x", "a/", "a\\x",
		"..\\x", "C:x", "a\nb", "a\x7f", "a\x01", "\xff\xfe", "tvs.pem", "a/tvs.KEY",
		"store.db", "store.sqlite", "store.sqlite-wal", "store.sqlite3-SHM",
		"store.db-journal", "x.p12", "x.pfx", "x.jks", "tvs.pem.sgn", "a/tvs.KEY.SGN",
		"store.db.sgn", "tvs.pem.enc.sgn" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct error err = { 0 };
		struct provision_name name = { .kind = PROVISION_CTL };
		if (provision_name_parse(names[i], &name, &err))
			fail_msg("row %zu is taken", i);
		assert_int_equal(err.fault, FAULT_REFUSED);
		assert_true(err.text[0] != '\0');
		assert_int_equal(name.kind, PROVISION_CTL);
	}
}

static void the_longest_name(void **state)
{
	(void)state;
	char asked[LIMIT_FILE_NAME + 1];
	struct error err = { 0 };
	struct provision_name name;
	memset(asked, 'x', sizeof(asked));
	asked[LIMIT_FILE_NAME - 1] = '\0';
	assert_true(provision_name_parse(asked, &name, &err));
	asked[LIMIT_FILE_NAME - 1] = 'x';
	asked[LIMIT_FILE_NAME] = '\0';
	assert_false(provision_name_parse(asked, &name, &err));
	assert_true(err.fault == FAULT_LIMIT || err.fault == FAULT_REFUSED);
}

/* Whatever one byte of a name becomes: it is refused, or nothing of it leads elsewhere. */
static void every_changed_byte_stays_beneath(void **state)
{
	(void)state;
	char asked[] = "Desktops/320x196x4/SEP001122334455.cnf.xml.sgn";
	for (size_t at = 0; at < sizeof(asked) - 1; at++) {
		char before = asked[at];
		for (unsigned value = 1; value < 256; value++) {
			struct error err = { 0 };
			struct provision_name name;
			asked[at] = (char)value;
			if (!provision_name_parse(asked, &name, &err)) {
				assert_true(err.text[0] != '\0');
				continue;
			}
			assert_true(name.name[0] != '/' && name.name[0] != '.');
			assert_null(strstr(name.name, "/."));
			assert_null(strstr(name.name, "//"));
			assert_null(strpbrk(name.name, "\\:"));
		}
		asked[at] = before;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_explained),
		cmocka_unit_test(names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(the_longest_name),
		cmocka_unit_test(every_changed_byte_stays_beneath),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

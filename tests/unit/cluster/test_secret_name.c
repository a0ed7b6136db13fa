#include "cluster/secret_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *name;
	bool secret;
} rows[] = {
	{ "cert.key", true },
	{ "CERT.KEY", true },
	{ "a/tvs.Pem", true },
	{ "x.p12", true },
	{ "x.pfx", true },
	{ "x.jks", true },
	{ "x.keystore", true },
	{ "store.db", true },
	{ "store.sqlite", true },
	{ "store.sqlite3", true },
	{ "store.db-wal", true },
	{ "store.sqlite-SHM", true },
	{ "store.db-journal", true },
	{ "", false },
	{ "key", false },
	{ ".key", false },
	{ "cert.keys", false },
	{ "cert.key.sgn", false },
	{ "pem.xml", false },
	{ "SEP001122334455.cnf.xml", false },
};

static void names_tell(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (secret_name(rows[i].name) != rows[i].secret)
			fail_msg("%s", rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names_tell) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

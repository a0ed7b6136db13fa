#include "trust/certificate_use.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/own.h"

enum { OF_TVS = 1, OF_CAPF, OF_TOMCAT, OF_RECOVERY, OF_ROOT, OF_STRANGER };

static const uint8_t digests[][DIGEST_SIZE] = { [OF_TVS] = { OF_TVS },
	[OF_CAPF] = { OF_CAPF },
	[OF_TOMCAT] = { OF_TOMCAT },
	[OF_RECOVERY] = { OF_RECOVERY },
	[OF_ROOT] = { OF_ROOT },
	[OF_STRANGER] = { OF_STRANGER } };

static struct live_identity identity(const char *unit, int which, bool running)
{
	struct live_identity row = { .unit = unit_find(unit), .node = "pub", .running = running };
	memcpy(row.digest, digests[which], DIGEST_SIZE);
	row.self_issued = which != OF_TOMCAT;
	memcpy(row.issuer, which == OF_TOMCAT ? "CN=root" : "CN=self", sizeof("CN=root"));
	return row;
}

static enum certificate_use use_of(
	const char *store, const char *node, int which, const char *subject)
{
	struct live_identity rows[] = { identity("TVS", OF_TVS, true),
		identity("CAPF", OF_CAPF, false), identity("tomcat", OF_TOMCAT, true),
		identity("ITLRecovery", OF_RECOVERY, false) };
	struct live_identities live = { rows, COUNT(rows) };
	struct stored_certificate what = { unit_find(store), node, digests[which], subject };
	assert_non_null(what.store);
	return certificate_use(&live, &what);
}

static void what_a_service_shows_or_signs_with_serves(void **state)
{
	(void)state;
	assert_int_equal(use_of("TVS", "pub", OF_TVS, "CN=self"), USE_SERVING);
	assert_int_equal(use_of("tomcat", "pub", OF_TOMCAT, "CN=pub"), USE_SERVING);
	assert_int_equal(use_of("ITLRecovery", "pub", OF_RECOVERY, "CN=self"), USE_SERVING);
}

static void what_nobody_shows_is_idle(void **state)
{
	(void)state;
	assert_int_equal(use_of("CAPF", "pub", OF_CAPF, "CN=self"), USE_IDLE);
	assert_int_equal(use_of("TVS", "sub1", OF_TVS, "CN=self"), USE_IDLE);
	assert_int_equal(use_of("TVS", "pub", OF_STRANGER, "CN=self"), USE_IDLE);
	assert_int_equal(use_of("CallManager", "pub", OF_TVS, "CN=self"), USE_IDLE);
}

static void copies_and_issuers_of_what_serves_vouch(void **state)
{
	(void)state;
	assert_int_equal(use_of("TVS-trust", "sub1", OF_TVS, "CN=self"), USE_VOUCHING);
	assert_int_equal(use_of("tomcat-trust", "pub", OF_TOMCAT, "CN=pub"), USE_VOUCHING);
	assert_int_equal(use_of("tomcat-trust", "pub", OF_ROOT, "CN=root"), USE_VOUCHING);
}

static void other_copies_are_idle(void **state)
{
	(void)state;
	assert_int_equal(use_of("CallManager-trust", "pub", OF_CAPF, "CN=self"), USE_IDLE);
	assert_int_equal(use_of("tomcat-trust", "pub", OF_STRANGER, "CN=other"), USE_IDLE);
	/* who issued itself needs nobody of the same name */
	assert_int_equal(use_of("TVS-trust", "pub", OF_STRANGER, "CN=self"), USE_IDLE);
	assert_int_equal(use_of("tomcat-trust", "pub", OF_STRANGER, ""), USE_IDLE);
}

static void uses_have_names(void **state)
{
	(void)state;
	assert_string_equal(certificate_use_name(USE_SERVING), "serving");
	assert_string_equal(certificate_use_name(USE_VOUCHING), "vouching");
	assert_string_equal(certificate_use_name(USE_IDLE), "idle");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_service_shows_or_signs_with_serves),
		cmocka_unit_test(what_nobody_shows_is_idle),
		cmocka_unit_test(copies_and_issuers_of_what_serves_vouch),
		cmocka_unit_test(other_copies_are_idle),
		cmocka_unit_test(uses_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cluster/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/own.h"
#include "cluster/service.h"
#include "pki/self_signed.h"

static const struct unit *units(size_t *count)
{
	return unit_rows(count);
}

static void rows_are_named_once_and_found(void **state)
{
	(void)state;
	size_t count;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(unit_find(rows[i].name), &rows[i]);
		assert_true(strlen(rows[i].name) < NODE_NAME_SIZE);
		assert_true(strlen(rows[i].means) > 0);
		assert_true(rows[i].nodes != 0 && rows[i].nodes < 1U << (NODE_PRESENCE + 1));
	}
	assert_ptr_equal(unit_find("callmanager"), unit_find("CallManager"));
	assert_null(unit_find("CallManage"));
	assert_null(unit_find("CallManager "));
	assert_null(unit_find(""));
}

static void only_identities_have_keys_and_only_stores_end_in_trust(void **state)
{
	(void)state;
	size_t count;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++) {
		const struct unit *u = &rows[i];
		const char *end = strstr(u->name, "-trust");
		assert_true(u->trust == (end != NULL && strlen(end) == strlen("-trust")));
		assert_true(u->trust == (u->key == UNIT_KEY_NONE));
		assert_true(u->trust == (u->common_name == NULL));
		assert_true(u->trust == (u->usages == 0));
		if (!u->trust)
			continue;
		assert_int_equal(u->scope, SCOPE_NODE);
		assert_int_equal(u->lists, LISTS_NONE);
		assert_int_equal(u->list_role_count, 0);
		assert_null(u->copies[0]);
		assert_false(
			u->made_at_install || u->signs_lists || u->signs_files || u->authority);
	}
}

static void copies_go_to_trust_stores(void **state)
{
	(void)state;
	size_t count;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++)
		for (size_t c = 0; c < UNIT_COPIES && rows[i].copies[c] != NULL; c++) {
			const struct unit *store = unit_find(rows[i].copies[c]);
			assert_non_null(store);
			assert_true(store->trust);
			assert_int_equal(rows[i].nodes & ~store->nodes, 0);
		}
	assert_true(unit_find("CAPF")->keeps_old_copies);
	assert_true(unit_find("ipsec")->copies_stay_home);
	assert_null(unit_find("TVS")->copies[0]);
}

static void roles_have_rows_and_appear_once(void **state)
{
	(void)state;
	size_t count;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++) {
		assert_true(rows[i].role_count <= UNIT_ROLES);
		assert_true(rows[i].list_role_count <= UNIT_ROLES);
		for (size_t r = 0; r < rows[i].role_count; r++) {
			assert_non_null(role_find(rows[i].roles[r]));
			assert_int_not_equal(rows[i].roles[r], ROLE_UNKNOWN);
			for (size_t other = r + 1; other < rows[i].role_count; other++)
				assert_int_not_equal(rows[i].roles[r], rows[i].roles[other]);
		}
		assert_true((rows[i].lists == LISTS_NONE) == (rows[i].list_role_count == 0));
	}
}

/* The appliance's own table of what TVS vouches for; a unit that is not in it stands for nothing.
 */
static void tvs_vouches_for_these_roles(void **state)
{
	(void)state;
	static const struct {
		const char *unit;
		enum role roles[2];
		size_t count;
	} vouched[] = {
		{ "CallManager", { ROLE_CCM_TFTP, ROLE_SAST }, 2 },
		{ "Phone-SAST-trust", { ROLE_SAST, ROLE_TFTP }, 2 },
		{ "ITLRecovery", { ROLE_SAST }, 1 },
		{ "CAPF", { ROLE_CAPF }, 1 },
		{ "TVS", { ROLE_TVS }, 1 },
		{ "tomcat", { ROLE_APP_SERVER }, 1 },
		{ "tomcat-trust", { ROLE_APP_SERVER }, 1 },
		{ "ipsec", { ROLE_APP_SERVER }, 1 },
		{ "Phone-CTL-trust", { ROLE_APP_SERVER }, 1 },
		{ "Phone-trust", { ROLE_APP_SERVER }, 1 },
		{ "Phone-VPN-trust", { ROLE_VPN }, 1 },
	};
	size_t count, with_roles = 0;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++)
		with_roles += rows[i].role_count > 0;
	assert_int_equal(with_roles, COUNT(vouched));
	for (size_t i = 0; i < COUNT(vouched); i++) {
		const struct unit *unit = unit_find(vouched[i].unit);
		assert_int_equal(unit->role_count, vouched[i].count);
		for (size_t r = 0; r < unit->role_count; r++)
			assert_int_equal(unit->roles[r], vouched[i].roles[r]);
	}
}

static void services_of_list_roles_exist(void **state)
{
	(void)state;
	size_t count;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++)
		for (size_t r = 0; r < rows[i].list_role_count; r++) {
			const struct unit_list_role *role = &rows[i].list_roles[r];
			assert_non_null(role_find(role->role));
			assert_true(role->if_service == (role->service != NULL));
			assert_true(role->service == NULL || service_find(role->service) != NULL);
		}
}

/* A trust list holds at most two role-0 records, and its signer must be one of them. */
static void signers_of_lists_are_role_0_and_no_more_than_two(void **state)
{
	(void)state;
	size_t count, anchors = 0, file_signers = 0;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++) {
		bool anchor = false;
		for (size_t r = 0; r < rows[i].list_role_count; r++)
			anchor = anchor || rows[i].list_roles[r].role == ROLE_SAST;
		assert_true(anchor == rows[i].signs_lists);
		assert_true(!rows[i].signs_lists || rows[i].key == UNIT_KEY_RSA_2048);
		anchors += anchor;
		file_signers += rows[i].signs_files;
	}
	assert_int_equal(anchors, 2);
	assert_int_equal(file_signers, 1);
	assert_string_equal(unit_file_signer()->name, "CallManager");
	assert_string_equal(unit_for_authorities()->name, "CAPF-trust");
	assert_string_equal(unit_for_authorities()->uploads_also, "CallManager-trust");
	assert_int_equal(unit_file_signer()->key, UNIT_KEY_RSA_2048);
	assert_string_equal(unit_for_service("Cisco Trust Verification Service")->name, "TVS");
	assert_string_equal(unit_for_service("Cisco Tftp")->name, "tomcat");
}

/* What `show itl` lists, from the first record to the last. */
static void the_table_is_in_the_order_of_an_itl(void **state)
{
	(void)state;
	static const struct {
		const char *unit;
		enum role role;
	} itl[] = { { "ITLRecovery", ROLE_SAST }, { "CallManager", ROLE_SAST },
		{ "CallManager", ROLE_TFTP }, { "CAPF", ROLE_CAPF }, { "TVS", ROLE_TVS } };
	size_t count, at = 0;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++)
		for (size_t r = 0; r < rows[i].list_role_count; r++, at++) {
			assert_true(at < COUNT(itl));
			assert_string_equal(rows[i].name, itl[at].unit);
			assert_int_equal(rows[i].list_roles[r].role, itl[at].role);
		}
	assert_int_equal(at, COUNT(itl));
}

static void usages_are_the_numbers_of_pki(void **state)
{
	(void)state;
	const unsigned service = USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT |
		USAGE_DATA_ENCIPHERMENT | USAGE_KEY_AGREEMENT | USAGE_CERT_SIGN | PURPOSE_SERVER |
		PURPOSE_CLIENT | PURPOSE_IPSEC_END_SYSTEM;
	assert_int_equal(unit_find("tomcat")->usages, service);
	assert_int_equal(unit_find("CallManager")->usages, service);
	assert_int_equal(unit_find("TVS")->usages, service);
	assert_int_equal(unit_find("ITLRecovery")->usages, service);
	assert_int_equal(unit_find("tomcat-ECDSA")->usages,
		service & ~(unsigned)(USAGE_KEY_ENCIPHERMENT | USAGE_DATA_ENCIPHERMENT));
	assert_int_equal(unit_find("CAPF")->usages,
		USAGE_DIGITAL_SIGNATURE | USAGE_CERT_SIGN | PURPOSE_SERVER | PURPOSE_CLIENT);
	assert_true(unit_find("CAPF")->authority);
}

static void what_a_node_gets_at_install(void **state)
{
	(void)state;
	static const unsigned expected[] = {
		[NODE_PUBLISHER] = 8, [NODE_SUBSCRIBER] = 6, [NODE_PRESENCE] = 9
	};
	size_t count;
	const struct unit *rows = units(&count);
	for (int role = NODE_PUBLISHER; role <= NODE_PRESENCE; role++) {
		unsigned made = 0;
		for (size_t i = 0; i < count; i++)
			made += rows[i].made_at_install &&
				unit_is_on(&rows[i], (enum node_role)role);
		assert_int_equal(made, expected[role]);
	}
	for (size_t i = 0; i < count; i++)
		if (rows[i].scope == SCOPE_CLUSTER)
			assert_int_equal(rows[i].nodes, 1 << NODE_PUBLISHER);
}

static void common_names_are_filled_in(void **state)
{
	(void)state;
	char name[COMMON_NAME_SIZE];
	assert_true(unit_common_name(unit_find("TVS"), "pub.example.net", 0, name, NULL));
	assert_string_equal(name, "pub.example.net");
	assert_true(unit_common_name(unit_find("tomcat-ECDSA"), "pub", 0, name, NULL));
	assert_string_equal(name, "pub-EC");
	assert_true(unit_common_name(unit_find("ITLRecovery"), "pub", 0, name, NULL));
	assert_string_equal(name, "ITLRECOVERY_pub");
	assert_true(unit_common_name(unit_find("CAPF"), "pub", 0x87c0a5, name, NULL));
	assert_string_equal(name, "CAPF-0087c0a5");
}

static void a_name_for_all_nodes_stands_before_the_domain(void **state)
{
	(void)state;
	static const struct {
		const char *unit, *host, *name;
	} names[] = {
		{ "tomcat", "pub.example.net", "pub-ms.example.net" },
		{ "tomcat", "pub", "pub-ms" },
		{ "tomcat-ECDSA", "pub.example.net", "pub-EC-ms.example.net" },
		{ "cup-xmpp-s2s", "im.example", "im-s2s-ms.example" },
	};
	char name[COMMON_NAME_SIZE] = "untouched", host[COMMON_NAME_SIZE];
	struct error err = { 0 };
	memset(host, 'h', sizeof(host));
	host[COMMON_NAME_SIZE - 3] = '\0'; /* one more than leaves room for "-ms" */
	assert_false(unit_multi_server_name(unit_find("tomcat"), host, name, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_string_equal(name, "untouched");
	assert_true(unit_multi_server_name(unit_find("tomcat"), host + 1, name, &err));
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct unit *unit = unit_find(names[i].unit);
		assert_true(unit_multi_server_name(unit, names[i].host, name, NULL));
		assert_string_equal(name, names[i].name);
	}
}

/* It is on every node, takes RSA alone, never travels itself, and no process of ours shows it: its
 * key goes to a program beside the daemon only where the operator says so. docs/deploy-hooks.md */
static void one_unit_opens_seals(void **state)
{
	(void)state;
	size_t count;
	const struct unit *rows = units(&count), *opener = unit_seal_opener();
	assert_non_null(opener);
	for (size_t i = 0; i < count; i++)
		assert_true(rows[i].opens_seals == (&rows[i] == opener));
	for (int role = NODE_PUBLISHER; role <= NODE_PRESENCE; role++)
		assert_true(unit_is_on(opener, (enum node_role)role));
	assert_true(opener->made_at_install && opener->key == UNIT_KEY_RSA_2048);
	assert_false(opener->multi_server || opener->signs_files || opener->signs_lists);
	size_t services;
	const struct service *served = service_rows(&services);
	for (size_t i = 0; i < services; i++)
		assert_true(served[i].leaf == NULL || served[i].process == NULL ||
			strcmp(served[i].leaf, opener->name) != 0);
}

static void a_host_name_that_fills_the_common_name_fits_and_one_more_does_not(void **state)
{
	(void)state;
	char host[COMMON_NAME_SIZE + 1], name[COMMON_NAME_SIZE] = "untouched";
	memset(host, 'h', sizeof(host));
	host[COMMON_NAME_SIZE] = '\0';
	struct error err = { 0 };
	assert_false(unit_common_name(unit_find("TVS"), host, 0, name, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	assert_string_equal(name, "untouched");
	host[COMMON_NAME_SIZE - 1] = '\0';
	assert_true(unit_common_name(unit_find("TVS"), host, 0, name, &err));
	assert_string_equal(name, host);
	assert_false(unit_common_name(unit_find("CallManager-ECDSA"), host, 0, name, &err));
	assert_string_equal(name, host);
}

static void requests_ask_for_what_the_unit_is_for(void **state)
{
	(void)state;
	size_t count;
	const struct unit *rows = units(&count);
	for (size_t i = 0; i < count; i++) {
		assert_true((rows[i].csr_usages != 0) == (rows[i].chain != NULL));
		assert_true(!rows[i].multi_server || rows[i].csr_usages != 0);
		if (rows[i].chain == NULL)
			continue;
		assert_false(rows[i].trust);
		assert_true(unit_find(rows[i].chain)->trust);
		assert_int_equal(rows[i].nodes & ~unit_find(rows[i].chain)->nodes, 0);
		assert_true((rows[i].csr_usages & PURPOSE_SERVER) != 0);
	}
	assert_null(unit_find("ITLRecovery")->chain);
	assert_false(unit_find("CAPF")->multi_server || unit_find("ipsec")->multi_server);
	assert_int_equal(unit_find("CallManager")->csr_usages,
		PURPOSE_SERVER | PURPOSE_CLIENT | USAGE_DIGITAL_SIGNATURE |
			USAGE_DATA_ENCIPHERMENT);
	assert_int_equal(unit_find("CAPF")->csr_usages,
		PURPOSE_SERVER | PURPOSE_CLIENT | USAGE_DIGITAL_SIGNATURE | USAGE_CERT_SIGN);
	assert_int_equal(unit_find("ipsec")->csr_usages,
		PURPOSE_SERVER | PURPOSE_CLIENT | PURPOSE_IPSEC_END_SYSTEM |
			USAGE_DIGITAL_SIGNATURE | USAGE_KEY_ENCIPHERMENT | USAGE_DATA_ENCIPHERMENT);
}

static void only_these_years_may_be_chosen(void **state)
{
	(void)state;
	static const uint64_t allowed[] = { 1, 2, 5, 10, 20 }, refused[] = { 0, 3, 4, 6, 19, 21 };
	for (size_t i = 0; i < COUNT(allowed); i++)
		assert_true(unit_years_check(allowed[i], NULL));
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct error err = { 0 };
		assert_false(unit_years_check(refused[i], &err));
		assert_int_equal(err.fault, FAULT_USAGE);
	}
}

static void keys_are_found_by_name_in_any_case(void **state)
{
	(void)state;
	enum unit_key key = UNIT_KEY_NONE;
	assert_true(unit_key_from_name("rsa-4096", &key));
	assert_int_equal(key, UNIT_KEY_RSA_4096);
	assert_true(unit_key_from_name("EC-P521", &key));
	assert_string_equal(unit_key_name(key), "EC-P521");
	assert_false(unit_key_from_name("RSA-1024", &key));
	assert_false(unit_key_from_name("RSA", &key));
	assert_false(unit_key_from_name("", &key));
	assert_int_equal(key, UNIT_KEY_EC_521);
	assert_string_equal(unit_key_name(UNIT_KEY_NONE), "none");
}

static void what_signs_for_phones_takes_2048_bits_or_4096_by_force(void **state)
{
	(void)state;
	static const struct {
		const char *unit;
		enum unit_key key;
		bool forced, allowed;
	} cases[] = {
		{ "CallManager", UNIT_KEY_RSA_2048, false, true },
		{ "CallManager", UNIT_KEY_RSA_3072, false, false },
		{ "CallManager", UNIT_KEY_RSA_3072, true, false },
		{ "CallManager", UNIT_KEY_RSA_4096, false, false },
		{ "CallManager", UNIT_KEY_RSA_4096, true, true },
		{ "CallManager", UNIT_KEY_EC_256, true, false },
		{ "ITLRecovery", UNIT_KEY_RSA_3072, true, false },
		{ "ITLRecovery", UNIT_KEY_RSA_4096, false, false },
		{ "tomcat", UNIT_KEY_RSA_3072, false, true },
		{ "tomcat", UNIT_KEY_RSA_4096, false, true },
		{ "tomcat", UNIT_KEY_EC_384, true, false },
		{ "tomcat-ECDSA", UNIT_KEY_EC_521, false, true },
		{ "tomcat-ECDSA", UNIT_KEY_RSA_2048, true, false },
		{ "tomcat", UNIT_KEY_NONE, true, false },
		{ "tomcat-trust", UNIT_KEY_RSA_2048, true, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		assert_int_equal(unit_key_check(unit_find(cases[i].unit), cases[i].key,
					 cases[i].forced, &err),
			cases[i].allowed);
		assert_int_equal(err.fault, cases[i].allowed ? FAULT_NONE : FAULT_REFUSED);
	}
}

static void a_hash_is_at_least_as_strong_as_the_key(void **state)
{
	(void)state;
	assert_true(unit_hash_check(UNIT_KEY_EC_521, 0, NULL));
	assert_true(unit_hash_check(UNIT_KEY_EC_521, 512, NULL));
	assert_false(unit_hash_check(UNIT_KEY_EC_521, 384, NULL));
	assert_true(unit_hash_check(UNIT_KEY_EC_384, 384, NULL));
	assert_false(unit_hash_check(UNIT_KEY_EC_384, 256, NULL));
	assert_true(unit_hash_check(UNIT_KEY_RSA_4096, 256, NULL));
	struct error err = { 0 };
	assert_false(unit_hash_check(UNIT_KEY_RSA_2048, 160, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_named_once_and_found),
		cmocka_unit_test(only_identities_have_keys_and_only_stores_end_in_trust),
		cmocka_unit_test(copies_go_to_trust_stores),
		cmocka_unit_test(roles_have_rows_and_appear_once),
		cmocka_unit_test(tvs_vouches_for_these_roles),
		cmocka_unit_test(services_of_list_roles_exist),
		cmocka_unit_test(signers_of_lists_are_role_0_and_no_more_than_two),
		cmocka_unit_test(the_table_is_in_the_order_of_an_itl),
		cmocka_unit_test(usages_are_the_numbers_of_pki),
		cmocka_unit_test(what_a_node_gets_at_install),
		cmocka_unit_test(requests_ask_for_what_the_unit_is_for),
		cmocka_unit_test(only_these_years_may_be_chosen),
		cmocka_unit_test(keys_are_found_by_name_in_any_case),
		cmocka_unit_test(what_signs_for_phones_takes_2048_bits_or_4096_by_force),
		cmocka_unit_test(a_hash_is_at_least_as_strong_as_the_key),
		cmocka_unit_test(common_names_are_filled_in),
		cmocka_unit_test(a_name_for_all_nodes_stands_before_the_domain),
		cmocka_unit_test(one_unit_opens_seals),
		cmocka_unit_test(a_host_name_that_fills_the_common_name_fits_and_one_more_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

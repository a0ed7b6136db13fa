/* What may be uploaded, and each reason for which it may not. */
#include "trust/certified.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "unit/pki/issued.h"

static struct key *ca_key, *own_key, *other_key;
static struct cert *root, *middle;

static struct request requested(const char *common_name, const char *second)
{
	struct error err = { 0 };
	struct request_profile profile = { .name_count = 1, .names = { "pub.lab" } };
	(void)snprintf(profile.subject.common_name, sizeof(profile.subject.common_name), "%s",
		common_name);
	(void)snprintf(profile.names[1], sizeof(profile.names[1]), "%s", second);
	profile.name_count += second[0] != '\0';
	AUTO_DONE(bytes) der = { 0 };
	struct request request = { 0 };
	assert_true(request_make(&profile, own_key, &der, &err));
	assert_true(request_parse(bytes_reader(&der), &request, &err));
	return request;
}

static struct issue leaf(void)
{
	return (struct issue){ ISSUED("pub.lab", "Middle", own_key, ca_key),
		.extensions = { { "subjectAltName", "DNS:pub.lab" },
			{ "keyUsage", "digitalSignature,dataEncipherment" },
			{ "extendedKeyUsage", "serverAuth,clientAuth" } } };
}

struct attempt {
	const char *unit;
	struct issue issue;
	size_t store_count; /* of middle, root */
	const char *second; /* further name of the request */
	enum fault fault;
	const char *words; /* NULL: it may be uploaded */
};

static void attempt(const struct attempt *a)
{
	struct error err = { 0 };
	const struct cert *store[] = { middle, root };
	AUTO(cert) cert = issued(&a->issue);
	AUTO_DONE(request) request = requested("pub.lab", a->second == NULL ? "" : a->second);
	struct certified what = { unit_find(a->unit), cert, &request, store, a->store_count,
		ISSUED_NOW };
	bool may = certified_check(&what, &err);
	if (may != (a->words == NULL))
		fail_msg("%s", may ? "it may be uploaded" : err.text);
	if (may)
		return;
	if (strstr(err.text, a->words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err.text, a->words);
	assert_int_equal(err.fault, a->fault);
}

static void what_fits_is_taken(void **state)
{
	(void)state;
	attempt(&(struct attempt){ "tomcat", leaf(), 2, NULL, FAULT_NONE, NULL });
	struct attempt bare = { "TVS", leaf(), 2, NULL, FAULT_NONE, NULL };
	bare.issue.extensions[1].name = bare.issue.extensions[2].name = NULL;
	attempt(&bare);
	struct attempt capf = { "CAPF", leaf(), 2, NULL, FAULT_NONE, NULL };
	capf.issue.extensions[1].value = "digitalSignature,keyCertSign";
	capf.issue.extensions[3].name = "basicConstraints";
	capf.issue.extensions[3].value = "critical,CA:TRUE,pathlen:0";
	attempt(&capf);
	struct attempt names = { "tomcat", leaf(), 2, "b.lab", FAULT_NONE, NULL };
	names.issue.extensions[0].value = "DNS:B.lab,DNS:pub.lab";
	attempt(&names);
}

static void the_chain_must_be_there(void **state)
{
	(void)state;
	static const char words[] = "CA certificate is not available in the trust-store";
	for (size_t count = 0; count < 2; count++)
		attempt(&(struct attempt){ "tomcat", leaf(), count, NULL, FAULT_UNTRUSTED, words });
	struct attempt self = { "tomcat", leaf(), 2, NULL, FAULT_REFUSED, "self-signed" };
	self.issue.issuer = "pub.lab";
	self.issue.issuer_key = own_key;
	attempt(&self);
	struct attempt forged = { "tomcat", leaf(), 2, NULL, FAULT_UNTRUSTED, "" };
	forged.issue.issuer_key = other_key; /* of the right name only */
	attempt(&forged);
}

static void the_request_must_be_answered(void **state)
{
	(void)state;
	struct attempt a = { "tomcat", leaf(), 2, NULL, FAULT_REFUSED,
		"CSR public key and certificate public key do not match" };
	a.issue.key = other_key;
	attempt(&a);
	a = (struct attempt){ "tomcat", leaf(), 2, "b.lab", FAULT_REFUSED,
		"CSR SAN and Certificate SAN does not match" };
	attempt(&a);
	a.second = NULL;
	static const char *const others[] = { "DNS:pub.lab,DNS:b.lab", "DNS:sub.lab",
		"email:pub.lab", "DNS:pub.lab,IP:192.0.2.1" };
	for (size_t i = 0; i < COUNT(others); i++) {
		a.issue.extensions[0].value = others[i];
		attempt(&a);
	}
	a = (struct attempt){ "tomcat", leaf(), 2, NULL, FAULT_REFUSED, "the common name" };
	a.issue.subject = "pub";
	attempt(&a);
	a.issue.subject = "pub.lab.example";
	attempt(&a);
	a = (struct attempt){ "tomcat", leaf(), 2, NULL, FAULT_REFUSED, "it expired" };
	a.issue.not_after = ISSUED_NOW - 1;
	attempt(&a);
	a = (struct attempt){ "tomcat", leaf(), 2, NULL, FAULT_UNTRUSTED, "not valid before" };
	a.issue.not_before = ISSUED_NOW + 1;
	attempt(&a);
}

static void the_unit_must_be_able_to_use_it(void **state)
{
	(void)state;
	struct attempt a = { "tomcat", leaf(), 2, NULL, FAULT_REFUSED, "digitalSignature" };
	a.issue.extensions[1].value = "keyEncipherment";
	attempt(&a);
	a = (struct attempt){ "tomcat", leaf(), 2, NULL, FAULT_REFUSED, "serverAuth" };
	a.issue.extensions[2].value = "clientAuth";
	attempt(&a);
	a = (struct attempt){ "ipsec", leaf(), 2, NULL, FAULT_REFUSED, "must not carry" };
	a.issue.extensions[3].name = "basicConstraints";
	a.issue.extensions[3].value = "CA:TRUE";
	attempt(&a);
	a.unit = "CAPF"; /* and no keyCertSign */
	a.words = "must carry";
	attempt(&a);
	a = (struct attempt){ "CAPF", leaf(), 2, NULL, FAULT_REFUSED, "must carry" };
	attempt(&a);
	a = (struct attempt){ "tomcat", leaf(), 2, NULL, FAULT_REFUSED, "can be forged" };
	a.issue.digest = "SHA1";
	attempt(&a);
}

static void anchor(const struct issue *what, const char *store, const char *words)
{
	struct error err = { 0 };
	AUTO(cert) cert = issued(what);
	bool may = anchor_check(cert, unit_find(store), ISSUED_NOW, &err);
	if (may != (words == NULL))
		fail_msg("%s", may ? "it may be uploaded" : err.text);
	if (may)
		return;
	assert_int_equal(err.fault, FAULT_REFUSED);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err.text, words);
}

static void a_trust_store_takes_what_can_be_believed(void **state)
{
	(void)state;
	struct issue ca = { ISSUED("Root", "Root", ca_key, ca_key), .extensions = { ISSUED_CA } };
	struct issue server = { ISSUED("ldap.lab", "ldap.lab", own_key, own_key) };
	anchor(&ca, "CAPF-trust", NULL);
	anchor(&server, "tomcat-trust", NULL);
	anchor(&server, "CAPF-trust", "holds issuers only");
	anchor(&server, "TVS-trust", "holds issuers only");
	ca.not_after = ISSUED_NOW - 1;
	anchor(&ca, "tomcat-trust", "expired");
	ca.not_after = 0;
	ca.subject = ca.issuer = "my CAPF-1";
	anchor(&ca, "tomcat-trust", "CAPF-");
	ca.subject = ca.issuer = "Root";
	ca.extensions[1].name = "keyUsage";
	ca.extensions[1].value = "cRLSign";
	anchor(&ca, "tomcat-trust", "keyCertSign");
}

static int make(void **state)
{
	(void)state;
	ca_key = key_generate(KEY_RSA_2048, NULL);
	own_key = key_generate(KEY_RSA_2048, NULL);
	other_key = key_generate(KEY_RSA_2048, NULL);
	root = issued(&(struct issue){
		ISSUED("Root", "Root", ca_key, ca_key), .extensions = { ISSUED_CA } });
	middle = issued(&(struct issue){
		ISSUED("Middle", "Root", ca_key, ca_key), .extensions = { ISSUED_CA } });
	return 0;
}

static int done(void **state)
{
	(void)state;
	cert_free(root);
	cert_free(middle);
	key_free(ca_key);
	key_free(own_key);
	key_free(other_key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_taken),
		cmocka_unit_test(the_chain_must_be_there),
		cmocka_unit_test(the_request_must_be_answered),
		cmocka_unit_test(the_unit_must_be_able_to_use_it),
		cmocka_unit_test(a_trust_store_takes_what_can_be_believed),
	};
	return cmocka_run_group_tests(tests, make, done);
}

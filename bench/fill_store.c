/*
 * Puts many certificates into a trust store of a node, through the store as a manager does it.
 *
 * usage: bench-fill-store URL NODE COUNT
 *
 * All are made with one key and differ in name and serial number. They go into tomcat-trust, in
 * changes of a few hundred, each with its row in the audit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/self_signed.h"
#include "store/store.h"

enum { IN_ONE_CHANGE = 500 };

struct filling {
	struct key *key;
	const char *node;
	unsigned long next, end;
};

static bool put_one(struct txn *t, const struct filling *f, unsigned long number, struct error *err)
{
	struct certificate_profile profile = {
		.subject = { .organization = "Dialtrust Bench",
			.unit = "Telephony",
			.country = "PT" },
		.usages = USAGE_DIGITAL_SIGNATURE | PURPOSE_SERVER,
		.not_before = 1700000000,
		.days = 1825,
	};
	struct entry entry = { .store = "tomcat-trust", .reason = "Trust Certificate" };
	(void)snprintf(profile.subject.common_name, sizeof(profile.subject.common_name),
		"server-%lu.bench.example", number);
	(void)snprintf(entry.name, sizeof(entry.name), "server-%lu.bench.example.pem", number);
	(void)snprintf(entry.node, sizeof(entry.node), "%s", f->node);
	AUTO(cert) cert = certificate_self_sign(&profile, f->key, err);
	if (cert == NULL)
		return false;
	memcpy(entry.digest, cert_digest(cert), DIGEST_SIZE);
	return txn_put_certificate(t, entry.digest, cert_der(cert), err) &&
		txn_put_entry(t, &entry, err);
}

static bool put_some(struct txn *t, void *context, struct error *err)
{
	const struct filling *f = context;
	for (unsigned long i = f->next; i < f->end && i < f->next + IN_ONE_CHANGE; i++)
		if (!put_one(t, f, i, err))
			return false;
	return true;
}

static bool fill(const char *url, struct filling *f, struct error *err)
{
	struct change change = { "bench", "trust import", "many certificates" };
	AUTO(key) key = key_generate(KEY_RSA_2048, err);
	AUTO(store) store = store_open(url, err);
	if (key == NULL || store == NULL)
		return false;
	f->key = key;
	for (; f->next < f->end; f->next += IN_ONE_CHANGE)
		if (!store_change(store, &change, put_some, f, NULL, err))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	if (argc != 4) {
		(void)fprintf(stderr, "usage: bench-fill-store URL NODE COUNT\n");
		return 2;
	}
	struct filling f = { .node = argv[2], .end = strtoul(argv[3], NULL, 10) };
	if (fill(argv[1], &f, &err))
		return 0;
	(void)fprintf(stderr, "bench-fill-store: %s\n", err.text);
	return 1;
}

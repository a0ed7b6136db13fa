/*
 * How long the change of a regeneration takes, from the made key to the commit, as a manager makes
 * it: certificate, identity, copies on every node, lists wanted, services flagged, the answer.
 *
 * usage: bench-regenerate URL NODE UNIT COUNT
 *
 * First every node of the cluster gets an identity of each of its units that it lacks, as if its
 * daemon had run. Prints milliseconds, one regeneration a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "manager/manager_impl.h"
#include "pki/self_signed.h"

enum { DAYS = 1825 };

struct bench {
	struct store *store;
	struct key *key;
	struct txn *txn;
	unsigned long number;
	const struct node *node;
	struct made_identity made;
};

static bool make(
	struct bench *b, const struct unit *unit, const struct node *node, struct error *err)
{
	struct certificate_profile profile = {
		.subject = { .organization = "Dialtrust Bench", .unit = "Telephony" },
		.usages = USAGE_DIGITAL_SIGNATURE | PURPOSE_SERVER,
		.not_before = 1700000000,
		.days = DAYS,
	};
	uint32_t suffix = (uint32_t)b->number++;
	if (!unit_common_name(unit, node->host, suffix, profile.subject.common_name, err))
		return false;
	identity_done(&b->made);
	b->made = (struct made_identity){ .unit = unit, .reason = identity_reason };
	b->made.cert = certificate_self_sign(&profile, b->key, err);
	(void)snprintf(b->made.node, sizeof(b->made.node), "%s", node->name);
	if (b->made.cert != NULL) /* any name that no other key has */
		memcpy(b->made.key, cert_digest(b->made.cert), DIGEST_SIZE);
	return b->made.cert != NULL;
}

static bool record(struct txn *t, void *context, struct error *err)
{
	struct bench *b = context;
	if (!identity_record(t, &b->made, err) ||
		!services_after(t, b->made.unit->name, b->made.node, err))
		return false;
	json_auto_t *answer = consequences_of(t, &b->made, "done", err);
	return answer != NULL;
}

static bool give_identities(const struct node *node, void *into, struct error *err)
{
	size_t count;
	struct bench *b = into;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		struct identity_row row;
		bool here = units[i].scope == SCOPE_NODE || node->role == NODE_PUBLISHER;
		if (units[i].trust || !here || !unit_is_on(&units[i], node->role) ||
			store_identity(
				txn_store(b->txn), units[i].name, node->name, &row, NULL, NULL))
			continue;
		if (!make(b, &units[i], node, err) || !identity_record(b->txn, &b->made, err))
			return false;
	}
	return true;
}

static bool complete(struct txn *t, void *context, struct error *err)
{
	struct bench *b = context;
	b->txn = t;
	return store_nodes(txn_store(t), give_identities, b, err);
}

static double milliseconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* it is always there */
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool measure(
	struct bench *b, const struct unit *unit, unsigned long count, struct error *err)
{
	static const struct change filling = { "bench", "node install", "all nodes" };
	static const struct change regeneration = { "bench", "cert regen", "bench" };
	if (!store_change(b->store, &filling, complete, b, NULL, err))
		return false;
	for (unsigned long i = 0; i < count; i++) {
		if (!make(b, unit, b->node, err))
			return false;
		double began = milliseconds();
		if (!store_change(b->store, &regeneration, record, b, NULL, err))
			return false;
		(void)printf("%.3f\n", milliseconds() - began);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	struct node node;
	if (argc != 5) {
		(void)fprintf(stderr, "usage: bench-regenerate URL NODE UNIT COUNT\n");
		return 2;
	}
	AUTO(store) store = store_open(argv[1], &err);
	AUTO(key) key = key_generate(KEY_RSA_2048, &err);
	const struct unit *unit = unit_find(argv[3]);
	struct bench b = { .store = store, .key = key, .node = &node };
	bool fine = store != NULL && key != NULL && unit != NULL &&
		store_node(store, argv[2], &node, &err) &&
		measure(&b, unit, strtoul(argv[4], NULL, 10), &err);
	identity_done(&b.made);
	if (!fine)
		(void)fprintf(stderr, "bench-regenerate: %s\n", err.text);
	return fine ? 0 : 1;
}

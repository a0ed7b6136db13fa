#pragma once
/*
 * The cluster kept. Reads may happen at any time; every change is one store_change(): one
 * transaction, one row in the hash-chained audit, one step of the change number, durable when it
 * returns. Only managers open a store. Rows handed to a callback live until it returns; a callback
 * that returns false ends the walk with its own error.
 */
#include "base/bytes.h"
#include "cluster/node.h"
#include "pki/digest.h"

struct store;
struct txn;

/* "sqlite:PATH"; makes the file (0660) and applies missing migrations. FAULT_STORE says what to
 * do: wrong owner, read-only, newer than this program, not on a local disk. */
struct store *store_open(const char *url, struct error *err);
/* Where it would wait for another one, it fails with FAULT_BUSY once this descriptor is readable:
 * for a process that was told to end. */
void store_give_up_on(struct store *s, int fd);
void store_close(struct store *s);
static inline void store_free(struct store *s)
{
	store_close(s);
}
DEFINE_AUTO(store, store_free);

struct change {
	const char *actor;  /* "uid 0", "manager of sub1" */
	const char *action; /* "cert regen" */
	const char *detail; /* one line: what, where */
};

typedef bool change_fn(struct txn *t, void *context, struct error *err);
/* Runs `work` between BEGIN IMMEDIATE and COMMIT, possibly again when the store was busy, so it
 * must ask nobody. FAULT_BUSY after 5 s. `number` (may be NULL) gets the new change number. */
bool store_change(struct store *s, const struct change *what, change_fn *work, void *context,
	uint64_t *number, struct error *err) MUST_CHECK;
/* The same for observations: no audit, no change number. */
bool store_observe(struct store *s, change_fn *work, void *context, struct error *err) MUST_CHECK;
struct store *txn_store(struct txn *t);   /* for reading inside the transaction */
uint64_t txn_number(const struct txn *t); /* the change number that this change will have */

bool store_change_number(struct store *s, uint64_t *out, struct error *err) MUST_CHECK;
/* Cheap: true when another connection has committed since the last call. */
bool store_changed_elsewhere(struct store *s);
bool store_audit_head(struct store *s, uint8_t out[static DIGEST_SIZE], struct error *err)
	MUST_CHECK;
/* Walks the whole chain; FAULT_STORE names the first row that does not fit. A cut tail shows only
 * against a head that was kept elsewhere. */
bool store_audit_verify(struct store *s, uint64_t *rows, struct error *err) MUST_CHECK;

struct audit_row {
	uint64_t change;
	int64_t time;
	char actor[64], action[64], detail[256]; /* escaped, and cut where they were longer */
	uint8_t hash[DIGEST_SIZE];
};
typedef bool audit_fn(const struct audit_row *row, void *into, struct error *err);
bool store_audit(struct store *s, audit_fn *each, void *into, struct error *err) MUST_CHECK;
bool store_audit_some(struct store *s, uint64_t after, uint64_t last, audit_fn *each, void *into,
	struct error *err) MUST_CHECK;

/* cluster */

struct cluster_row {
	char name[NODE_NAME_SIZE];
	struct cluster_subject subject;
	int64_t created;
};
bool store_cluster(struct store *s, struct cluster_row *out, struct error *err) MUST_CHECK;
bool txn_make_cluster(struct txn *t, const struct cluster_row *row, struct error *err) MUST_CHECK;
/* The set value, or the row's default. `name` must have a row in cluster/parameter.h. */
bool store_parameter(struct store *s, const char *name, char *out, size_t size, struct error *err)
	MUST_CHECK;
bool txn_set_parameter(struct txn *t, const char *name, const char *value, struct error *err)
	MUST_CHECK;

/* nodes and phones */

typedef bool node_fn(const struct node *node, void *into, struct error *err);
bool store_nodes(struct store *s, node_fn *each, void *into, struct error *err) MUST_CHECK;
bool store_node(struct store *s, const char *name, struct node *out, struct error *err) MUST_CHECK;
bool txn_put_node(struct txn *t, const struct node *node, struct error *err) MUST_CHECK;

struct phone_row {
	char name[DEVICE_NAME_SIZE];
	char description[128];
	char node[NODE_NAME_SIZE]; /* whose provision.root has its configuration */
};
typedef bool phone_fn(const struct phone_row *phone, void *into, struct error *err);
bool store_phones(struct store *s, phone_fn *each, void *into, struct error *err) MUST_CHECK;
bool txn_put_phone(struct txn *t, const struct phone_row *phone, struct error *err) MUST_CHECK;
bool txn_remove_phone(struct txn *t, const char *name, struct error *err) MUST_CHECK;

/* certificates, entries of stores, identities */

bool txn_put_certificate(struct txn *t, const uint8_t digest[static DIGEST_SIZE], struct reader der,
	struct error *err) MUST_CHECK; /* stored once, again is fine */
bool store_certificate(struct store *s, const uint8_t digest[static DIGEST_SIZE], struct bytes *der,
	struct error *err) MUST_CHECK;

struct entry {                      /* membership of a certificate in a store of a node */
	char store[NODE_NAME_SIZE]; /* unit name: "CallManager" or "CallManager-trust" */
	char node[NODE_NAME_SIZE];
	uint8_t digest[DIGEST_SIZE];
	char name[256];   /* the appliance's file name, "pub.pem" */
	char reason[128]; /* "Self-signed certificate generated by system" */
	uint64_t change;  /* change number that made it */
};
typedef bool entry_fn(const struct entry *entry, struct reader der, void *into, struct error *err);
/* `store` and `node` may be NULL for all; ordered by store, node, name. */
bool store_entries(struct store *s, const char *store, const char *node, entry_fn *each, void *into,
	struct error *err) MUST_CHECK;
/* Replaces an entry of the same store, node and name. FAULT_REFUSED where the certificate was
 * deleted from that store and its tombstone stands. */
bool txn_put_entry(struct txn *t, const struct entry *entry, struct error *err) MUST_CHECK;
/* For copies that follow by themselves: what was deleted is left out. */
bool txn_copy_entry(struct txn *t, const struct entry *entry, struct error *err) MUST_CHECK;
/* FAULT_MISSING when there was none. */
bool txn_remove_entry(struct txn *t, const char *store, const char *node, const char *name,
	struct error *err) MUST_CHECK;

struct tombstone { /* what was deleted from a trust store, on every node */
	char store[NODE_NAME_SIZE];
	uint8_t digest[DIGEST_SIZE];
	char name[256];   /* its file name then */
	char reason[128]; /* the operator's */
	uint64_t change;
};
typedef bool tombstone_fn(
	const struct tombstone *tombstone, struct reader der, void *into, struct error *err);
/* `store` may be NULL for all; the latest first. */
bool store_tombstones(struct store *s, const char *store, tombstone_fn *each, void *into,
	struct error *err) MUST_CHECK;
bool txn_put_tombstone(struct txn *t, const struct tombstone *tombstone, struct error *err)
	MUST_CHECK;
/* The certificate may come again. FAULT_MISSING when it was not deleted. */
bool txn_remove_tombstone(struct txn *t, const char *store,
	const uint8_t digest[static DIGEST_SIZE], struct error *err) MUST_CHECK;

struct identity_row { /* a unit's live certificate and the name of its key */
	char unit[NODE_NAME_SIZE];
	char node[NODE_NAME_SIZE]; /* where the key is; the publisher for SCOPE_CLUSTER */
	uint8_t digest[DIGEST_SIZE];
	uint8_t key[DIGEST_SIZE];
	uint64_t change;
};
typedef bool identity_fn(
	const struct identity_row *row, struct reader der, void *into, struct error *err);
bool store_identities(struct store *s, identity_fn *each, void *into, struct error *err) MUST_CHECK;
/* FAULT_MISSING when that unit has none there; `der` may be NULL. */
bool store_identity(struct store *s, const char *unit, const char *node, struct identity_row *out,
	struct bytes *der, struct error *err) MUST_CHECK;
/* The predecessors of a node's identities, by unit, the last one first, with the change that
 * retired them. */
typedef bool retired_fn(
	const struct identity_row *row, uint64_t retired, void *into, struct error *err);
bool store_retired(struct store *s, const char *node, retired_fn *each, void *into,
	struct error *err) MUST_CHECK;
/* Makes it live; the predecessor, if any, is kept as retired. The certificate must be stored. */
bool txn_put_identity(struct txn *t, const struct identity_row *row, struct error *err) MUST_CHECK;

/* services */

struct service_row {
	char service[NODE_NAME_SIZE];
	char node[NODE_NAME_SIZE];
	bool activated;
	int64_t started;         /* 0: not yet */
	uint64_t restart_wanted; /* change number that asks for a restart; 0: none */
	uint64_t restarted; /* change number of the last restart; what was loaded earlier is old */
};
typedef bool service_fn(const struct service_row *row, void *into, struct error *err);
bool store_services(struct store *s, service_fn *each, void *into, struct error *err) MUST_CHECK;
bool txn_put_service(struct txn *t, const struct service_row *row, struct error *err) MUST_CHECK;

/* lists */

struct list_row {
	char name[NODE_NAME_SIZE]; /* "ITL pub", "CTL" */
	char node[NODE_NAME_SIZE]; /* the TFTP node; "" for the cluster's CTL */
	uint64_t wanted;           /* generation that is to be: beyond `published` until it is */
	uint64_t published;        /* generation that is served; 0: none yet */
	char signer_unit[NODE_NAME_SIZE];
	char signer_node[NODE_NAME_SIZE]; /* whose manager must build it */
};
typedef bool list_fn(const struct list_row *row, void *into, struct error *err);
bool store_lists(struct store *s, list_fn *each, void *into, struct error *err) MUST_CHECK;
/* Generation = the last one wanted + 1, once a change. Makes the list when it is new. `node` "":
 * the cluster's. */
bool txn_want_list(struct txn *t, const char *name, const char *node, const char *signer_unit,
	const char *signer_node, struct error *err) MUST_CHECK;
/* Archives the generation and moves the pointer, unless a later one is wanted: then false with
 * FAULT_BUSY. */
bool txn_publish_list(struct txn *t, const char *name, uint64_t generation, struct reader file,
	struct error *err) MUST_CHECK;
/* generation 0: the published one. FAULT_MISSING. */
bool store_list_file(struct store *s, const char *name, uint64_t generation, struct bytes *file,
	struct error *err) MUST_CHECK;

/* jobs: work for another node's manager */

enum job_state { JOB_WAITING, JOB_DONE, JOB_FAILED };
struct job {
	uint64_t id;
	char node[NODE_NAME_SIZE];
	char operation[64]; /* words of the op: "cert regen" */
	char *arguments;    /* JSON */
	char *result;       /* JSON; for a failed one {"fault", "error"} */
	char actor[64];
	enum job_state state;
};
bool txn_add_job(struct txn *t, const struct job *job, uint64_t *id, struct error *err) MUST_CHECK;
/* The oldest waiting one of the node. FAULT_MISSING when there is none. */
bool store_next_job(struct store *s, const char *node, struct job *out, struct error *err)
	MUST_CHECK;
bool store_job(struct store *s, uint64_t id, struct job *out, struct error *err) MUST_CHECK;
bool txn_finish_job(struct txn *t, uint64_t id, enum job_state state, const char *result,
	struct error *err) MUST_CHECK;
void job_done(struct job *job);

/* what each node's processes were seen to serve: observations, not audited changes */

typedef bool serving_fn(
	const char *node, const char *process, uint64_t number, void *into, struct error *err);
bool store_serving(struct store *s, serving_fn *each, void *into, struct error *err) MUST_CHECK;
bool store_put_serving(struct store *s, const char *node, const char *process, uint64_t number,
	struct error *err) MUST_CHECK;

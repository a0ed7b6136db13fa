#pragma once
/* The manager's own nouns; stays in this room. */
#include <jansson.h>

#include "cluster/service.h"
#include "net/sibling.h"
#include "ops/op.h"
#include "pki/cert.h"
#include "run/settings.h"
#include "store/store.h"
#include "wire/signer_message.h"
#include "wire/snapshot_index.h"

/* Where a connection came in: the mark of the socket. */
enum manager_peer { PEER_ADMIN, PEER_TVS, PEER_PROVISION, PEER_COUNT };

enum { MANAGER_STEPS = 10 };

struct waiting; /* an operator's answer that is not due yet: manager/answers.c */
struct requested;
struct leaving; /* an object of the snapshot that no index names any more: manager/leftovers.c */

struct hooking; /* with this node's deployer: manager/hooks.c */

struct manager {
	const struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct sibling_line *signer;
	struct sibling_server *servers[PEER_COUNT];
	struct sibling_peer *peers[PEER_COUNT]; /* the process that is connected now, or NULL */
	/* Index from which it loaded its identities; 0: it has not said, or was told to end. */
	uint64_t loaded[PEER_COUNT];
	uint64_t serving[PEER_COUNT];       /* index that it serves */
	uint64_t serving_noted[PEER_COUNT]; /* of it, what the store knows */
	struct snapshot_index *index;       /* last written, or what was found at start */
	uint64_t drawn;                     /* indexes written since the start */
	struct leaving *leaving;            /* owned */
	size_t leaving_count;
	bool cleaned; /* once at least; then of the index that was the last */
	uint64_t cleaned_drawn;
	int snapshot, objects, root, root_watch;
	int end; /* signalfd: readable once this process was told to end */
	bool root_changed;
	bool completed;                   /* the store knows every service of this node */
	bool reconciled;                  /* signer and database agree about keys */
	char trouble[MANAGER_STEPS][320]; /* of each step of a catch-up, as it was told last */
	int64_t retry_at;                 /* monotonic ms: after a failed catch-up */
	struct requested *requested;      /* owned; manager/multi_server.c */
	struct waiting *waiting;
	struct certificate_texts *texts;
	struct hooking *hooking;
	struct monitor *monitor; /* of certificates that end: manager/monitor.c */
	struct bulk *bulk;       /* exchange with other clusters: manager/bulk.c */
};

/* One operator's question on its way through. */
struct asked {
	const struct op *op;
	const json_t *arguments;
	const char *actor;
	uint64_t job;      /* finished in the change that the operation makes; 0: asked directly */
	bool wait_served;  /* set by the operation: answer when every node serves the outcome */
	struct bytes text; /* set by an operation with a long result, which is this JSON then */
	struct sibling_request *request; /* of an operator; NULL in a job */
	bool answers_later; /* set by an operation that answers the request itself, whatever comes
			     */
};

typedef json_t *operation_fn(struct manager *m, struct asked *asked, struct error *err);

/* manager/operations.c: the function of each row of ops/, and whether it runs on the node that it
 * names. */
struct binding {
	enum op_id id;
	operation_fn *run;
	bool on_its_node;
	/* With on_its_node: what can be refused before the work is handed over; may be NULL. */
	bool (*check)(struct manager *m, const struct asked *asked, const struct node *node,
		struct error *err);
};
const struct binding *binding_find(enum op_id id);

/* manager/answers.c: answers that are given when what they tell has happened everywhere. */
void answers_add(struct manager *m, struct sibling_request *request, const struct asked *asked,
	json_t *result /* kept; NULL: that of the job */);
void answers_settle(struct manager *m);
void answers_refuse_all(struct manager *m); /* the manager ends */
void answer_operator(struct sibling_request *request, const json_t *result);
void answer_operator_text(struct sibling_request *request, struct reader json);

/* The functions of operations.c's table. */
operation_fn cluster_init, cluster_show, node_add, node_list, cert_list, cert_show, cert_regen,
	list_status, service_list, service_restart, phone_list, parameter_list, parameter_set,
	audit_list, trust_review, trust_delete, trust_deleted, service_activate, service_deactivate,
	impact_show, hook_list, expiry_list;

bool cert_regen_check(struct manager *m, const struct asked *asked, const struct node *node,
	struct error *err) MUST_CHECK;

/* manager/certificates.c: a row of `cert list`. */
json_t *certificate_json(const struct entry *entry, const struct cert *cert);

/* manager/certificate_texts.c: what a certificate itself has in such a row, as the JSON text of an
 * object. At most CERTIFICATE_TEXTS are kept; a text lives until the next is asked for. */
enum { CERTIFICATE_TEXTS = 1 << 14 };
struct certificate_texts;
struct certificate_texts *certificate_texts_new(struct error *err);
void certificate_texts_free(struct certificate_texts *t);
DEFINE_AUTO(certificate_texts, certificate_texts_free);
const char *certificate_text(struct certificate_texts *t, const uint8_t digest[static DIGEST_SIZE],
	struct reader der, struct error *err);

/* manager/arguments.c */
const char *argument_text(const struct asked *asked, const char *name); /* NULL: absent */
bool argument_number(const struct asked *asked, const char *name, uint64_t fallback, uint64_t *out,
	struct error *err) MUST_CHECK;
bool argument_flag(const struct asked *asked, const char *name);
/* Copies the text, or the fallback where it is absent. */
bool argument_copy(const struct asked *asked, const char *name, const char *fallback, char *out,
	size_t size, struct error *err) MUST_CHECK;
json_t *result_new(void);                              /* {"schema_version": 1} */
json_t *result_of_rows(const char *key, json_t *rows); /* another owner of rows */

/* manager/catch_up.c: brings this node to what the database says: certificates made, jobs run,
 * lists published, snapshot written, answers given. Told to end, it leaves the rest to the next
 * manager of this node, without a word. */
void manager_catch_up(struct manager *m);
void manager_retry(struct manager *m); /* catches up again in a second, whatever happens */
bool manager_is_ending(const struct manager *m); /* told to, and soon out of its loop */

/* manager/install.c */
bool install_node(struct manager *m, const struct node *self, struct error *err) MUST_CHECK;
/* The signer answers, and does not have it. */
bool install_lacks_key(struct manager *m, const uint8_t key[static DIGEST_SIZE]);
bool install_reconcile(struct manager *m, struct error *err) MUST_CHECK;
bool install_notice(struct manager *m, struct error *err) MUST_CHECK;
/* All keys of the signer, rows of wire/signer_message.h, and what they say of one; false: it does
 * not have it. */
bool install_signer_keys(struct manager *m, struct bytes *out, struct error *err) MUST_CHECK;
bool install_key_state(struct reader keys, const uint8_t *key, struct signer_key_row *out);

/* manager/identity.c: an identity made by the signer, on its way into a change. */
struct made_identity {
	const struct unit *unit;
	char node[NODE_NAME_SIZE];
	uint8_t key[DIGEST_SIZE];
	struct cert *cert;
	const char *reason; /* description of its entry */
};
/* What an operator may choose of a new identity. */
struct identity_choice {
	unsigned years;
	enum unit_key key;
	unsigned hash_bits; /* 0: as strong as the key */
};
bool identity_usual(struct manager *m, const struct unit *unit, struct identity_choice *out,
	struct error *err) MUST_CHECK;
bool identity_make(struct manager *m, const struct unit *unit, const struct node *node,
	const struct identity_choice *choice, struct made_identity *out, struct error *err)
	MUST_CHECK;
/* The rows of it: certificate, live identity, its copies in trust stores, lists wanted, services
 * that must restart. */
bool identity_record(struct txn *t, const struct made_identity *made, struct error *err) MUST_CHECK;
bool identity_mark_live(struct manager *m, const struct made_identity *made,
	const uint8_t *predecessor, struct error *err) MUST_CHECK;
void identity_done(struct made_identity *made);
/* The unit of an identity that this node has. FAULT_MISSING, FAULT_REFUSED. */
const struct unit *identity_unit(const char *name, const struct node *node, struct error *err);
/* Of the arguments: the unit's usual, and what the operator chose instead. */
bool identity_chosen(struct manager *m, const struct asked *asked, const struct unit *unit,
	struct identity_choice *out, struct error *err) MUST_CHECK;
/* The appliance's file name of a trust certificate: the common name, spaces as underscores. */
void entry_name(const struct cert *cert, char *out, size_t size);
extern const char identity_reason[]; /* the description that the appliance gives its own */

/* manager/lists.c */
/* Whether a list has a record of the unit: some only where their service is activated. */
bool lists_carry(struct store *s, const struct unit *unit, bool *out, struct error *err) MUST_CHECK;
/* Nobody changes two signers of a list before phones could take up the first change: FAULT_BUSY
 * while a list that carries this unit as a signer is wanted and not yet published. */
bool lists_settled(struct store *s, const struct unit *unit, const char *node, struct error *err)
	MUST_CHECK;
bool lists_want(struct txn *t, const struct unit *unit, const char *node, struct error *err)
	MUST_CHECK;
bool lists_publish(struct manager *m, struct error *err) MUST_CHECK;

/* manager/services.c */
/* The era that the cluster behaves like. */
bool cluster_era(struct store *s, enum era *out, struct error *err) MUST_CHECK;
/* Flags or restarts those that must after this unit or parameter changed; `node` "": on no one
 * node, NULL: on every node. */
bool services_after(struct txn *t, const char *what, const char *node, struct error *err)
	MUST_CHECK;
bool services_default(struct txn *t, const struct node *node, struct error *err) MUST_CHECK;
bool services_complete(struct manager *m, const struct node *self, struct error *err) MUST_CHECK;
bool services_restart_due(struct manager *m, struct error *err) MUST_CHECK;
/* Writes down what this node's processes serve, once for all that they said since. */
bool services_note_serving(struct manager *m, struct error *err) MUST_CHECK;
/* The process of ours that is this service. */
bool services_peer(const char *service, enum manager_peer *out);
/* A process tells which index it serves, and from which it loaded its identities. */
void services_now_serving(
	struct manager *m, enum manager_peer peer, uint64_t number, uint64_t loaded);

/* manager/jobs.c */
bool jobs_run(struct manager *m, struct error *err) MUST_CHECK;
bool job_add(struct manager *m, const struct asked *asked, const char *node, uint64_t *id,
	struct error *err) MUST_CHECK;
bool job_finish_in(struct txn *t, const struct asked *asked, const json_t *result,
	struct error *err) MUST_CHECK; /* nothing to do when asked->job is 0 */

/* manager/snapshot.c */
void snapshot_load(struct manager *m);
/* One that connected while we were busy has looked before the present index was there, and was not
 * among those who were told. */
void snapshot_tell_newcomer(const struct manager *m, struct sibling_peer *peer);
bool snapshot_write(struct manager *m, const struct node *self, struct error *err) MUST_CHECK;

/* manager/leftovers.c */
/* Once for each index that was written, when this node's services serve and all is quiet. */
void leftovers_remove(struct manager *m);

/* manager/configuration.c: the operator's XML with the cluster's security elements merged in. */
struct configuration_facts {
	size_t tvs_count;
	struct {
		char address[ADDRESS_SIZE];
		uint16_t port;
	} tvs[5];
};
bool configuration_merge(struct reader xml, const struct configuration_facts *facts,
	struct bytes *out, struct error *err) MUST_CHECK;

/* manager/phones.c */
bool phones_scan(struct manager *m, struct error *err) MUST_CHECK;
/* Walks the configurations in the root, "SEP….cnf.xml", sorted; `device` is "" for a default. */
typedef bool configuration_fn(const char *file, const char *device, void *into, struct error *err);
bool configurations_each(struct manager *m, configuration_fn *each, void *into, struct error *err)
	MUST_CHECK;

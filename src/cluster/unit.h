#pragma once
/*
 * The units: every identity certificate and every trust store that a node or the cluster has, with
 * all that differs between them. Code asks a row for what it needs; nothing outside this table
 * compares a unit's name.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cluster/era.h"
#include "cluster/role.h"

enum { UNIT_COPIES = 4, UNIT_ROLES = 4, NODE_NAME_SIZE = 64, COMMON_NAME_SIZE = 65 };

enum unit_scope {
	SCOPE_NODE,    /* one key on every node that has the unit */
	SCOPE_CLUSTER, /* one key, on the publisher */
};

enum node_role { NODE_PUBLISHER, NODE_SUBSCRIBER, NODE_PRESENCE };

enum unit_key {
	UNIT_KEY_NONE,
	UNIT_KEY_RSA_2048,
	UNIT_KEY_RSA_3072,
	UNIT_KEY_RSA_4096,
	UNIT_KEY_EC_256,
	UNIT_KEY_EC_384,
	UNIT_KEY_EC_521,
};

/* Which lists carry a certificate of the unit, so that they change with it. */
enum unit_lists { LISTS_NONE, LISTS_OF_ITS_NODE, LISTS_ALL };

struct unit_list_role { /* a record that the unit contributes to an ITL */
	enum role role;
	bool if_service; /* only where `service` is activated */
	const char *service;
};

struct unit {
	const char *name;  /* "CallManager", "CallManager-trust" */
	const char *means; /* for --help and impact */
	bool trust;        /* a trust store: deleted from, never regenerated */
	enum unit_scope scope;
	unsigned nodes;      /* bits 1 << enum node_role */
	enum unit_key key;   /* its usual one */
	unsigned usages;     /* pki's USAGE_… | PURPOSE_… values; a test holds the two equal */
	unsigned csr_usages; /* the same, of a request to a CA; 0: it is self-signed only */
	bool multi_server;   /* a CA may sign one certificate for all nodes */
	const char *chain; /* trust store that must hold the issuers of a CA-signed one; or NULL */
	const char
		*expired; /* what stops once it has expired, in words; NULL: nothing that we know */
	unsigned char years[3];  /* of validity, by enum era; 0: five */
	bool authority;          /* basicConstraints CA:TRUE, pathlen 0 */
	const char *common_name; /* "%s": the node's host name; "CAPF-%x", "ITLRECOVERY_%s" */
	const char *
		copies[UNIT_COPIES]; /* trust stores that get a copy, on every node that has them */
	bool copies_stay_home;       /* ipsec: only the publisher's goes to other nodes */
	bool keeps_old_copies;       /* CAPF: old and new live side by side */
	size_t role_count;
	enum role roles[UNIT_ROLES]; /* what TVS vouches for */
	size_t list_role_count;
	struct unit_list_role list_roles[UNIT_ROLES];
	enum unit_lists lists;
	bool signs_lists;
	bool signs_files;         /* the identity with which Cisco Tftp signs .sgn */
	bool key_stays;           /* no program beside the daemon ever gets its key */
	bool of_platform;         /* the appliance keeps its files with the platform's */
	bool issuers_only;        /* a trust store for nothing but CAs */
	bool local_uploads;       /* a trust store: what is uploaded stays on that node */
	const char *uploads_also; /* and goes to this store of every node too; or NULL */
	bool made_at_install;     /* made when a node joins, in table order */
	bool opens_seals;         /* keys that travel to a node are sealed for its certificate */
};

const struct unit *unit_find(const char *name); /* exact name first, then without case; or NULL */
const struct unit *unit_rows(size_t *count);
/* The one unit for a job: what signs .sgn files, what is the TLS leaf of a service. */
const struct unit *unit_file_signer(void);
const struct unit *unit_for_service(const char *service);
/* The trust store to which the issuers of phones' certificates are uploaded. */
const struct unit *unit_for_authorities(void);
/* Fills in common_name: the host name or a random suffix, whichever it asks for. FAULT_USAGE when
 * that is longer than a certificate can hold. */
bool unit_common_name(const struct unit *unit, const char *host, uint32_t suffix,
	char out[static COMMON_NAME_SIZE], struct error *err) MUST_CHECK;
/* Of a certificate that stands for all nodes, by the host of the node that asks for it: "pub.lab",
 * "%s-EC" -> "pub-EC-ms.lab". FAULT_USAGE as above. */
bool unit_multi_server_name(const struct unit *unit, const char *host,
	char out[static COMMON_NAME_SIZE], struct error *err) MUST_CHECK;
/* The unit whose certificate on every node keys are sealed for on their way there. */
const struct unit *unit_seal_opener(void);
unsigned unit_years(const struct unit *unit, enum era era);

/* What an operator may choose instead of the usual: 1, 2, 5, 10 or 20 years. FAULT_USAGE. */
bool unit_years_check(uint64_t years, struct error *err) MUST_CHECK;
const char *unit_key_name(enum unit_key key);                  /* "RSA-2048", "EC-P384" */
bool unit_key_from_name(const char *name, enum unit_key *out); /* in any case */
/* Whether the unit may have such a key: its own algorithm; where it signs what phones read, RSA of
 * 2048 bits, or of 4096 when forced: the files have no code for 3072. FAULT_REFUSED.
 * docs/formats/signed-header.md */
bool unit_key_check(const struct unit *unit, enum unit_key key, bool forced, struct error *err)
	MUST_CHECK;
/* SHA-2 of 256, 384 or 512 bits, at least as strong as the key; 0: that strong. FAULT_USAGE. */
bool unit_hash_check(enum unit_key key, unsigned bits, struct error *err) MUST_CHECK;
static inline bool unit_is_on(const struct unit *unit, enum node_role role)
{
	return (unit->nodes & 1U << role) != 0;
}

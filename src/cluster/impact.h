#pragma once
/*
 * What follows from a certificate of a unit that changes or expires, and from the certificates that
 * phones have themselves: rows, and the order in which services are restarted by hand. Whose
 * cluster it is, is the caller's to add.
 */
#include "cluster/node.h"
#include "cluster/service.h"

enum impact_phones { PHONES_NONE, PHONES_OF_ITS_NODE, PHONES_ALL };

struct impact {
	const char *name;          /* of a unit, "LSC" or "MIC" */
	enum impact_phones phones; /* which of them would notice */
	bool reset;                /* a change resets them, where phones are to follow at once */
	const char *touched;       /* what the phones would notice; NULL: PHONES_NONE */
	const char *breaks;        /* where no unit says what stops once it has expired */
};

const struct impact *impact_find(const char *name); /* a unit's row too in any case; or NULL */
const struct impact *impact_rows(size_t *count);
/* What stops once it has expired; NULL: nothing that we know. */
const char *impact_breaks(const struct impact *impact);

/* Why a service restarts, or does not. */
enum impact_restart { RESTARTS_BY_ITSELF, RESTARTS_BY_HAND, RESTARTS_NOT };

struct impact_service {
	const struct service *service;
	char node[NODE_NAME_SIZE];
	enum node_role role;
	bool activated;
	enum impact_restart restart; /* set by impact_order */
	size_t turn;                 /* the same */
};

/* Keeps those that must restart after the unit changed on `node` (NULL: on every node that has it),
 * in the order in which they do: service by service, the publisher first, then by name. Returns how
 * many. */
size_t impact_order(const struct unit *unit, const char *node, enum era era,
	struct impact_service *services, size_t count);
const char *impact_restart_name(enum impact_restart restart); /* "by itself", "by hand", … */

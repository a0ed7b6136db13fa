#pragma once
/* The services of a node, and which of them must restart after which unit changed. */
#include <stdbool.h>
#include <stddef.h>

#include "cluster/era.h"
#include "cluster/unit.h"

enum service_kind {
	SERVICE_OURS,   /* a process of this daemon */
	SERVICE_HOOKED, /* an operator's reload command */
	SERVICE_NOTED,  /* the operator acknowledges */
};

struct service {
	const char *name; /* "Cisco Tftp" */
	enum service_kind kind;
	const char *process; /* ours: "provision" */
	unsigned nodes;      /* bits 1 << enum node_role */
	bool activated;      /* by default */
	bool network;        /* always activated; the others are feature services */
	const char *leaf;    /* unit whose identity it shows in TLS; NULL: none */
};

/* After `unit` changed (a trust store: after something was taken out of it; a parameter: after it
 * was set), `service` must restart; in the eras of `by_itself` it does so unasked. */
struct restart {
	const char *unit;
	const char *service;
	bool everywhere;    /* on all nodes, else on the unit's node */
	unsigned by_itself; /* IN_A | … */
};

const struct service *service_find(const char *name); /* in any case; or NULL */
const struct service *service_rows(size_t *count);
const struct restart *restart_rows(size_t *count);
/* The row of an exact pair of names; NULL: the service goes on as it is. */
const struct restart *restart_find(const char *unit, const char *service);
/* Whether it comes about unasked: only what is a process of ours can. */
bool restart_is_automatic(const struct restart *row, enum era era);
const char *service_kind_name(enum service_kind kind); /* "ours", "hooked", "noted" */

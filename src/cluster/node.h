#pragma once
/* The nouns of a cluster as they travel between store, manager and operators. */
#include <stdint.h>

#include "base/error.h"
#include "cluster/unit.h"

enum { ADDRESS_SIZE = 46, HOST_NAME_SIZE = 254, DEVICE_NAME_SIZE = 64 };

struct cluster_subject { /* where service certificates get O, OU, L, ST, C from */
	char organization[65], unit[65], locality[129], state[129], country[3];
};

struct node {
	char name[NODE_NAME_SIZE]; /* "pub" */
	enum node_role role;
	char host[HOST_NAME_SIZE];  /* fully qualified name, in certificates */
	char address[ADDRESS_SIZE]; /* where phones reach it */
	uint16_t tftp_port, http_port, https_port, tvs_port; /* 0: not served */
};

const char *node_role_name(enum node_role role); /* "publisher", "subscriber", "presence" */
bool node_role_from_name(const char *name, enum node_role *out);
/* Letters, digits, hyphen and dot; starts with a letter. FAULT_USAGE. */
bool node_name_check(const char *name, struct error *err) MUST_CHECK;

/* Labels of letters, digits and hyphens between dots (RFC 1123). FAULT_USAGE. */
bool host_name_check(const char *host, struct error *err) MUST_CHECK;
/* An organization, and a country of two upper-case letters or none. FAULT_USAGE. */
bool cluster_subject_check(const struct cluster_subject *subject, struct error *err) MUST_CHECK;

/* "SEP" or "ATA" and 12 upper-case hexadecimal digits; other devices ("CSF…"): a letter, then
 * [A-Za-z0-9_.-], at most 63. FAULT_USAGE. */
bool device_name_check(const char *name, struct error *err) MUST_CHECK;

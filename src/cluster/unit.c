#include "cluster/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cluster/service.h"

enum {
	ON_PUBLISHER = 1 << NODE_PUBLISHER,
	ON_CALL_NODES = 1 << NODE_PUBLISHER | 1 << NODE_SUBSCRIBER,
	ON_ALL_NODES = ON_CALL_NODES | 1 << NODE_PRESENCE,
};

/* pki's numbers, which this room may not include; a test holds the two equal. */
enum {
	SIGNATURE = 1 << 0,
	KEY_ENCIPHERMENT = 1 << 1,
	DATA_ENCIPHERMENT = 1 << 2,
	AGREEMENT = 1 << 3,
	CERT_SIGN = 1 << 4,
	SERVER = 1 << 8,
	CLIENT = 1 << 9,
	IPSEC = 1 << 10,
	/* what the appliance puts into a self-signed service certificate */
	SERVICE_RSA = SIGNATURE | KEY_ENCIPHERMENT | DATA_ENCIPHERMENT | AGREEMENT | CERT_SIGN |
		SERVER | CLIENT | IPSEC,
	/* an EC key enciphers nothing, RFC 8813 section 3 */
	SERVICE_EC = SIGNATURE | AGREEMENT | CERT_SIGN | SERVER | CLIENT | IPSEC,
	ENROLMENT_CA = SIGNATURE | CERT_SIGN | SERVER | CLIENT,
};

/* In the order in which the appliance lists own certificates; lists carry their records in the
 * same order. */
/* clang-format off */
static const struct unit rows[] = {
	{
		.name = "tomcat",
		.means = "HTTPS: phone services, web pages, configuration files on 6971",
		.nodes = ON_ALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "tomcat-trust" },
		.role_count = 1, .roles = { ROLE_APP_SERVER },
		.made_at_install = true,
	},
	{
		.name = "tomcat-ECDSA",
		.means = "HTTPS with elliptic-curve ciphers",
		.nodes = ON_ALL_NODES, .key = UNIT_KEY_EC_384, .usages = SERVICE_EC,
		.common_name = "%s-EC", .copies = { "tomcat-trust" },
		.made_at_install = true,
	},
	{
		.name = "ipsec",
		.means = "IPsec tunnels, and TLS between backup agents",
		.nodes = ON_ALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "ipsec-trust" }, .copies_stay_home = true,
		.role_count = 1, .roles = { ROLE_APP_SERVER },
		.made_at_install = true,
	},
	{
		.name = "ITLRecovery",
		.means = "signs the trust lists of all nodes; what every phone trusts first",
		.scope = SCOPE_CLUSTER,
		.nodes = ON_PUBLISHER, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "ITLRECOVERY_%s", .years = { [ERA_C] = 20 },
		.role_count = 1, .roles = { ROLE_SAST },
		.list_role_count = 1, .list_roles = { { .role = ROLE_SAST } },
		.lists = LISTS_ALL, .signs_lists = true,
		.made_at_install = true,
	},
	{
		.name = "CallManager-ECDSA",
		.means = "call signalling with elliptic-curve ciphers",
		.nodes = ON_CALL_NODES, .key = UNIT_KEY_EC_384, .usages = SERVICE_EC,
		.common_name = "%s-EC", .copies = { "CallManager-trust" },
		.made_at_install = true,
	},
	{
		.name = "CallManager",
		.means = "encrypted calls and trunks; signs the files that phones fetch",
		.nodes = ON_CALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "CallManager-trust" },
		.role_count = 2, .roles = { ROLE_CCM_TFTP, ROLE_SAST },
		.list_role_count = 2, .list_roles = { { .role = ROLE_SAST }, { .role = ROLE_TFTP } },
		.lists = LISTS_OF_ITS_NODE, .signs_lists = true, .signs_files = true,
		.made_at_install = true,
	},
	{
		.name = "CAPF",
		.means = "issues the locally significant certificates of phones",
		.scope = SCOPE_CLUSTER,
		.nodes = ON_PUBLISHER, .key = UNIT_KEY_RSA_2048, .usages = ENROLMENT_CA,
		.authority = true, .common_name = "CAPF-%x",
		.copies = { "CallManager-trust", "CAPF-trust" }, .keeps_old_copies = true,
		.role_count = 1, .roles = { ROLE_CAPF },
		.list_role_count = 1,
		.list_roles = { { .role = ROLE_CAPF, .if_service = true,
				  .service = "Cisco Certificate Authority Proxy Function" } },
		.lists = LISTS_ALL,
		.made_at_install = true,
	},
	{
		.name = "TVS",
		.means = "the service that phones ask about certificates they do not know",
		.nodes = ON_CALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s",
		.role_count = 1, .roles = { ROLE_TVS },
		.list_role_count = 1, .list_roles = { { .role = ROLE_TVS } },
		.lists = LISTS_ALL,
		.made_at_install = true,
	},
	{
		.name = "tomcat-trust", .trust = true, .nodes = ON_ALL_NODES,
		.means = "HTTPS, directory and OCSP servers; copies of every node's tomcat",
		.role_count = 1, .roles = { ROLE_APP_SERVER },
	},
	{
		.name = "ipsec-trust", .trust = true, .nodes = ON_ALL_NODES,
		.means = "peers of IPsec tunnels and backup agents",
	},
	{
		.name = "CallManager-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "peers of call signalling: issuers of phone certificates, trunks, gateways",
	},
	{
		.name = "CAPF-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "issuers of the certificates that phones show to CAPF",
	},
	{
		.name = "TVS-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "the chain of a TVS certificate signed by a CA",
	},
	{
		.name = "directory-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "directory servers of old releases",
	},
	{
		.name = "userlicensing-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "licence servers",
	},
	{
		.name = "Phone-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "visual voicemail servers that phones talk to",
		.role_count = 1, .roles = { ROLE_APP_SERVER },
	},
	{
		.name = "Phone-CTL-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "visual voicemail servers that phones talk to",
		.role_count = 1, .roles = { ROLE_APP_SERVER },
	},
	{
		.name = "Phone-VPN-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "VPN concentrators whose digests are sent to phones",
		.role_count = 1, .roles = { ROLE_VPN },
	},
	{
		.name = "Phone-SAST-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "earlier or foreign signers of trust lists and files, so that TVS vouches for them",
		.role_count = 2, .roles = { ROLE_SAST, ROLE_TFTP },
	},
	{
		.name = "Phone-Edge-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "servers for phones that come in from outside",
	},
};
/* clang-format on */

const struct unit *unit_find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_same_nocase(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const struct unit *unit_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

const struct unit *unit_file_signer(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].signs_files)
			return &rows[i];
	return NULL;
}

const struct unit *unit_for_service(const char *service)
{
	const struct service *row = service_find(service);
	return row != NULL && row->leaf != NULL ? unit_find(row->leaf) : NULL;
}

unsigned unit_years(const struct unit *unit, enum era era)
{
	return unit->years[era] != 0 ? unit->years[era] : 5;
}

bool unit_common_name(const struct unit *unit, const char *host, uint32_t suffix,
	char out[static COMMON_NAME_SIZE], struct error *err)
{
	char digits[9];
	(void)snprintf(digits, sizeof(digits), "%08x", suffix);
	const char *hole = strchr(unit->common_name, '%');
	const char *filling = hole[1] == 'x' ? digits : host;
	char name[COMMON_NAME_SIZE];
	int size = snprintf(name, sizeof(name), "%.*s%s%s", (int)(hole - unit->common_name),
		unit->common_name, filling, hole + 2);
	if (size < 0 || (size_t)size >= sizeof(name))
		return fail(err, FAULT_USAGE,
			"the host name %.40s… is too long: with it the common name of the %s "
			"certificate "
			"would have more than %d characters",
			host, unit->name, COMMON_NAME_SIZE - 1);
	return text_copy(out, COMMON_NAME_SIZE, name, err);
}

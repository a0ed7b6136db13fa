#include "cluster/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cluster/service.h"

enum {
	ON_PUBLISHER = 1 << NODE_PUBLISHER,
	ON_CALL_NODES = 1 << NODE_PUBLISHER | 1 << NODE_SUBSCRIBER,
	ON_PRESENCE = 1 << NODE_PRESENCE,
	ON_ALL_NODES = ON_CALL_NODES | ON_PRESENCE,
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
	/* what a request to a CA asks for, by purpose */
	REQUEST_CALLS = SERVER | CLIENT | SIGNATURE | DATA_ENCIPHERMENT,
	REQUEST_CAPF = SERVER | CLIENT | SIGNATURE | CERT_SIGN,
	REQUEST_TVS = SERVER | CLIENT | SIGNATURE | KEY_ENCIPHERMENT | DATA_ENCIPHERMENT,
	REQUEST_IPSEC = REQUEST_TVS | IPSEC,
	REQUEST_PRESENCE = REQUEST_CALLS | IPSEC,
};

/* In the order in which the appliance lists own certificates; lists carry their records in the
 * same order. */
/* clang-format off */
static const struct unit rows[] = {
	{
		.name = "tomcat", .of_platform = true,
		.means = "HTTPS: phone services, web pages, configuration files on 6971",
		.nodes = ON_ALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "tomcat-trust" },
		.csr_usages = REQUEST_CALLS, .multi_server = true, .chain = "tomcat-trust",
		.expired = "phone services over HTTPS, web pages, single sign-on and backups of release 14 and later fail",
		.role_count = 1, .roles = { ROLE_APP_SERVER },
		.made_at_install = true,
	},
	{
		.name = "tomcat-ECDSA", .of_platform = true,
		.means = "HTTPS with elliptic-curve ciphers",
		.nodes = ON_ALL_NODES, .key = UNIT_KEY_EC_384, .usages = SERVICE_EC,
		.common_name = "%s-EC", .copies = { "tomcat-trust" },
		.csr_usages = REQUEST_CALLS, .multi_server = true, .chain = "tomcat-trust",
		.expired = "HTTPS with elliptic-curve ciphers fails",
		.made_at_install = true,
	},
	{
		.name = "ipsec", .of_platform = true,
		.means = "IPsec tunnels, and TLS between backup agents",
		.nodes = ON_ALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "ipsec-trust" }, .copies_stay_home = true,
		.csr_usages = REQUEST_IPSEC, .chain = "ipsec-trust", .opens_seals = true,
		.expired = "IPsec tunnels are down and backups fail",
		.role_count = 1, .roles = { ROLE_APP_SERVER },
		.made_at_install = true,
	},
	{
		.name = "ITLRecovery",
		.means = "signs the trust lists of all nodes; what every phone trusts first",
		.scope = SCOPE_CLUSTER,
		.nodes = ON_PUBLISHER, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "ITLRECOVERY_%s", .years = { [ERA_C] = 20 },
		.expired = "trust lists are signed with an expired certificate",
		.role_count = 1, .roles = { ROLE_SAST },
		.list_role_count = 1, .list_roles = { { .role = ROLE_SAST } },
		.lists = LISTS_ALL, .signs_lists = true,
		.key_stays = true, .made_at_install = true,
	},
	{
		.name = "CallManager-ECDSA",
		.means = "call signalling with elliptic-curve ciphers",
		.nodes = ON_CALL_NODES, .key = UNIT_KEY_EC_384, .usages = SERVICE_EC,
		.common_name = "%s-EC", .copies = { "CallManager-trust" },
		.csr_usages = REQUEST_CALLS, .multi_server = true, .chain = "CallManager-trust",
		.expired = "encrypted calls with elliptic-curve ciphers fail",
		.made_at_install = true,
	},
	{
		.name = "CallManager",
		.means = "encrypted calls and trunks; signs the files that phones fetch",
		.nodes = ON_CALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "CallManager-trust" },
		.csr_usages = REQUEST_CALLS, .multi_server = true, .chain = "CallManager-trust",
		.expired = "encrypted phones and trunks do not register, and phones refuse signed files and lists",
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
		.csr_usages = REQUEST_CAPF, .chain = "CAPF-trust",
		.expired = "no phone gets a certificate, phones with one from it do not register, encrypted configuration fails",
		.copies = { "CallManager-trust", "CAPF-trust" }, .keeps_old_copies = true,
		.role_count = 1, .roles = { ROLE_CAPF },
		.list_role_count = 1,
		.list_roles = { { .role = ROLE_CAPF, .if_service = true,
				  .service = "Cisco Certificate Authority Proxy Function" } },
		.lists = LISTS_ALL,
		.key_stays = true, .made_at_install = true,
	},
	{
		.name = "TVS",
		.means = "the service that phones ask about certificates they do not know",
		.nodes = ON_CALL_NODES, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s",
		.csr_usages = REQUEST_TVS, .multi_server = true, .chain = "TVS-trust",
		.expired = "phones can verify neither HTTPS services nor signers that are not on their list; new phones do not register",
		.role_count = 1, .roles = { ROLE_TVS },
		.list_role_count = 1, .list_roles = { { .role = ROLE_TVS } },
		.lists = LISTS_ALL,
		.key_stays = true, .made_at_install = true,
	},
	{
		.name = "cup",
		.means = "SIP between call manager and presence",
		.nodes = ON_PRESENCE, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "cup-trust" },
		.csr_usages = REQUEST_PRESENCE, .chain = "cup-trust",
		.expired = "presence and instant messages fail between call manager and presence node",
		.made_at_install = true,
	},
	{
		.name = "cup-ECDSA",
		.means = "SIP of the presence node with elliptic-curve ciphers",
		.nodes = ON_PRESENCE, .key = UNIT_KEY_EC_384, .usages = SERVICE_EC,
		.common_name = "%s-EC", .copies = { "cup-trust" },
		.csr_usages = REQUEST_PRESENCE, .chain = "cup-trust",
		.expired = "SIP of the presence node with elliptic-curve ciphers fails",
		.made_at_install = true,
	},
	{
		.name = "cup-xmpp",
		.means = "XMPP clients, directory and router of the presence node",
		.nodes = ON_PRESENCE, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s", .copies = { "cup-xmpp-trust" },
		.csr_usages = REQUEST_PRESENCE, .multi_server = true, .chain = "cup-xmpp-trust",
		.expired = "XMPP clients do not sign in",
		.made_at_install = true,
	},
	{
		.name = "cup-xmpp-ECDSA",
		.means = "XMPP clients with elliptic-curve ciphers",
		.nodes = ON_PRESENCE, .key = UNIT_KEY_EC_384, .usages = SERVICE_EC,
		.common_name = "%s-EC", .copies = { "cup-xmpp-trust" },
		.csr_usages = REQUEST_PRESENCE, .multi_server = true, .chain = "cup-xmpp-trust",
		.expired = "XMPP clients with elliptic-curve ciphers do not sign in",
		.made_at_install = true,
	},
	{
		/* a name of its own, for it shares a store, which holds one of each name */
		.name = "cup-xmpp-s2s",
		.means = "XMPP federation with other servers",
		.nodes = ON_PRESENCE, .key = UNIT_KEY_RSA_2048, .usages = SERVICE_RSA,
		.common_name = "%s-s2s", .copies = { "cup-xmpp-trust" },
		.csr_usages = REQUEST_PRESENCE, .multi_server = true, .chain = "cup-xmpp-trust",
		.expired = "XMPP federation fails",
		.made_at_install = true,
	},
	{
		.name = "cup-xmpp-s2s-ECDSA",
		.means = "XMPP federation with elliptic-curve ciphers",
		.nodes = ON_PRESENCE, .key = UNIT_KEY_EC_384, .usages = SERVICE_EC,
		.common_name = "%s-s2s-EC", .copies = { "cup-xmpp-trust" },
		.csr_usages = REQUEST_PRESENCE, .multi_server = true, .chain = "cup-xmpp-trust",
		.expired = "XMPP federation with elliptic-curve ciphers fails",
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
		.issuers_only = true, .local_uploads = true, .uploads_also = "CallManager-trust",
		.means = "issuers of the certificates that phones show to CAPF",
	},
	{
		.name = "TVS-trust", .trust = true, .nodes = ON_CALL_NODES,
		.issuers_only = true,
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
		.expired = "visual voicemail on phones fails",
		.role_count = 1, .roles = { ROLE_APP_SERVER },
	},
	{
		.name = "Phone-CTL-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "visual voicemail servers that phones talk to",
		.expired = "visual voicemail on phones fails",
		.role_count = 1, .roles = { ROLE_APP_SERVER },
	},
	{
		.name = "Phone-VPN-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "VPN concentrators whose digests are sent to phones",
		.expired = "phones cannot open their VPN",
		.role_count = 1, .roles = { ROLE_VPN },
	},
	{
		.name = "Phone-SAST-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "earlier or foreign signers of trust lists and files, so that TVS vouches for them",
		.expired = "TVS vouches for no earlier or foreign signer; an old security token cannot renew the CTL",
		.role_count = 2, .roles = { ROLE_SAST, ROLE_TFTP },
	},
	{
		.name = "Phone-Edge-trust", .trust = true, .nodes = ON_CALL_NODES,
		.means = "servers for phones that come in from outside",
	},
	{
		.name = "cup-trust", .trust = true, .nodes = ON_PRESENCE,
		.means = "peers of the presence node's SIP",
	},
	{
		.name = "cup-xmpp-trust", .trust = true, .nodes = ON_PRESENCE,
		.means = "peers of the presence node's XMPP",
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

const struct unit *unit_for_authorities(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].issuers_only && rows[i].local_uploads)
			return &rows[i];
	return NULL;
}

const struct unit *unit_seal_opener(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].opens_seals)
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

bool unit_years_check(uint64_t years, struct error *err)
{
	static const unsigned char allowed[] = { 1, 2, 5, 10, 20 };
	for (size_t i = 0; i < COUNT(allowed); i++)
		if (years == allowed[i])
			return true;
	return fail(err, FAULT_USAGE, "a certificate is valid for 1, 2, 5, 10 or 20 years");
}

/* Bits as the signed files can say them, docs/formats/signed-header.md; forced: by an operator who
 * knows which phones can read it. */
static const struct key_row {
	enum unit_key key;
	const char *name;
	bool elliptic, signs_for_phones, forced;
	unsigned hash_bits; /* at least */
} keys[] = {
	{ UNIT_KEY_RSA_2048, "RSA-2048", false, true, false, 256 },
	{ UNIT_KEY_RSA_3072, "RSA-3072", false, false, false, 256 },
	{ UNIT_KEY_RSA_4096, "RSA-4096", false, true, true, 256 },
	{ UNIT_KEY_EC_256, "EC-P256", true, false, false, 256 },
	{ UNIT_KEY_EC_384, "EC-P384", true, false, false, 384 },
	{ UNIT_KEY_EC_521, "EC-P521", true, false, false, 512 },
};

static const struct key_row *key_row_of(enum unit_key key)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].key == key)
			return &keys[i];
	return NULL;
}

const char *unit_key_name(enum unit_key key)
{
	const struct key_row *row = key_row_of(key);
	return row == NULL ? "none" : row->name;
}

bool unit_key_from_name(const char *name, enum unit_key *out)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (text_same_nocase(keys[i].name, name)) {
			*out = keys[i].key;
			return true;
		}
	return false;
}

bool unit_key_check(const struct unit *unit, enum unit_key key, bool forced, struct error *err)
{
	const struct key_row *asked = key_row_of(key), *usual = key_row_of(unit->key);
	if (asked == NULL || usual == NULL)
		return fail(err, FAULT_REFUSED, "%s has no key", unit->name);
	if (asked->elliptic != usual->elliptic)
		return fail(err, FAULT_REFUSED, "%s has a key like %s, not %s", unit->name,
			usual->name, asked->name);
	if (!unit->signs_lists && !unit->signs_files)
		return true;
	if (!asked->signs_for_phones)
		return fail(err, FAULT_REFUSED,
			"%s signs what phones read, and their files have no code for %s: take %s",
			unit->name, asked->name, usual->name);
	if (asked->forced && !forced)
		return fail(err, FAULT_REFUSED,
			"%s signs what phones read, and not every phone can read %s: take %s, or "
			"say --force",
			unit->name, asked->name, usual->name);
	return true;
}

bool unit_hash_check(enum unit_key key, unsigned bits, struct error *err)
{
	const struct key_row *row = key_row_of(key);
	if (bits == 0)
		return true;
	if (bits != 256 && bits != 384 && bits != 512)
		return fail(
			err, FAULT_USAGE, "hash: 256, 384 or 512 (bits of SHA-2), not %u", bits);
	return row == NULL || bits >= row->hash_bits ||
		fail(err, FAULT_USAGE, "hash: SHA-%u is weaker than a key of %s: take %u", bits,
			row->name, row->hash_bits);
}

static bool take_name(const struct unit *unit, const char *host, const char *name, int size,
	char out[static COMMON_NAME_SIZE], struct error *err)
{
	if (size < 0 || size >= COMMON_NAME_SIZE)
		return fail(err, FAULT_USAGE,
			"the host name %.40s… is too long: with it the common name of the %s "
			"certificate would have more than %d characters",
			host, unit->name, COMMON_NAME_SIZE - 1);
	return text_copy(out, COMMON_NAME_SIZE, name, err);
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
	return take_name(unit, host, name, size, out, err);
}

bool unit_multi_server_name(const struct unit *unit, const char *host,
	char out[static COMMON_NAME_SIZE], struct error *err)
{
	const char *hole = strchr(unit->common_name, '%');
	int label = (int)strcspn(host, ".");
	char name[COMMON_NAME_SIZE];
	int size = snprintf(name, sizeof(name), "%.*s%.*s%s-ms%s", (int)(hole - unit->common_name),
		unit->common_name, label, host, hole + 2, host + label);
	return take_name(unit, host, name, size, out, err);
}

#include "base/own.h"
#include "ops/op.h"

/* clang-format off */

/* A node's own facts, given when it is made. */
#define NODE_FACTS \
	{ "address",    OP_TEXT,   false, true,  "address at which phones reach the node" }, \
	{ "host",       OP_TEXT,   false, false, "its full host name, for certificates (default: its name)" }, \
	{ "tftp-port",  OP_NUMBER, false, false, "port of TFTP (default 69; 0: none)" }, \
	{ "http-port",  OP_NUMBER, false, false, "port of HTTP (default 6970; 0: none)" }, \
	{ "https-port", OP_NUMBER, false, false, "port of HTTPS (default 6971; 0: none)" }, \
	{ "tvs-port",   OP_NUMBER, false, false, "port of TVS (default 2445; 0: none)" }

/*        name                   kind   positional required means */
static const struct op_field cluster_init_fields[] = {
	{ "name",                OP_NAME, true,  true,  "name of the cluster" },
	{ "node",                OP_NODE, false, true,  "name of the publisher: the daemon that is asked" },
	NODE_FACTS,
	{ "organization",        OP_TEXT, false, true,  "O of every certificate's subject; phones show it" },
	{ "organizational_unit", OP_TEXT, false, false, "OU (default Telephony)" },
	{ "locality",            OP_TEXT, false, false, "L" },
	{ "state",               OP_TEXT, false, false, "ST" },
	{ "country",             OP_TEXT, false, false, "C, two letters" },
	{ .name = NULL },
};

static const struct op_field node_add_fields[] = {
	{ "node",                OP_NODE, true,  true,  "name of the new node" },
	NODE_FACTS,
	{ "role",                OP_NAME, false, false, "subscriber (default) or presence" },
	{ .name = NULL },
};

static const struct op_field cert_list_fields[] = {
	{ "node",                OP_NODE, false, false, "only this node's" },
	{ "unit",                OP_UNIT, false, false, "only this unit's, such as CallManager or tomcat-trust" },
	{ .name = NULL },
};

static const struct op_field cert_show_fields[] = {
	{ "unit",                OP_UNIT, true,  true,  "unit, such as CallManager or tomcat-trust" },
	{ "node",                OP_NODE, false, true,  "node that has it" },
	{ "name",                OP_NAME, false, false, "file name in a trust store (default: the first)" },
	{ .name = NULL },
};

static const struct op_field cert_regen_fields[] = {
	{ "unit",                OP_IDENTITY_UNIT, true, true, "identity to make anew, such as CallManager or TVS" },
	{ "node",                OP_NODE, false, true,  "node whose certificate it is" },
	{ "years",               OP_NUMBER, false, false, "validity: 1, 2, 5, 10 or 20 years (default 5; ITLRecovery of era C 20)" },
	{ "key",                 OP_NAME, false, false, "RSA-2048 (default), RSA-3072, RSA-4096; of -ECDSA units EC-P256, EC-P384 (default), EC-P521" },
	{ "hash",                OP_NUMBER, false, false, "bits of SHA-2: 256, 384 or 512, at least as strong as the key" },
	{ "force",               OP_FLAG, false, false, "allow RSA-4096 to a unit that signs what phones read" },
	{ .name = NULL },
};

static const struct op_field csr_make_fields[] = {
	{ "unit",                OP_IDENTITY_UNIT, true, true, "identity that a CA is to certify, such as tomcat or CallManager" },
	{ "node",                OP_NODE, false, true,  "node whose certificate it is" },
	{ "san",                 OP_TEXT, false, false, "further DNS names beside the node's own, with commas between" },
	{ "multi-server",        OP_FLAG, false, false, "one key and one certificate for all nodes that have the unit: Multi-server(SAN)" },
	{ "ou",                  OP_FLAG, false, false, "name the organizational unit too" },
	{ "key",                 OP_NAME, false, false, "RSA-2048 (default), RSA-3072, RSA-4096; of -ECDSA units EC-P256, EC-P384 (default), EC-P521" },
	{ "force",               OP_FLAG, false, false, "allow RSA-4096 to a unit that signs what phones read" },
	{ .name = NULL },
};

static const struct op_field cert_upload_fields[] = {
	{ "unit",                OP_IDENTITY_UNIT, true, true, "identity whose request is pending" },
	{ "node",                OP_NODE, false, true,  "node whose certificate it is" },
	{ "certificate",         OP_FILE, false, true,  "certificate in PEM, DER or PKCS#7; its chain may stand beside it" },
	{ .name = NULL },
};

static const struct op_field trust_upload_fields[] = {
	{ "store",               OP_TRUST_STORE, true, true,  "trust store, such as tomcat-trust" },
	{ "certificate",         OP_FILE, false, true,  "certificates in PEM, DER or PKCS#7" },
	{ "node",                OP_NODE, false, false, "of CAPF-trust, where it stays (default: the publisher)" },
	{ "again",               OP_FLAG, false, false, "bring back what was deleted" },
	{ .name = NULL },
};

static const struct op_field trust_manufacturing_fields[] = {
	{ "folder",              OP_AUTHORITIES, true, true,  "folder of the maker's certificates, in PEM, DER or PKCS#7" },
	{ "again",               OP_FLAG, false, false, "bring back what was deleted" },
	{ .name = NULL },
};

#define BULK_TYPE \
	{ "type",                OP_NAME, true,  true,  "Tomcat, TFTP, CAPF, ITLRecovery or all" }

static const struct op_field bulk_fields[] = {
	BULK_TYPE,
	{ .name = NULL },
};

static const struct op_field bulk_import_fields[] = {
	BULK_TYPE,
	{ "again",               OP_FLAG, false, false, "bring back what was deleted" },
	{ .name = NULL },
};

static const struct op_field csr_list_fields[] = {
	{ "node",                OP_NODE, false, false, "only this node's" },
	{ .name = NULL },
};

static const struct op_field csr_fields[] = {
	{ "unit",                OP_IDENTITY_UNIT, true, true, "identity whose request is pending" },
	{ "node",                OP_NODE, false, true,  "node whose certificate it is to be" },
	{ .name = NULL },
};

static const struct op_field service_restart_fields[] = {
	{ "service",             OP_NAME, true,  true,  "service, such as \"Cisco Tftp\"" },
	{ "node",                OP_NODE, false, true,  "node on which it runs" },
	{ .name = NULL },
};

static const struct op_field service_activation_fields[] = {
	{ "service",             OP_NAME, true,  true,  "service, such as \"Cisco Certificate Authority Proxy Function\"" },
	{ "node",                OP_NODE, false, true,  "node that has it" },
	{ .name = NULL },
};

static const struct op_field impact_fields[] = {
	{ "what",                OP_NAME, true,  true,  "unit or trust store, such as CAPF or CallManager-trust; or lsc, mic" },
	{ "node",                OP_NODE, false, false, "only that node's certificate changes (default: all of them)" },
	{ .name = NULL },
};

static const struct op_field parameter_set_fields[] = {
	{ "name",                OP_NAME, true,  true,  "parameter, such as \"ITL Signer\"" },
	{ "value",               OP_TEXT, true,  true,  "its new value" },
	{ "dry-run",             OP_FLAG, false, false, "tell what it would do, and change nothing" },
	{ .name = NULL },
};

static const struct op_field trust_store_fields[] = {
	{ "store",               OP_TRUST_STORE, false, false, "only this trust store's" },
	{ .name = NULL },
};

static const struct op_field trust_delete_fields[] = {
	{ "store",               OP_TRUST_STORE, true, true,  "trust store, such as tomcat-trust" },
	{ "name",                OP_NAME, true,  true,  "file name in it, or the first 8 digits of the certificate's SHA-256" },
	{ "reason",              OP_TEXT, false, false, "why, for the audit and for whoever wonders later" },
	{ "force",               OP_FLAG, false, false, "delete it even if something needs it" },
	{ .name = NULL },
};

static const struct op_field audit_fields[] = {
	{ "limit",               OP_NUMBER, false, false, "how many changes are shown, 5000 at most (default 500)" },
	{ "before",              OP_NAME, false, false, "number of a change: those before it are shown (default: the latest)" },
	{ .name = NULL },
};
static const struct op_field expiry_list_fields[] = {
	{ "at",                  OP_NAME, false, false, "day, such as 2027-03-01, or time that is looked at (default: now)" },
	{ "node",                OP_NODE, false, false, "only this node's" },
	{ "all",                 OP_FLAG, false, false, "also what is not due" },
	{ .name = NULL },
};

static const struct op_column node_columns[] = {
	{ "name", "NODE" }, { "role", "ROLE" }, { "address", "ADDRESS" }, { "host", "HOST" },
	{ "tftp", "TFTP" }, { "http", "HTTP" }, { "https", "HTTPS" }, { "tvs", "TVS" }, { .key = NULL },
};

static const struct op_column certificate_columns[] = {
	{ "node", "NODE" }, { "unit", "UNIT" }, { "name", "NAME" }, { "subject", "SUBJECT" },
	{ "key", "KEY" }, { "not_after", "VALID UNTIL" }, { "description", "DESCRIPTION" }, { .key = NULL },
};

static const struct op_column list_columns[] = {
	{ "name", "LIST" }, { "generation", "GENERATION" }, { "wanted", "WANTED" },
	{ "signer", "SIGNER" }, { "timestamp", "TIMESTAMP" }, { "records", "RECORDS" },
	{ "size", "SIZE" }, { "sha256", "SHA-256" }, { .key = NULL },
};

static const struct op_column service_columns[] = {
	{ "node", "NODE" }, { "service", "SERVICE" }, { "kind", "KIND" }, { "type", "TYPE" },
	{ "activated", "ACTIVATED" }, { "started", "STARTED" }, { "restart_wanted", "RESTART WANTED" }, { "hook", "HOOK" },
	{ .key = NULL },
};

static const struct op_column phone_columns[] = {
	{ "name", "PHONE" }, { "description", "DESCRIPTION" }, { "node", "NODE" }, { .key = NULL },
};

static const struct op_column parameter_columns[] = {
	{ "name", "PARAMETER" }, { "value", "VALUE" }, { "default", "DEFAULT" },
	{ "values", "ALLOWED" }, { "means", "MEANS" },
	{ .key = NULL },
};

static const struct op_column audit_columns[] = {
	{ "change", "CHANGE" }, { "time", "TIME" }, { "actor", "ACTOR" }, { "action", "ACTION" },
	{ "detail", "DETAIL" }, { .key = NULL },
};

static const struct op_column review_columns[] = {
	{ "store", "STORE" }, { "name", "NAME" }, { "nodes", "NODES" }, { "standing", "STANDING" },
	{ "may_go", "MAY GO" }, { "not_after", "VALID UNTIL" }, { "advice", "ADVICE" }, { .key = NULL },
};

static const struct op_column deleted_columns[] = {
	{ "store", "STORE" }, { "name", "NAME" }, { "subject", "SUBJECT" }, { "change", "CHANGE" },
	{ "reason", "REASON" }, { .key = NULL },
};

static const struct op_column expiry_columns[] = {
	{ "node", "NODE" }, { "unit", "UNIT" }, { "name", "NAME" }, { "not_after", "VALID UNTIL" },
	{ "days_left", "DAYS LEFT" }, { "use", "USE" }, { "alarm", "ALARM" },
	{ "severity", "SEVERITY" }, { "renew_from", "RENEW FROM" }, { .key = NULL },
};

static const struct op_column csr_columns[] = {
	{ "node", "NODE" }, { "unit", "UNIT" }, { "subject", "SUBJECT" }, { "key", "KEY" },
	{ "change", "CHANGE" }, { .key = NULL },
};

static const struct op_column hook_columns[] = {
	{ "node", "NODE" }, { "hook", "HOOK" }, { "service", "SERVICE" }, { "unit", "UNIT" },
	{ "recipe", "RECIPE" }, { "state", "STATE" }, { "ended", "ENDED" }, { "told", "TOLD" },
	{ .key = NULL },
};

static const struct op_column bulk_file_columns[] = {
	{ "type", "TYPE" }, { "node", "NODE" }, { "name", "FILE" }, { "certificates", "CERTIFICATES" },
	{ .key = NULL },
};

static const struct op_column bulk_certificate_columns[] = {
	{ "type", "TYPE" }, { "cluster", "CLUSTER" }, { "node", "NODE" }, { "store", "STORE" },
	{ "name", "NAME" }, { "outcome", "OUTCOME" }, { "reason", "REASON" }, { .key = NULL },
};

static const struct op rows[OP_COUNT] = {
	{ OP_CLUSTER_INIT, "cluster init", "POST", "/v1/cluster", OP_WRITE,
	  cluster_init_fields, NULL, NULL, "makes the cluster, with this daemon as its publisher", NULL },
	{ OP_CLUSTER_SHOW, "cluster show", "GET", "/v1/cluster", OP_READ,
	  NULL, NULL, NULL, "shows the cluster's name, era and last change", NULL },
	{ OP_NODE_ADD, "node add", "POST", "/v1/nodes", OP_WRITE,
	  node_add_fields, NULL, NULL, "lets a further node join", NULL },
	{ OP_NODE_LIST, "node list", "GET", "/v1/nodes", OP_READ,
	  NULL, "nodes", node_columns, "lists the nodes and their ports", NULL },
	{ OP_CERT_LIST, "cert list", "GET", "/v1/certificates", OP_READ,
	  cert_list_fields, "certificates", certificate_columns,
	  "lists identity certificates and what is in the trust stores", NULL },
	{ OP_CERT_SHOW, "cert show", "GET", "/v1/nodes/{node}/certificates/{unit}", OP_READ,
	  cert_show_fields, NULL, NULL, "shows one certificate, and its PEM", NULL },
	{ OP_CERT_REGEN, "cert regen", "POST", "/v1/nodes/{node}/certificates/{unit}/regenerate", OP_WRITE,
	  cert_regen_fields, NULL, NULL,
	  "makes a new key and a new self-signed certificate, and publishes what follows from it",
	  "message" },
	{ OP_LIST_STATUS, "list status", "GET", "/v1/lists", OP_READ,
	  NULL, "lists", list_columns, "lists the published trust lists", NULL },
	{ OP_SERVICE_LIST, "service list", "GET", "/v1/services", OP_READ,
	  NULL, "services", service_columns, "lists services and which of them must restart", NULL },
	{ OP_SERVICE_RESTART, "service restart", "POST", "/v1/nodes/{node}/services/{service}/restart",
	  OP_WRITE, service_restart_fields, NULL, NULL,
	  "restarts a service, which then loads its identity anew, or notes that you did", "message" },
	{ OP_PHONE_LIST, "phone list", "GET", "/v1/phones", OP_READ,
	  NULL, "phones", phone_columns, "lists the phones that have a configuration", NULL },
	{ OP_PARAMETER_LIST, "parameter list", "GET", "/v1/parameters", OP_READ,
	  NULL, "parameters", parameter_columns, "lists the cluster's parameters", NULL },
	{ OP_PARAMETER_SET, "parameter set", "PUT", "/v1/parameters/{name}", OP_WRITE,
	  parameter_set_fields, NULL, NULL,
	  "sets a parameter of the cluster, after it has said what that will do", "message" },
	{ OP_AUDIT_LIST, "audit list", "GET", "/v1/audit", OP_READ,
	  audit_fields, "audit", audit_columns, "lists the changes that were made, and by whom", NULL },
	{ OP_TRUST_REVIEW, "trust review", "GET", "/v1/trust-stores/review", OP_READ,
	  trust_store_fields, "entries", review_columns,
	  "says of everything in the trust stores what it is for, and what may go", NULL },
	{ OP_TRUST_DELETE, "trust delete", "POST", "/v1/trust-stores/{store}/entries/{name}/delete",
	  OP_WRITE, trust_delete_fields, NULL, NULL,
	  "takes a certificate out of a trust store on every node, for good", "message" },
	{ OP_TRUST_DELETED, "trust deleted", "GET", "/v1/trust-stores/deleted", OP_READ,
	  trust_store_fields, "deleted", deleted_columns,
	  "lists what was deleted from trust stores and does not come back", NULL },
	{ OP_EXPIRY_LIST, "expiry list", "GET", "/v1/expiry", OP_READ,
	  expiry_list_fields, "certificates", expiry_columns,
	  "lists the certificates of every store that have expired or are due", NULL },
	{ OP_SERVICE_ACTIVATE, "service activate", "POST", "/v1/nodes/{node}/services/{service}/activate",
	  OP_WRITE, service_activation_fields, NULL, NULL,
	  "activates a service: from then on it is written into lists and asked to restart", "message" },
	{ OP_SERVICE_DEACTIVATE, "service deactivate", "POST",
	  "/v1/nodes/{node}/services/{service}/deactivate", OP_WRITE, service_activation_fields, NULL, NULL,
	  "deactivates a service: it leaves the lists and is not asked to restart", "message" },
	{ OP_IMPACT, "impact", "GET", "/v1/impact/{what}", OP_READ, impact_fields, NULL, NULL,
	  "tells what a certificate that changes or expires means for this cluster", NULL },
	{ OP_CSR_MAKE, "csr make", "POST", "/v1/nodes/{node}/requests/{unit}", OP_WRITE,
	  csr_make_fields, NULL, NULL,
	  "makes a new key and a request to a CA to certify it, which replaces one that is pending",
	  "message" },
	{ OP_CSR_LIST, "csr list", "GET", "/v1/requests", OP_READ,
	  csr_list_fields, "requests", csr_columns, "lists the requests to a CA that are pending", NULL },
	{ OP_CSR_SHOW, "csr show", "GET", "/v1/nodes/{node}/requests/{unit}", OP_READ,
	  csr_fields, NULL, NULL, "shows a pending request, and its PEM", NULL },
	{ OP_CSR_DELETE, "csr delete", "POST", "/v1/nodes/{node}/requests/{unit}/delete", OP_WRITE,
	  csr_fields, NULL, NULL, "drops a pending request and destroys its key", NULL },
	{ OP_CERT_UPLOAD, "cert upload", "POST", "/v1/nodes/{node}/certificates/{unit}/upload", OP_WRITE,
	  cert_upload_fields, NULL, NULL,
	  "makes the certificate that a CA made of the pending request live", "message" },
	{ OP_TRUST_UPLOAD, "trust upload", "POST", "/v1/trust-stores/{store}/entries", OP_WRITE,
	  trust_upload_fields, NULL, NULL,
	  "puts roots, intermediates or certificates of others into a trust store", "message" },
	{ OP_TRUST_IMPORT_MANUFACTURING, "trust import-manufacturing", "POST",
	  "/v1/trust-stores/manufacturing", OP_WRITE, trust_manufacturing_fields, NULL, NULL,
	  "puts the authorities of the maker of the phones into the stores that believe them", "message" },
	{ OP_HOOK_LIST, "hook list", "GET", "/v1/hooks", OP_READ, NULL, "hooks", hook_columns,
	  "lists what places certificates for programs beside the daemons, and how that went", NULL },
	{ OP_BULK_SERVER, "bulk server", "GET", "/v1/bulk/server", OP_READ,
	  NULL, NULL, NULL, "shows the SFTP server through which clusters exchange certificates", NULL },
	{ OP_BULK_EXPORT, "bulk export", "POST", "/v1/bulk/export", OP_WRITE,
	  bulk_fields, "files", bulk_file_columns,
	  "puts this cluster's certificates on the SFTP server, for other clusters", "message" },
	{ OP_BULK_CONSOLIDATE, "bulk consolidate", "POST", "/v1/bulk/consolidate", OP_WRITE,
	  bulk_fields, "files", bulk_file_columns,
	  "joins there what several clusters exported", "message" },
	{ OP_BULK_IMPORT, "bulk import", "POST", "/v1/bulk/import", OP_WRITE,
	  bulk_import_fields, "certificates", bulk_certificate_columns,
	  "brings what was joined into the trust stores of this cluster", "message" },
};
/* clang-format on */

const struct op *op_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

/* cluster init and show, node add and list. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "cluster/parameter.h"
#include "net/address.h"
#include "store/absence.h"

/* Every certificate that the node will need can carry its host name. */
static bool common_names_fit(const struct node *node, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++) {
		char name[COMMON_NAME_SIZE];
		if (!units[i].trust && unit_is_on(&units[i], node->role) &&
			!unit_common_name(&units[i], node->host, 0, name, err))
			return false;
	}
	return true;
}

/* What a node serves and where, if its role has the service: docs/formats/provisioning.md */
static const struct node_port {
	const char *argument, *service;
	uint16_t usual;
	size_t offset; /* in struct node */
} ports[] = {
	{ "tftp-port", "Cisco Tftp", 69, offsetof(struct node, tftp_port) },
	{ "http-port", "Cisco Tftp", 6970, offsetof(struct node, http_port) },
	{ "https-port", "Cisco Tftp", 6971, offsetof(struct node, https_port) },
	{ "tvs-port", "Cisco Trust Verification Service", 2445, offsetof(struct node, tvs_port) },
};

static bool port_of(const struct asked *asked, const struct node_port *port, struct node *node,
	struct error *err)
{
	uint64_t number;
	bool served = (service_find(port->service)->nodes & 1U << node->role) != 0;
	if (!argument_number(asked, port->argument, served ? port->usual : 0, &number, err))
		return false;
	if (number > UINT16_MAX)
		return fail(err, FAULT_USAGE, "%s: a port is at most 65535", port->argument);
	if (number != 0 && !served)
		return fail(err, FAULT_USAGE, "%s: a %s does not run %s", port->argument,
			node_role_name(node->role), port->service);
	*(uint16_t *)(void *)((char *)node + port->offset) = (uint16_t)number;
	return true;
}

/* The shape of a node in an operation's arguments. */
static bool node_of(
	const struct asked *asked, enum node_role role, struct node *out, struct error *err)
{
	struct node node = { .role = role };
	if (!argument_copy(asked, "node", NULL, node.name, sizeof(node.name), err) ||
		!node_name_check(node.name, err) ||
		!argument_copy(asked, "address", NULL, node.address, sizeof(node.address), err) ||
		!argument_copy(asked, "host", node.name, node.host, sizeof(node.host), err))
		return false;
	for (size_t i = 0; i < COUNT(ports); i++)
		if (!port_of(asked, &ports[i], &node, err))
			return false;
	struct address address;
	if (!host_name_check(node.host, err) || !common_names_fit(&node, err) ||
		!address_of(node.address, node.tftp_port, &address, err))
		return false;
	*out = node;
	return true;
}

/* cluster init */

struct founding {
	struct cluster_row cluster;
	struct node publisher;
};

static bool record_cluster(struct txn *t, void *context, struct error *err)
{
	const struct founding *f = context;
	struct cluster_row before;
	struct error none = { 0 };
	if (store_cluster(txn_store(t), &before, &none))
		return fail(err, FAULT_REFUSED,
			"this database already holds the cluster '%s'; a second one needs a "
			"database of its own ([node] store)",
			before.name);
	return was_looked_for(false, &none, err) && txn_make_cluster(t, &f->cluster, err) &&
		txn_put_node(t, &f->publisher, err) && services_default(t, &f->publisher, err);
}

json_t *cluster_init(struct manager *m, struct asked *asked, struct error *err)
{
	struct founding f = { .cluster = { .created = clock_now() } };
	struct cluster_subject *subject = &f.cluster.subject;
	if (!argument_copy(asked, "name", NULL, f.cluster.name, sizeof(f.cluster.name), err) ||
		!argument_copy(asked, "organization", NULL, subject->organization,
			sizeof(subject->organization), err) ||
		!argument_copy(asked, "organizational_unit", "Telephony", subject->unit,
			sizeof(subject->unit), err) ||
		!argument_copy(
			asked, "locality", "", subject->locality, sizeof(subject->locality), err) ||
		!argument_copy(asked, "state", "", subject->state, sizeof(subject->state), err) ||
		!argument_copy(
			asked, "country", "", subject->country, sizeof(subject->country), err) ||
		!cluster_subject_check(subject, err) ||
		!node_of(asked, NODE_PUBLISHER, &f.publisher, err))
		return NULL;
	if (strcmp(f.publisher.name, m->settings->node) != 0) {
		(void)fail(err, FAULT_REFUSED,
			"this daemon is node '%s' ([node] name): a cluster begins with the node "
			"that "
			"is asked, name it with --node",
			m->settings->node);
		return NULL;
	}
	struct change change = { asked->actor, "cluster init", f.cluster.name };
	if (!store_change(m->store, &change, record_cluster, &f, NULL, err))
		return NULL;
	m->root_changed = true;
	asked->wait_served = true;
	return json_pack("{s:i, s:s, s:s}", "schema_version", 1, "name", f.cluster.name,
		"publisher", f.publisher.name);
}

json_t *cluster_show(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	struct cluster_row cluster;
	uint64_t number;
	uint8_t head[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE], created[TIME_TEXT_SIZE], era[16];
	if (!store_cluster(m->store, &cluster, err) ||
		!store_change_number(m->store, &number, err) ||
		!store_audit_head(m->store, head, err) ||
		!store_parameter(m->store, PARAMETER_ERA, era, sizeof(era), err))
		return NULL;
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "schema_version", 1, "name",
		cluster.name, "node", m->settings->node, "organization",
		cluster.subject.organization, "era", era, "created",
		text_time(cluster.created, created), "change", (json_int_t)number, "audit_head",
		hex_write(reader_of(head, sizeof(head)), hex));
}

/* node add */

struct joining {
	struct txn *txn;
	const struct node *node;
	char publisher[NODE_NAME_SIZE];
};

static bool find_publisher(const struct node *node, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct joining *j = into;
	if (node->role == NODE_PUBLISHER)
		(void)snprintf(j->publisher, sizeof(j->publisher), "%s", node->name);
	return true;
}

/* The newcomer's trust stores start as the publisher's are. */
static bool copy_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	(void)der; /* stored already */
	struct joining *j = into;
	const struct unit *unit = unit_find(entry->store);
	if (unit == NULL || !unit->trust || !unit_is_on(unit, j->node->role))
		return true;
	struct entry copy = *entry;
	(void)snprintf(copy.node, sizeof(copy.node), "%s", j->node->name);
	return txn_copy_entry(j->txn, &copy, err);
}

static bool record_node(struct txn *t, void *context, struct error *err)
{
	struct joining *j = context;
	struct node before;
	struct cluster_row cluster;
	struct error none = { 0 };
	j->txn = t;
	if (!store_cluster(txn_store(t), &cluster, err))
		return err->fault != FAULT_MISSING
			? false
			: fail(err, FAULT_REFUSED,
				  "there is no cluster to join yet: `dialtrust cluster init` comes "
				  "first");
	if (store_node(txn_store(t), j->node->name, &before, &none))
		return fail(err, FAULT_REFUSED, "node '%s' is in the cluster already (%s)",
			before.name, before.address);
	return was_looked_for(false, &none, err) &&
		store_nodes(txn_store(t), find_publisher, j, err) &&
		txn_put_node(t, j->node, err) && services_default(t, j->node, err) &&
		store_entries(txn_store(t), NULL, j->publisher, copy_entry, j, err);
}

json_t *node_add(struct manager *m, struct asked *asked, struct error *err)
{
	struct node node;
	enum node_role role;
	const char *word = argument_text(asked, "role");
	if (!node_role_from_name(word == NULL ? "subscriber" : word, &role) ||
		role == NODE_PUBLISHER) {
		(void)fail(err, FAULT_USAGE,
			"role: subscriber or presence; the publisher is the node of `cluster "
			"init`");
		return NULL;
	}
	if (!node_of(asked, role, &node, err))
		return NULL;
	struct joining joining = { .node = &node };
	struct change change = { asked->actor, "node add", node.name };
	if (!store_change(m->store, &change, record_node, &joining, NULL, err))
		return NULL;
	return json_pack("{s:i, s:s, s:s}", "schema_version", 1, "name", node.name, "role",
		node_role_name(role));
}

static bool list_node(const struct node *node, void *into, struct error *err)
{
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i}", "name", node->name,
		"role", node_role_name(node->role), "address", node->address, "host", node->host,
		"tftp", (int)node->tftp_port, "http", (int)node->http_port, "https",
		(int)node->https_port, "tvs", (int)node->tvs_port);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

json_t *node_list(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	json_auto_t *rows = json_array();
	if (!store_nodes(m->store, list_node, rows, err))
		return NULL;
	return result_of_rows("nodes", rows);
}

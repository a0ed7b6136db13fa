/* Requests to a certificate authority: csr make, list, show, delete. A pending one owns a new key
 * in its node's signer; one a unit and node. docs/csr.md */
#include "manager/csr_impl.h"
#include "manager/multi_server_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pki/request.h"
#include "run/log.h"
#include "store/absence.h"

enum { SIGNER_WAIT_MS = 60000 };

/* a key that is new on purpose */

struct owning {
	const char *node;
	const uint8_t *key;
	bool found;
};

static bool owns(const struct csr_row *row, struct reader der, void *into, struct error *err)
{
	(void)der; /* the request is not looked at */
	(void)err; /* nothing here fails */
	struct owning *o = into;
	if (strcmp(row->node, o->node) == 0 && memcmp(row->key, o->key, DIGEST_SIZE) == 0)
		o->found = true;
	return true;
}

bool csr_owns_key(
	struct manager *m, const uint8_t key[static DIGEST_SIZE], bool *out, struct error *err)
{
	struct owning owning = { m->settings->node, key, false };
	if (!store_csrs(m->store, owns, &owning, err))
		return false;
	*out = owning.found;
	return true;
}

void csr_destroy_key(struct manager *m, const uint8_t key[static DIGEST_SIZE])
{
	struct error err = { 0 };
	AUTO_DONE(bytes) answer = { 0 };
	if (!sibling_call(m->signer, SIGNER_DESTROY, reader_of(key, DIGEST_SIZE), SIGNER_WAIT_MS,
		    &answer, &err))
		log_warning("the key of a request that is no more: %s; it is destroyed later",
			err.text);
}

/* making */

struct requesting {
	struct asked *asked;
	struct csr_row row;
	bool had; /* one before it */
	struct csr_row before;
	struct bytes der;
	struct multi_server *all; /* nodes for which it is to stand; NULL: this one */
	json_t *result;
};

static void requesting_done(struct requesting *r)
{
	bytes_done(&r->der);
	multi_server_free(r->all);
	json_decref(r->result);
}

/* "a.example, b.example" behind the node's own name, each once. */
static bool add_names(const char *text, struct signer_request *to, struct error *err)
{
	while (text != NULL && *text != '\0') {
		text += strspn(text, ", ");
		size_t size = strcspn(text, ", ");
		char name[SIGNER_REQUEST_NAME_SIZE];
		bool known = false;
		if (size == 0)
			break;
		if (size >= sizeof(name))
			return fail(err, FAULT_USAGE, "san: a name of more than %zu bytes",
				sizeof(name) - 1);
		if (!text_from(reader_of(text, size), name, sizeof(name), err))
			return fail_in(err, "san");
		if (strchr(name, '*') != NULL)
			return fail(err, FAULT_USAGE,
				"san: %s is a wildcard, which no certificate of a unit may carry",
				name);
		for (size_t i = 0; i < to->name_count; i++)
			known |= text_same_nocase(to->names[i], name);
		if (!known && to->name_count == SIGNER_REQUEST_NAMES)
			return fail(
				err, FAULT_LIMIT, "san: at most %d names", SIGNER_REQUEST_NAMES);
		if (!known)
			memcpy(to->names[to->name_count++], name, sizeof(name));
		text += size;
	}
	return true;
}

/* One for all nodes has a name of its own; elsewhere the name comes with the key. */
static bool common_name_of(const struct node *node, const struct multi_server *all,
	struct signer_request *to, struct error *err)
{
	return all == NULL || unit_multi_server_name(all->unit, node->host, to->common_name, err);
}

/* What the operator asked of it. */
static bool request_of(struct manager *m, const struct asked *asked, const struct node *node,
	const struct multi_server *all, struct signer_request *out, struct error *err)
{
	struct cluster_row cluster;
	struct signer_request request = { .name_count = 1 };
	if (!store_cluster(m->store, &cluster, err))
		return false;
	const struct cluster_subject *subject = &cluster.subject;
	memcpy(request.organization, subject->organization, sizeof(request.organization));
	if (argument_flag(asked, "ou"))
		memcpy(request.organizational_unit, subject->unit,
			sizeof(request.organizational_unit));
	memcpy(request.locality, subject->locality, sizeof(request.locality));
	memcpy(request.state, subject->state, sizeof(request.state));
	memcpy(request.country, subject->country, sizeof(request.country));
	if (!text_copy(request.names[0], sizeof(request.names[0]), node->host, err) ||
		!common_name_of(node, all, &request, err))
		return false;
	for (size_t i = 1; all != NULL && i < all->count; i++)
		if (!add_names(all->nodes[i].node.host, &request, err))
			return false;
	if (!add_names(argument_text(asked, "san"), &request, err))
		return false;
	*out = request;
	return true;
}

static const struct unit *requestable(
	const struct asked *asked, const struct node *node, struct error *err)
{
	const struct unit *unit = identity_unit(argument_text(asked, "unit"), node, err);
	if (unit == NULL || unit->csr_usages != 0)
		return unit;
	(void)fail(err, FAULT_REFUSED,
		"%s is self-signed only: phones trust its key, and no CA stands above it",
		unit->name);
	return NULL;
}

/* *out stays NULL where it is for this node alone. */
static bool find_nodes(struct manager *m, const struct asked *asked, const struct unit *unit,
	const struct node *node, struct multi_server **out, struct error *err)
{
	if (!argument_flag(asked, "multi-server"))
		return true;
	AUTO(multi_server) all = multi_server_new(m, unit, err);
	if (all == NULL || !multi_server_check(all, node, err))
		return false;
	*out = TAKE(all);
	return true;
}

bool csr_make_check(
	struct manager *m, const struct asked *asked, const struct node *node, struct error *err)
{
	struct identity_choice choice;
	struct signer_request request;
	struct multi_server *found = NULL;
	const struct unit *unit = requestable(asked, node, err);
	if (unit == NULL || !find_nodes(m, asked, unit, node, &found, err))
		return false;
	AUTO(multi_server) all = found;
	return identity_chosen(m, asked, unit, &choice, err) &&
		request_of(m, asked, node, all, &request, err);
}

static bool sign_request(struct manager *m, const struct made_identity *made,
	struct signer_request *request, struct bytes *der, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	memcpy(request->key, made->key, sizeof(request->key));
	if (request->common_name[0] == '\0' &&
		!text_copy(request->common_name, sizeof(request->common_name),
			cert_common_name(made->cert), err))
		return false;
	signer_request_write(&w, request);
	return sibling_call(
		m->signer, SIGNER_REQUEST, writer_written(&w), SIGNER_WAIT_MS, der, err);
}

/* showing */

static json_t *texts_of_names(const struct cert_facts *facts)
{
	json_t *names = json_array();
	for (size_t i = 0; i < facts->alternative_count; i++)
		(void)json_array_append_new(names, json_string(facts->alternatives[i].text));
	return names;
}

static json_t *texts_of_usages(const struct cert_facts *facts)
{
	json_t *usages = json_array();
	for (unsigned bit = 0; bit < CERT_USAGES; bit++)
		if ((facts->usage & 1U << bit) != 0)
			(void)json_array_append_new(usages, json_string(cert_usage_name(bit)));
	return usages;
}

static json_t *texts_of_purposes(const struct cert_facts *facts)
{
	json_t *purposes = json_array();
	for (size_t i = 0; i < facts->purpose_count; i++) {
		const struct cert_purpose *p = &facts->purposes[i];
		(void)json_array_append_new(
			purposes, json_string(p->name != NULL ? p->name : p->oid));
	}
	return purposes;
}

static json_t *request_json(const struct csr_row *row, struct reader der, struct error *err)
{
	AUTO_DONE(request) request = { 0 };
	if (!request_parse(der, &request, err)) {
		(void)fail_in(err, "the %s request of node %s", row->unit, row->node);
		return NULL;
	}
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:I}", "unit",
		row->unit, "node", row->node, "subject", request.subject, "key", request.key.name,
		"names", texts_of_names(&request.facts), "key_usage",
		texts_of_usages(&request.facts), "extended_key_usage",
		texts_of_purposes(&request.facts), "authority", request.facts.authority,
		"multi_server", row->multi_server, "change", (json_int_t)row->change);
	if (item == NULL)
		(void)fail_memory(err);
	return item;
}

static json_t *request_whole(const struct csr_row *row, struct reader der, struct error *err)
{
	char *pem = NULL;
	json_t *item = request_json(row, der, err);
	if (item == NULL || !request_pem(der, &pem, err)) {
		json_decref(item);
		return NULL;
	}
	(void)json_object_set_new(item, "schema_version", json_integer(1));
	(void)json_object_set_new(item, "pem", json_string(pem));
	free(pem);
	return item;
}

/* the operations */

static bool put_request(struct txn *t, const struct requesting *r, struct error *err)
{
	if (r->all != NULL)
		return multi_server_record(t, r->all, &r->row, bytes_reader(&r->der), err);
	return txn_drop_csr(t, r->row.unit, r->row.node, err) &&
		txn_put_csr(t, &r->row, bytes_reader(&r->der), err);
}

static bool record_request(struct txn *t, void *context, struct error *err)
{
	struct requesting *r = context;
	char message[2 * NODE_NAME_SIZE];
	struct error none = { 0 };
	r->had = store_csr(txn_store(t), r->row.unit, r->row.node, &r->before, NULL, &none);
	if (!was_looked_for(r->had, &none, err))
		return false;
	r->row.change = txn_number(t);
	r->row.multi_server = r->all != NULL;
	json_decref(r->result);
	r->result = request_whole(&r->row, bytes_reader(&r->der), err);
	if (r->result == NULL)
		return false;
	(void)snprintf(message, sizeof(message), "Successfully Generated CSR for %s.", r->row.unit);
	(void)json_object_set_new(r->result, "message", json_string(message));
	return put_request(t, r, err) && job_finish_in(t, r->asked, r->result, err);
}

/* Signer first (a new key and what it signs), then the change. A crash between leaves a new key
 * that no row names, and one after it the key of the request before; both go as every such key. */
static json_t *make(struct manager *m, struct requesting *r, struct signer_request *request,
	const struct made_identity *made, struct error *err)
{
	char detail[2 * NODE_NAME_SIZE + 8];
	(void)snprintf(r->row.unit, sizeof(r->row.unit), "%s", made->unit->name);
	(void)snprintf(r->row.node, sizeof(r->row.node), "%s", made->node);
	memcpy(r->row.key, made->key, sizeof(r->row.key));
	(void)snprintf(detail, sizeof(detail), "%s on %s", made->unit->name, made->node);
	struct change change = { r->asked->actor, "csr make", detail };
	if (!sign_request(m, made, request, &r->der, err) ||
		(r->all != NULL && !multi_server_seal(m, made, r->all, err))) {
		csr_destroy_key(m, made->key);
		return NULL;
	}
	if (!store_change(m->store, &change, record_request, r, NULL, err))
		return NULL; /* whether it was committed, the next start knows */
	if (r->had)
		csr_destroy_key(m, r->before.key);
	return json_incref(r->result);
}

json_t *csr_make(struct manager *m, struct asked *asked, struct error *err)
{
	__attribute__((cleanup(requesting_done))) struct requesting r = { .asked = asked };
	struct identity_choice choice;
	struct signer_request request;
	struct made_identity made = { 0 };
	struct node self;
	if (!store_node(m->store, m->settings->node, &self, err))
		return NULL;
	const struct unit *unit = requestable(asked, &self, err);
	if (unit == NULL || !find_nodes(m, asked, unit, &self, &r.all, err) ||
		!identity_chosen(m, asked, unit, &choice, err) ||
		!request_of(m, asked, &self, r.all, &request, err) ||
		!identity_make(m, unit, &self, &choice, &made, err))
		return NULL;
	json_t *result = make(m, &r, &request, &made, err);
	asked->wait_served = r.all != NULL; /* until every node has its key */
	identity_done(&made);
	return result;
}

struct listing {
	const char *node; /* NULL: all */
	json_t *rows;
};

static bool list_request(
	const struct csr_row *row, struct reader der, void *into, struct error *err)
{
	const struct listing *l = into;
	if (l->node != NULL && strcmp(row->node, l->node) != 0)
		return true;
	json_t *item = request_json(row, der, err);
	return item != NULL && (json_array_append_new(l->rows, item) == 0 || fail_memory(err));
}

json_t *csr_list(struct manager *m, struct asked *asked, struct error *err)
{
	struct node node;
	json_auto_t *rows = json_array();
	struct listing listing = { argument_text(asked, "node"), rows };
	if ((listing.node != NULL && !store_node(m->store, listing.node, &node, err)) ||
		!store_csrs(m->store, list_request, &listing, err))
		return NULL;
	return result_of_rows("requests", rows);
}

/* The unit's name as the table spells it. */
static const char *unit_argument(const struct asked *asked)
{
	const struct unit *unit = unit_find(argument_text(asked, "unit"));
	return unit == NULL ? argument_text(asked, "unit") : unit->name;
}

json_t *csr_show(struct manager *m, struct asked *asked, struct error *err)
{
	struct node node;
	struct csr_row row;
	AUTO_DONE(bytes) der = { 0 };
	if (!store_node(m->store, argument_text(asked, "node"), &node, err) ||
		!store_csr(m->store, unit_argument(asked), node.name, &row, &der, err))
		return NULL;
	return request_whole(&row, bytes_reader(&der), err);
}

struct dropping {
	const struct asked *asked;
	struct csr_row row;
	const json_t *result;
};

static bool record_drop(struct txn *t, void *context, struct error *err)
{
	struct dropping *d = context;
	struct csr_row now;
	return store_csr(txn_store(t), d->row.unit, d->row.node, &now, NULL, err) &&
		txn_drop_csr(t, d->row.unit, d->row.node, err) &&
		job_finish_in(t, d->asked, d->result, err);
}

json_t *csr_delete(struct manager *m, struct asked *asked, struct error *err)
{
	struct dropping d = { .asked = asked };
	char detail[2 * NODE_NAME_SIZE + 8];
	if (!store_csr(m->store, unit_argument(asked), m->settings->node, &d.row, NULL, err))
		return NULL;
	json_auto_t *result = json_pack(
		"{s:i, s:s, s:s}", "schema_version", 1, "unit", d.row.unit, "node", d.row.node);
	d.result = result;
	(void)snprintf(detail, sizeof(detail), "%s on %s", d.row.unit, d.row.node);
	struct change change = { asked->actor, "csr delete", detail };
	if (result == NULL || !store_change(m->store, &change, record_drop, &d, NULL, err))
		return NULL;
	csr_destroy_key(m, d.row.key);
	return json_incref(result);
}

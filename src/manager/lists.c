/* Trust lists: which are wanted after a change, and building, signing, checking and publishing
 * those whose signer's key is on this node. */
#include "manager/manager_impl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cluster/parameter.h"
#include "run/log.h"
#include "trust/belief.h"
#include "trust/list_build.h"
#include "wire/signer_message.h"

enum { SIGN_WAIT_MS = 10000, PARAMETER_SIZE = 64 };

/* which records there are */

struct service_question {
	const char *service;
	bool yes;
};

static bool activated_anywhere(const struct service_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct service_question *asked = into;
	if (row->activated && strcmp(row->service, asked->service) == 0)
		asked->yes = true;
	return true;
}

static bool role_applies(
	struct store *s, const struct unit_list_role *role, bool *out, struct error *err)
{
	struct service_question asked = { role->service, !role->if_service };
	if (role->if_service && !store_services(s, activated_anywhere, &asked, err))
		return false;
	*out = asked.yes;
	return true;
}

/* CAPF has a record where its service is activated: elsewhere its lists do not change with it. */
bool lists_carry(struct store *s, const struct unit *unit, bool *out, struct error *err)
{
	bool any = false;
	for (size_t i = 0; i < unit->list_role_count && !any; i++)
		if (!role_applies(s, &unit->list_roles[i], &any, err))
			return false;
	*out = any;
	return true;
}

/* wanting */

struct wanting {
	struct txn *txn;
	const struct unit *unit;
	const char *node;
	char signer[NODE_NAME_SIZE];
	char publisher[NODE_NAME_SIZE];
};

static bool find_publisher(const struct node *node, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct wanting *w = into;
	if (node->role == NODE_PUBLISHER)
		(void)snprintf(w->publisher, sizeof(w->publisher), "%s", node->name);
	return true;
}

static bool want_of_node(const struct node *node, void *into, struct error *err)
{
	struct wanting *w = into;
	bool its_node = strcmp(node->name, w->node) == 0;
	if (node->tftp_port == 0 || (w->unit->lists == LISTS_OF_ITS_NODE && !its_node))
		return true;
	char list[NODE_NAME_SIZE + 8];
	(void)snprintf(list, sizeof(list), "ITL %s", node->name);
	const struct unit *signer = unit_find(w->signer);
	const char *holder = signer->scope == SCOPE_CLUSTER ? w->publisher : node->name;
	return txn_want_list(w->txn, list, node->name, signer->name, holder, err);
}

bool lists_want(struct txn *t, const struct unit *unit, const char *node, struct error *err)
{
	bool any;
	if (unit->lists == LISTS_NONE)
		return true;
	if (!lists_carry(txn_store(t), unit, &any, err))
		return false;
	if (!any)
		return true;
	struct wanting w = { .txn = t, .unit = unit, .node = node };
	struct store *s = txn_store(t);
	return store_parameter(s, PARAMETER_ITL_SIGNER, w.signer, sizeof(w.signer), err) &&
		store_nodes(s, find_publisher, &w, err) && store_nodes(s, want_of_node, &w, err);
}

struct settling {
	const struct unit *unit;
	const char *node;
};

static bool is_settled(const struct list_row *row, void *into, struct error *err)
{
	const struct settling *s = into;
	bool concerned = s->unit->lists == LISTS_ALL || strcmp(row->node, s->node) == 0;
	if (!concerned || row->wanted == row->published)
		return true;
	return fail(err, FAULT_BUSY,
		"generation %llu of %s is not published yet, and a list never changes two of its "
		"signers at once: wait for `dialtrust list status` to show it",
		(unsigned long long)row->wanted, row->name);
}

bool lists_settled(struct store *s, const struct unit *unit, const char *node, struct error *err)
{
	struct settling settling = { unit, node };
	for (size_t i = 0; i < unit->list_role_count; i++)
		if (unit->list_roles[i].role == ROLE_SAST)
			return store_lists(s, is_settled, &settling, err);
	return true;
}

/* planning: what the ITL of a node says */

enum { IPV4_SIZE = 4 };

/* Whose server it is, where its record has no certificate. */
struct host {
	char name[HOST_NAME_SIZE];
	uint8_t address[IPV4_SIZE];
};

struct planning {
	struct manager *m;
	const char *node;        /* the TFTP node */
	const struct unit *unit; /* that is gathered now */
	bool blank;              /* before a rollback: servers without certificates */
	struct list_plan plan;
	struct host hosts[LIMIT_RECORDS];  /* of blank records */
	struct cert *certs[LIMIT_RECORDS]; /* owned */
	size_t cert_count;
};

static void planning_done(struct planning *p)
{
	for (size_t i = 0; i < p->cert_count; i++)
		cert_free(p->certs[i]);
}

static struct cert *planned_cert(struct planning *p, struct reader der, struct error *err)
{
	if (p->cert_count == COUNT(p->certs)) {
		(void)fail(err, FAULT_LIMIT, "more than %zu certificates", COUNT(p->certs));
		return NULL;
	}
	struct cert *cert = cert_parse(der, err);
	if (cert != NULL)
		p->certs[p->cert_count++] = cert;
	return cert;
}

static bool is_blanked(const struct planning *p, enum role role)
{
	return p->blank && (role == ROLE_TFTP || role == ROLE_CCM_TFTP || role == ROLE_TVS);
}

static bool plan_blank(
	struct planning *p, const char *node, struct list_record *record, struct error *err)
{
	struct node row;
	struct host *host = &p->hosts[p->plan.count];
	if (!store_node(p->m->store, node, &row, err) ||
		!text_copy(host->name, sizeof(host->name), row.host, err))
		return false;
	record->cert = NULL;
	record->dns_name = host->name;
	if (inet_pton(AF_INET, row.address, host->address) == 1)
		record->address = host->address;
	return true;
}

static bool plan_record(struct planning *p, const struct identity_row *row, const struct cert *cert,
	enum role role, struct error *err)
{
	struct list_record record = { .cert = cert, .role = role };
	if (p->plan.count == LIMIT_RECORDS)
		return fail(err, FAULT_LIMIT, "more than %d records", LIMIT_RECORDS);
	if (is_blanked(p, role) && !plan_blank(p, row->node, &record, err))
		return false;
	p->plan.records[p->plan.count++] = record;
	return true;
}

/* A certificate that stands for all nodes has one record. */
static bool is_planned(const struct list_plan *plan, const struct cert *cert, enum role role)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->records[i].role == role && plan->records[i].cert != NULL &&
			cert_same(plan->records[i].cert, cert))
			return true;
	return false;
}

static bool plan_identity(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	struct planning *p = into;
	bool elsewhere = strcmp(row->node, p->node) != 0;
	if (strcmp(row->unit, p->unit->name) != 0 ||
		(p->unit->lists == LISTS_OF_ITS_NODE && elsewhere))
		return true;
	struct cert *cert = planned_cert(p, der, err);
	for (size_t i = 0; cert != NULL && i < p->unit->list_role_count; i++) {
		bool applies;
		if (!role_applies(p->m->store, &p->unit->list_roles[i], &applies, err))
			return false;
		enum role role = p->unit->list_roles[i].role;
		if (applies && !is_planned(&p->plan, cert, role) &&
			!plan_record(p, row, cert, role, err))
			return false;
	}
	return cert != NULL;
}

static bool plan_signer(struct planning *p, const struct list_row *row, struct error *err)
{
	AUTO_DONE(bytes) der = { 0 };
	struct identity_row identity;
	if (!store_identity(p->m->store, row->signer_unit, row->signer_node, &identity, &der, err))
		return fail_in(err, "signer %s of %s", row->signer_unit, row->signer_node);
	p->plan.signer = planned_cert(p, bytes_reader(&der), err);
	return p->plan.signer != NULL;
}

static bool plan_list(struct planning *p, const struct list_row *row, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	char rollback[PARAMETER_SIZE];
	if (!store_parameter(p->m->store, PARAMETER_ROLLBACK, rollback, sizeof(rollback), err))
		return false;
	p->blank = strcmp(rollback, "True") == 0;
	for (size_t i = 0; i < count; i++) {
		p->unit = &units[i];
		if (units[i].list_role_count > 0 &&
			!store_identities(p->m->store, plan_identity, p, err))
			return false;
	}
	char hash[PARAMETER_SIZE];
	if (!store_parameter(p->m->store, PARAMETER_FILE_HASH, hash, sizeof(hash), err) ||
		!plan_signer(p, row, err))
		return false;
	p->plan.hash = strcmp(hash, "SHA-512") == 0 ? HASH_SHA512 : HASH_SHA1;
	p->plan.file_name = row->node[0] == '\0' ? "CTLFile.tlv" : "ITLFile.tlv";
	return true;
}

/* publishing */

struct publishing {
	const struct list_row *row;
	struct bytes file;
};

static void publishing_done(struct publishing *p)
{
	bytes_done(&p->file);
}

static bool sign_list(
	struct manager *m, const struct list_row *row, struct bytes *file, struct error *err)
{
	struct identity_row identity;
	if (!store_identity(m->store, row->signer_unit, row->signer_node, &identity, NULL, err))
		return false;
	struct signer_sign sign = { .file = bytes_reader(file) };
	memcpy(sign.key, identity.key, sizeof(sign.key));
	if (!text_copy(sign.list, sizeof(sign.list), row->name, err))
		return false;
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	AUTO_DONE(bytes) signature = { 0 };
	signer_sign_write(&w, &sign);
	return sibling_call(m->signer, SIGNER_SIGN_LIST, writer_written(&w), SIGN_WAIT_MS,
		       &signature, err) &&
		signature_insert(file, bytes_reader(&signature), err);
}

/* As a phone that holds the predecessor would: anything but "bad" may be published, because an
 * unknown signer is what TVS is for. */
static bool check_as_phone(const struct held_list *next, const struct held_list *previous,
	const char *name, struct error *err)
{
	if (!held_list_intact(next, err))
		return false;
	if (previous == NULL)
		return true;
	struct holding holding = { .itl = previous };
	struct error why = { 0 };
	struct belief_answer answer =
		believe(&holding, BELIEVE_ITL, bytes_reader(&next->file), &next->list.header, &why);
	if (answer.belief == BELIEF_BAD) {
		*err = why;
		return fail_in(err, "a phone that holds the present %s", name);
	}
	if (answer.belief == BELIEF_ASK_TVS)
		log_warning("%s: phones that hold the present list must ask TVS about the signer",
			name);
	return true;
}

static bool same_as_before(const struct held_list *previous, struct reader unsigned_file)
{
	AUTO(held_list) next = held_list_load(unsigned_file, NULL);
	return previous != NULL && next != NULL && list_says_same(&previous->list, &next->list);
}

/* The file of the wanted generation: the present one when it already says so. */
static bool make_file(
	struct manager *m, const struct list_row *row, struct bytes *out, struct error *err)
{
	__attribute__((cleanup(planning_done))) struct planning p = { .m = m, .node = row->node };
	AUTO_DONE(bytes) before = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	AUTO(held_list) previous = NULL;
	if (row->published > 0) {
		if (!store_list_file(m->store, row->name, 0, &before, err))
			return false;
		previous = held_list_load(bytes_reader(&before), err);
		if (previous == NULL)
			return fail_in(err, "the published %s", row->name);
	}
	if (!plan_list(&p, row, err))
		return false;
	int64_t now = clock_now();
	int64_t after = previous == NULL ? 0 : (int64_t)previous->list.header.timestamp + 1;
	p.plan.timestamp = (uint32_t)(now > after ? now : after);
	if (!list_build(&p.plan, &file, err))
		return false;
	if (same_as_before(previous, bytes_reader(&file))) {
		*out = before;
		before = (struct bytes){ 0 };
		return true;
	}
	AUTO(held_list) next = NULL;
	if (!sign_list(m, row, &file, err) ||
		(next = held_list_load(bytes_reader(&file), err)) == NULL ||
		!check_as_phone(next, previous, row->name, err))
		return false;
	*out = file;
	file = (struct bytes){ 0 };
	return true;
}

static bool record_publication(struct txn *t, void *context, struct error *err)
{
	const struct publishing *p = context;
	return txn_publish_list(t, p->row->name, p->row->wanted, bytes_reader(&p->file), err);
}

static bool publish_one(struct manager *m, const struct list_row *row, struct error *err)
{
	AUTO_DONE(publishing) p = { .row = row };
	if (!make_file(m, row, &p.file, err))
		return fail_in(
			err, "%s, generation %llu", row->name, (unsigned long long)row->wanted);
	char actor[NODE_NAME_SIZE + 16], detail[NODE_NAME_SIZE + 48];
	(void)snprintf(actor, sizeof(actor), "manager of %s", m->settings->node);
	(void)snprintf(detail, sizeof(detail), "%s generation %llu", row->name,
		(unsigned long long)row->wanted);
	struct change change = { actor, "list publish", detail };
	if (!store_change(m->store, &change, record_publication, &p, NULL, err)) {
		manager_retry(m); /* busy: a later generation is wanted by now */
		return err->fault == FAULT_BUSY || fail_in(err, "publishing %s", detail);
	}
	log_info("%s published, %zu bytes", detail, p.file.size);
	return true;
}

struct wanted_lists {
	const char *node;
	size_t count;
	struct list_row rows[16]; /* the rest has its turn at the next catch-up */
};

static bool gather_wanted(const struct list_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct wanted_lists *w = into;
	if (row->wanted > row->published && strcmp(row->signer_node, w->node) == 0 &&
		w->count < COUNT(w->rows))
		w->rows[w->count++] = *row;
	return true;
}

bool lists_publish(struct manager *m, struct error *err)
{
	struct wanted_lists wanted = { .node = m->settings->node };
	if (!store_lists(m->store, gather_wanted, &wanted, err))
		return false;
	bool fine = true;
	for (size_t i = 0; i < wanted.count; i++) {
		struct error why = { 0 };
		if (publish_one(m, &wanted.rows[i], &why))
			continue;
		*err = why;
		fine = false; /* the others are published all the same */
	}
	if (wanted.count == COUNT(wanted.rows))
		manager_retry(m);
	return fine;
}

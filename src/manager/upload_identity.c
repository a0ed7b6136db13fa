/* cert upload: what a CA made of a pending request becomes the live identity. docs/csr.md */
#include "manager/csr_impl.h"
#include "manager/multi_server_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "pki/cert_bundle.h"
#include "run/log.h"
#include "store/absence.h"
#include "trust/certified.h"

enum { SIGNER_WAIT_MS = 60000, HELD_MAX = 1024 };

static const char message[] =
	"Success: Certificate Uploaded. Perform a Disaster Recovery backup so "
	"the latest backup contains the uploaded certificate.";

struct upload {
	struct asked *asked;
	struct cert_bundle file;
	struct csr_row pending;
	struct request request;
	struct made_identity made;
	size_t held_count;
	struct cert *held[HELD_MAX]; /* of the unit's chain store on this node */
	bool had;                    /* an identity before it */
	struct identity_row before;
	bool unguarded; /* the key before it is lost: nothing to wait for */
	json_t *result;
};

static void upload_free(struct upload *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < u->held_count; i++)
		cert_free(u->held[i]);
	cert_bundle_done(&u->file);
	request_done(&u->request);
	identity_done(&u->made);
	json_decref(u->result);
	free(u);
}
DEFINE_AUTO(upload, upload_free);

bool upload_file(
	const struct asked *asked, const char *argument, struct cert_bundle *out, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	const char *text = argument_text(asked, argument);
	if (text == NULL)
		return fail(err, FAULT_USAGE, "%s: is missing", argument);
	return (base64_read(text, &file, err) && cert_bundle_add(out, bytes_reader(&file), err)) ||
		fail_in(err, "%s", argument);
}

static bool hold(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct upload *u = into;
	if (u->held_count == HELD_MAX)
		return fail(err, FAULT_LIMIT, "%s holds more than %d certificates", entry->store,
			HELD_MAX);
	struct cert *cert = cert_parse(der, err);
	if (cert == NULL)
		return fail_in(err, "%s of %s", entry->name, entry->store);
	u->held[u->held_count++] = cert;
	return true;
}

/* The one of the file that is of the request's key; where none is, the first is looked at. */
static struct cert *leaf_of(const struct upload *u)
{
	for (size_t i = 0; i < u->file.count; i++) {
		uint8_t id[DIGEST_SIZE];
		cert_key_id(u->file.certs[i], id);
		if (memcmp(id, u->pending.key, sizeof(id)) == 0)
			return u->file.certs[i];
	}
	return u->file.certs[0];
}

static bool find_request(
	struct manager *m, const struct unit *unit, struct upload *u, struct error *err)
{
	struct error missing = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	if (store_csr(m->store, unit->name, m->settings->node, &u->pending, &der, &missing))
		return request_parse(bytes_reader(&der), &u->request, err);
	if (missing.fault != FAULT_MISSING)
		return fail(err, missing.fault, "%s", missing.text);
	return fail(err, FAULT_MISSING,
		"File /usr/local/%s/.security/%s/keys/%s.csr does not exist: `dialtrust csr make` "
		"makes the request that a certificate answers",
		unit->of_platform ? "platform" : "cm", unit->name, unit->name);
}

static bool judge(struct manager *m, const struct unit *unit, struct upload *u, struct error *err)
{
	if (!find_request(m, unit, u, err) ||
		!upload_file(u->asked, "certificate", &u->file, err) ||
		!store_entries(m->store, unit->chain, m->settings->node, hold, u, err))
		return false;
	u->made = (struct made_identity){ .unit = unit, .reason = "Signed Certificate" };
	u->made.cert = cert_keep(leaf_of(u));
	memcpy(u->made.key, u->pending.key, sizeof(u->made.key));
	(void)snprintf(u->made.node, sizeof(u->made.node), "%s", m->settings->node);
	const struct certified certified = { unit, u->made.cert, &u->request,
		(const struct cert *const *)u->held, u->held_count, clock_now() };
	return certified_check(&certified, err);
}

static bool certify(struct manager *m, const struct made_identity *made, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	AUTO_DONE(bytes) answer = { 0 };
	struct signer_identity identity = { .certificate = cert_der(made->cert) };
	memcpy(identity.key, made->key, sizeof(identity.key));
	signer_identity_write(&w, &identity);
	return sibling_call(
		m->signer, SIGNER_CERTIFY, writer_written(&w), SIGNER_WAIT_MS, &answer, err);
}

static bool record_here(struct txn *t, const struct upload *u, struct error *err)
{
	return (u->unguarded || lists_settled(txn_store(t), u->made.unit, u->made.node, err)) &&
		identity_record(t, &u->made, err) &&
		services_after(t, u->made.unit->name, u->made.node, err);
}

static bool record_upload(struct txn *t, void *context, struct error *err)
{
	struct upload *u = context;
	struct csr_row now;
	if (!store_csr(txn_store(t), u->pending.unit, u->pending.node, &now, NULL, err))
		return false;
	if (memcmp(now.key, u->pending.key, sizeof(now.key)) != 0)
		return fail(err, FAULT_REFUSED,
			"CSR public key and certificate public key do not match");
	json_auto_t *nodes = json_array();
	if (!(u->pending.multi_server ? multi_server_live(t, &u->made, nodes, err)
				      : record_here(t, u, err)))
		return false;
	json_decref(u->result);
	u->result = consequences_of(t, &u->made, message, err);
	if (u->result == NULL)
		return false;
	if (u->pending.multi_server)
		(void)json_object_set(u->result, "nodes", nodes);
	return job_finish_in(t, u->asked, u->result, err);
}

static const struct unit *certifiable(
	const struct asked *asked, const struct node *node, struct error *err)
{
	const struct unit *unit = identity_unit(argument_text(asked, "unit"), node, err);
	if (unit == NULL || unit->csr_usages != 0)
		return unit;
	(void)fail(err, FAULT_REFUSED, "%s is self-signed only: no CA certifies it", unit->name);
	return NULL;
}

bool cert_upload_check(
	struct manager *m, const struct asked *asked, const struct node *node, struct error *err)
{
	(void)m; /* the request is that node's to look at */
	struct cert_bundle file = { 0 };
	bool fine = certifiable(asked, node, err) != NULL &&
		upload_file(asked, "certificate", &file, err);
	cert_bundle_done(&file);
	return fine;
}

/* Signer first (the new key's certificate), then the change, then the signer again (live). A crash
 * after the first leaves the request pending, and the certificate may be uploaded again or another
 * one; after the second, install_reconcile finishes. */
json_t *cert_upload(struct manager *m, struct asked *asked, struct error *err)
{
	AUTO(upload) u = calloc(1, sizeof(*u));
	struct node self;
	struct error none = { 0 };
	char detail[2 * NODE_NAME_SIZE + 8];
	if (u == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	u->asked = asked;
	if (!store_node(m->store, m->settings->node, &self, err))
		return NULL;
	const struct unit *unit = certifiable(asked, &self, err);
	if (unit == NULL || !judge(m, unit, u, err))
		return NULL;
	u->had = store_identity(m->store, unit->name, self.name, &u->before, NULL, &none);
	if (!was_looked_for(u->had, &none, err))
		return NULL;
	u->unguarded = u->had && install_lacks_key(m, u->before.key);
	if (!u->unguarded && !lists_settled(m->store, unit, self.name, err))
		return NULL;
	(void)snprintf(detail, sizeof(detail), "%s on %s", unit->name, self.name);
	struct change change = { asked->actor, "cert upload", detail };
	if (!certify(m, &u->made, err) ||
		!store_change(m->store, &change, record_upload, u, NULL, err))
		return NULL;
	if (!identity_mark_live(
		    m, &u->made, u->had && !u->unguarded ? u->before.key : NULL, &none)) {
		log_warning("%s; it is tried again", none.text); /* what is committed stands */
		m->reconciled = false;
	}
	asked->wait_served = true;
	return json_incref(u->result);
}

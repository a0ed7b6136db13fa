/*
 * Identities for programs beside this node's daemon. A change that makes a hooked service restart
 * also wants its hooks, in the same transaction; this node's deployer is then ordered to place the
 * live identity, and how that went is a change of its own, which alone takes the service's flag
 * away. A crash between the two leaves the hook wanted. docs/deploy-hooks.md
 */
#include "manager/hooks_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "base/writer.h"
#include "run/log.h"
#include "run/process.h"
#include "store/hooks.h"
#include "wire/deployer_message.h"

enum {
	ASK_MS = 10000,
	DEPLOY_MS = 600000, /* longer than any hook may take, there and back */
	ORDER_LIMIT = 256 << 10,
	CHAIN_MAX = DEPLOYER_ISSUERS,
	HOOKS_MAX = 16,
	PATH_SIZE = 256,
};

struct hooking {
	struct manager *m;
	struct sibling_client *deployer;
	bool told; /* by the deployer that runs now, and not yet written down */
	size_t count;
	struct deployer_hook rows[HOOKS_MAX];
	bool running;
	struct hook_row ordered; /* as it was when it was ordered */
	uint64_t seen;           /* change number up to which the order looked */
	char about[96];          /* "tomcat 3f2a9c0d1e4b" */
	bool ending;
};

/* what hooks there are */

static bool same_hook(const struct deployer_hook *told, const struct hook_row *row)
{
	return strcmp(told->name, row->name) == 0 && strcmp(told->service, row->service) == 0 &&
		strcmp(told->unit, row->unit) == 0 && strcmp(told->recipe, row->recipe) == 0;
}

struct comparing {
	const struct hooking *h;
	size_t known; /* told and as told */
	size_t other; /* kept, and not told so */
	struct txn *txn;
};

/* In a change also: what is not told any more goes. */
static bool compare(const struct hook_row *row, void *into, struct error *err)
{
	struct comparing *c = into;
	if (strcmp(row->node, c->h->m->settings->node) != 0)
		return true;
	for (size_t i = 0; i < c->h->count; i++)
		if (same_hook(&c->h->rows[i], row)) {
			c->known++;
			return true;
		}
	c->other++;
	return c->txn == NULL || txn_remove_hook(c->txn, row->node, row->name, err);
}

struct finding {
	const char *node, *name;
	bool found;
	struct hook_row row;
};

static bool find_hook(const struct hook_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct finding *f = into;
	if (strcmp(row->node, f->node) == 0 && strcmp(row->name, f->name) == 0) {
		f->found = true;
		f->row = *row;
	}
	return true;
}

static bool add_new(struct txn *t, const struct hooking *h, struct error *err)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct deployer_hook *told = &h->rows[i];
		struct finding f = { .node = h->m->settings->node, .name = told->name };
		struct hook_row row = { 0 };
		if (!store_hooks(txn_store(t), find_hook, &f, err))
			return false;
		if (f.found)
			continue;
		(void)snprintf(row.node, sizeof(row.node), "%s", f.node);
		(void)snprintf(row.name, sizeof(row.name), "%s", told->name);
		(void)snprintf(row.service, sizeof(row.service), "%s", told->service);
		(void)snprintf(row.unit, sizeof(row.unit), "%s", told->unit);
		(void)snprintf(row.recipe, sizeof(row.recipe), "%s", told->recipe);
		if (!txn_put_hook(t, &row, err))
			return false;
	}
	return true;
}

static bool write_down(struct txn *t, void *context, struct error *err)
{
	struct comparing c = { .h = context, .txn = t };
	return store_hooks(txn_store(t), compare, &c, err) && add_new(t, context, err);
}

static bool learn(struct hooking *h, struct error *err)
{
	struct manager *m = h->m;
	struct comparing c = { .h = h };
	char detail[NODE_NAME_SIZE + 32], actor[NODE_NAME_SIZE + 16];
	if (!h->told)
		return true;
	if (!store_hooks(m->store, compare, &c, err))
		return false;
	(void)snprintf(actor, sizeof(actor), "deployer of %s", m->settings->node);
	(void)snprintf(detail, sizeof(detail), "%zu on %s", h->count, m->settings->node);
	struct change change = { actor, "hooks", detail };
	bool same = c.other == 0 && c.known == h->count;
	h->told = !same && !store_change(m->store, &change, write_down, h, NULL, err);
	return !h->told;
}

/* the order */

struct issuing {
	const struct cert *of;
	struct cert *found; /* owned */
};

static bool is_issuer(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	(void)entry;
	struct issuing *i = into;
	if (i->found != NULL)
		return true;
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return false;
	if (!cert_same(cert, i->of) &&
		strcmp(cert_subject(cert, NAME_APPLIANCE), cert_issuer(i->of, NAME_APPLIANCE)) == 0)
		i->found = TAKE(cert);
	return true;
}

static bool is_self_signed(const struct cert *cert)
{
	return strcmp(cert_subject(cert, NAME_APPLIANCE), cert_issuer(cert, NAME_APPLIANCE)) == 0;
}

/* The issuers that the unit's chain store has, as far as they go. */
static bool chain_of(struct manager *m, const struct unit *unit, struct cert *leaf,
	struct cert *out[static CHAIN_MAX], struct error *err)
{
	const struct cert *at = leaf;
	for (size_t i = 0; unit->chain != NULL && i < CHAIN_MAX && !is_self_signed(at); i++) {
		struct issuing issuing = { at, NULL };
		if (!store_entries(
			    m->store, unit->chain, m->settings->node, is_issuer, &issuing, err)) {
			cert_free(issuing.found);
			return false;
		}
		if (issuing.found == NULL)
			break;
		out[i] = issuing.found;
		at = out[i];
	}
	return true;
}

static bool write_order(struct hooking *h, struct writer *w, struct error *err)
{
	struct manager *m = h->m;
	const struct unit *unit = unit_find(h->ordered.unit);
	struct identity_row identity;
	struct cert *chain[CHAIN_MAX] = { NULL };
	struct deployer_order order = { 0 };
	char hex[DIGEST_HEX_SIZE];
	AUTO_DONE(bytes) der = { 0 };
	if (!store_identity(m->store, unit->name, m->settings->node, &identity, &der, err))
		return false;
	AUTO(cert) cert = cert_parse(bytes_reader(&der), err);
	bool fine = cert != NULL && chain_of(m, unit, cert, chain, err);
	(void)snprintf(order.hook, sizeof(order.hook), "%s", h->ordered.name);
	memcpy(order.key, identity.key, sizeof(order.key));
	order.certificate = bytes_reader(&der);
	for (size_t i = 0; i < CHAIN_MAX && chain[i] != NULL; i++)
		order.issuers[order.issuer_count++] = cert_der(chain[i]);
	deployer_order_write(w, &order);
	for (size_t i = 0; i < CHAIN_MAX; i++)
		cert_free(chain[i]);
	(void)snprintf(h->about, sizeof(h->about), "%s %.12s", unit->name,
		hex_write(reader_of(identity.digest, sizeof(identity.digest)), hex));
	return fine && (w->ok || fail_memory(err));
}

/* how it went */

struct outcome {
	struct hooking *h;
	bool held;
	struct txn *txn;
	bool open; /* another hook of the service does not hold yet */
	uint64_t wanted;
};

static bool hook_open(const struct hook_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct outcome *o = into;
	const struct hook_row *done = &o->h->ordered;
	if (strcmp(row->node, done->node) == 0 && strcmp(row->service, done->service) == 0 &&
		row->held < o->wanted)
		o->open = true;
	return true;
}

/* The flag goes when every hook of the service holds what the flag asks for. */
static bool clear_flag(const struct service_row *row, void *into, struct error *err)
{
	struct outcome *o = into;
	struct service_row started = *row;
	if (strcmp(row->service, o->h->ordered.service) != 0 ||
		strcmp(row->node, o->h->ordered.node) != 0)
		return true;
	o->wanted = row->restart_wanted;
	if (!store_hooks(txn_store(o->txn), hook_open, o, err))
		return false;
	if (o->open)
		return true;
	started.restart_wanted = 0;
	started.started = clock_now();
	started.restarted = txn_number(o->txn);
	return txn_put_service(o->txn, &started, err);
}

static bool record_outcome(struct txn *t, void *context, struct error *err)
{
	struct outcome *o = context;
	const struct hook_row *ordered = &o->h->ordered;
	struct finding f = { .node = ordered->node, .name = ordered->name };
	o->txn = t;
	o->open = false;
	if (!store_hooks(txn_store(t), find_hook, &f, err))
		return false;
	if (!f.found)
		return true; /* the operator took it away meanwhile */
	f.row.tried = o->h->seen;
	f.row.held = o->held ? o->h->seen : f.row.held;
	f.row.ended = clock_now();
	(void)snprintf(f.row.told, sizeof(f.row.told), "%s", ordered->told);
	return txn_put_hook(t, &f.row, err) &&
		(!o->held || store_services(txn_store(t), clear_flag, o, err));
}

static void note_outcome(struct hooking *h, bool held)
{
	struct manager *m = h->m;
	struct error err = { 0 };
	struct outcome o = { .h = h, .held = held };
	char detail[sizeof(h->ordered.told) + sizeof(h->about) + 2 * NODE_NAME_SIZE + 16];
	char actor[NODE_NAME_SIZE + 16];
	(void)snprintf(actor, sizeof(actor), "deployer of %s", m->settings->node);
	(void)snprintf(detail, sizeof(detail), "%s for %s, %s: %s", h->ordered.name,
		h->ordered.service, h->about, h->ordered.told);
	if (held)
		log_info("hook %s", detail);
	else
		log_error("hook %s", detail);
	struct change change = { actor, held ? "hook held" : "hook failed", detail };
	if (!store_change(m->store, &change, record_outcome, &o, NULL, &err))
		log_error("%s; the hook is run again", err.text);
}

static void on_deployed(struct reader answer, const struct error *err, void *context)
{
	struct hooking *h = context;
	h->running = false;
	if (h->ending)
		return;
	if (err != NULL) { /* it went away, or is busy with what the one before it left */
		manager_retry(h->m);
		return;
	}
	bool held = reader_u8(&answer) == 1;
	if (!text_from(answer, h->ordered.told, sizeof(h->ordered.told), NULL))
		(void)snprintf(h->ordered.told, sizeof(h->ordered.told), "it did not say how");
	note_outcome(h, held);
	manager_catch_up(h->m);
}

/* whose turn it is */

static bool next_wanted(const struct hook_row *row, void *into, struct error *err)
{
	(void)err; /* nothing here fails */
	struct hooking *h = into;
	if (strcmp(row->node, h->m->settings->node) == 0 && row->wanted > row->tried &&
		h->ordered.name[0] == '\0')
		h->ordered = *row;
	return true;
}

bool hooks_run(struct manager *m, struct error *err)
{
	struct hooking *h = m->hooking;
	AUTO_DONE(writer) w = writer_new(ORDER_LIMIT);
	if (h == NULL || h->running)
		return true;
	h->ordered = (struct hook_row){ 0 };
	if (!learn(h, err) || !store_change_number(m->store, &h->seen, err) ||
		!store_hooks(m->store, next_wanted, h, err))
		return false;
	if (h->ordered.name[0] == '\0' || !m->reconciled)
		return true;
	if (!write_order(h, &w, err))
		return false;
	h->running = true;
	sibling_ask(h->deployer, DEPLOYER_DEPLOY, writer_written(&w), DEPLOY_MS, on_deployed, h);
	return true;
}

struct wanting {
	struct txn *txn;
	const char *service, *node;
	size_t count;
};

static bool want_one(const struct hook_row *row, void *into, struct error *err)
{
	struct wanting *w = into;
	struct hook_row wanted = *row;
	if (strcmp(row->service, w->service) != 0 || strcmp(row->node, w->node) != 0)
		return true;
	w->count++;
	wanted.wanted = txn_number(w->txn);
	return txn_put_hook(w->txn, &wanted, err);
}

bool hooks_want(
	struct txn *t, const char *service, const char *node, size_t *count, struct error *err)
{
	struct wanting w = { .txn = t, .service = service, .node = node };
	if (!store_hooks(txn_store(t), want_one, &w, err))
		return false;
	*count = w.count;
	return true;
}

/* life */

static void on_told(struct reader answer, const struct error *err, void *context)
{
	struct hooking *h = context;
	struct error why = { 0 };
	if (h->ending || err != NULL)
		return; /* its successor is asked when it connects */
	h->count = 0;
	while (answer.left > 0 && h->count < HOOKS_MAX)
		if (!deployer_hook_next(&answer, &h->rows[h->count++], &why)) {
			log_error("%s", why.text);
			return;
		}
	h->told = true;
	manager_catch_up(h->m);
}

static void on_connected(void *context)
{
	struct hooking *h = context;
	sibling_ask(h->deployer, DEPLOYER_HOOKS, reader_of(NULL, 0), ASK_MS, on_told, h);
}

bool hooks_start(struct manager *m, struct error *err)
{
	static const struct sibling_client_events events = { on_connected, NULL };
	char path[PATH_SIZE];
	struct hooking *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return fail_memory(err);
	h->m = m;
	m->hooking = h;
	if (!process_sibling_path(m->settings, "deployer.manager", path, sizeof(path), err))
		return false;
	h->deployer = sibling_connect(m->loop, path, &events, h, err);
	return h->deployer != NULL;
}

void hooks_end(struct manager *m)
{
	if (m->hooking == NULL)
		return;
	m->hooking->ending = true;
	sibling_client_free(m->hooking->deployer);
	free(m->hooking);
	m->hooking = NULL;
}

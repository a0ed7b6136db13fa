#include "serve/follower.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/unit.h"
#include "run/log.h"
#include "run/process.h"
#include "wire/manager_message.h"
#include "wire/signer_message.h"

enum { FIRST_MS = 1, RETRY_MS = 500, SIBLING_MS = 5000, PATH_SIZE = 256 };

/* What stands in the way, said when it begins, changes and ends. */
struct trouble {
	const char *of; /* "the snapshot" */
	struct error why;
};

struct follower {
	struct follower_settings settings;
	struct loop *loop;
	struct snapshot *snapshot;
	struct sibling_client *signer, *manager;
	struct timer *retry;
	struct identity *leaf; /* loaded once; a new one needs a restart */
	struct tls_server *tls;
	bool leaving; /* nobody waits for answers any more */
	bool asking;  /* the signer, for the leaf */
	struct trouble index_trouble, leaf_trouble;
	struct error unusable; /* the leaf that came: the process ends with it */
	uint64_t loaded; /* number of the first index with identities: what is served comes from it
			  */
};

const struct snapshot *follower_snapshot(const struct follower *f)
{
	return f->snapshot;
}

struct sibling_client *follower_signer(struct follower *f)
{
	return f->signer;
}

static void on_told(struct reader answer, const struct error *err, void *context)
{
	(void)answer;
	(void)context;
	if (err != NULL)
		log_debug("telling the manager: %s", err->text); /* told again when it is back */
}

static void tell_serving(struct follower *f)
{
	uint8_t numbers[16];
	struct writer w = writer_on(numbers, sizeof(numbers));
	if (snapshot_current(f->snapshot) == NULL ||
		!f->settings.events->serves(f->settings.context))
		return;
	writer_u64(&w, snapshot_current(f->snapshot)->number);
	writer_u64(&w, f->loaded);
	sibling_ask(f->manager, MANAGER_SERVING, writer_written(&w), SIBLING_MS, on_told, f);
}

static void try_again(struct follower *f, struct trouble *trouble, const struct error *why)
{
	if (strcmp(trouble->why.text, why->text) != 0)
		log_warning("%s: %s; tried again until it can be used", trouble->of, why->text);
	trouble->why = *why;
	timer_restart(f->retry, RETRY_MS);
}

static void works(struct trouble *trouble)
{
	if (trouble->why.fault != FAULT_NONE)
		log_info("%s can be used again", trouble->of);
	trouble->why = (struct error){ 0 };
}

/* the leaf */

static bool take_leaf(struct follower *f, struct reader answer, struct error *err)
{
	struct signer_leaf leaf;
	if (!signer_leaf_parse(answer, &leaf, err))
		return false;
	AUTO(cert) cert = cert_parse(leaf.certificate, err);
	AUTO(key) key = cert == NULL ? NULL : key_parse(leaf.key, err);
	if (key == NULL)
		return false;
	f->leaf = identity_new(cert, key, err);
	f->tls = f->leaf == NULL ? NULL : tls_server_new(f->leaf, true, err);
	return f->tls != NULL && f->settings.events->leaf(f->tls, f->settings.context, err);
}

static void on_leaf(struct reader answer, const struct error *refusal, void *context)
{
	struct follower *f = context;
	f->asking = false;
	if (f->leaving)
		return;
	if (refusal != NULL) {
		try_again(f, &f->leaf_trouble, refusal);
		return;
	}
	if (!take_leaf(f, answer, &f->unusable)) {
		loop_stop(f->loop); /* the listener may be gone: begin anew */
		return;
	}
	works(&f->leaf_trouble);
	log_info("TLS with %s", cert_subject(identity_cert(f->leaf), NAME_APPLIANCE));
	tell_serving(f);
}

static void ask_leaf(struct follower *f)
{
	const struct unit *unit = unit_for_service(f->settings.service);
	const struct snapshot_identity *mine = snapshot_identity(f->snapshot, unit->name);
	if (f->settings.events->leaf == NULL || mine == NULL || f->asking || f->leaf != NULL)
		return;
	f->asking = true;
	sibling_ask(f->signer, SIGNER_LEAF, reader_of(mine->key, sizeof(mine->key)), SIBLING_MS,
		on_leaf, f);
}

/* the index */

/* Also when the manager is back: what it told meanwhile nobody heard. */
static void catch_up(void *context)
{
	struct follower *f = context;
	struct error err = { 0 };
	if (!snapshot_reload(f->snapshot, &err)) {
		bool no_cluster =
			err.fault == FAULT_MISSING && snapshot_current(f->snapshot) == NULL;
		if (!no_cluster) /* of a cluster the manager will tell */
			try_again(f, &f->index_trouble, &err);
		return;
	}
	const struct snapshot_index *index = snapshot_current(f->snapshot);
	if (f->loaded == 0 && index->identity_count > 0)
		f->loaded = index->number;
	if (!f->settings.events->index(f->snapshot, f->settings.context, &err)) {
		try_again(f, &f->index_trouble, &err);
		return;
	}
	works(&f->index_trouble);
	ask_leaf(f);
	tell_serving(f);
}

static void on_push(uint16_t operation, struct reader payload, void *context)
{
	(void)payload; /* the index itself says its number */
	struct follower *f = context;
	if (operation == MANAGER_INDEX)
		catch_up(f);
	else if (operation == MANAGER_RESTART)
		loop_stop(f->loop);
}

static void on_end(void *context)
{
	struct follower *f = context;
	loop_stop(f->loop);
}

/* life */

struct follower *follower_new(
	struct loop *l, const struct follower_settings *settings, struct error *err)
{
	struct follower *f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	f->settings = *settings;
	f->loop = l;
	f->index_trouble.of = "the snapshot";
	f->leaf_trouble.of = "the TLS identity";
	f->snapshot = snapshot_open(settings->node->state, err);
	if (f->snapshot == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

static struct sibling_client *reach(struct follower *f, const char *sibling,
	const struct sibling_client_events *events, struct error *err)
{
	char name[64], path[PATH_SIZE];
	(void)snprintf(name, sizeof(name), "%s.%s", sibling, f->settings.process);
	if (!process_sibling_path(f->settings.node, name, path, sizeof(path), err))
		return NULL;
	return sibling_connect(f->loop, path, events, f, err);
}

bool follower_start(struct follower *f, struct error *err)
{
	static const struct sibling_client_events quiet = { NULL, NULL };
	static const struct sibling_client_events events = { catch_up, on_push };
	f->retry = timer_new(f->loop, FIRST_MS, false, catch_up, f, err);
	if (f->retry == NULL || !loop_on_signal(f->loop, SIGTERM, on_end, f, err))
		return false;
	f->signer = reach(f, "signer", &quiet, err);
	f->manager = f->signer == NULL ? NULL : reach(f, "manager", &events, err);
	return f->manager != NULL;
}

/* What is said in one turn of the loop is written at once. */
static void turn_over(void *context)
{
	(void)context;
	log_release();
	log_hold();
}

bool follower_run(struct follower *f, struct error *err)
{
	process_ready();
	log_hold();
	loop_after_turn(f->loop, turn_over, NULL);
	bool fine = loop_run(f->loop, err);
	loop_after_turn(f->loop, NULL, NULL);
	log_release();
	if (!fine)
		return false;
	return f->unusable.fault == FAULT_NONE ||
		fail(err, f->unusable.fault, "the TLS identity: %s", f->unusable.text);
}

void follower_leave(struct follower *f)
{
	if (f == NULL)
		return;
	f->leaving = true;
	sibling_client_free(f->signer);
	sibling_client_free(f->manager);
	f->signer = NULL;
	f->manager = NULL;
}

void follower_free(struct follower *f)
{
	if (f == NULL)
		return;
	follower_leave(f);
	timer_free(f->retry);
	tls_server_free(f->tls);
	identity_free(f->leaf);
	snapshot_close(f->snapshot);
	free(f);
}

#include "signer/signer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/sibling.h"
#include "run/log.h"
#include "run/process.h"
#include "signer/key_makers.h"
#include "signer/operations.h"

#define KEYS_DIRECTORY "keys" /* beneath the node's state */

enum { PATH_SIZE = 256, SERVERS = 4, STALE_SECONDS = 3600 };

struct signer {
	const struct settings *settings;
	struct loop *loop;
	struct key_store *keys;
	struct key_makers *makers;
	struct sibling_server *servers[SERVERS];
};

/* A question whose key is being made. */
struct waiting {
	struct signer *signer;
	struct sibling_request *request;
	const struct operation *operation;
	struct question question; /* its payload is gone */
};

static void refuse(struct sibling_request *request, const struct operation *operation,
	const struct question *q, const struct error *why)
{
	char what[200];
	(void)snprintf(what, sizeof(what), "%s%s%s", operation == NULL ? "signer" : operation->name,
		q->about[0] == '\0' ? "" : " ", q->about);
	log_refused(peer_name(q->from), what, why);
	sibling_refuse(request, why);
}

static void answer(struct sibling_request *request, const struct operation *operation,
	const struct question *q, struct reader bytes)
{
	const char *who = peer_name(q->from);
	if (operation->told)
		log_info("%s for %s: %s", operation->name, who, q->about);
	else
		log_debug("%s for %s: %s", operation->name, who, q->about);
	sibling_answer(request, bytes);
}

/* The answer may be a private key. */
static void wipe(struct writer *w)
{
	struct bytes bytes = { w->data, w->used };
	bytes_wipe(&bytes);
	*w = (struct writer){ 0 };
}

static void on_made(const uint8_t *id, const struct error *why, void *context)
{
	struct waiting *waiting = context;
	struct error err = { 0 };
	struct writer w = writer_new(LIMIT_SIBLING_PAYLOAD);
	bool made = id != NULL && made_identity_write(waiting->signer->keys, id, &w, &err) &&
		(w.ok || fail_memory(&err));
	if (made)
		answer(waiting->request, waiting->operation, &waiting->question,
			writer_written(&w));
	else
		refuse(waiting->request, waiting->operation, &waiting->question,
			id == NULL ? why : &err);
	writer_done(&w);
	free(waiting);
}

static bool start_making(struct signer *s, struct sibling_request *request,
	const struct operation *operation, struct question *q, struct error *err)
{
	struct making what;
	if (!operation->prepare(q, &what, err))
		return false;
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	if (waiting == NULL)
		return fail_memory(err);
	*waiting = (struct waiting){ s, request, operation, *q };
	waiting->question.payload = reader_of(NULL, 0);
	if (key_makers_start(s->makers, &what, on_made, waiting, err))
		return true;
	free(waiting);
	return false;
}

static bool answer_now(struct sibling_request *request, const struct operation *operation,
	struct question *q, struct error *err)
{
	struct writer w = writer_new(LIMIT_SIBLING_PAYLOAD);
	bool answered = operation->answer(q, &w, err) &&
		(w.ok || fail(err, FAULT_LIMIT, "the answer is too long"));
	if (answered)
		answer(request, operation, q, writer_written(&w));
	wipe(&w);
	return answered;
}

static void on_request(struct sibling_request *request, void *context)
{
	struct signer *s = context;
	struct error err = { 0 };
	struct question q = {
		.keys = s->keys,
		.from = (enum signer_peer)sibling_tag(request),
		.payload = sibling_payload(request),
		.deployable = s->settings->deployable,
	};
	const struct operation *operation =
		operation_find(sibling_operation(request), q.from, &err);
	bool taken = false;
	if (operation != NULL && operation->prepare != NULL)
		taken = start_making(s, request, operation, &q, &err);
	else if (operation != NULL)
		taken = answer_now(request, operation, &q, &err);
	if (!taken)
		refuse(request, operation, &q, &err);
}

static void on_broken(unsigned tag, const struct error *why, void *context)
{
	(void)context;
	log_refused(peer_name((enum signer_peer)tag), "signer", why);
}

static void on_end(void *context)
{
	struct signer *s = context;
	loop_stop(s->loop);
}

static void note_key(const char *sentence, void *context)
{
	(void)context;
	log_warning("%s", sentence);
}

/* To destroy them is for the manager, which knows whether a row names them. */
static void tell_stale(const struct signer *s)
{
	size_t stale = 0;
	int64_t now = clock_now();
	for (size_t i = 0; i < key_store_count(s->keys); i++) {
		const struct stored_key *key = key_store_at(s->keys, i);
		stale += key->state == SIGNER_KEY_NEW && key->made < now - STALE_SECONDS ? 1 : 0;
	}
	log_info("%zu keys", key_store_count(s->keys));
	if (stale > 0)
		log_warning("%zu keys were made over an hour ago and never became live", stale);
}

static bool open_keys(struct signer *s, struct error *err)
{
	char path[PATH_SIZE];
	if (snprintf(path, sizeof(path), "%s/" KEYS_DIRECTORY, s->settings->state) >=
		(int)sizeof(path))
		return fail(err, FAULT_LIMIT, "the path %s/" KEYS_DIRECTORY " is too long",
			s->settings->state);
	const char *const paths[] = { path, NULL };
	if (!deployable_check(s->settings->deployable, err))
		return false;
	if (!process_enter(s->settings, "signer", SANDBOX_SIGNER, paths, err))
		return false;
	s->keys = key_store_open(path, note_key, s, err);
	if (s->keys == NULL)
		return false;
	tell_stale(s);
	return true;
}

static bool admits(unsigned tag, int pid, void *context)
{
	(void)context;
	return process_is(peer_name((enum signer_peer)tag), pid);
}

static bool serve(struct signer *s, struct error *err)
{
	static const struct sibling_events events = {
		.request = on_request, .broken = on_broken, .admits = admits
	};
	size_t count;
	const struct peer_row *peers = peer_rows(&count);
	for (size_t i = 0; i < count && i < COUNT(s->servers); i++) {
		s->servers[i] = sibling_serve(s->loop, process_socket(peers[i].socket),
			process_user(s->settings, peers[i].process), peers[i].peer, &events, s,
			err);
		if (s->servers[i] == NULL)
			return fail_in(err, "%s", peers[i].socket);
	}
	return true;
}

static bool run_loop(struct signer *s, struct error *err)
{
	s->makers = key_makers_new(s->loop, s->keys, err);
	if (s->makers == NULL || !serve(s, err) ||
		!loop_on_signal(s->loop, SIGTERM, on_end, s, err))
		return false;
	process_ready();
	return loop_run(s->loop, err);
}

static void signer_close(struct signer *s)
{
	key_makers_free(s->makers);
	for (size_t i = 0; i < COUNT(s->servers); i++)
		sibling_server_free(s->servers[i]);
	key_store_free(s->keys);
}

bool signer_run(const struct settings *settings, struct error *err)
{
	struct signer s = { .settings = settings };
	AUTO(loop) loop = loop_new(err);
	s.loop = loop;
	bool fine = loop != NULL && open_keys(&s, err) && run_loop(&s, err);
	signer_close(&s);
	return fine;
}

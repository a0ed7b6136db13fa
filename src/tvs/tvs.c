#include "tvs/tvs.h"

#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "cluster/unit.h"
#include "net/sibling.h"
#include "net/stream.h"
#include "run/log.h"
#include "run/process.h"
#include "run/snapshot.h"
#include "talk/tvs_server.h"
#include "wire/manager_message.h"
#include "wire/signer_message.h"

enum { RETRY_MS = 500, SIGNER_MS = 5000, PATH_SIZE = 256, SERVICE_SECOND = 1000 };

static const char service[] = "Cisco Trust Verification Service";

struct tvs {
	const struct settings *settings;
	struct loop *loop;
	struct snapshot *snapshot;
	struct vouch *vouch;
	struct sibling_client *signer, *manager;
	struct timer *retry;
	struct identity *leaf; /* loaded once; a new one needs a restart */
	struct tls_server *tls;
	struct stream_server *server;
	bool asking;     /* the signer, for the leaf */
	uint64_t loaded; /* number of the index that named the leaf */
};

/* answering phones ------------------------------------------------------------------------------
 */

static bool on_message(struct stream *s, struct reader whole, void *context, struct error *err)
{
	struct tvs *t = context;
	struct tvs_asked asked = { 0 };
	char peer[ADDRESS_TEXT_SIZE];
	AUTO_DONE(writer) w = writer_new(TVS_HEADER_SIZE + UINT16_MAX);
	uint32_t ttl = snapshot_current(t->snapshot)->tvs_ttl;
	if (!tvs_answer(t->vouch, whole, ttl, clock_now(), &w, &asked, err))
		return false;
	log_info("%s %s asked about %s: %s", address_text(stream_peer(s), peer), asked.device,
		asked.about, asked.valid ? "vouched for" : "not known");
	stream_send(s, writer_written(&w));
	return true;
}

static void refused(const struct address *peer, const struct error *why, void *context)
{
	(void)context;
	char text[ADDRESS_TEXT_SIZE];
	log_refused(address_text(peer, text), "tvs", why);
}

static void on_closed(struct stream *s, const struct error *why, void *context)
{
	if (why != NULL)
		refused(stream_peer(s), why, context);
}

static const struct protocol protocol = {
	.name = "tvs",
	.header_size = TVS_HEADER_SIZE,
	.body_size = tvs_message_body_size,
	.message = on_message,
	.closed = on_closed,
	.refused = refused,
};

/* what it knows ---------------------------------------------------------------------------------
 */

static bool know(
	struct tvs *t, struct vouch *v, const struct snapshot_certificate *row, struct error *err)
{
	AUTO_DONE(bytes) der = { 0 };
	if (!snapshot_object(t->snapshot, row->digest, LIMIT_CERTIFICATE, &der, err))
		return false;
	AUTO(cert) cert = cert_parse(bytes_reader(&der), err);
	return cert != NULL && vouch_add(v, cert, row->roles, row->role_count, err);
}

static bool reload(struct tvs *t, struct error *err)
{
	if (!snapshot_reload(t->snapshot, err))
		return false;
	const struct snapshot_index *index = snapshot_current(t->snapshot);
	AUTO(vouch) fresh = vouch_new(err);
	for (size_t i = 0; fresh != NULL && i < index->certificate_count; i++)
		if (!know(t, fresh, &index->certificates[i], err))
			return false;
	if (fresh == NULL)
		return false;
	vouch_free(t->vouch);
	t->vouch = TAKE(fresh);
	return true;
}

/* serving ---------------------------------------------------------------------------------------
 */

static void on_told(struct reader answer, const struct error *err, void *context)
{
	(void)answer;
	(void)context;
	if (err != NULL)
		log_debug("telling the manager: %s", err->text); /* told again when it is back */
}

static void tell_serving(struct tvs *t)
{
	uint8_t numbers[16];
	struct writer w = writer_on(numbers, sizeof(numbers));
	if (t->server == NULL)
		return;
	writer_u64(&w, snapshot_current(t->snapshot)->number);
	writer_u64(&w, t->loaded);
	sibling_ask(t->manager, MANAGER_SERVING, writer_written(&w), SIGNER_MS, on_told, t);
}

static bool serve(struct tvs *t, struct reader answer, struct error *err)
{
	const struct settings *s = t->settings;
	const struct stream_limits limits = {
		.handshake_ms = s->tvs_handshake * SERVICE_SECOND,
		.message_ms = s->tvs_message * SERVICE_SECOND,
		.idle_ms = s->tvs_idle * SERVICE_SECOND,
		.total = s->tvs_connections,
		.per_source = s->tvs_per_source,
	};
	struct signer_leaf leaf;
	if (!signer_leaf_parse(answer, &leaf, err))
		return false;
	AUTO(cert) cert = cert_parse(leaf.certificate, err);
	AUTO(key) key = cert == NULL ? NULL : key_parse(leaf.key, err);
	if (key == NULL)
		return false;
	t->leaf = identity_new(cert, key, err);
	t->tls = t->leaf == NULL ? NULL : tls_server_new(t->leaf, true, err);
	if (t->tls == NULL)
		return false;
	t->server =
		stream_serve(t->loop, process_socket("tvs"), t->tls, &protocol, &limits, t, err);
	return t->server != NULL;
}

static void try_again(struct tvs *t, const struct error *why)
{
	log_warning("%s; tried again", why->text);
	timer_restart(t->retry, RETRY_MS);
}

static void on_leaf(struct reader answer, const struct error *refusal, void *context)
{
	struct tvs *t = context;
	struct error err = { 0 };
	t->asking = false;
	if (refusal != NULL) {
		try_again(t, refusal);
		return;
	}
	if (!serve(t, answer, &err)) {
		log_error("%s", err.text);
		loop_stop(t->loop); /* the listener may be gone: begin anew */
		return;
	}
	log_info("serving with %s", cert_subject(identity_cert(t->leaf), NAME_APPLIANCE));
	tell_serving(t);
}

/* Also when the manager is back: what it told meanwhile nobody heard. Takes up the snapshot, and
 * the leaf when there is one to be had and none is loaded yet. */
static void catch_up(void *context)
{
	struct tvs *t = context;
	struct error err = { 0 };
	if (!reload(t, &err)) {
		bool no_cluster =
			err.fault == FAULT_MISSING && snapshot_current(t->snapshot) == NULL;
		if (!no_cluster) /* of a cluster the manager will tell */
			try_again(t, &err);
		return;
	}
	const struct snapshot_identity *mine =
		snapshot_identity(t->snapshot, unit_for_service(service)->name);
	if (t->server != NULL) {
		tell_serving(t);
	} else if (mine != NULL && !t->asking) {
		t->asking = true;
		t->loaded = snapshot_current(t->snapshot)->number;
		sibling_ask(t->signer, SIGNER_LEAF, reader_of(mine->key, sizeof(mine->key)),
			SIGNER_MS, on_leaf, t);
	}
}

static void on_push(uint16_t operation, struct reader payload, void *context)
{
	(void)payload; /* the index itself says its number */
	struct tvs *t = context;
	if (operation == MANAGER_INDEX)
		catch_up(t);
	else if (operation == MANAGER_RESTART)
		loop_stop(t->loop);
}

static void on_end(void *context)
{
	struct tvs *t = context;
	loop_stop(t->loop);
}

/* life ------------------------------------------------------------------------------------------
 */

static struct sibling_client *reach(struct tvs *t, const char *socket,
	const struct sibling_client_events *events, struct error *err)
{
	char path[PATH_SIZE];
	if (!process_sibling_path(t->settings, socket, path, sizeof(path), err))
		return NULL;
	return sibling_connect(t->loop, path, events, t, err);
}

static bool start(struct tvs *t, struct error *err)
{
	static const struct sibling_client_events quiet = { NULL, NULL };
	static const struct sibling_client_events events = { catch_up, on_push };
	char path[PATH_SIZE];
	(void)snprintf(path, sizeof(path), "%s/%s", t->settings->state, SNAPSHOT_DIRECTORY);
	const char *paths[] = { path, NULL };
	t->snapshot = snapshot_open(t->settings->state, err);
	if (t->snapshot == NULL || !process_enter(t->settings, "tvs", SANDBOX_PHONES, paths, err))
		return false;
	return (t->retry = timer_new(t->loop, RETRY_MS, false, catch_up, t, err)) != NULL &&
		(t->signer = reach(t, "signer.tvs", &quiet, err)) != NULL &&
		(t->manager = reach(t, "manager.tvs", &events, err)) != NULL &&
		loop_on_signal(t->loop, SIGTERM, on_end, t, err);
}

static void end(struct tvs *t)
{
	stream_server_free(t->server);
	sibling_client_free(t->signer);
	sibling_client_free(t->manager);
	timer_free(t->retry);
	tls_server_free(t->tls);
	identity_free(t->leaf);
	vouch_free(t->vouch);
	snapshot_close(t->snapshot);
}

bool tvs_run(const struct settings *settings, struct error *err)
{
	struct tvs t = { .settings = settings };
	AUTO(loop) loop = loop_new(err);
	t.loop = loop;
	bool fine = loop != NULL && start(&t, err);
	if (fine) {
		catch_up(&t);
		process_ready();
		fine = loop_run(loop, err);
	}
	end(&t);
	return fine;
}

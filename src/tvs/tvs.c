#include "tvs/tvs.h"

#include <stdio.h>

#include "base/clock.h"
#include "net/stream.h"
#include "run/log.h"
#include "run/process.h"
#include "serve/follower.h"
#include "talk/tvs_server.h"
#include "wire/manager_message.h"

enum { PATH_SIZE = 256, MILLISECONDS = 1000 };

struct tvs {
	const struct settings *settings;
	struct loop *loop;
	struct follower *follower;
	const struct snapshot *snapshot; /* the follower's */
	struct vouch *vouch;
	struct stream_server *server;
};

/* answering phones */

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

/* what it knows */

static bool know(
	struct tvs *t, struct vouch *v, const struct snapshot_certificate *row, struct error *err)
{
	AUTO_DONE(bytes) der = { 0 };
	if (!snapshot_object(t->snapshot, row->digest, LIMIT_CERTIFICATE, &der, err))
		return false;
	AUTO(cert) cert = cert_parse(bytes_reader(&der), err);
	return cert != NULL && vouch_add(v, cert, row->roles, row->role_count, err);
}

static bool on_index(const struct snapshot *snapshot, void *context, struct error *err)
{
	struct tvs *t = context;
	const struct snapshot_index *index = snapshot_current(snapshot);
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

static bool on_leaf(struct tls_server *tls, void *context, struct error *err)
{
	struct tvs *t = context;
	const struct settings *s = t->settings;
	const struct stream_limits limits = {
		.handshake_ms = s->tvs_handshake * MILLISECONDS,
		.message_ms = s->tvs_message * MILLISECONDS,
		.idle_ms = s->tvs_idle * MILLISECONDS,
		.total = s->tvs_connections,
		.per_source = s->tvs_per_source,
	};
	t->server = stream_serve(t->loop, process_socket("tvs"), tls, &protocol, &limits, t, err);
	return t->server != NULL;
}

/* Where the service is off it has nothing to wait for. */
static bool serves(void *context)
{
	const struct tvs *t = context;
	return t->server != NULL || process_socket("tvs") < 0;
}

/* life */

static bool start(struct tvs *t, struct error *err)
{
	static const struct follower_events with_leaf = { on_index, on_leaf, serves };
	static const struct follower_events without = { on_index, NULL, serves };
	const struct follower_settings following = {
		.node = t->settings,
		.process = "tvs",
		.service = "Cisco Trust Verification Service",
		.events = process_socket("tvs") < 0 ? &without : &with_leaf,
		.context = t,
	};
	char path[PATH_SIZE];
	(void)snprintf(path, sizeof(path), "%s/%s", t->settings->state, SNAPSHOT_DIRECTORY);
	const char *paths[] = { path, NULL };
	t->follower = follower_new(t->loop, &following, err);
	if (t->follower == NULL || !process_enter(t->settings, "tvs", SANDBOX_PHONES, paths, err))
		return false;
	t->snapshot = follower_snapshot(t->follower);
	return follower_start(t->follower, err);
}

bool tvs_run(const struct settings *settings, struct error *err)
{
	struct tvs t = { .settings = settings };
	AUTO(loop) loop = loop_new_crowded(err);
	t.loop = loop;
	bool fine = loop != NULL && start(&t, err) && follower_run(t.follower, err);
	stream_server_free(t.server);
	follower_free(t.follower);
	vouch_free(t.vouch);
	return fine;
}

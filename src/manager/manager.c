#include "manager/manager.h"

#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "manager/bulk_impl.h"
#include "manager/expiry_impl.h"
#include "manager/hooks_impl.h"
#include "manager/multi_server_impl.h"
#include "run/files.h"
#include "run/log.h"
#include "run/memory.h"
#include "run/process.h"
#include "wire/manager_message.h"

enum { POLL_MS = 200, SIGNER_OPEN_MS = 10000, PATH_SIZE = 256 };

static const char *const peer_sockets[PEER_COUNT] = {
	[PEER_ADMIN] = "manager.admin",
	[PEER_TVS] = "manager.tvs",
	[PEER_PROVISION] = "manager.provision",
};
static const char *const peer_processes[PEER_COUNT] = {
	[PEER_ADMIN] = "admin",
	[PEER_TVS] = "tvs",
	[PEER_PROVISION] = "provision",
};

/* questions */

/* True where this manager must do it: the operation has no place of its own, or names this node. */
static bool is_mine(
	const struct manager *m, const struct binding *binding, const struct asked *asked)
{
	const char *node = argument_text(asked, "node");
	return !binding->on_its_node || node == NULL || strcmp(node, m->settings->node) == 0;
}

static bool hand_over(
	struct manager *m, const struct binding *binding, struct asked *asked, struct error *err)
{
	struct node node;
	const char *name = argument_text(asked, "node");
	if (!store_node(m->store, name, &node, err))
		return false;
	if (binding->check != NULL && !binding->check(m, asked, &node, err))
		return false;
	return job_add(m, asked, name, &asked->job, err);
}

/* Which operation it is, for whom, with what. */
static const struct binding *read_question(
	const json_t *question, struct asked *out, struct error *err)
{
	const char *words = json_string_value(json_object_get(question, "operation"));
	size_t count;
	const struct op *rows = op_rows(&count);
	out->arguments = json_object_get(question, "arguments");
	out->actor = json_string_value(json_object_get(question, "actor"));
	for (size_t i = 0; words != NULL && i < count; i++)
		if (strcmp(rows[i].words, words) == 0)
			out->op = &rows[i];
	const struct binding *binding = out->op == NULL ? NULL : binding_find(out->op->id);
	if (memory_was_short())
		(void)fail_memory(err);
	else if (binding == NULL || out->actor == NULL || !json_is_object(out->arguments))
		(void)fail(err, FAULT_USAGE, "the question is not an operation of this version");
	else
		return binding;
	return NULL;
}

/* NULL with why, unless another node's manager has it to do. */
static json_t *do_it(
	struct manager *m, const struct binding *binding, struct asked *asked, struct error *err)
{
	json_t *result = NULL;
	bool mine = is_mine(m, binding, asked);
	if (mine)
		result = binding->run(m, asked, err);
	if (asked->answers_later)
		return NULL;
	if (!mine || (result == NULL && err->fault == FAULT_BUSY && binding->on_its_node))
		asked->wait_served = hand_over(m, binding, asked, err); /* in its turn */
	if (!memory_was_short())
		return result;
	json_decref(result); /* it may lack something */
	asked->job = 0;
	(void)fail(err, FAULT_MEMORY,
		"out of memory: `dialtrust audit list` tells whether it was done");
	return NULL;
}

static void operate(struct manager *m, struct sibling_request *request, const json_t *question)
{
	struct asked asked = { .request = request };
	struct error err = { 0 };
	const struct binding *binding = read_question(question, &asked, &err);
	json_auto_t *result = binding == NULL ? NULL : do_it(m, binding, &asked, &err);
	if (asked.answers_later)
		return;
	if (result == NULL && asked.job == 0)
		sibling_refuse(request, &err);
	else if (asked.wait_served)
		answers_add(m, request, &asked, result);
	else if (asked.text.size > 0)
		answer_operator_text(request, bytes_reader(&asked.text));
	else
		answer_operator(request, result);
	bytes_done(&asked.text);
	bool done = result != NULL || asked.job != 0;
	if (binding == NULL || asked.op->permission != OP_WRITE)
		return;
	if (done)
		log_info("%s: %s", asked.actor, asked.op->words);
	if (done || err.fault == FAULT_MEMORY)
		manager_catch_up(m);
}

static void on_request(struct sibling_request *request, void *context)
{
	struct manager *m = context;
	enum manager_peer peer = (enum manager_peer)sibling_tag(request);
	struct reader payload = sibling_payload(request);
	struct error err = { FAULT_REFUSED, "this is not for you to ask" };
	uint16_t operation = sibling_operation(request);
	if (operation == MANAGER_OPERATE && peer == PEER_ADMIN) {
		(void)memory_was_short();
		json_auto_t *question = json_loadb(
			(const char *)payload.at, payload.left, JSON_REJECT_DUPLICATES, NULL);
		operate(m, request, question);
	} else if (operation == MANAGER_METRICS && peer == PEER_ADMIN) {
		metrics_answer(m, request);
	} else if (operation == MANAGER_SERVING && peer != PEER_ADMIN) {
		uint64_t number = reader_u64(&payload);
		uint64_t loaded = reader_u64(&payload);
		sibling_answer(request, reader_of(NULL, 0));
		services_now_serving(m, peer, number, loaded);
	} else {
		sibling_refuse(request, &err);
	}
}

static void on_opened(struct sibling_peer *peer, void *context)
{
	struct manager *m = context;
	m->peers[sibling_peer_tag(peer)] = peer;
	snapshot_tell_newcomer(m, peer);
}

static void on_broken(unsigned tag, const struct error *why, void *context)
{
	(void)context;
	log_refused(peer_processes[tag], "sibling", why);
}

static void on_closed(struct sibling_peer *peer, void *context)
{
	struct manager *m = context;
	unsigned tag = sibling_peer_tag(peer);
	if (m->peers[tag] != peer)
		return; /* its successor is here already */
	m->peers[tag] = NULL;
	m->loaded[tag] = 0;
}

/* life */

static void on_poll(void *context)
{
	struct manager *m = context;
	struct error err = { 0 };
	bool retry = m->retry_at != 0 && clock_monotonic_ms() >= m->retry_at;
	bool changed = store_changed_elsewhere(m->store);
	if (!services_note_serving(m, &err) && !manager_is_ending(m))
		log_error("%s", err.text);
	if (retry || (m->retry_at == 0 && (changed || m->root_changed)))
		manager_catch_up(m);
	else
		answers_settle(m);
	leftovers_remove(m);
	monitor_look(m);
}

static void on_root(void *context)
{
	struct manager *m = context;
	char events[4096];
	while (read(m->root_watch, events, sizeof(events)) > 0)
		m->root_changed = true; /* what changed is found by the scan */
}

static void on_end(void *context)
{
	struct manager *m = context;
	loop_stop(m->loop);
}

static int open_directory(const char *base, const char *name, struct error *err)
{
	char path[PATH_SIZE];
	if (snprintf(path, sizeof(path), "%s/%s", base, name) >= (int)sizeof(path)) {
		(void)fail(err, FAULT_LIMIT, "the path %s/%s is too long", base, name);
		return -1;
	}
	if (!directory_make(path, 0755, err))
		return -1;
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		(void)fail_errno(err, "%s", path);
	return fd;
}

static bool open_places(struct manager *m, struct error *err)
{
	const struct settings *settings = m->settings;
	m->snapshot = open_directory(settings->state, SNAPSHOT_DIRECTORY, err);
	if (m->snapshot < 0)
		return false;
	m->objects = open_directory(settings->state, SNAPSHOT_DIRECTORY "/" SNAPSHOT_OBJECTS, err);
	if (m->objects < 0)
		return false;
	if (settings->root[0] == '\0')
		return true;
	m->root = open(settings->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->root < 0)
		return fail_errno(err, "[provision] root %s", settings->root);
	m->root_watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (m->root_watch < 0 ||
		inotify_add_watch(m->root_watch, settings->root,
			IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0)
		return fail_errno(err, "watching [provision] root %s", settings->root);
	m->root_changed = true;
	return true;
}

static void manager_close(struct manager *m)
{
	monitor_end(m);
	hooks_end(m);
	bulk_end(m);
	answers_refuse_all(m);
	for (size_t i = 0; i < PEER_COUNT; i++)
		sibling_server_free(m->servers[i]);
	sibling_line_close(m->signer);
	snapshot_index_free(m->index);
	free(m->leaving);
	requested_free(m->requested);
	certificate_texts_free(m->texts);
	store_close(m->store);
	const int places[] = { m->snapshot, m->objects, m->root, m->root_watch, m->end };
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i] >= 0)
			(void)close(places[i]); /* only read from */
}

static bool admits(unsigned tag, int pid, void *context)
{
	(void)context;
	return process_is(peer_processes[tag], pid);
}

static bool serve(struct manager *m, struct error *err)
{
	static const struct sibling_events events = { on_request, on_opened, on_closed, on_broken,
		admits };
	for (unsigned i = 0; i < PEER_COUNT; i++) {
		uint32_t uid = process_user(m->settings, peer_processes[i]);
		m->servers[i] = sibling_serve(
			m->loop, process_socket(peer_sockets[i]), uid, i, &events, m, err);
		if (m->servers[i] == NULL)
			return fail_in(err, "%s", peer_sockets[i]);
	}
	return true;
}

/* A node that served a cluster does not begin anew on an empty store: somebody mistyped its name,
 * or it is gone. */
static bool store_is_ours(struct manager *m, struct error *err)
{
	struct cluster_row cluster;
	struct error missing = { 0 };
	if (m->index == NULL || store_cluster(m->store, &cluster, &missing))
		return true;
	if (missing.fault != FAULT_MISSING) {
		*err = missing;
		return false;
	}
	return fail(err, FAULT_STORE,
		"%s holds no cluster, but this node has served the cluster '%s': name its store in "
		"[node] store, or bring it back from a backup; to begin anew, remove %s",
		m->settings->store, m->index->cluster, m->settings->state);
}

/* SIGTERM through a descriptor, so that also who waits for the signer or for the store hears it. It
 * can only be made before the sandbox closes; until it is looked at, the signal just ends us. */
static bool open_signal(struct manager *m, struct error *err)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	m->end = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return m->end >= 0 ? true : fail_errno(err, "signals");
}

static bool take_signal(struct manager *m, struct error *err)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	store_give_up_on(m->store, m->end);
	sibling_line_give_up_on(m->signer, m->end);
	return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? true : fail_errno(err, "signals");
}

/* Everything that may fail for the operator's reasons, before anything is served. */
static bool prepare(struct manager *m, struct error *err)
{
	const struct settings *settings = m->settings;
	char signer[PATH_SIZE];
	char database[PATH_SIZE], snapshot[PATH_SIZE];
	(void)snprintf(database, sizeof(database), "%s", strchrnul(settings->store, ':'));
	(void)snprintf(snapshot, sizeof(snapshot), "%s/%s", settings->state, SNAPSHOT_DIRECTORY);
	const char *paths[] = { snapshot, dirname(database + (database[0] == ':')),
		settings->root[0] == '\0' ? NULL : settings->root, NULL };
	if (!process_sibling_path(settings, "signer.manager", signer, sizeof(signer), err) ||
		!open_signal(m, err) || !open_places(m, err) ||
		!process_enter(settings, "manager", SANDBOX_STORE, paths, err))
		return false;
	m->store = store_open(settings->store, err);
	if (m->store == NULL)
		return false;
	m->signer = sibling_line_open(signer, SIGNER_OPEN_MS, err);
	if (m->signer == NULL)
		return fail_in(err, "reaching the signer");
	if (!take_signal(m, err))
		return false;
	snapshot_load(m);
	return store_is_ours(m, err);
}

static bool run_loop(struct manager *m, struct error *err)
{
	struct timer *poll = timer_new(m->loop, POLL_MS, true, on_poll, m, err);
	struct watch *root = NULL, *end = NULL;
	bool fine = poll != NULL && serve(m, err) && monitor_start(m, err) && hooks_start(m, err) &&
		bulk_start(m, err) &&
		(end = watch_readable(m->loop, m->end, on_end, m, err)) != NULL;
	if (fine && m->root_watch >= 0)
		fine = (root = watch_readable(m->loop, m->root_watch, on_root, m, err)) != NULL;
	if (fine) {
		manager_catch_up(m);
		process_ready();
		fine = loop_run(m->loop, err);
	}
	watch_free(end);
	watch_free(root);
	timer_free(poll);
	return fine;
}

bool manager_run(const struct settings *settings, struct error *err)
{
	struct manager m = {
		.settings = settings,
		.snapshot = -1,
		.objects = -1,
		.root = -1,
		.root_watch = -1,
		.end = -1,
	};
	json_set_alloc_funcs(memory_take, free);
	AUTO(loop) loop = loop_new(err);
	m.loop = loop;
	bool fine = loop != NULL && prepare(&m, err) && run_loop(&m, err);
	manager_close(&m);
	return fine;
}

#include "deployer/deployer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/writer.h"
#include "deployer/deployment.h"
#include "deployer/hook.h"
#include "deployer/placing.h"
#include "net/sibling.h"
#include "pki/key.h"
#include "run/log.h"
#include "run/process.h"
#include "wire/deployer_message.h"
#include "wire/signer_message.h"

enum { PATH_SIZE = 256, SIGNER_WAIT_MS = 10000, PEM_LIMIT = 1 << 20, END_MS = 20 };

struct deployer {
	const struct settings *settings;
	struct hooks *hooks;
	struct loop *loop;
	struct sibling_server *server;
	int directory; /* of the journals; -1: there are no hooks */
	struct deployment *running;
	struct sibling_request *request; /* that it answers; NULL: it repairs what a crash left */
	size_t recovered;                /* hooks that were looked at for that */
	struct timer *ending;
};

/* the key */

static bool take_key(struct reader answer, struct bytes *out, struct error *err)
{
	struct signer_leaf leaf;
	if (!signer_leaf_parse(answer, &leaf, err))
		return false;
	AUTO(key) key = key_parse(leaf.key, err);
	return key != NULL && key_write_pem(key, out, err);
}

static bool fetch_key(
	const struct deployer *d, const uint8_t *id, struct bytes *out, struct error *err)
{
	char path[PATH_SIZE];
	struct bytes answer = { 0 };
	if (!process_sibling_path(d->settings, "signer.deployer", path, sizeof(path), err))
		return false;
	struct sibling_line *signer = sibling_line_open(path, SIGNER_WAIT_MS, err);
	bool fine = signer != NULL &&
		sibling_call(signer, SIGNER_DEPLOY, reader_of(id, DEPLOYER_KEY_SIZE),
			SIGNER_WAIT_MS, &answer, err) &&
		take_key(bytes_reader(&answer), out, err);
	bytes_wipe(&answer);
	sibling_line_close(signer);
	return fine || fail_in(err, "the key");
}

/* an order */

static void material_done(struct deployment_material *m)
{
	cert_free(m->certificate);
	bytes_done(&m->leaf);
	bytes_done(&m->issuers);
	bytes_wipe(&m->key);
}

static bool write_pem(struct writer *w, const struct cert *cert, struct error *err)
{
	char *pem = NULL;
	if (!cert_pem(cert, &pem, err))
		return false;
	writer_text(w, pem);
	free(pem);
	return true;
}

static bool issuers_of(const struct deployer_order *order, struct bytes *out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(PEM_LIMIT);
	for (size_t i = 0; i < order->issuer_count; i++) {
		AUTO(cert) cert = cert_parse(order->issuers[i], err);
		if (cert == NULL || !write_pem(&w, cert, err))
			return false;
	}
	return bytes_copy(out, writer_written(&w), err);
}

static bool material_of(const struct deployer *d, const struct hook *hook,
	const struct deployer_order *order, struct deployment_material *out, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(PEM_LIMIT);
	out->certificate = cert_parse(order->certificate, err);
	return out->certificate != NULL && write_pem(&w, out->certificate, err) &&
		bytes_copy(&out->leaf, writer_written(&w), err) &&
		issuers_of(order, &out->issuers, err) &&
		(!hook_wants_key(hook) || fetch_key(d, order->key, &out->key, err));
}

static void answer(struct sibling_request *request, bool held, const char *told)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_TEXT);
	writer_u8(&w, held ? 1 : 0);
	writer_text(&w, told);
	sibling_answer(request, writer_written(&w));
}

static void recover_next(struct deployer *d);

static void on_deployed(bool held, const char *told, void *context)
{
	struct deployer *d = context;
	struct sibling_request *request = d->request;
	d->running = NULL;
	d->request = NULL;
	if (request != NULL)
		answer(request, held, told);
	else
		recover_next(d);
}

static bool begin(struct deployer *d, struct reader payload, struct error *err)
{
	struct deployer_order order;
	const struct deployment_place place = { d->loop, d->directory };
	__attribute__((cleanup(material_done))) struct deployment_material m = { 0 };
	if (!deployer_order_parse(payload, &order, err))
		return false;
	const struct hook *hook = hook_find(d->hooks, order.hook);
	if (hook == NULL)
		return fail(err, FAULT_MISSING, "there is no hook %s any more", order.hook);
	if (!material_of(d, hook, &order, &m, err))
		return false;
	d->running = deployment_start(&place, hook, &m, on_deployed, d, err);
	return d->running != NULL;
}

static void deploy(struct deployer *d, struct sibling_request *request)
{
	struct error err = { 0 };
	if (d->running != NULL || d->ending != NULL) {
		(void)fail(&err, FAULT_BUSY, "another deployment goes on");
		sibling_refuse(request, &err);
		return;
	}
	d->request = request;
	if (begin(d, sibling_payload(request), &err))
		return;
	d->request = NULL;
	answer(request, false, err.text);
}

/* what a crash left */

static void on_recovered_next(struct deployer *d, const struct hook *hook)
{
	struct error err = { 0 };
	const struct deployment_place place = { d->loop, d->directory };
	d->running = deployment_recover(&place, hook, on_deployed, d, &err);
	if (d->running != NULL)
		log_warning("%s: a deployment was cut off; its old files come back", hook->name);
	else if (err.fault != FAULT_MISSING)
		log_error("%s: %s", hook->name, err.text);
}

static void recover_next(struct deployer *d)
{
	while (d->running == NULL && d->recovered < d->hooks->count)
		on_recovered_next(d, &d->hooks->rows[d->recovered++]);
}

/* questions */

static void tell_hooks(const struct deployer *d, struct sibling_request *request)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_INLINE);
	for (size_t i = 0; i < d->hooks->count; i++) {
		const struct hook *hook = &d->hooks->rows[i];
		struct deployer_hook row = { 0 };
		(void)snprintf(row.name, sizeof(row.name), "%s", hook->name);
		(void)snprintf(row.service, sizeof(row.service), "%s", hook->service);
		(void)snprintf(row.unit, sizeof(row.unit), "%s", hook->unit);
		(void)snprintf(row.recipe, sizeof(row.recipe), "%s", hook->recipe);
		deployer_hook_write(&w, &row);
	}
	sibling_answer(request, writer_written(&w));
}

static void on_request(struct sibling_request *request, void *context)
{
	struct deployer *d = context;
	struct error err = { FAULT_REFUSED, "the deployer does not do this" };
	uint16_t operation = sibling_operation(request);
	if (operation == DEPLOYER_HOOKS)
		tell_hooks(d, request);
	else if (operation == DEPLOYER_DEPLOY && d->directory >= 0)
		deploy(d, request);
	else
		sibling_refuse(request, &err);
}

static void on_broken(unsigned tag, const struct error *why, void *context)
{
	(void)tag;
	(void)context;
	log_refused("manager", "sibling", why);
}

static bool admits(unsigned tag, int pid, void *context)
{
	(void)tag;
	(void)context;
	return process_is("manager", pid);
}

/* life */

static void on_ended(void *context)
{
	struct deployer *d = context;
	loop_stop(d->loop);
}

/* What goes on is left to the next deployer; connections that it had end in a turn of the loop. */
static void on_end(void *context)
{
	struct deployer *d = context;
	struct error err = { FAULT_BUSY, "the deployer ends" };
	if (d->ending != NULL)
		return;
	deployment_abandon(TAKE(d->running));
	if (d->request != NULL)
		sibling_refuse(TAKE(d->request), &err);
	d->ending = timer_new(d->loop, END_MS, false, on_ended, d, NULL);
	if (d->ending == NULL)
		loop_stop(d->loop);
}

static bool open_directory(struct deployer *d, struct error *err)
{
	char path[PATH_SIZE];
	if (snprintf(path, sizeof(path), "%s/" DEPLOYER_DIRECTORY, d->settings->state) >=
		(int)sizeof(path))
		return fail(err, FAULT_LIMIT, "[node] state %s is too long", d->settings->state);
	d->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return d->directory >= 0 ? true : fail_errno(err, "%s", path);
}

/* Without a hook it has nothing to do, and no right to do it either. With one it stays who the
 * daemon is: files of other users, and programs that are theirs to reload, are its work. */
static bool enter(struct deployer *d, struct error *err)
{
	static const char *const nowhere[] = { NULL };
	if (!hooks_load(d->settings->hooks, d->settings->recipes, d->hooks, err))
		return fail_in(err, "[deployer] hooks");
	if (d->hooks->count == 0)
		return process_enter(d->settings, "deployer", SANDBOX_ADMIN, nowhere, err);
	if (!open_directory(d, err))
		return false;
	placing_sweep(d->directory);
	return process_keep_rights(err);
}

static bool start(struct deployer *d, struct error *err)
{
	static const struct sibling_events events = {
		.request = on_request, .broken = on_broken, .admits = admits
	};
	d->hooks = calloc(1, sizeof(*d->hooks));
	if (d->hooks == NULL)
		return fail_memory(err);
	if (!enter(d, err))
		return false;
	recover_next(d);
	d->server = sibling_serve(d->loop, process_socket("deployer.manager"),
		process_user(d->settings, "manager"), 0, &events, d, err);
	return d->server != NULL && loop_on_signal(d->loop, SIGTERM, on_end, d, err);
}

bool deployer_run(const struct settings *settings, struct error *err)
{
	struct deployer d = { .settings = settings, .directory = -1 };
	AUTO(loop) loop = loop_new(err);
	d.loop = loop;
	bool fine = loop != NULL && start(&d, err);
	if (fine) {
		process_ready();
		fine = loop_run(loop, err);
	}
	timer_free(d.ending);
	sibling_server_free(d.server);
	if (d.directory >= 0)
		(void)close(d.directory); /* only journals' names were in it */
	free(d.hooks);
	return fine;
}

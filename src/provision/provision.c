#include "provision/provision.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cluster/unit.h"
#include "provision/provision_impl.h"
#include "run/log.h"
#include "run/process.h"
#include "wire/manager_message.h"
#include "wire/signer_message.h"

enum { RETRY_MS = 500, SIBLING_MS = 5000, PATH_SIZE = 256 };

static const char service[] = "Cisco Tftp";

/* supplying -------------------------------------------------------------------------------------
 */

void provision_supply(struct provision *p, struct found_file *found, supply_fn *fn, void *context)
{
	struct error err = { 0 };
	if (found->to_sign) {
		enum hash_code hash = HASH_SHA1;
		if (snapshot_current(p->snapshot) != NULL)
			hash = (enum hash_code)snapshot_current(p->snapshot)->file_hash;
		signing_ask(p->signing, found->asked.name, hash, bytes_reader(&found->bytes), fn,
			context);
		found_file_done(found);
		return;
	}
	AUTO(content)
	content = found->fd >= 0 ? shelf_take(p->shelf, found, &err)
				 : content_new(&found->bytes, &err);
	fn(content, content == NULL ? &err : NULL, context);
	found_file_done(found);
}

/* serving ---------------------------------------------------------------------------------------
 */

static bool all_serve(const struct provision *p)
{
	bool secure = p->https != NULL || process_socket("https") < 0;
	return snapshot_current(p->snapshot) != NULL && signing_ready(p->signing) && secure;
}

static void on_told(struct reader answer, const struct error *err, void *context)
{
	(void)answer;
	(void)context;
	if (err != NULL)
		log_debug("telling the manager: %s", err->text); /* told again when it is back */
}

static void tell_serving(struct provision *p)
{
	uint8_t numbers[16];
	struct writer w = writer_on(numbers, sizeof(numbers));
	if (!all_serve(p))
		return;
	writer_u64(&w, snapshot_current(p->snapshot)->number);
	writer_u64(&w, p->loaded);
	sibling_ask(p->manager, MANAGER_SERVING, writer_written(&w), SIBLING_MS, on_told, p);
}

static void try_again(struct provision *p, const struct error *why)
{
	log_warning("%s; tried again", why->text);
	timer_restart(p->retry, RETRY_MS);
}

static bool load_file_signer(struct provision *p, struct error *err)
{
	const struct snapshot_identity *mine =
		snapshot_identity(p->snapshot, unit_file_signer()->name);
	if (mine == NULL || signing_ready(p->signing))
		return true;
	AUTO_DONE(bytes) der = { 0 };
	if (!snapshot_object(p->snapshot, mine->certificate, LIMIT_CERTIFICATE, &der, err))
		return false;
	AUTO(cert) cert = cert_parse(bytes_reader(&der), err);
	if (cert == NULL || !signing_use(p->signing, cert, mine->key, err))
		return false;
	p->loaded = snapshot_current(p->snapshot)->number;
	log_info("signing files with %s", cert_subject(cert, NAME_APPLIANCE));
	return true;
}

static bool serve_secure(struct provision *p, struct reader answer, struct error *err)
{
	struct signer_leaf leaf;
	if (!signer_leaf_parse(answer, &leaf, err))
		return false;
	AUTO(cert) cert = cert_parse(leaf.certificate, err);
	AUTO(key) key = cert == NULL ? NULL : key_parse(leaf.key, err);
	if (key == NULL)
		return false;
	p->leaf = identity_new(cert, key, err);
	p->tls = p->leaf == NULL ? NULL : tls_server_new(p->leaf, true, err);
	if (p->tls == NULL)
		return false;
	p->https = http_face_new(p, process_socket("https"), p->tls, err);
	return p->https != NULL;
}

static void on_leaf(struct reader answer, const struct error *refusal, void *context)
{
	struct provision *p = context;
	struct error err = { 0 };
	p->asking = false;
	if (refusal != NULL) {
		try_again(p, refusal);
		return;
	}
	if (!serve_secure(p, answer, &err)) {
		log_error("%s", err.text);
		loop_stop(p->loop); /* the listener may be gone: begin anew */
		return;
	}
	log_info("HTTPS with %s", cert_subject(identity_cert(p->leaf), NAME_APPLIANCE));
	tell_serving(p);
}

static void ask_leaf(struct provision *p)
{
	const struct snapshot_identity *mine =
		snapshot_identity(p->snapshot, unit_for_service(service)->name);
	if (mine == NULL || p->asking || p->https != NULL || process_socket("https") < 0)
		return;
	p->asking = true;
	sibling_ask(p->signer, SIGNER_LEAF, reader_of(mine->key, sizeof(mine->key)), SIBLING_MS,
		on_leaf, p);
}

/* Also when the manager is back: what it told meanwhile nobody heard. */
static void catch_up(void *context)
{
	struct provision *p = context;
	struct error err = { 0 };
	if (!snapshot_reload(p->snapshot, &err)) {
		bool no_cluster =
			err.fault == FAULT_MISSING && snapshot_current(p->snapshot) == NULL;
		if (!no_cluster) /* of a cluster the manager will tell */
			try_again(p, &err);
		return;
	}
	if (!load_file_signer(p, &err)) {
		try_again(p, &err);
		return;
	}
	ask_leaf(p);
	tell_serving(p);
}

static void on_push(uint16_t operation, struct reader payload, void *context)
{
	(void)payload; /* the index itself says its number */
	struct provision *p = context;
	if (operation == MANAGER_INDEX)
		catch_up(p);
	else if (operation == MANAGER_RESTART)
		loop_stop(p->loop);
}

static void on_end(void *context)
{
	struct provision *p = context;
	loop_stop(p->loop);
}

/* life ------------------------------------------------------------------------------------------
 */

static struct sibling_client *reach(struct provision *p, const char *socket,
	const struct sibling_client_events *events, struct error *err)
{
	char path[PATH_SIZE];
	if (!process_sibling_path(p->settings, socket, path, sizeof(path), err))
		return NULL;
	return sibling_connect(p->loop, path, events, p, err);
}

static bool open_places(struct provision *p, struct error *err)
{
	const struct settings *settings = p->settings;
	char snapshot[PATH_SIZE];
	(void)snprintf(snapshot, sizeof(snapshot), "%s/%s", settings->state, SNAPSHOT_DIRECTORY);
	bool has_root = settings->root[0] != '\0';
	const char *paths[] = { snapshot, has_root ? settings->root : NULL, NULL };
	p->snapshot = snapshot_open(settings->state, err);
	if (p->snapshot == NULL)
		return false;
	p->catalogue.snapshot = p->snapshot;
	if (has_root)
		p->catalogue.root = open(settings->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (has_root && p->catalogue.root < 0)
		return fail_errno(err, "[provision] root %s", settings->root);
	return process_enter(settings, "provision", SANDBOX_PHONES, paths, err);
}

static bool start(struct provision *p, struct error *err)
{
	static const struct sibling_client_events quiet = { NULL, NULL };
	static const struct sibling_client_events events = { catch_up, on_push };
	if (!open_places(p, err) ||
		(p->retry = timer_new(p->loop, RETRY_MS, false, catch_up, p, err)) == NULL ||
		(p->shelf = shelf_new(err)) == NULL ||
		(p->signer = reach(p, "signer.provision", &quiet, err)) == NULL ||
		(p->signing = signing_new(p->signer, err)) == NULL ||
		(p->manager = reach(p, "manager.provision", &events, err)) == NULL)
		return false;
	int tftp = process_socket("tftp"), http = process_socket("http");
	if (tftp >= 0 && (p->tftp = tftp_face_new(p, tftp, err)) == NULL)
		return false;
	if (http >= 0 && (p->http = http_face_new(p, http, NULL, err)) == NULL)
		return false;
	return loop_on_signal(p->loop, SIGTERM, on_end, p, err);
}

/* The way to the signer goes first: those who wait for a signature are answered by that. */
static void end(struct provision *p)
{
	sibling_client_free(p->signer);
	sibling_client_free(p->manager);
	http_server_free(p->http);
	http_server_free(p->https);
	tftp_face_free(p->tftp);
	shelf_free(p->shelf);
	signing_free(p->signing);
	timer_free(p->retry);
	tls_server_free(p->tls);
	identity_free(p->leaf);
	snapshot_close(p->snapshot);
	if (p->catalogue.root >= 0)
		(void)close(p->catalogue.root); /* only read from */
}

bool provision_run(const struct settings *settings, struct error *err)
{
	struct provision p = { .settings = settings, .catalogue = { .root = -1 } };
	AUTO(loop) loop = loop_new(err);
	p.loop = loop;
	bool fine = loop != NULL && start(&p, err);
	if (fine) {
		catch_up(&p);
		process_ready();
		fine = loop_run(loop, err);
	}
	end(&p);
	return fine;
}

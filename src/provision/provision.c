#include "provision/provision.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cluster/unit.h"
#include "provision/provision_impl.h"
#include "run/log.h"
#include "run/process.h"
#include "wire/manager_message.h"

enum { PATH_SIZE = 256 };

/* supplying */

static void supply_signed(
	struct provision *p, const struct found_file *found, supply_fn *fn, void *context)
{
	const struct snapshot_index *index = snapshot_current(p->snapshot);
	char spelt[LIMIT_FILE_NAME + sizeof(".sgn")];
	(void)snprintf(spelt, sizeof(spelt), "%s.sgn", found->spelt);
	const struct signing_question question = {
		.asked = found->asked.name,
		.spelt = spelt,
		.hash = index != NULL ? (enum hash_code)index->file_hash : HASH_SHA1,
		.payload = found->content,
	};
	signing_ask(p->signing, &question, fn, context);
}

void provision_supply(struct provision *p, struct found_file *found, supply_fn *fn, void *context)
{
	struct error err = { 0 };
	if (found->to_sign) {
		supply_signed(p, found, fn, context);
		found_file_done(found);
		return;
	}
	AUTO(content)
	content = found->fd >= 0 ? shelf_take(p->shelf, found, &err) : content_keep(found->content);
	fn(content, content == NULL ? &err : NULL, context);
	found_file_done(found);
}

/* serving */

static bool serves(void *context)
{
	const struct provision *p = context;
	bool secure = p->https != NULL || process_socket("https") < 0;
	return signing_ready(p->signing) && secure;
}

/* The identity that signs files is loaded once, as every identity. */
static bool on_index(const struct snapshot *snapshot, void *context, struct error *err)
{
	struct provision *p = context;
	const struct snapshot_identity *mine =
		snapshot_identity(snapshot, unit_file_signer()->name);
	if (mine == NULL || signing_ready(p->signing))
		return true;
	AUTO_DONE(bytes) der = { 0 };
	if (!snapshot_object(snapshot, mine->certificate, LIMIT_CERTIFICATE, &der, err))
		return false;
	AUTO(cert) cert = cert_parse(bytes_reader(&der), err);
	if (cert == NULL || !signing_use(p->signing, cert, mine->key, err))
		return false;
	log_info("signing files with %s", cert_subject(cert, NAME_APPLIANCE));
	return true;
}

static bool on_leaf(struct tls_server *tls, void *context, struct error *err)
{
	struct provision *p = context;
	p->https = http_face_new(p, process_socket("https"), tls, err);
	return p->https != NULL;
}

/* life */

static bool open_places(struct provision *p, struct error *err)
{
	static const struct follower_events with_leaf = { on_index, on_leaf, serves };
	static const struct follower_events without = { on_index, NULL, serves };
	const struct settings *settings = p->settings;
	const struct follower_settings following = {
		.node = settings,
		.process = "provision",
		.service = "Cisco Tftp",
		.events = process_socket("https") < 0 ? &without : &with_leaf,
		.context = p,
	};
	char snapshot[PATH_SIZE];
	(void)snprintf(snapshot, sizeof(snapshot), "%s/%s", settings->state, SNAPSHOT_DIRECTORY);
	bool has_root = settings->root[0] != '\0';
	const char *paths[] = { snapshot, has_root ? settings->root : NULL, NULL };
	p->follower = follower_new(p->loop, &following, err);
	if (p->follower == NULL)
		return false;
	p->snapshot = follower_snapshot(p->follower);
	int root = has_root ? open(settings->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (has_root && root < 0)
		return fail_errno(err, "[provision] root %s", settings->root);
	if (!catalogue_init(&p->catalogue, p->snapshot, root, err))
		return false;
	return process_enter(settings, "provision", SANDBOX_PHONES, paths, err);
}

static bool start(struct provision *p, struct error *err)
{
	if (!open_places(p, err) || !follower_start(p->follower, err) ||
		(p->shelf = shelf_new(err)) == NULL ||
		(p->signing = signing_new(follower_signer(p->follower), err)) == NULL)
		return false;
	int tftp = process_socket("tftp"), http = process_socket("http");
	if (tftp >= 0 && (p->tftp = tftp_face_new(p, tftp, err)) == NULL)
		return false;
	return http < 0 || (p->http = http_face_new(p, http, NULL, err)) != NULL;
}

/* The way to the signer goes first: those who wait for a signature are answered by that. */
static void end(struct provision *p)
{
	follower_leave(p->follower);
	http_server_free(p->http);
	http_server_free(p->https);
	tftp_face_free(p->tftp);
	shelf_free(p->shelf);
	signing_free(p->signing);
	follower_free(p->follower);
	catalogue_done(&p->catalogue);
}

bool provision_run(const struct settings *settings, struct error *err)
{
	struct provision p = { .settings = settings, .catalogue = { .root = -1 } };
	AUTO(loop) loop = loop_new_crowded(err);
	p.loop = loop;
	bool fine = loop != NULL && start(&p, err) && follower_run(p.follower, err);
	end(&p);
	return fine;
}

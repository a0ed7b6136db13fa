/*
 * bulk export, consolidate and import. What is fetched and stored goes through the courier, one
 * file after the other, while the manager's loop goes on; the operator's answer comes at the end.
 */
#include "manager/bulk_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "run/log.h"
#include "run/memory.h"
#include "run/process.h"
#include "wire/bulk_message.h"
#include "wire/courier_message.h"

enum { QUESTION_MS = 60000, PATH_SIZE = 256, ACTOR_SIZE = 64 };

struct errand;
typedef bool errand_fn(struct errand *e, struct error *err); /* after all that was fetched */

struct errand {
	struct bulk *bulk;
	struct sibling_request *request;
	const struct op *op;
	char actor[ACTOR_SIZE], chosen[NODE_NAME_SIZE];
	bool again;
	struct parcels in, out; /* to be fetched; to be stored */
	size_t fetched, stored;
	errand_fn *then;
	json_t *clusters;
};

struct bulk {
	struct manager *m;
	struct sibling_client *courier;
	struct errand *errand; /* under way; NULL: none */
	bool ending;
};

static void errand_free(struct errand *e)
{
	parcels_done(&e->in);
	parcels_done(&e->out);
	json_decref(e->clusters);
	free(e);
}

static void errand_refuse(struct errand *e, const struct error *why)
{
	e->bulk->errand = NULL;
	sibling_refuse(e->request, why);
	errand_free(e);
}

/* answers */

static json_t *files_json(const struct parcels *parcels)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < parcels->count; i++) {
		const struct parcel *p = &parcels->rows[i];
		(void)json_array_append_new(rows,
			json_pack("{s:s, s:s?, s:s, s:i}", "type", p->type->name, "node",
				p->node[0] != '\0' ? p->node : NULL, "name", p->name,
				"certificates", (int)p->held.count));
	}
	return rows;
}

static void errand_answer_stored(struct errand *e)
{
	char message[200];
	struct error err = { FAULT_MEMORY, "out of memory: the files are on the SFTP server" };
	(void)memory_was_short();
	(void)snprintf(message, sizeof(message), "%zu files are on the SFTP server.", e->out.count);
	json_auto_t *result = json_pack("{s:i, s:o, s:s}", "schema_version", 1, "files",
		files_json(&e->out), "message", message);
	if (result != NULL && e->clusters != NULL)
		(void)json_object_set(result, "clusters", e->clusters);
	log_info("%s: %s", e->actor, e->op->words);
	if (memory_was_short()) {
		errand_refuse(e, &err); /* the result may lack something */
		return;
	}
	e->bulk->errand = NULL;
	answer_operator(e->request, result);
	errand_free(e);
}

static void errand_import(struct errand *e)
{
	struct error err = { 0 };
	struct manager *m = e->bulk->m;
	const struct bulk_import import = { &e->in, e->again, e->actor };
	(void)memory_was_short();
	json_auto_t *result = bulk_apply(m, &import, &err);
	if (memory_was_short()) {
		(void)fail(&err, FAULT_MEMORY,
			"out of memory: `dialtrust audit list` tells whether it was done");
		errand_refuse(e, &err);
		manager_catch_up(m);
		return;
	}
	if (result == NULL) {
		errand_refuse(e, &err);
		return;
	}
	struct asked asked = { .op = e->op, .actor = e->actor };
	log_info("%s: %s", e->actor, e->op->words);
	answers_add(m, e->request, &asked, result);
	e->bulk->errand = NULL;
	errand_free(e);
	manager_catch_up(m);
}

/* steps */

static void errand_go_on(struct errand *e);

static void on_stored(struct reader answer, const struct error *why, void *context)
{
	(void)answer; /* nothing */
	struct errand *e = context;
	if (why != NULL) {
		errand_refuse(e, why);
		return;
	}
	e->stored++;
	errand_go_on(e);
}

static bool take_rows(struct parcel *parcel, struct reader rows, struct error *err)
{
	struct bulk_row row;
	while (rows.left > 0) {
		if (!bulk_row_read(&rows, &row, err))
			return false;
		AUTO(cert) cert = cert_parse(row.der, err);
		if (cert == NULL || !cert_archive_add(&parcel->held, cert, row.label, err))
			return fail_in(err, "%s", parcel->name);
	}
	return true;
}

static void on_fetched(struct reader answer, const struct error *why, void *context)
{
	struct errand *e = context;
	struct error err = { 0 };
	if (why != NULL || !take_rows(&e->in.rows[e->fetched], answer, &err)) {
		errand_refuse(e, why != NULL ? why : &err);
		return;
	}
	e->fetched++;
	errand_go_on(e);
}

static void ask_courier(
	struct errand *e, uint16_t operation, const struct parcel *parcel, sibling_answer_fn *then)
{
	AUTO_DONE(writer) w = writer_new(2 * ARCHIVE_BYTES);
	struct error err = { FAULT_LIMIT, "the file is too long" };
	bulk_text_write(&w, parcel->name);
	for (size_t i = 0; operation == COURIER_BULK_STORE && i < parcel->held.count; i++)
		bulk_row_write(&w, parcel->held.rows[i].label, cert_der(parcel->held.rows[i].cert));
	if (w.ok)
		sibling_ask(e->bulk->courier, operation, writer_written(&w), QUESTION_MS, then, e);
	else
		errand_refuse(e, &err);
}

static void errand_go_on(struct errand *e)
{
	struct error err = { 0 };
	errand_fn *then = e->then;
	if (e->fetched < e->in.count) {
		ask_courier(e, COURIER_BULK_FETCH, &e->in.rows[e->fetched], on_fetched);
		return;
	}
	e->then = NULL;
	if (then != NULL && !then(e, &err)) {
		errand_refuse(e, &err);
		return;
	}
	if (e->stored < e->out.count)
		ask_courier(e, COURIER_BULK_STORE, &e->out.rows[e->stored], on_stored);
	else if (e->out.count > 0)
		errand_answer_stored(e);
	else
		errand_import(e);
}

static bool join_fetched(struct errand *e, struct error *err)
{
	e->clusters = json_array();
	return e->clusters == NULL ? fail_memory(err)
				   : bulk_joined(&e->in, &e->out, e->clusters, err);
}

static void on_names(struct reader answer, const struct error *why, void *context)
{
	struct errand *e = context;
	struct error err = { 0 };
	if (why != NULL || !bulk_listed(answer, e->chosen, &e->in, &err)) {
		errand_refuse(e, why != NULL ? why : &err);
		return;
	}
	e->then = join_fetched;
	errand_go_on(e);
}

/* operations */

/* NULL with err. One at a time: they would overwrite each other's files. */
static struct errand *errand_new(struct manager *m, const struct asked *asked, struct error *err)
{
	const char *type = argument_text(asked, "type");
	if (type == NULL || (!bulk_is_all(type) && bulk_type_find(type) == NULL)) {
		(void)fail(err, FAULT_MISSING,
			"type: Tomcat, TFTP, CAPF, ITLRecovery or all, not %.40s",
			type == NULL ? "none" : type);
		return NULL;
	}
	if (m->bulk->errand != NULL) {
		(void)fail(err, FAULT_BUSY, "another bulk operation is under way on this node");
		return NULL;
	}
	struct errand *e = calloc(1, sizeof(*e));
	if (e == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	e->bulk = m->bulk;
	e->request = asked->request;
	e->op = asked->op;
	e->again = argument_flag(asked, "again");
	(void)snprintf(e->actor, sizeof(e->actor), "%s", asked->actor);
	(void)snprintf(e->chosen, sizeof(e->chosen), "%s", type);
	return e;
}

/* From here on the errand answers. */
static void errand_begin(struct errand *e, struct asked *asked)
{
	e->bulk->errand = e;
	asked->answers_later = true;
}

json_t *bulk_export(struct manager *m, struct asked *asked, struct error *err)
{
	struct errand *e = errand_new(m, asked, err);
	if (e == NULL)
		return NULL;
	if (!bulk_own(m->store, e->chosen, &e->out, err) || e->out.count == 0) {
		if (e->out.count == 0 && err->fault == FAULT_NONE)
			(void)fail(err, FAULT_MISSING, "this cluster has nothing of that kind");
		errand_free(e);
		return NULL;
	}
	errand_begin(e, asked);
	errand_go_on(e);
	return NULL;
}

json_t *bulk_consolidate(struct manager *m, struct asked *asked, struct error *err)
{
	struct errand *e = errand_new(m, asked, err);
	if (e == NULL)
		return NULL;
	errand_begin(e, asked);
	sibling_ask(
		m->bulk->courier, COURIER_BULK_NAMES, reader_of(NULL, 0), QUESTION_MS, on_names, e);
	return NULL;
}

json_t *bulk_import(struct manager *m, struct asked *asked, struct error *err)
{
	struct errand *e = errand_new(m, asked, err);
	if (e == NULL)
		return NULL;
	if (!bulk_expected(e->chosen, &e->in, err)) {
		errand_free(e);
		return NULL;
	}
	errand_begin(e, asked);
	errand_go_on(e);
	return NULL;
}

json_t *bulk_server(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* nothing in it */
	(void)err;
	const struct settings *s = m->settings;
	bool on = s->sftp[0] != '\0', key = strcmp(s->sftp_key_file, "none") != 0;
	return json_pack("{s:i, s:s?, s:s?, s:s?, s:s?, s:s?, s:b}", "schema_version", 1, "server",
		on ? s->sftp : NULL, "host_key", on ? s->sftp_host_key : NULL, "user",
		on ? s->sftp_user : NULL, "folder", on ? s->sftp_folder : NULL, "login",
		!on           ? NULL
			: key ? "key"
			      : "password",
		"sealed", on && strcmp(s->sftp_seal_file, "none") != 0);
}

/* life */

bool bulk_start(struct manager *m, struct error *err)
{
	static const struct sibling_client_events quiet = { NULL, NULL };
	char path[PATH_SIZE];
	m->bulk = calloc(1, sizeof(*m->bulk));
	if (m->bulk == NULL)
		return fail_memory(err);
	m->bulk->m = m;
	if (!process_sibling_path(m->settings, "courier.manager", path, sizeof(path), err))
		return false;
	m->bulk->courier = sibling_connect(m->loop, path, &quiet, m, err);
	return m->bulk->courier != NULL;
}

void bulk_end(struct manager *m)
{
	if (m->bulk == NULL)
		return;
	sibling_client_free(m->bulk->courier); /* who waits is refused */
	free(m->bulk);
	m->bulk = NULL;
}

/* `cert export` and `trust export`: certificates of the cluster into a file.
 * docs/trust-stores.md#export */
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "base/writer.h"
#include "cli/file_place.h"
#include "cli/operation.h"
#include "cli/verbs.h"
#include "cluster/outside.h"
#include "pki/cert.h"

enum { EXPORT_LIMIT = 4 << 20, EXPORT_MODE = 0644, NEEDED_DIGITS = 8 };

struct export
{
	const struct call *call;
	const char *name; /* file name in a store, or begin of its SHA-256; NULL: all */
	json_t *taken;    /* SHA-256 of what is in it: copies lie on many nodes */
	struct writer pem;
	size_t count;
};

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));
	return text == NULL ? "" : text;
}

static bool is_named(const struct export *e, const json_t *row)
{
	const char *name = e->name;
	if (name == NULL || strcmp(text_of(row, "name"), name) == 0)
		return true;
	return strlen(name) >= NEEDED_DIGITS &&
		strncmp(text_of(row, "sha256"), name, strlen(name)) == 0;
}

static bool take(struct export *e, const json_t *row, struct error *err)
{
	json_t *reply = NULL;
	const char *sha256 = text_of(row, "sha256");
	if (json_object_get(e->taken, sha256) != NULL)
		return true;
	const struct operation_argument arguments[] = { { "unit", text_of(row, "unit") },
		{ "node", text_of(row, "node") }, { "name", text_of(row, "name") }, { 0 } };
	if (!operation_ask(e->call->control, OP_CERT_SHOW, arguments, &reply, err))
		return false;
	writer_text(&e->pem, text_of(reply, "pem"));
	json_decref(reply);
	e->count++;
	return (e->pem.ok || fail(err, FAULT_LIMIT, "that is too much for one file")) &&
		(json_object_set_new(e->taken, sha256, json_true()) == 0 || fail_memory(err));
}

static bool take_unit(struct export *e, const char *unit, const char *node, struct error *err)
{
	json_t *reply = NULL, *row;
	size_t index;
	bool fine = true;
	const struct operation_argument arguments[] = { { "unit", unit }, { "node", node }, { 0 } };
	if (!operation_ask(e->call->control, OP_CERT_LIST, arguments, &reply, err))
		return false;
	json_array_foreach (json_object_get(reply, "certificates"), index, row) {
		if (fine && is_named(e, row))
			fine = take(e, row, err);
	}
	json_decref(reply);
	return fine;
}

static bool place(struct export *e, struct error *err)
{
	const char *out = call_value(e->call, "out");
	struct reader pem = writer_written(&e->pem), bytes = pem;
	bool der = call_flag(e->call, "der");
	if (e->count == 0)
		return fail(err, FAULT_MISSING,
			"there is nothing of that name: see `dialtrust cert list`");
	if (der && e->count > 1)
		return fail(err, FAULT_USAGE,
			"--der: one certificate has room in such a file, and these are %zu: name "
			"it",
			e->count);
	AUTO(cert) cert = der ? cert_parse_pem(pem, err) : NULL;
	if (der && cert == NULL)
		return false;
	if (der)
		bytes = cert_der(cert);
	return file_place(out, bytes, EXPORT_MODE, err) &&
		file_placed(e->call, out, bytes.left, err);
}

static bool run(
	struct export *e, bool (*gather)(struct export *e, struct error *err), struct error *err)
{
	e->taken = json_object();
	e->pem = writer_new(EXPORT_LIMIT);
	bool fine = e->taken != NULL ? gather(e, err) && place(e, err) : fail_memory(err);
	writer_done(&e->pem);
	json_decref(e->taken);
	return fine;
}

static bool gather_identity(struct export *e, struct error *err)
{
	return take_unit(e, call_value(e->call, "UNIT"), call_value(e->call, "node"), err);
}

static bool gather_store(struct export *e, struct error *err)
{
	return take_unit(e, call_value(e->call, "STORE"), NULL, err);
}

/* On every node: any of them may be the one that it meets. */
static bool gather_for(struct export *e, struct error *err)
{
	size_t count;
	const char *name = call_value(e->call, "for");
	const struct outside_system *system = outside_find(name), *rows = outside_systems(&count);
	struct nearest near = nearest_to(name);
	for (size_t i = 0; i < count; i++)
		nearest_offer(&near, rows[i].name);
	if (system == NULL)
		return fail(err, FAULT_MISSING, "there is no system %.40s%s%s", name,
			near.best != NULL ? "; the nearest is " : "",
			near.best != NULL ? near.best : "");
	for (size_t i = 0; i < OUTSIDE_UNITS && system->units[i] != NULL; i++)
		if (!take_unit(e, system->units[i], NULL, err))
			return false;
	return true;
}

static bool cert_export(const struct call *call, struct error *err)
{
	struct export e = { .call = call };
	return run(&e, gather_identity, err);
}

static bool trust_export(const struct call *call, struct error *err)
{
	struct export e = { .call = call, .name = call_value(call, "NAME") };
	bool store = call_value(call, "STORE") != NULL, outside = call_value(call, "for") != NULL;
	if (store == outside)
		return fail(err, FAULT_USAGE, "either a trust store, or --for and a system");
	return run(&e, outside ? gather_for : gather_store, err);
}

static const struct argument cert_arguments[] = {
	{ "UNIT", ARGUMENT_POSITIONAL, true, NULL, "identity, such as CallManager or tomcat" },
	{ "node", ARGUMENT_OPTION, false, "NODE", "only this node's (default: all of them)" },
	{ "out", ARGUMENT_OPTION, true, "FILE", "where it goes" },
	{ "der", ARGUMENT_FLAG, false, NULL, "DER instead of PEM" },
	{ .name = NULL },
};

const struct verb cert_export_verb = {
	.words = "cert export",
	.run = cert_export,
	.arguments = cert_arguments,
	.means = "writes identity certificates of the cluster into a file",
};

static const struct argument trust_arguments[] = {
	{ "STORE", ARGUMENT_POSITIONAL, false, NULL, "trust store, such as tomcat-trust" },
	{ "NAME", ARGUMENT_POSITIONAL, false, NULL,
		"file name in it, or the first 8 digits of its SHA-256 (default: all of them)" },
	{ "for", ARGUMENT_OPTION, false, "SYSTEM",
		"what this outside system has to be given: contact-center, voicemail, expressway, "
		"radius, vpn, emergency, identity-provider, cluster" },
	{ "out", ARGUMENT_OPTION, true, "FILE", "where it goes" },
	{ "der", ARGUMENT_FLAG, false, NULL, "DER instead of PEM" },
	{ .name = NULL },
};

const struct verb trust_export_verb = {
	.words = "trust export",
	.run = trust_export,
	.arguments = trust_arguments,
	.means = "writes certificates of a trust store, or for an outside system, into a file",
};

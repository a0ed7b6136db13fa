/* set cert bulk … */
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"
#include "cluster/bulk.h"
#include "shell/shell_impl.h"

/* "all", a type, or the name of its unit. */
static bool is_meant(const struct bulk_type *type, const char *word)
{
	return bulk_is_all(word) || bulk_type_find(word) == type;
}

static bool is_among(const json_t *rows, const struct bulk_type *type)
{
	size_t index;
	json_t *row;
	json_array_foreach (rows, index, row) {
		if (strcmp(shell_text(row, "type"), type->name) == 0)
			return true;
	}
	return false;
}

/* One line for each type that was asked for and that there is. */
static void say_each(
	const struct shell_call *call, const json_t *rows, const char *before, const char *after)
{
	size_t count;
	const struct bulk_type *types = bulk_types(&count);
	for (size_t i = 0; i < count; i++)
		if (is_meant(&types[i], call->words[0]) && is_among(rows, &types[i]))
			(void)printf("%s%s%s\n", before, types[i].said, after);
	(void)fflush(stdout);
}

static bool ask(const struct shell_call *call, enum op_id id, json_t **out, struct error *err)
{
	const struct operation_argument arguments[] = { { "type", call->words[0] }, { 0 } };
	return shell_ask(call->shell, id, arguments, out, err);
}

bool set_cert_bulk_export(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	if (!ask(call, OP_BULK_EXPORT, &reply, err))
		return false;
	say_each(call, json_object_get(reply, "files"), "Successfully exported ",
		" certificate(s) to sftp server.");
	json_decref(reply);
	return true;
}

bool set_cert_bulk_consolidate(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	if (!ask(call, OP_BULK_CONSOLIDATE, &reply, err))
		return false;
	say_each(call, json_object_get(reply, "files"), "Successfully consolidated ",
		" certificate(s).");
	json_decref(reply);
	return true;
}

/* What the appliance does not say: what was not taken, and why. */
static void say_left_out(const json_t *rows)
{
	size_t index;
	json_t *row;
	json_array_foreach (rows, index, row) {
		const char *outcome = shell_text(row, "outcome");
		if (strcmp(outcome, "refused") == 0 || strcmp(outcome, "deleted") == 0)
			(void)fprintf(stderr, "%s of %s in %s: %s%s%s\n", shell_text(row, "name"),
				shell_text(row, "cluster"), shell_text(row, "store"), outcome,
				strcmp(outcome, "refused") == 0 ? ": " : "",
				shell_text(row, "reason"));
	}
}

bool set_cert_bulk_import(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	if (!ask(call, OP_BULK_IMPORT, &reply, err))
		return false;
	const json_t *rows = json_object_get(reply, "certificates");
	say_each(call, rows, "Successfully imported ", " certificates.");
	say_left_out(rows);
	shell_say_behind(reply);
	json_decref(reply);
	return true;
}

/* The appliance asks for the server here; ours stands in the settings of the node, with its
 * secrets. */
bool set_cert_bulk_sftp(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	if (!shell_ask(call->shell, OP_BULK_SERVER, NULL, &reply, err))
		return false;
	bool on = json_is_string(json_object_get(reply, "server"));
	if (on)
		(void)fprintf(stderr, "%s@%s, folder %s, by %s\n", shell_text(reply, "user"),
			shell_text(reply, "server"), shell_text(reply, "folder"),
			shell_text(reply, "login"));
	json_decref(reply);
	return fail(err, FAULT_REFUSED,
		"the SFTP server is %s in [courier] sftp of the node's settings file, with its "
		"secrets: see dialtrustd(8)",
		on ? "set" : "to be set");
}

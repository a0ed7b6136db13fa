/* set cert …, show cert … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cluster/unit.h"
#include "shell/cert_dump.h"
#include "shell/shell_impl.h"

enum { FILE_NAME = 256 };

/* listing */

static bool each_certificate(const struct shell_call *call, bool trust,
	void (*each)(const json_t *row, void *into), void *into, struct error *err)
{
	json_t *reply = NULL, *row;
	size_t index;
	const struct operation_argument arguments[] = { { "node", call->shell->node }, { 0 } };
	if (!shell_ask(call->shell, OP_CERT_LIST, arguments, &reply, err))
		return false;
	json_array_foreach (json_object_get(reply, "certificates"), index, row) {
		const struct unit *unit = unit_find(shell_text(row, "unit"));
		if (unit != NULL && unit->trust == trust)
			each(row, into);
	}
	json_decref(reply);
	return true;
}

static void print_row(const json_t *row, void *into)
{
	const char *only = into; /* one unit's */
	if (only == NULL || strcmp(only, shell_text(row, "unit")) == 0)
		(void)printf("%s/%s: %s\n", shell_text(row, "unit"), shell_text(row, "name"),
			shell_text(row, "description"));
}

/* In the order of the table, which is the appliance's. */
static bool list(const struct shell_call *call, bool trust, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (units[i].trust == trust &&
			!each_certificate(
				call, trust, print_row, (void *)(uintptr_t)units[i].name, err))
			return false;
	return true;
}

bool show_cert_list_own(const struct shell_call *call, struct error *err)
{
	return list(call, false, err);
}

bool show_cert_list_trust(const struct shell_call *call, struct error *err)
{
	return list(call, true, err);
}

/* showing */

/* "tomcat", "tomcat.pem", "tomcat/tomcat.pem", "tomcat-trust/pub.pem" */
static bool show_file(
	const struct shell_call *call, const struct unit *unit, const char *name, struct error *err)
{
	json_t *reply = NULL;
	const struct operation_argument arguments[] = { { "unit", unit->name },
		{ "node", call->shell->node }, { "name", name }, { 0 } };
	if (!shell_ask(call->shell, OP_CERT_SHOW, arguments, &reply, err))
		return false;
	bool shown = cert_dump_print(stdout, shell_text(reply, "pem"), err);
	json_decref(reply);
	return shown;
}

bool show_cert_own(const struct shell_call *call, struct error *err)
{
	char name[FILE_NAME];
	(void)snprintf(name, sizeof(name), "%s", call->words[0]);
	name[strcspn(name, "/.")] = '\0';
	const struct unit *unit = unit_find(name);
	if (unit == NULL || unit->trust)
		return fail(err, FAULT_MISSING,
			"there is no certificate %s of its own: show cert "
			"list own",
			call->words[0]);
	return show_file(call, unit, NULL, err);
}

bool show_cert_trust(const struct shell_call *call, struct error *err)
{
	char store[FILE_NAME];
	(void)snprintf(store, sizeof(store), "%s", call->words[0]);
	char *slash = strchr(store, '/');
	if (slash != NULL)
		*slash = '\0';
	const struct unit *unit = slash == NULL ? NULL : unit_find(store);
	if (unit == NULL || !unit->trust)
		return fail(err, FAULT_MISSING,
			"%s is not in a trust store: name it as show cert list trust does",
			call->words[0]);
	return show_file(call, unit, slash + 1, err);
}

/* regenerating */

static void say_consequences(const struct shell_call *call, const struct unit *unit)
{
	struct error ignored = { 0 };
	json_t *phones = NULL;
	(void)fprintf(stderr, "%s: %s.\n", unit->name, unit->means);
	if (unit->lists == LISTS_NONE ||
		!shell_ask(call->shell, OP_PHONE_LIST, NULL, &phones, &ignored))
		return;
	(void)fprintf(stderr,
		"Trust lists change with it: %zu phones are behind until they have fetched the new "
		"one.\n",
		json_array_size(json_object_get(phones, "phones")));
	json_decref(phones);
}

void shell_say_behind(const json_t *reply)
{
	size_t index;
	json_t *row;
	json_array_foreach (json_object_get(reply, "must_restart"), index, row) {
		(void)fprintf(stderr, "To be restarted: %s on %s\n", shell_text(row, "service"),
			shell_text(row, "node"));
	}
	json_array_foreach (json_object_get(reply, "phones_behind"), index, row) {
		(void)fprintf(stderr, "Behind: %s\n", json_string_value(row));
	}
}

/* What the appliance says before: of the signer of trust lists it warns in other words. */
static void warn(const struct unit *unit)
{
	if (unit->signs_lists && unit->scope == SCOPE_CLUSTER)
		(void)printf("\nWARNING: If you are using a tokenless CTL and if the CallManager "
			     "certificate is recently\n"
			     "generated, please ensure that the CTL File already has the new "
			     "CallManager certificate and is\n"
			     "updated to the endpoints, before generating the ITL Recovery "
			     "certificate. Are you sure want\nto proceed?\n\n");
	else
		(void)printf("\nWARNING: This operation will overwrite any CA signed certificate "
			     "previously imported\nfor %s\n",
			unit->name);
}

bool set_cert_regen(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	const struct unit *unit = unit_find(call->words[0]);
	if (unit == NULL || unit->trust)
		return fail(err, FAULT_MISSING, "there is no certificate %s: show cert list own",
			call->words[0]);
	say_consequences(call, unit);
	warn(unit);
	if (!shell_yes(call->shell, "Proceed with regeneration (yes|no)? "))
		return true;
	const struct operation_argument arguments[] = { { "unit", unit->name },
		{ "node", call->shell->node }, { 0 } };
	if (!shell_ask(call->shell, OP_CERT_REGEN, arguments, &reply, err))
		return false;
	bool wraps = unit->signs_lists && unit->scope == SCOPE_CLUSTER;
	(void)printf(
		"\nSuccessfully Regenerated Certificate for %s.\n\n"
		"You must restart %sservices related to %s for the regenerated certificates to%s"
		"become active.\n",
		unit->name, wraps ? "the " : "", unit->name, wraps ? "\n" : " ");
	(void)fflush(stdout);
	shell_say_behind(reply);
	json_decref(reply);
	return true;
}

/* deleting */

const struct unit *shell_store_of(const char *word)
{
	char name[FILE_NAME];
	const struct unit *unit = unit_find(word);
	if (unit != NULL && unit->trust)
		return unit;
	(void)snprintf(name, sizeof(name), "%s-trust", word);
	unit = unit_find(name);
	return unit != NULL && unit->trust ? unit : NULL;
}

bool set_cert_delete(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	const struct unit *store = shell_store_of(call->words[0]);
	if (store == NULL)
		return fail(err, FAULT_MISSING, "there is no trust store %s", call->words[0]);
	const struct operation_argument arguments[] = { { "store", store->name },
		{ "name", call->words[1] }, { "reason", "set cert delete" }, { 0 } };
	if (!shell_ask(call->shell, OP_TRUST_DELETE, arguments, &reply, err))
		return false;
	(void)printf("Successfully deleted %s from %s.\n", shell_text(reply, "name"), store->name);
	(void)fflush(stdout);
	shell_say_behind(reply);
	json_decref(reply);
	return true;
}

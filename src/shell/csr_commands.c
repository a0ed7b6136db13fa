/* set csr gen, show csr … */
#include <stdio.h>
#include <string.h>

#include "cluster/unit.h"
#include "shell/shell_impl.h"

enum { FILE_NAME = 256 };

/* "tomcat", "tomcat.csr" and "tomcat/tomcat.csr" */
static const struct unit *unit_of(const char *word)
{
	char name[FILE_NAME];
	(void)snprintf(name, sizeof(name), "%s", word);
	name[strcspn(name, "/.")] = '\0';
	const struct unit *unit = unit_find(name);
	return unit != NULL && !unit->trust ? unit : NULL;
}

static bool ask_of(const struct shell_call *call, enum op_id id, json_t **out, struct error *err)
{
	const struct unit *unit = unit_of(call->words[0]);
	if (unit == NULL)
		return fail(err, FAULT_MISSING, "there is no certificate %s: show cert list own",
			call->words[0]);
	const struct operation_argument arguments[] = { { "unit", unit->name },
		{ "node", call->shell->node }, { 0 } };
	return shell_ask(call->shell, id, arguments, out, err);
}

bool set_csr_gen(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	if (!ask_of(call, OP_CSR_MAKE, &reply, err))
		return false;
	(void)printf("Successfully Generated CSR for %s.\n", unit_of(call->words[0])->name);
	json_decref(reply);
	return true;
}

bool show_csr_own(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	if (!ask_of(call, OP_CSR_SHOW, &reply, err))
		return false;
	(void)fputs(shell_text(reply, "pem"), stdout);
	json_decref(reply);
	return true;
}

bool show_csr_list(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL, *row;
	size_t index, shown = 0;
	if (!shell_ask(call->shell, OP_CSR_LIST, NULL, &reply, err))
		return false;
	json_array_foreach (json_object_get(reply, "requests"), index, row) {
		const char *unit = shell_text(row, "unit");
		if (strcmp(shell_text(row, "node"), call->shell->node) == 0) {
			(void)printf("%s/%s.csr\n", unit, unit);
			shown++;
		}
	}
	if (shown == 0)
		(void)printf("No Certificate Sign Request available for display\n");
	json_decref(reply);
	return true;
}

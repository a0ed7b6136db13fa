/* utils service … */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cluster/service.h"
#include "shell/shell_impl.h"

enum { NAME_SIZE = 128 };

static void join(const struct shell_call *call, char out[static NAME_SIZE])
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < call->count && used < NAME_SIZE; i++)
		used += (size_t)snprintf(
			out + used, NAME_SIZE - used, "%s%s", i > 0 ? " " : "", call->words[i]);
}

bool utils_service_list(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	size_t index;
	json_t *row;
	if (!shell_ask(call->shell, OP_SERVICE_LIST, NULL, &reply, err))
		return false;
	(void)printf("Requesting service status, please wait...\n");
	json_array_foreach (json_object_get(reply, "services"), index, row) {
		bool on = json_is_true(json_object_get(row, "activated"));
		if (strcmp(shell_text(row, "node"), call->shell->node) == 0)
			(void)printf("%s%s\n", shell_text(row, "service"),
				on ? "[STARTED]" : "[STOPPED]  Service Not Activated");
	}
	json_decref(reply);
	return true;
}

bool utils_service_restart(const struct shell_call *call, struct error *err)
{
	char name[NAME_SIZE];
	json_t *reply = NULL;
	join(call, name);
	const struct service *service = service_find(name);
	if (service == NULL)
		return fail(err, FAULT_MISSING, "there is no service \"%s\"", name);
	const struct operation_argument arguments[] = { { "service", service->name },
		{ "node", call->shell->node }, { 0 } };
	(void)printf("Do not press Ctrl+C while the service is restarting. If the service has not "
		     "restarted properly, execute the same command again.\n"
		     "Service Manager is running\n%s[STARTING]\n",
		service->name);
	(void)fflush(stdout);
	if (!shell_ask(call->shell, OP_SERVICE_RESTART, arguments, &reply, err))
		return false;
	(void)printf("%s[STARTED]\n", service->name);
	json_decref(reply);
	return true;
}

/* Of the appliance's feature services; network services are always on. */
static bool set_activated(
	const struct shell_call *call, enum op_id id, const char *now, struct error *err)
{
	char name[NAME_SIZE];
	json_t *reply = NULL;
	join(call, name);
	const struct service *service = service_find(name);
	if (service == NULL)
		return fail(err, FAULT_MISSING, "there is no service \"%s\"", name);
	const struct operation_argument arguments[] = { { "service", service->name },
		{ "node", call->shell->node }, { 0 } };
	if (!shell_ask(call->shell, id, arguments, &reply, err))
		return false;
	(void)printf("%s%s\n", service->name, now);
	json_decref(reply);
	return true;
}

bool utils_service_activate(const struct shell_call *call, struct error *err)
{
	return set_activated(call, OP_SERVICE_ACTIVATE, "[STARTED]", err);
}

bool utils_service_deactivate(const struct shell_call *call, struct error *err)
{
	return set_activated(call, OP_SERVICE_DEACTIVATE, "[STOPPED]  Service Not Activated", err);
}

bool utils_service_stop(const struct shell_call *call, struct error *err)
{
	char name[NAME_SIZE];
	join(call, name);
	return fail(err, FAULT_REFUSED,
		"%s: a service is restarted, or deactivated; it is not stopped and left activated",
		name);
}

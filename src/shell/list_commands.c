/* show itl, show ctl: fetched from the node as a phone fetches them. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cli/list_cucm.h"
#include "fetch/fetch.h"
#include "shell/shell_impl.h"
#include "trust/held_list.h"

enum { PATIENCE_MS = 10000, URL_SIZE = 128 };

static bool url_of(
	const struct shell *s, const char *file, char out[static URL_SIZE], struct error *err)
{
	json_t *reply = NULL, *row;
	size_t index;
	out[0] = '\0';
	if (!shell_ask(s, OP_NODE_LIST, NULL, &reply, err))
		return false;
	json_array_foreach (json_object_get(reply, "nodes"), index, row) {
		json_int_t port = json_integer_value(json_object_get(row, "http"));
		if (strcmp(shell_text(row, "name"), s->node) == 0 && port != 0)
			(void)snprintf(out, URL_SIZE, "http://%s:%d/%s", shell_text(row, "address"),
				(int)port, file);
	}
	json_decref(reply);
	return out[0] != '\0' ||
		fail(err, FAULT_MISSING, "%s serves no phones and has no trust list", s->node);
}

static bool show(const struct shell_call *call, const char *file, struct error *err)
{
	char url[URL_SIZE];
	struct trust_list list;
	struct error why = { 0 };
	AUTO_DONE(bytes) bytes = { 0 };
	if (!url_of(call->shell, file, url, err))
		return false;
	if (!fetch_url(url, LIMIT_TRUST_LIST, PATIENCE_MS, &bytes, &why) &&
		why.fault != FAULT_MISSING) {
		*err = why;
		return false;
	}
	if (bytes.size == 0 || !trust_list_parse(bytes_reader(&bytes), &list, &why)) {
		list_cucm_print_unreadable(stdout, file, bytes_reader(&bytes));
		return true;
	}
	AUTO(held_list) held = held_list_load(bytes_reader(&bytes), &why);
	bool intact = held != NULL && held_list_intact(held, &why);
	list_cucm_print(stdout, bytes_reader(&bytes), &list, intact);
	return true;
}

bool show_itl(const struct shell_call *call, struct error *err)
{
	return show(call, "ITLFile.tlv", err);
}

bool show_ctl(const struct shell_call *call, struct error *err)
{
	return show(call, "CTLFile.tlv", err);
}

/* set cert import */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "cluster/unit.h"
#include "shell/shell_impl.h"

enum { PATH_SIZE = 64 };

static const char pem_end[] = "-----END CERTIFICATE-----";

/* What is pasted, up to the end of a certificate. */
static bool paste(struct shell *s, FILE *to, struct error *err)
{
	char line[SHELL_LINE];
	const char *prompt = "Paste the Certificate and Hit Enter\n";
	while (shell_line(s, prompt, line)) {
		prompt = "";
		(void)fprintf(to, "%s\n", line);
		if (strstr(line, pem_end) != NULL)
			return fflush(to) == 0 || fail_errno(err, "keeping what was pasted");
	}
	return fail(err, FAULT_MALFORMED, "no certificate was pasted that ends with %s", pem_end);
}

/* "own" takes what a CA made of the unit's request, "trust" goes into its trust store. */
static bool import_into(const struct shell_call *call, const struct unit *unit, const char *path,
	json_t **out, struct error *err)
{
	const struct operation_argument own[] = { { "unit", unit->name },
		{ "node", call->shell->node }, { "certificate", path }, { 0 } };
	const struct operation_argument trust[] = { { "store", unit->name },
		{ "certificate", path }, { 0 } };
	return unit->trust ? shell_ask(call->shell, OP_TRUST_UPLOAD, trust, out, err)
			   : shell_ask(call->shell, OP_CERT_UPLOAD, own, out, err);
}

/* An operation takes a file: this one has no name. */
static bool import_pasted(
	const struct shell_call *call, const struct unit *unit, json_t **out, struct error *err)
{
	char path[PATH_SIZE];
	FILE *pasted = tmpfile();
	if (pasted == NULL)
		return fail_errno(err, "keeping what is pasted");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(pasted));
	bool fine = paste(call->shell, pasted, err) && import_into(call, unit, path, out, err);
	(void)fclose(pasted);
	return fine;
}

bool set_cert_import(const struct shell_call *call, struct error *err)
{
	json_t *reply = NULL;
	bool trust = text_same_nocase(call->words[0], "trust");
	if (!trust && !text_same_nocase(call->words[0], "own"))
		return fail(
			err, FAULT_USAGE, "set cert import own or trust, not %s", call->words[0]);
	const struct unit *unit =
		trust ? shell_store_of(call->words[1]) : unit_find(call->words[1]);
	if (unit == NULL || unit->trust != trust)
		return fail(err, FAULT_MISSING, "there is no %s %s",
			trust ? "trust store" : "certificate", call->words[1]);
	if (!import_pasted(call, unit, &reply, err))
		return false;
	(void)printf("Successfully imported certificate for %s.\n"
		     "Please restart services related to %s for the new certificate to\n"
		     "become active.\n",
		call->words[1], call->words[1]);
	(void)fflush(stdout);
	shell_say_behind(reply);
	json_decref(reply);
	return true;
}

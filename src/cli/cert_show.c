/* `cert show FILE`: every field of certificates in files; `cert show UNIT` is the daemon's.
 * docs/cert.md#show */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cert_describe.h"
#include "cli/cert_files.h"
#include "cli/output.h"
#include "cli/verbs.h"

enum { TITLE_SIZE = 64 };

static bool describe_all(const struct cert_bundle *bundle, json_t *out, struct error *err)
{
	int64_t now = clock_now();
	for (size_t i = 0; i < bundle->count; i++) {
		json_t *told = cert_describe(bundle->certs[i], now, err);
		if (told == NULL)
			return fail_in(err, "certificate %zu", i + 1);
		if (json_array_append_new(out, told) != 0)
			return fail_memory(err);
	}
	return true;
}

static void print_all(const char *source, const json_t *certificates)
{
	size_t index;
	json_t *told;
	json_array_foreach (certificates, index, told) {
		char title[TITLE_SIZE] = "";
		if (json_array_size(certificates) > 1)
			(void)snprintf(title, sizeof(title), ", certificate %zu of %zu", index + 1,
				json_array_size(certificates));
		if (index > 0)
			(void)fputc('\n', stdout);
		output_painted(stdout, PAINT_TITLE, source);
		output_painted(stdout, PAINT_TITLE, title);
		(void)fputc('\n', stdout);
		cert_describe_print(told);
	}
}

static bool cert_show(const struct call *call, struct error *err)
{
	const char *source = call_value(call, "FILE");
	AUTO_DONE(cert_bundle) bundle = { 0 };
	if (!cert_files_add(&bundle, source, err))
		return false;
	json_auto_t *certificates = json_array();
	if (certificates == NULL)
		return fail_memory(err);
	if (!describe_all(&bundle, certificates, err))
		return fail_in(err, "%s", source);
	if (!call->json) {
		print_all(source, certificates);
		return true;
	}
	json_auto_t *told = json_pack("{s:i, s:o, s:O}", "schema_version", 1, "source",
		output_json_text(source), "certificates", certificates);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"PEM with one or many, DER, PKCS#7, a folder of them, or - for standard input" },
	{ .name = NULL },
};

const struct verb cert_show_verb = {
	.words = "cert show",
	.run = cert_show,
	.arguments = arguments,
	.takes = cert_file_meant,
	.means = "prints every field of certificates in a file",
	.help = "A word with a slash or a dot in it, and -, is a file; the name of a unit is a "
		"unit of "
		"the\ndaemon's; anything else is a file where there is one. ./CallManager is the "
		"file "
		"of that\nname. Nothing is verified: that is `cert verify`.",
};

/* `tvs ask`: what a phone hears from somebody's TVS. docs/tvs-ask.md */
#include <stdlib.h>

#include "base/hex.h"
#include "base/text.h"
#include "cli/described.h"
#include "cli/key_source.h"
#include "cli/output.h"
#include "cli/signer_words.h"
#include "cli/verbs.h"
#include "cluster/role.h"
#include "fetch/tvs_question.h"
#include "trust/signer_name.h"

enum { USUAL_TIMEOUT_MS = 10000, TIMEOUT_MAX_MS = 600000, FIRST_SESSION = 1001 };

/* A label of the usual form; nobody vouches for it, but public servers refuse others. */
static const char asking_device[] = "CP-8861-SEP000000000000";

static const struct number_range timeouts = { 1, TIMEOUT_MAX_MS };

struct ask {
	struct server_place place;
	struct cert *certificate;   /* --cert */
	struct signer_words signer; /* --signer */
	struct tvs_reply reply;
	struct cert *server, *found; /* found: what came back, NULL for none */
};

static void ask_done(struct ask *a)
{
	cert_free(a->certificate);
	cert_free(a->server);
	cert_free(a->found);
	tvs_reply_done(&a->reply);
}

static bool read_call(const struct call *call, struct ask *a, struct error *err)
{
	const char *file = call_value(call, "cert");
	const char *signer = call_value(call, "signer");
	a->place.timeout_ms = USUAL_TIMEOUT_MS;
	if (!tvs_place_read(call_value(call, "HOST"), &a->place, err) ||
		!call_number(call, "timeout", &timeouts, &a->place.timeout_ms, err))
		return false;
	if ((file == NULL) == (signer == NULL))
		return fail(err, FAULT_USAGE, "tvs ask needs either --cert or --signer");
	if (signer != NULL)
		return signer_words_read(signer, &a->signer, err);
	a->certificate = cert_source_read(file, err);
	return a->certificate != NULL;
}

static bool put_question(struct ask *a, struct error *err)
{
	struct tvs_message question = { .command = TVS_VERIFY_REQUEST, .session = FIRST_SESSION };
	if (!text_copy(question.device, sizeof(question.device), asking_device, err))
		return false;
	if (a->certificate != NULL) {
		question.certificate = cert_der(a->certificate);
	} else {
		question.command = TVS_QUERY_REQUEST;
		question.subject = a->signer.subject;
		question.issuer = a->signer.issuer;
		question.serial = reader_of(a->signer.serial, a->signer.serial_size);
	}
	return tvs_question_ask(&a->place, &question, &a->reply, err);
}

/* A "yes" about somebody else is none. */
static bool read_found(struct ask *a, struct error *err)
{
	const struct tvs_message *answer = &a->reply.message;
	if (answer->command != TVS_QUERY_RESPONSE || answer->status != TVS_VALID)
		return true;
	a->found = cert_parse(answer->certificate, err);
	if (a->found == NULL) {
		if (err != NULL)
			err->fault = FAULT_MALFORMED;
		return fail_in(err, "the certificate that came back");
	}
	struct reader serial = reader_of(a->signer.serial, a->signer.serial_size);
	if (!subject_fits(a->signer.subject, a->found) ||
		!issuer_fits(a->signer.issuer, a->found) || !serial_fits(serial, a->found))
		return fail(err, FAULT_MALFORMED,
			"the certificate that came back is %.160s, not the one asked about",
			cert_subject(a->found, NAME_APPLIANCE));
	return true;
}

static json_t *certificate_json(const struct cert *cert)
{
	char sha256[2 * DIGEST_SIZE + 1], serial[2 * LIMIT_CERTIFICATE + 1];
	char before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE];
	char *pem = NULL;
	if (cert == NULL || !cert_pem(cert, &pem, NULL))
		return json_null();
	struct cert_key key = cert_key(cert);
	/* clang-format off */
	json_t *told = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
		"subject", cert_subject(cert, NAME_APPLIANCE),
		"issuer", cert_issuer(cert, NAME_APPLIANCE),
		"serial_number", hex_write(cert_serial(cert), serial),
		"not_before", text_time(cert_not_before(cert), before),
		"not_after", text_time(cert_not_after(cert), after),
		"key", key.name,
		"sha256", hex_write(reader_of(cert_digest(cert), DIGEST_SIZE), sha256),
		"pem", pem);
	/* clang-format on */
	free(pem);
	return told;
}

static json_t *roles_json(const struct tvs_message *answer)
{
	json_t *roles = json_array();
	for (size_t i = 0; i < answer->role_count; i++) {
		const struct role_row *row = role_find(answer->roles[i]);
		json_t *role = json_pack("{s:i, s:s?}", "role", (int)answer->roles[i], "name",
			row != NULL ? row->printed : NULL);
		(void)json_array_append_new(roles, role);
	}
	return roles;
}

static json_t *told(const struct ask *a)
{
	const struct tvs_message *answer = &a->reply.message;
	bool valid = answer->status == TVS_VALID;
	/* clang-format off */
	return json_pack("{s:i, s:s, s:i, s:s, s:b, s:o, s:o, s:o, s:o}",
		"schema_version", 1,
		"host", a->place.host,
		"port", (int)a->place.port,
		"asked", a->certificate != NULL ? "certificate" : "signer",
		"vouched", valid,
		"roles", roles_json(answer),
		"ttl", valid ? json_integer(answer->ttl) : json_null(),
		"certificate", certificate_json(a->found),
		"server", certificate_json(a->server));
	/* clang-format on */
}

static const struct described_line certificate_lines[] = {
	{ "subject", "subject", DESCRIBED_PLAIN },
	{ "issuer", "issuer", DESCRIBED_PLAIN },
	{ "serial_number", "serial number", DESCRIBED_PLAIN },
	{ "not_before", "valid from", DESCRIBED_PLAIN },
	{ "not_after", "valid until", DESCRIBED_PLAIN },
	{ "key", "key", DESCRIBED_PLAIN },
	{ "sha256", "SHA-256", DESCRIBED_PLAIN },
};

static void print_certificate(const char *title, const json_t *certificate)
{
	if (!json_is_object(certificate))
		return;
	output_painted(stdout, PAINT_TITLE, title);
	(void)fputc('\n', stdout);
	described_print(certificate, certificate_lines, COUNT(certificate_lines));
}

static void print_told(const struct ask *a, const json_t *told)
{
	const struct tvs_message *answer = &a->reply.message;
	bool valid = answer->status == TVS_VALID;
	output_painted(
		stdout, valid ? PAINT_GOOD : PAINT_TITLE, valid ? "vouched for" : "not known");
	(void)fputc('\n', stdout);
	for (size_t i = 0; i < answer->role_count; i++) {
		const struct role_row *row = role_find(answer->roles[i]);
		(void)printf("  role %u: %s\n", (unsigned)answer->roles[i],
			row != NULL ? row->printed : "none that we know");
	}
	if (valid)
		(void)printf("  the answer may be kept for %u seconds\n", (unsigned)answer->ttl);
	print_certificate("The certificate that came back", json_object_get(told, "certificate"));
	print_certificate("The server's own certificate", json_object_get(told, "server"));
}

static bool report(const struct call *call, const struct ask *a, struct error *err)
{
	json_auto_t *shown = told(a);
	if (shown == NULL)
		return fail_memory(err);
	if (call->json)
		output_json(stdout, shown);
	else
		print_told(a, shown);
	if (a->reply.message.status == TVS_VALID)
		return true;
	return fail(err, FAULT_MISSING, "TVS at %s:%u does not vouch for %s", a->place.host,
		(unsigned)a->place.port,
		a->certificate != NULL ? "this certificate" : "this signer");
}

static bool run(const struct call *call, struct error *err)
{
	AUTO_DONE(ask) a = { 0 };
	if (!read_call(call, &a, err) || !put_question(&a, err))
		return false;
	a.server = cert_parse(bytes_reader(&a.reply.server), err);
	return a.server != NULL && read_found(&a, err) && report(call, &a, err);
}

static const struct argument arguments[] = {
	{ "HOST", ARGUMENT_POSITIONAL, true, NULL, "name or address, perhaps with :PORT (2445)" },
	{ "cert", ARGUMENT_OPTION, false, "FILE", "a certificate, PEM or DER: is it good?" },
	{ "signer", ARGUMENT_OPTION, false, "SUBJECT,ISSUER,SERIAL",
		"the signer of a file: who is it?" },
	{ "timeout", ARGUMENT_OPTION, false, "MS", "how long each step may take (10000)" },
	{ .name = NULL },
};

const struct verb tvs_ask_verb = {
	.words = "tvs ask",
	.run = run,
	.arguments = arguments,
	.means = "asks a Trust Verification Service as a phone does",
	.help = "Either --cert or --signer. The exit status is 0 when the server vouches, 5 when "
		"it\n"
		"does not, 1 when it cannot be reached, 4 when what it answers is no answer. The\n"
		"server's own certificate is shown, not judged: compare it with a record of role "
		"21.",
};

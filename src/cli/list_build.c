#include "trust/list_build.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/file_place.h"
#include "cli/file_signing.h"
#include "cli/key_source.h"
#include "cli/verbs.h"
#include "trust/held_list.h"

enum { ROLE_TEXT = 64, LIST_MODE = 0644 };

/* What the operator named, and the plan that lends its certificates. */
struct building {
	struct file_signing signing;
	struct cert *certs[LIMIT_RECORDS];
	struct list_plan plan;
};

static void building_done(struct building *b)
{
	for (size_t i = 0; i < LIMIT_RECORDS; i++)
		cert_free(b->certs[i]);
	file_signing_done(&b->signing);
}

/* A number, SAST, or the name that `show itl` prints. */
static bool read_role(const char *text, enum role *out, struct error *err)
{
	size_t count;
	uint64_t number;
	const struct role_row *rows = role_rows(&count);
	bool numeric = text_number(text, 0, UINT8_MAX, &number);
	for (size_t i = 0; i < count; i++) {
		bool token = rows[i].role == ROLE_SAST && text_same_nocase(text, "SAST");
		if (token || text_same_nocase(text, rows[i].printed) ||
			(numeric && number == (uint64_t)rows[i].role)) {
			*out = rows[i].role;
			return true;
		}
	}
	return fail(err, FAULT_USAGE,
		"there is no role %.40s: write SAST, CCM+TFTP, TFTP, CAPF, TVS, or a number", text);
}

/* ROLE=CERT */
static bool add_record(struct building *b, const char *word, struct error *err)
{
	char role[ROLE_TEXT];
	size_t size = strcspn(word, "=");
	if (word[size] != '=' || size == 0 || size >= sizeof(role))
		return fail(err, FAULT_USAGE, "\"%.60s\": a record is written ROLE=CERT", word);
	if (b->plan.count == LIMIT_RECORDS)
		return fail(err, FAULT_USAGE, "more than %d records", LIMIT_RECORDS);
	struct list_record *record = &b->plan.records[b->plan.count];
	(void)snprintf(role, sizeof(role), "%.*s", (int)size, word);
	if (!read_role(role, &record->role, err))
		return false;
	struct cert *cert = cert_source_read(word + size + 1, err);
	if (cert == NULL)
		return false;
	b->certs[b->plan.count++] = cert;
	record->cert = cert;
	return true;
}

static bool read_plan(const struct call *call, struct building *b, struct error *err)
{
	const char *name = call_value(call, "name");
	if (!file_signing_open(call, &b->signing, err) ||
		!add_record(b, call_value(call, "ROLE=CERT"), err))
		return false;
	for (size_t i = 0; i < call->more_count; i++)
		if (!add_record(b, call->more[i], err))
			return false;
	b->plan.file_name = name != NULL ? name : "ITLFile.tlv";
	b->plan.signer = b->signing.signer;
	b->plan.hash = b->signing.hash;
	b->plan.timestamp = (uint32_t)clock_now();
	return strcmp(b->plan.file_name, "ITLFile.tlv") == 0 ||
		strcmp(b->plan.file_name, "CTLFile.tlv") == 0 ||
		fail(err, FAULT_USAGE,
			"--name %.60s: phones know ITLFile.tlv and CTLFile.tlv, also under the "
			"names that carry their own",
			b->plan.file_name);
}

/* What would be published is read as a phone's own list is before anything is written. */
static bool check(const struct bytes *file, struct error *err)
{
	AUTO(held_list) list = held_list_load(bytes_reader(file), err);
	return list != NULL && held_list_intact(list, err);
}

static bool list_build_run(const struct call *call, struct error *err)
{
	AUTO_DONE(building) b = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	const char *out = call_value(call, "out");
	return read_plan(call, &b, err) && list_build(&b.plan, &file, err) &&
		file_signing_sign(&b.signing, &file, err) && check(&file, err) &&
		file_place(out, bytes_reader(&file), LIST_MODE, err) &&
		file_placed(call, out, file.size, err);
}

static const struct argument arguments[] = {
	{ "signer", ARGUMENT_OPTION, true, "CERT",
		"the certificate of the signer, which must be a record with role 0 too" },
	{ "key", ARGUMENT_OPTION, true, "KEY", "its private key, PEM or DER" },
	{ "hash", ARGUMENT_OPTION, false, "HASH", "sha1 (default) or sha512" },
	{ "name", ARGUMENT_OPTION, false, "NAME",
		"the name inside: ITLFile.tlv (default) or CTLFile.tlv" },
	{ "out", ARGUMENT_OPTION, true, "FILE", "where the list goes" },
	{ "ROLE=CERT", ARGUMENT_POSITIONAL, true, NULL,
		"a record: SAST, CCM+TFTP, TFTP, CAPF, TVS, … or a number, and a certificate" },
	{ .name = NULL },
};

const struct verb list_build_verb = {
	.words = "list build",
	.run = list_build_run,
	.arguments = arguments,
	.repeats = true,
	.means = "builds a trust list and signs it",
	.help = "Records stand in the list in the order in which they are named. The list is read\n"
		"back and its signature checked before it is written, whole or not at all.",
};

#include "trust/list_build.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/file_place.h"
#include "cli/file_signing.h"
#include "cli/key_source.h"
#include "cli/verbs.h"
#include "trust/held_list.h"

enum { ROLE_TEXT = 64, WORD_SIZE = 4096, LIST_MODE = 0644 };

/* What the operator named, and the plan that lends its certificates. */
struct building {
	struct file_signing signing;
	struct cert *certs[LIMIT_RECORDS];
	char words[LIMIT_RECORDS][WORD_SIZE]; /* taken apart */
	uint8_t addresses[LIMIT_RECORDS][4];
	struct list_plan plan;
};

static void building_free(struct building *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < LIMIT_RECORDS; i++)
		cert_free(b->certs[i]);
	file_signing_done(&b->signing);
	free(b);
}
DEFINE_AUTO(building, building_free);

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

static bool take_host(struct building *b, size_t index, const char *value, struct error *err)
{
	(void)err;
	b->plan.records[index].dns_name = value;
	return true;
}

static bool take_address(struct building *b, size_t index, const char *value, struct error *err)
{
	if (inet_pton(AF_INET, value, b->addresses[index]) != 1)
		return fail(err, FAULT_USAGE,
			"\"%.60s\" is no IPv4 address; records have no other kind", value);
	b->plan.records[index].address = b->addresses[index];
	return true;
}

static bool take_signature(struct building *b, size_t index, const char *value, struct error *err)
{
	b->plan.records[index].no_signature = strcmp(value, "no") == 0;
	return b->plan.records[index].no_signature ||
		fail(err, FAULT_USAGE, "signature=%.20s: it may be \"no\", or left out", value);
}

static bool take_names(struct building *b, size_t index, const char *value, struct error *err)
{
	b->plan.records[index].token_names = strcmp(value, "token") == 0;
	return b->plan.records[index].token_names ||
		fail(err, FAULT_USAGE,
			"names=%.20s: a record's own may be \"token\"; the other forms are the "
			"whole "
			"list's, with --names",
			value);
}

/* What may stand behind the certificate. */
static const struct extra {
	const char *opening;
	bool (*take)(struct building *b, size_t index, const char *value, struct error *err);
} extras[] = {
	{ ",host=", take_host },
	{ ",address=", take_address },
	{ ",signature=", take_signature },
	{ ",names=", take_names },
};

/* Cuts the last one off the word. A comma that opens none belongs to the file's name. */
static const struct extra *cut_extra(char *word, const char **value)
{
	const struct extra *last = NULL;
	char *at = word;
	for (size_t i = 0; i < COUNT(extras); i++)
		for (char *found = word; (found = strstr(found, extras[i].opening)) != NULL;
			found++)
			if (found >= at) {
				at = found;
				last = &extras[i];
			}
	if (last != NULL) {
		*at = '\0';
		*value = at + strlen(last->opening);
	}
	return last;
}

static bool take_extras(struct building *b, size_t index, char *word, struct error *err)
{
	const char *value = NULL;
	bool taken[COUNT(extras)] = { false };
	for (const struct extra *extra; (extra = cut_extra(word, &value)) != NULL;) {
		bool *before = &taken[extra - extras];
		if (*before)
			return fail(err, FAULT_USAGE, "%s comes twice", extra->opening + 1);
		*before = true;
		if (!extra->take(b, index, value, err))
			return false;
	}
	return true;
}

/* ROLE=CERT,host=NAME,address=ADDRESS; without a certificate the rest of an emptied record. */
static bool take_record(struct building *b, size_t index, char *word, struct error *err)
{
	char role[ROLE_TEXT];
	size_t size = strcspn(word, "=");
	if (word[size] != '=' || size == 0 || size >= sizeof(role))
		return fail(err, FAULT_USAGE, "a record is written ROLE=CERT");
	struct list_record *record = &b->plan.records[index];
	(void)snprintf(role, sizeof(role), "%.*s", (int)size, word);
	word += size + 1;
	if (!read_role(role, &record->role, err) || !take_extras(b, index, word, err))
		return false;
	if (word[0] == '\0')
		return (record->dns_name != NULL && record->dns_name[0] != '\0') ||
			fail(err, FAULT_USAGE, "it names neither a certificate nor a host");
	b->certs[index] = cert_source_read(word, err);
	record->cert = b->certs[index];
	return record->cert != NULL;
}

static bool add_record(struct building *b, const char *word, struct error *err)
{
	if (b->plan.count == LIMIT_RECORDS)
		return fail(err, FAULT_USAGE, "more than %d records", LIMIT_RECORDS);
	size_t index = b->plan.count++;
	return text_copy(b->words[index], WORD_SIZE, word, err) &&
		(take_record(b, index, b->words[index], err) || fail_in(err, "\"%.60s\"", word));
}

/* "none", or a version that phones know: docs/formats/signed-header.md#versions */
static bool read_signer_version(const char *text, struct list_plan *plan, struct error *err)
{
	bool none = text == NULL || strcmp(text, "none") == 0;
	plan->has_signer_version = !none;
	plan->signer_version = (struct version){ 1, !none && strcmp(text, "1.1") == 0 };
	return none || strcmp(text, "1.0") == 0 || strcmp(text, "1.1") == 0 ||
		fail(err, FAULT_USAGE, "--signer-version %.20s: it may be none, 1.0 or 1.1", text);
}

static bool read_plan(const struct call *call, struct building *b, struct error *err)
{
	const char *name = call_value(call, "name");
	if (!file_signing_open(call, &b->signing, err) ||
		!read_signer_version(call_value(call, "signer-version"), &b->plan, err) ||
		!add_record(b, call_value(call, "ROLE=CERT"), err))
		return false;
	for (size_t i = 0; i < call->more_count; i++)
		if (!add_record(b, call->more[i], err))
			return false;
	b->plan.file_name = name != NULL ? name : "ITLFile.tlv";
	b->plan.signer = b->signing.signer;
	b->plan.hash = b->signing.hash;
	b->plan.names = b->signing.names;
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
	AUTO(building) b = calloc(1, sizeof(*b));
	AUTO_DONE(bytes) file = { 0 };
	const char *out = call_value(call, "out");
	if (b == NULL)
		return fail_memory(err);
	return read_plan(call, b, err) && list_build(&b->plan, &file, err) &&
		file_signing_sign(&b->signing, &file, err) && check(&file, err) &&
		file_place(out, bytes_reader(&file), LIST_MODE, err) &&
		file_placed(call, out, file.size, err);
}

static const struct argument arguments[] = {
	{ "signer", ARGUMENT_OPTION, true, "CERT",
		"the certificate of the signer, which must be a record with role 0 too" },
	{ "key", ARGUMENT_OPTION, true, "KEY", "its private key, PEM or DER" },
	{ "hash", ARGUMENT_OPTION, false, "HASH", "sha1 (default) or sha512" },
	{ "names", ARGUMENT_OPTION, false, "FORM",
		"how names are written: appliance (default), builder or builder-2023" },
	{ "signer-version", ARGUMENT_OPTION, false, "VERSION",
		"none (default), 1.0, or 1.1, with which phones read EC records" },
	{ "name", ARGUMENT_OPTION, false, "NAME",
		"the name inside: ITLFile.tlv (default) or CTLFile.tlv" },
	{ "out", ARGUMENT_OPTION, true, "FILE", "where the list goes" },
	{ "ROLE=CERT", ARGUMENT_POSITIONAL, true, NULL,
		"a record: SAST, CCM+TFTP, TFTP, CAPF, TVS, … or a number, and a certificate; "
		"behind it ,host=NAME ,address=ADDRESS ,signature=no" },
	{ .name = NULL },
};

const struct verb list_build_verb = {
	.words = "list build",
	.run = list_build_run,
	.arguments = arguments,
	.repeats = true,
	.means = "builds a trust list and signs it",
	.help = "Records stand in the list in the order in which they are named. ROLE=,host=NAME "
		"is "
		"one\nwithout a certificate; ,signature=no leaves out the certificate's own "
		"signature. The list\nis read back and its signature checked before it is "
		"written, whole or not at all.",
};

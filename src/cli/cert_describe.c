#include "cli/cert_describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "cli/described.h"
#include "cli/list_describe.h"
#include "cli/output.h"
#include "pki/authority.h"
#include "pki/cert_facts.h"
#include "pki/cert_issuer.h"

enum { NAME_WIDTH = 24, LINE_SIZE = 4096, TITLE_SIZE = 128 };

static json_t *hex_or_null(struct reader bytes)
{
	if (bytes.left == 0)
		return json_null();
	char *text = malloc(2 * bytes.left + 1);
	json_t *value = text != NULL ? json_string(hex_write(bytes, text)) : NULL;
	free(text);
	return value;
}

static json_t *time_json(int64_t seconds)
{
	char text[TIME_TEXT_SIZE];
	return json_string(text_time(seconds, text));
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? output_json_text(text) : json_null();
}

static json_t *usage_json(const struct cert_facts *facts)
{
	if (!facts->has_usage)
		return json_null();
	json_t *usages = json_array();
	for (unsigned bit = 0; bit < CERT_USAGES; bit++)
		if ((facts->usage & 1U << bit) != 0)
			(void)json_array_append_new(usages, json_string(cert_usage_name(bit)));
	return usages;
}

static json_t *purposes_json(const struct cert_facts *facts)
{
	if (facts->purposes == NULL)
		return json_null();
	json_t *purposes = json_array();
	for (size_t i = 0; i < facts->purpose_count; i++)
		(void)json_array_append_new(purposes,
			json_pack("{s:s, s:s?}", "oid", facts->purposes[i].oid, "name",
				facts->purposes[i].name));
	return purposes;
}

static json_t *alternatives_json(const struct cert_facts *facts)
{
	json_t *names = json_array();
	for (size_t i = 0; i < facts->alternative_count; i++)
		(void)json_array_append_new(names,
			json_pack("{s:s, s:o}", "kind", facts->alternatives[i].kind, "value",
				output_json_text(facts->alternatives[i].text)));
	return names;
}

static json_t *constraints_json(const struct cert_facts *facts)
{
	if (!facts->has_constraints)
		return json_null();
	return json_pack("{s:b, s:o}", "ca", facts->authority, "path_length",
		facts->has_path_length ? json_integer((json_int_t)facts->path_length)
				       : json_null());
}

static json_t *extensions_json(const struct cert_facts *facts)
{
	json_t *extensions = json_array();
	for (size_t i = 0; i < facts->extension_count; i++) {
		const struct cert_extension *e = &facts->extensions[i];
		/* clang-format off */
		(void)json_array_append_new(extensions, json_pack("{s:s, s:s?, s:b, s:b, s:b, s:o, s:o}",
			"oid", e->oid,
			"name", e->name,
			"critical", e->critical,
			"readable", e->readable,
			"again", e->again,
			"text", text_or_null(e->text),
			"value", hex_or_null(bytes_reader(&e->value))));
		/* clang-format on */
	}
	return extensions;
}

static void note(json_t *notes, bool applies, const char *text)
{
	if (applies)
		(void)json_array_append_new(notes, json_string(text));
}

/* What is odd about it, whoever looks. */
static json_t *notes_json(
	const struct cert *c, const struct cert_facts *facts, bool own, int64_t now)
{
	json_t *notes = json_array();
	const struct cert_key key = cert_key(c);
	note(notes, now > cert_not_after(c), "it has expired");
	note(notes, now < cert_not_before(c), "it is not valid yet");
	note(notes, cert_not_after(c) < cert_not_before(c), "it ends before it begins");
	note(notes, key.weak, "its key is weak: nothing that is signed with it is believed here");
	note(notes, facts->serial_negative,
		"its serial number is negative: its bytes are taken for a positive number");
	note(notes, strncmp(cert_signature_algorithm(c), "md", 2) == 0,
		"it is signed with a digest that has been forged");
	note(notes, strcmp(facts->subject, facts->issuer) == 0 && !own,
		"it names itself as its issuer, and its own key did not sign it");
	for (size_t i = 0; i < facts->extension_count; i++) {
		const struct cert_extension *e = &facts->extensions[i];
		char text[TITLE_SIZE + 64];
		const char *name = e->name != NULL ? e->name : e->oid;
		(void)snprintf(text, sizeof(text), "its extension %.*s %s", TITLE_SIZE, name,
			e->again ? "stands in it twice" : "cannot be read");
		note(notes, e->again || !e->readable, text);
	}
	return notes;
}

static json_t *authority_json(const struct authority *row)
{
	if (row == NULL)
		return json_null();
	return json_pack("{s:s, s:s}", "name", row->name, "means", row->means);
}

static json_t *key_id_json(const struct cert *c)
{
	uint8_t id[DIGEST_SIZE];
	cert_key_id(c, id);
	return hex_or_null(reader_of(id, sizeof(id)));
}

static const char *validity(const struct cert *c, int64_t now)
{
	if (now < cert_not_before(c))
		return "not yet valid";
	return now > cert_not_after(c) ? "expired" : "valid";
}

static json_t *identity_json(const struct cert *c, const struct cert_facts *facts, int64_t now)
{
	struct cert_key key = cert_key(c);
	/* clang-format off */
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:s, s:o, s:o, s:s, s:s, s:b, s:s}",
		"subject", output_json_text(facts->subject),
		"issuer", output_json_text(facts->issuer),
		"subject_appliance", output_json_text(cert_subject(c, NAME_APPLIANCE)),
		"issuer_appliance", output_json_text(cert_issuer(c, NAME_APPLIANCE)),
		"common_name", output_json_text(cert_common_name(c)),
		"version", (int)facts->version,
		"serial_number", hex_or_null(cert_serial(c)),
		"serial_decimal", facts->serial_decimal,
		"not_before", time_json(cert_not_before(c)),
		"not_after", time_json(cert_not_after(c)),
		"validity", validity(c, now),
		"key", key.name,
		"weak", key.weak,
		"signature_algorithm", cert_signature_algorithm(c));
	/* clang-format on */
}

static json_t *rest_json(const struct cert *c, const struct cert_facts *facts, int64_t now)
{
	bool own = strcmp(facts->subject, facts->issuer) == 0 && cert_signed_by(c, c, NULL);
	struct reader der = cert_der(c);
	char *pem = NULL;
	if (!cert_pem(c, &pem, NULL))
		return NULL;
	/* clang-format off */
	json_t *told = json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
		"self_signed", own,
		"key_usage", usage_json(facts),
		"extended_key_usage", purposes_json(facts),
		"subject_alternative_names", alternatives_json(facts),
		"basic_constraints", constraints_json(facts),
		"subject_key_identifier", hex_or_null(bytes_reader(&facts->key_id)),
		"authority_key_identifier", hex_or_null(bytes_reader(&facts->authority_key_id)),
		"extensions", extensions_json(facts),
		"size", (json_int_t)der.left,
		"sha1", digest_describe(DIGEST_SHA1, der),
		"sha256", digest_describe(DIGEST_SHA256, der),
		"public_key_sha256", key_id_json(c),
		"authority", authority_json(authority_of(c)),
		"issuing_authority", own ? json_null() :
			authority_json(authority_named(bytes_reader(&facts->authority_key_id))),
		"notes", notes_json(c, facts, own, now),
		"pem", pem);
	/* clang-format on */
	free(pem);
	return told;
}

json_t *cert_describe(const struct cert *c, int64_t now, struct error *err)
{
	AUTO_DONE(cert_facts) facts = { 0 };
	if (!cert_facts_read(c, &facts, err))
		return NULL;
	json_t *told = identity_json(c, &facts, now);
	json_auto_t *rest = rest_json(c, &facts, now);
	if (told == NULL || rest == NULL || json_object_update(told, rest) != 0) {
		json_decref(told);
		(void)fail_memory(err);
		return NULL;
	}
	return told;
}

static const struct described_line lines[] = {
	{ "subject", "subject", DESCRIBED_PLAIN },
	{ "subject_appliance", "  on the appliance", DESCRIBED_PLAIN },
	{ "issuer", "issuer", DESCRIBED_PLAIN },
	{ "issuer_appliance", "  on the appliance", DESCRIBED_PLAIN },
	{ "version", "version", DESCRIBED_PLAIN },
	{ "serial_number", "serial number", DESCRIBED_PLAIN },
	{ "serial_decimal", "  decimal", DESCRIBED_PLAIN },
	{ "not_before", "valid from", DESCRIBED_PLAIN },
	{ "not_after", "valid until", DESCRIBED_PLAIN },
	{ "validity", "now", DESCRIBED_PLAIN },
	{ "key", "key", DESCRIBED_PLAIN },
	{ "signature_algorithm", "signature algorithm", DESCRIBED_PLAIN },
};

static const struct described_line last_lines[] = {
	{ "size", "size", DESCRIBED_BYTES },
	{ "sha1", "SHA-1", DESCRIBED_PLAIN },
	{ "sha256", "SHA-256", DESCRIBED_PLAIN },
	{ "public_key_sha256", "SHA-256 of its key", DESCRIBED_PLAIN },
};

static const char *text_of(const json_t *from, const char *key)
{
	return json_string_value(json_object_get(from, key));
}

static void print_line(const char *title, const char *value)
{
	char indented[TITLE_SIZE + 16];
	(void)snprintf(indented, sizeof(indented), "  %.*s", TITLE_SIZE, title);
	output_fact(stdout, NAME_WIDTH, indented, value);
}

static void print_extension(const json_t *e)
{
	char line[LINE_SIZE];
	const char *text = text_of(e, "text"), *name = text_of(e, "name");
	const char *value = text_of(e, "value");
	(void)snprintf(line, sizeof(line), "%s%s%s",
		json_is_true(json_object_get(e, "critical")) ? "critical, " : "",
		text != NULL            ? text
			: value != NULL ? value
					: "(empty)",
		json_is_false(json_object_get(e, "readable")) ? " (cannot be read)" : "");
	print_line(name != NULL ? name : text_of(e, "oid"), line);
}

static void print_authority(const char *title, const json_t *row)
{
	char line[LINE_SIZE];
	if (!json_is_object(row))
		return;
	(void)snprintf(line, sizeof(line), "%s: %s", text_of(row, "name"), text_of(row, "means"));
	print_line(title, line);
}

void cert_describe_print(const json_t *told)
{
	size_t index;
	json_t *row;
	described_print(told, lines, COUNT(lines));
	print_line("signed by its own key",
		json_is_true(json_object_get(told, "self_signed")) ? "yes" : "no");
	json_array_foreach (json_object_get(told, "extensions"), index, row)
		print_extension(row);
	described_print(told, last_lines, COUNT(last_lines));
	print_authority("known as", json_object_get(told, "authority"));
	print_authority("says it is issued by", json_object_get(told, "issuing_authority"));
	json_array_foreach (json_object_get(told, "notes"), index, row)
		print_line("note", json_string_value(row));
}

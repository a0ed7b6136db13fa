/* `cert verify`: from certificates up to what they stand on. docs/cert.md#verify */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "base/time_words.h"
#include "cli/cert_files.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "pki/authority.h"
#include "pki/chain.h"

enum { SENTENCE_SIZE = 1024, NAME_SHOWN = 160 };

struct verifying {
	const char *trust; /* NULL: nobody is believed beforehand */
	struct cert_bundle certs, anchors;
	const char *sources[CERT_BUNDLE_MAX]; /* of certs */
	struct chain_terms terms;
	size_t bad;
	struct error first; /* of those that are bad */
};

static void verifying_done(struct verifying *v)
{
	cert_bundle_done(&v->certs);
	cert_bundle_done(&v->anchors);
}

static bool add_source(struct verifying *v, const char *path, struct error *err)
{
	size_t before = v->certs.count;
	if (!cert_files_add(&v->certs, path, err))
		return false;
	for (size_t i = before; i < v->certs.count; i++)
		v->sources[i] = path;
	return true;
}

static bool read_call(const struct call *call, struct verifying *v, struct error *err)
{
	const char *at = call_value(call, "at");
	v->trust = call_value(call, "ca");
	v->terms.now = clock_now();
	v->terms.any_time = call_flag(call, "any-time");
	if (at != NULL && v->terms.any_time)
		return fail(err, FAULT_USAGE, "--at and --any-time: leave one of them out");
	if (at != NULL && !time_words_read(at, &v->terms.now, err))
		return fail_in(err, "--at");
	if (!add_source(v, call_value(call, "FILE"), err))
		return false;
	for (size_t i = 0; i < call->more_count; i++)
		if (!add_source(v, call->more[i], err))
			return false;
	if (v->trust != NULL && !cert_files_add(&v->anchors, v->trust, err))
		return fail_in(err, "--ca");
	v->terms.pool = (const struct cert *const *)v->certs.certs;
	v->terms.pool_count = v->certs.count;
	v->terms.anchors = (const struct cert *const *)v->anchors.certs;
	v->terms.anchor_count = v->anchors.count;
	return true;
}

static const char *verdict_of(const struct chain *chain)
{
	return chain->anchored ? "trusted" : "complete";
}

static void say_good(
	const struct verifying *v, const struct chain *chain, char out[static SENTENCE_SIZE])
{
	const struct cert *last = chain->certs[chain->count - 1];
	const struct authority *known = authority_of(last);
	if (chain->anchored)
		(void)snprintf(out, SENTENCE_SIZE, "trusted: it stands on %.*s of %.200s",
			NAME_SHOWN, cert_subject(last, NAME_BUILDER), v->trust);
	else if (known != NULL)
		(void)snprintf(out, SENTENCE_SIZE,
			"complete: it stands on %s, which is known by its SHA-256", known->name);
	else
		(void)snprintf(out, SENTENCE_SIZE,
			"complete, not trusted: it stands on %.*s, for which nobody vouches; --ca "
			"says whom to believe",
			NAME_SHOWN, cert_subject(last, NAME_BUILDER));
}

static json_t *link_json(const struct cert *c)
{
	char sha256[DIGEST_HEX_SIZE], before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE];
	const struct authority *known = authority_of(c);
	/* clang-format off */
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s?}",
		"subject", output_json_text(cert_subject(c, NAME_BUILDER)),
		"issuer", output_json_text(cert_issuer(c, NAME_BUILDER)),
		"not_before", text_time(cert_not_before(c), before),
		"not_after", text_time(cert_not_after(c), after),
		"sha256", hex_write(reader_of(cert_digest(c), DIGEST_SIZE), sha256),
		"authority", known != NULL ? known->name : NULL);
	/* clang-format on */
}

static json_t *chain_json(const struct chain *chain)
{
	json_t *links = json_array();
	for (size_t i = 0; i < chain->count; i++)
		(void)json_array_append_new(links, link_json(chain->certs[i]));
	return links;
}

static json_t *judge(struct verifying *v, size_t at)
{
	const struct cert *c = v->certs.certs[at];
	char sha256[DIGEST_HEX_SIZE], sentence[SENTENCE_SIZE];
	struct chain chain = { 0 };
	struct error why = { 0 };
	bool good = chain_verify(c, &v->terms, &chain, &why);
	if (good)
		say_good(v, &chain, sentence);
	else
		(void)snprintf(sentence, sizeof(sentence), "%s", why.text);
	if (!good && v->bad++ == 0)
		v->first = why;
	/* clang-format off */
	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o}",
		"source", output_json_text(v->sources[at]),
		"subject", output_json_text(cert_subject(c, NAME_BUILDER)),
		"sha256", hex_write(reader_of(cert_digest(c), DIGEST_SIZE), sha256),
		"verdict", good ? verdict_of(&chain) : "bad",
		"sentence", output_json_text(sentence),
		"chain", chain_json(&chain));
	/* clang-format on */
}

static json_t *judge_all(struct verifying *v)
{
	json_t *told = json_array();
	for (size_t i = 0; i < v->certs.count; i++)
		if (json_array_append_new(told, judge(v, i)) != 0) {
			json_decref(told);
			return NULL;
		}
	return told;
}

static const char *text_of(const json_t *from, const char *key)
{
	const char *text = json_string_value(json_object_get(from, key));
	return text != NULL ? text : "";
}

static void print_one(const json_t *row)
{
	size_t index;
	json_t *link;
	const char *subject = text_of(row, "subject");
	output_painted(stdout, PAINT_TITLE, text_of(row, "source"));
	output_painted(
		stdout, PAINT_PLAIN, subject[0] != '\0' ? ": " : ": a certificate without a name");
	output_painted(stdout, PAINT_PLAIN, subject);
	(void)fputs("\n  ", stdout);
	output_painted(stdout, PAINT_PLAIN, text_of(row, "sentence"));
	(void)fputs(".\n", stdout);
	json_array_foreach (json_object_get(row, "chain"), index, link) {
		if (index == 0)
			continue;
		(void)printf("  %*sissued by ", (int)index - 1, "");
		output_painted(stdout, PAINT_PLAIN, text_of(link, "subject"));
		(void)printf(", until %s\n", text_of(link, "not_after"));
	}
}

static void print_all(const json_t *rows)
{
	size_t index;
	json_t *row;
	json_array_foreach (rows, index, row)
		print_one(row);
}

static bool report(
	const struct call *call, const struct verifying *v, json_t *rows, struct error *err)
{
	char at[TIME_TEXT_SIZE];
	if (!call->json) {
		print_all(rows);
		return true;
	}
	/* clang-format off */
	json_auto_t *told = json_pack("{s:i, s:s?, s:o, s:O}",
		"schema_version", 1,
		"at", v->terms.any_time ? NULL : text_time(v->terms.now, at),
		"ca", v->trust != NULL ? output_json_text(v->trust) : json_null(),
		"certificates", rows);
	/* clang-format on */
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static bool cert_verify_run(const struct call *call, struct error *err)
{
	AUTO_DONE(verifying) v = { 0 };
	if (!read_call(call, &v, err))
		return false;
	json_auto_t *rows = judge_all(&v);
	if (rows == NULL)
		return fail_memory(err);
	if (!report(call, &v, rows, err))
		return false;
	if (v.bad == 0)
		return true;
	if (v.certs.count == 1)
		return fail(err, FAULT_UNTRUSTED, "%s", v.first.text);
	return fail(err, FAULT_UNTRUSTED, "%zu of %zu certificates do not verify; the first: %s",
		v.bad, v.certs.count, v.first.text);
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"certificates, as for `cert show`; they may be each other's issuers" },
	{ "ca", ARGUMENT_OPTION, false, "FILE", "whom to believe: a file or a folder" },
	{ "at", ARGUMENT_OPTION, false, "TIME",
		"judge for 2026-11-23, or \"2026-11-23 16:04:00Z\"" },
	{ "any-time", ARGUMENT_FLAG, false, NULL,
		"do not look at validity: many phones outlive their certificate" },
	{ .name = NULL },
};

const struct verb cert_verify_verb = {
	.words = "cert verify",
	.run = cert_verify_run,
	.arguments = arguments,
	.repeats = true,
	.means = "verifies certificates up to their root",
	.help = "Every certificate given is followed through its issuers: signature, validity, the "
		"right\nto issue. Without --ca the chain must only be complete. Exit status 4: one "
		"is "
		"not.",
};

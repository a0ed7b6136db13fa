#include "pki/chain.h"

#include <string.h>

#include "base/text.h"
#include "pki/cert_facts.h"
#include "pki/cert_issuer.h"

enum { NAME_SHOWN = 120 };

/* What a certificate is called in a sentence. */
static const char *who(const struct cert *c)
{
	const char *name = cert_subject(c, NAME_BUILDER);
	return name[0] != '\0' ? name : "a certificate without a name";
}

static bool stands_in(const struct cert *c, const struct cert *const *certs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (cert_same(c, certs[i]))
			return true;
	return false;
}

static bool issued_itself(const struct cert *c)
{
	return strcmp(cert_subject(c, NAME_BUILDER), cert_issuer(c, NAME_BUILDER)) == 0;
}

static bool check_time(const struct cert *c, const struct chain_terms *terms, struct error *err)
{
	char when[TIME_TEXT_SIZE];
	if (terms->any_time)
		return true;
	if (terms->now < cert_not_before(c))
		return fail(err, FAULT_UNTRUSTED, "%.*s is not valid before %s", NAME_SHOWN, who(c),
			text_time(cert_not_before(c), when));
	if (terms->now > cert_not_after(c))
		return fail(err, FAULT_UNTRUSTED, "%.*s expired at %s", NAME_SHOWN, who(c),
			text_time(cert_not_after(c), when));
	return true;
}

/* Critical ones that are understood here, or that forbid nothing that is asked here. */
static bool is_understood(const struct cert_extension *e)
{
	static const char *const understood[] = { "basicConstraints", "keyUsage",
		"extendedKeyUsage", "subjectAltName", "certificatePolicies", "subjectKeyIdentifier",
		"authorityKeyIdentifier" };
	for (size_t i = 0; e->name != NULL && i < COUNT(understood); i++)
		if (strcmp(e->name, understood[i]) == 0)
			return true;
	return false;
}

static bool check_extensions(
	const struct cert *c, const struct cert_facts *facts, struct error *err)
{
	for (size_t i = 0; i < facts->extension_count; i++) {
		const struct cert_extension *e = &facts->extensions[i];
		const char *name = e->name != NULL ? e->name : e->oid;
		const char *wrong = NULL;
		if (e->again)
			wrong = "stands in it twice";
		else if (!e->readable)
			wrong = "cannot be read";
		else if (e->critical && !is_understood(e))
			wrong = "is critical and not understood here";
		if (wrong != NULL)
			return fail(err, FAULT_UNTRUSTED, "%.*s: its extension %s %s", NAME_SHOWN,
				who(c), name, wrong);
	}
	return true;
}

/* `below`: issuers that stand between this one and the certificate that is verified. */
static bool check_issuer(
	const struct cert *c, const struct cert_facts *facts, size_t below, struct error *err)
{
	bool old_root = facts->version < 3 && issued_itself(c);
	if (!old_root && (!facts->has_constraints || !facts->authority))
		return fail(err, FAULT_UNTRUSTED, "%.*s may not issue certificates: %s", NAME_SHOWN,
			who(c),
			facts->has_constraints ? "its basic constraints say that it is no CA"
					       : "it has no basic constraints");
	if (facts->has_usage && (facts->usage & 1U << CERT_USAGE_CERT_SIGN) == 0)
		return fail(err, FAULT_UNTRUSTED,
			"%.*s may not issue certificates: keyCertSign is not among its key usages",
			NAME_SHOWN, who(c));
	if (facts->has_path_length && below > facts->path_length)
		return fail(err, FAULT_UNTRUSTED,
			"%.*s allows %llu issuers below it, there are %zu", NAME_SHOWN, who(c),
			(unsigned long long)facts->path_length, below);
	return true;
}

/* Wrong, whoever it was that asked. */
static bool as_untrusted(struct error *err)
{
	if (err != NULL && err->fault != FAULT_MEMORY)
		err->fault = FAULT_UNTRUSTED;
	return false;
}

static bool check_step(
	const struct cert *c, size_t at, const struct chain_terms *terms, struct error *err)
{
	AUTO_DONE(cert_facts) facts = { 0 };
	if (!cert_facts_read(c, &facts, err)) {
		(void)fail_in(err, "%.*s", NAME_SHOWN, who(c));
		return as_untrusted(err);
	}
	return check_time(c, terms, err) && check_extensions(c, &facts, err) &&
		(at == 0 || check_issuer(c, &facts, at - 1, err));
}

/* Who issued it, while candidates are looked at. */
struct search {
	const struct cert *c;
	struct bytes key_id; /* of the issuer's key, as c says; may be empty */
	const struct chain_terms *terms;
	const struct cert *found;
	bool found_in_time;
	size_t named;     /* candidates with the right name */
	struct error why; /* of the last that did not fit */
};

static bool in_time(const struct cert *c, const struct chain_terms *terms)
{
	return terms->any_time ||
		(terms->now >= cert_not_before(c) && terms->now <= cert_not_after(c));
}

static bool key_fits(const struct search *s, const struct cert *candidate)
{
	AUTO_DONE(cert_facts) facts = { 0 };
	return s->key_id.size == 0 || !cert_facts_read(candidate, &facts, NULL) ||
		facts.key_id.size == 0 ||
		reader_same(bytes_reader(&s->key_id), bytes_reader(&facts.key_id));
}

/* Of several that signed with the same key, one whose time is now. */
static void offer(struct search *s, const struct cert *candidate)
{
	if (s->found_in_time || cert_same(candidate, s->c) ||
		strcmp(cert_issuer(s->c, NAME_BUILDER), cert_subject(candidate, NAME_BUILDER)) != 0)
		return;
	s->named++;
	if (!key_fits(s, candidate)) {
		if (s->why.fault == FAULT_NONE)
			(void)fail(&s->why, FAULT_UNTRUSTED,
				"the one that is here has another key identifier");
		return;
	}
	struct error why = { 0 };
	if (!cert_signed_by(s->c, candidate, &why)) {
		s->why = why;
		return;
	}
	s->found = candidate;
	s->found_in_time = in_time(candidate, s->terms);
}

static bool find_issuer(struct search *s, struct error *err)
{
	for (size_t i = 0; i < s->terms->anchor_count; i++)
		offer(s, s->terms->anchors[i]);
	for (size_t i = 0; i < s->terms->pool_count; i++)
		offer(s, s->terms->pool[i]);
	if (s->found != NULL)
		return true;
	if (s->named == 0)
		return fail(err, FAULT_UNTRUSTED, "%.*s: its issuer %.*s is not here", NAME_SHOWN,
			who(s->c), NAME_SHOWN, cert_issuer(s->c, NAME_BUILDER));
	return fail(err, FAULT_UNTRUSTED, "%.*s: %s", NAME_SHOWN, who(s->c), s->why.text);
}

static bool issuer_of(const struct cert *c, const struct chain_terms *terms,
	const struct cert **out, struct error *err)
{
	AUTO_DONE(cert_facts) facts = { 0 };
	struct search s = { .c = c, .terms = terms };
	if (!cert_facts_read(c, &facts, err)) {
		(void)fail_in(err, "%.*s", NAME_SHOWN, who(c));
		return as_untrusted(err);
	}
	s.key_id = facts.authority_key_id; /* borrowed */
	if (!find_issuer(&s, err))
		return false;
	*out = s.found;
	return true;
}

static bool check_own_signature(const struct cert *root, struct error *err)
{
	if (cert_signed_by(root, root, err))
		return true;
	(void)fail_in(err, "%.*s names itself as its issuer", NAME_SHOWN, who(root));
	return as_untrusted(err);
}

static bool is_anchor(const struct cert *c, const struct chain_terms *terms)
{
	return stands_in(c, terms->anchors, terms->anchor_count);
}

/* As far as issuers are found. An issuer that is not here ends it well when what is there already
 * ends with an anchor. */
static bool climb(struct chain *chain, const struct chain_terms *terms, struct error *err)
{
	for (;;) {
		const struct cert *last = chain->certs[chain->count - 1];
		const struct cert *next = NULL;
		bool believed = chain->count > 1 && is_anchor(last, terms);
		if (issued_itself(last))
			return believed || check_own_signature(last, err);
		if (believed)
			return true;
		if (!issuer_of(last, terms, &next, err))
			return false;
		if (stands_in(next, chain->certs, chain->count))
			return fail(err, FAULT_UNTRUSTED, "%.*s and its issuers sign in a circle",
				NAME_SHOWN, who(last));
		if (chain->count == CHAIN_MAX)
			return fail(err, FAULT_UNTRUSTED,
				"%.*s: more than %d certificates up to a root", NAME_SHOWN,
				who(chain->certs[0]), CHAIN_MAX);
		chain->certs[chain->count++] = next;
	}
}

bool chain_verify(const struct cert *leaf, const struct chain_terms *terms, struct chain *out,
	struct error *err)
{
	struct chain chain = { .count = 1, .certs = { leaf } };
	if (!climb(&chain, terms, err))
		return false;
	for (size_t i = 0; i < chain.count; i++)
		if (!check_step(chain.certs[i], i, terms, err))
			return false;
	const struct cert *last = chain.certs[chain.count - 1];
	chain.anchored = is_anchor(last, terms);
	if (terms->anchor_count > 0 && !chain.anchored)
		return fail(err, FAULT_UNTRUSTED,
			"it ends with %.*s, which is none of those that are believed", NAME_SHOWN,
			who(last));
	*out = chain;
	return true;
}

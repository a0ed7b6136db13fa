#include "trust/certified.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pki/chain.h"
#include "pki/self_signed.h"

enum { ANCHORS_MAX = 1024, NAME_SHOWN = 120 };

static const char *name_of(const struct cert *cert)
{
	const char *name = cert_subject(cert, NAME_APPLIANCE);
	return name[0] != '\0' ? name : "a certificate without a name";
}

static bool check_key(const struct certified *w, struct error *err)
{
	uint8_t id[DIGEST_SIZE];
	cert_key_id(w->cert, id);
	return memcmp(id, w->request->key_id, sizeof(id)) == 0 ||
		fail(err, FAULT_REFUSED, "CSR public key and certificate public key do not match");
}

/* Each name of one stands in the other; host names in any case. */
static bool all_in(const struct cert_facts *some, const struct cert_facts *others)
{
	for (size_t i = 0; i < some->alternative_count; i++) {
		bool found = false;
		for (size_t k = 0; !found && k < others->alternative_count; k++)
			found = strcmp(some->alternatives[i].kind, others->alternatives[k].kind) ==
					0 &&
				text_same_nocase(
					some->alternatives[i].text, others->alternatives[k].text);
		if (!found)
			return false;
	}
	return true;
}

static bool check_names(
	const struct certified *w, const struct cert_facts *facts, struct error *err)
{
	if (!all_in(facts, &w->request->facts) || !all_in(&w->request->facts, facts))
		return fail(err, FAULT_REFUSED, "CSR SAN and Certificate SAN does not match");
	char asked[COMMON_NAME_SIZE + 4];
	(void)snprintf(asked, sizeof(asked), "CN=%s", cert_common_name(w->cert));
	size_t size = strlen(asked);
	if (strncmp(w->request->subject, asked, size) == 0 &&
		(w->request->subject[size] == ';' || w->request->subject[size] == '\0'))
		return true;
	return fail(err, FAULT_REFUSED,
		"the common name is \"%.64s\", the request asked for %.80s: trust stores tell "
		"certificates apart by it",
		cert_common_name(w->cert), w->request->subject);
}

static bool has_usage(const struct cert_facts *facts, const char *name)
{
	for (unsigned bit = 0; bit < CERT_USAGES; bit++)
		if (strcmp(cert_usage_name(bit), name) == 0)
			return (facts->usage & 1U << bit) != 0;
	return false;
}

static bool has_purpose(const struct cert_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->purpose_count; i++)
		if (facts->purposes[i].name != NULL && strcmp(facts->purposes[i].name, name) == 0)
			return true;
	return false;
}

static bool check_authority(
	const struct unit *unit, const struct cert_facts *facts, struct error *err)
{
	if (!unit->authority && facts->authority)
		return fail(err, FAULT_REFUSED,
			"a certificate for %s must not carry basicConstraints CA:TRUE", unit->name);
	if (unit->authority && (!facts->authority || !has_usage(facts, "keyCertSign")))
		return fail(err, FAULT_REFUSED,
			"a certificate for %s must carry basicConstraints CA:TRUE and keyCertSign: "
			"it issues the certificates of phones",
			unit->name);
	return true;
}

static bool check_usages(const struct unit *unit, const struct cert_facts *facts, struct error *err)
{
	if (facts->has_usage && !has_usage(facts, "digitalSignature"))
		return fail(err, FAULT_REFUSED,
			"digitalSignature is not among its key usages: no TLS handshake with %s "
			"would succeed",
			unit->name);
	if (facts->purpose_count > 0 && !has_purpose(facts, "serverAuth"))
		return fail(err, FAULT_REFUSED,
			"serverAuth is not among its extended key usages: no client of %s would "
			"take it",
			unit->name);
	return check_authority(unit, facts, err);
}

static bool check_signature(const struct certified *w, struct error *err)
{
	const char *algorithm = cert_signature_algorithm(w->cert);
	if (strcasestr(algorithm, "md5") != NULL || strcasestr(algorithm, "sha1") != NULL)
		return fail(err, FAULT_REFUSED,
			"it is signed with %s, which can be forged: ask "
			"the CA for SHA-256 or stronger",
			algorithm);
	if (w->request->key.rsa && strcasestr(algorithm, "rsa") == NULL)
		return fail(err, FAULT_REFUSED,
			"it is signed with %s: a certificate for %s must be signed with RSA",
			algorithm, w->unit->name);
	return true;
}

static bool issued_itself(const struct cert *c)
{
	return strcmp(cert_subject(c, NAME_BUILDER), cert_issuer(c, NAME_BUILDER)) == 0;
}

static const struct cert *issuer_named(const struct certified *w, const struct cert *c)
{
	for (size_t i = 0; i < w->store_count; i++)
		if (strcmp(cert_subject(w->store[i], NAME_BUILDER), cert_issuer(c, NAME_BUILDER)) ==
			0)
			return w->store[i];
	return NULL;
}

/* Whether every issuer is there at all; whether they are sound is the chain's to say. */
static bool chain_is_there(const struct certified *w, struct error *err)
{
	const struct cert *c = w->cert;
	for (size_t i = 0; i < CHAIN_MAX && !issued_itself(c); i++) {
		const struct cert *issuer = issuer_named(w, c);
		if (issuer == NULL)
			return fail(err, FAULT_UNTRUSTED,
				"CA certificate is not available in the trust-store: upload %.*s "
				"to %s first",
				NAME_SHOWN, cert_issuer(c, NAME_APPLIANCE), w->unit->chain);
		c = issuer;
	}
	return true;
}

static bool check_chain(const struct certified *w, struct error *err)
{
	const struct cert *anchors[ANCHORS_MAX];
	struct chain chain;
	struct chain_terms terms = {
		.pool = w->store, .pool_count = w->store_count, .anchors = anchors, .now = w->now
	};
	if (issued_itself(w->cert))
		return fail(err, FAULT_REFUSED, "it is self-signed: no CA made it");
	if (!chain_is_there(w, err))
		return false;
	for (size_t i = 0; i < w->store_count && terms.anchor_count < ANCHORS_MAX; i++)
		if (issued_itself(w->store[i]))
			anchors[terms.anchor_count++] = w->store[i];
	if (terms.anchor_count == 0)
		return fail(err, FAULT_UNTRUSTED,
			"CA certificate is not available in the trust-store: %s holds no root",
			w->unit->chain);
	return chain_verify(w->cert, &terms, &chain, err);
}

bool certified_check(const struct certified *what, struct error *err)
{
	AUTO_DONE(cert_facts) facts = { 0 };
	char when[TIME_TEXT_SIZE];
	if (!check_key(what, err) || !cert_facts_read(what->cert, &facts, err) ||
		!check_names(what, &facts, err))
		return false;
	if (what->now > cert_not_after(what->cert))
		return fail(err, FAULT_REFUSED, "it expired at %s",
			text_time(cert_not_after(what->cert), when));
	return check_usages(what->unit, &facts, err) && check_signature(what, err) &&
		check_chain(what, err);
}

/* trust stores */

static bool check_issuing(const struct cert *cert, const struct unit *store,
	const struct cert_facts *facts, struct error *err)
{
	if (store->issuers_only && !facts->authority)
		return fail(err, FAULT_REFUSED,
			"%.*s is no CA, and %s holds issuers only: basicConstraints CA:TRUE is "
			"missing",
			NAME_SHOWN, name_of(cert), store->name);
	if (!facts->authority)
		return true;
	if (facts->has_usage && !has_usage(facts, "keyCertSign"))
		return fail(err, FAULT_REFUSED,
			"%.*s is a CA without keyCertSign among its key usages: nothing that it "
			"issued would be believed",
			NAME_SHOWN, name_of(cert));
	if (strstr(cert_common_name(cert), "CAPF-") != NULL)
		return fail(err, FAULT_REFUSED,
			"%.*s: a CA with CAPF- in its common name is refused, for that is how the "
			"cluster's own are called",
			NAME_SHOWN, name_of(cert));
	return true;
}

bool anchor_check(const struct cert *cert, const struct unit *store, int64_t now, struct error *err)
{
	AUTO_DONE(cert_facts) facts = { 0 };
	char when[TIME_TEXT_SIZE];
	if (now > cert_not_after(cert))
		return fail(err, FAULT_REFUSED, "%.*s expired at %s", NAME_SHOWN, name_of(cert),
			text_time(cert_not_after(cert), when));
	if (cert_common_name(cert)[0] == '\0')
		return fail(err, FAULT_REFUSED,
			"%.*s has no common name, by which a trust store names its certificates",
			NAME_SHOWN, name_of(cert));
	return cert_facts_read(cert, &facts, err) && check_issuing(cert, store, &facts, err);
}

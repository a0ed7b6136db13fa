#include "trust/list_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trust/list_diff.h"
#include "trust/record_name.h"
#include "trust/signer_name.h"

enum {
	DAY = 86400,
	SOON = 90 * DAY,
	NEARLY_FULL = LIMIT_TRUST_LIST / 10 * 9,
	SOUND_RSA_BITS = 2048,
	LONGEST_RSA_BITS = 2048,
};

struct look {
	const struct held_list *list;
	int64_t now;
	struct list_findings *out;
	const char *code; /* of the rule that looks */
};

static void add(struct look *k, enum finding_level level, size_t record, const char *format, ...)
	PRINTF(4, 5);
static void add(struct look *k, enum finding_level level, size_t record, const char *format, ...)
{
	if (k->out->count == FINDINGS_MAX)
		return;
	struct finding *f = &k->out->rows[k->out->count++];
	*f = (struct finding){ .level = level, .code = k->code, .record = record };
	va_list args;
	va_start(args, format);
	(void)vsnprintf(f->sentence, sizeof(f->sentence), format, args);
	va_end(args);
}

static const struct trust_record *record_at(const struct look *k, size_t index)
{
	return &k->list->list.records[index];
}

static bool has_role(const struct trust_record *record, enum role role)
{
	return record->has_role && record->role == (unsigned)role;
}

/* "CallManager of pub (record 2)" */
struct title {
	char text[RECORD_NAME_SIZE + 32];
};

static struct title title_of(const struct look *k, size_t index)
{
	struct title title;
	char name[RECORD_NAME_SIZE];
	(void)snprintf(title.text, sizeof(title.text), "%s (record %zu)",
		record_name(k->list, index, name), index + 1);
	return title;
}

/* docs/formats/trust-list.md#roles. A file is signed with RSA alone. */
static const struct permission {
	enum role role;
	bool rsa, elliptic; /* for keys of this kind */
	const char *says;
} permissions[] = {
	{ ROLE_SAST, true, false, "accepts trust lists signed by" },
	{ ROLE_CCM, true, true, "registers over TLS with" },
	{ ROLE_CCM_TFTP, true, true, "registers over TLS with" },
	{ ROLE_CCM_TFTP, true, false, "accepts configuration and other files signed by" },
	{ ROLE_TFTP, true, false, "accepts configuration and other files signed by" },
	{ ROLE_TFTP, false, true, "fetches files over HTTPS from" },
	{ ROLE_CAPF, true, true, "gets its own certificate from" },
	{ ROLE_SRST, true, true, "registers over TLS, when all else is down, with" },
	{ ROLE_APP_SERVER, true, true, "opens services over HTTPS at" },
	{ ROLE_TVS, true, true, "believes of other certificates what is said by" },
	{ ROLE_VPN, true, true, "opens a tunnel to" },
};

static void find_permissions(struct look *k)
{
	for (size_t p = 0; p < COUNT(permissions); p++)
		for (size_t i = 0; i < k->list->list.count; i++) {
			const struct permission *row = &permissions[p];
			const struct cert *cert = k->list->certs[i];
			if (cert != NULL && has_role(record_at(k, i), row->role) &&
				(cert_key(cert).rsa ? row->rsa : row->elliptic))
				add(k, FINDING_ALLOWS, i, "%s %s", row->says, title_of(k, i).text);
		}
}

static void find_anchors(struct look *k)
{
	for (size_t i = 0; i < k->list->list.count; i++) {
		const struct cert *cert = k->list->certs[i];
		char until[TIME_TEXT_SIZE];
		if (!has_role(record_at(k, i), ROLE_SAST))
			continue;
		k->out->anchors++;
		if (cert == NULL)
			add(k, FINDING_ANCHOR, i, "%s: no certificate that can be read",
				title_of(k, i).text);
		else
			add(k, FINDING_ANCHOR, i, "%s: %s, until %.10s", title_of(k, i).text,
				cert_key(cert).name, text_time(cert_not_after(cert), until));
	}
}

static void find_refusal(struct look *k)
{
	struct error err = { 0 };
	AUTO(held_list) held = held_list_load(bytes_reader(&k->list->file), &err);
	if (held == NULL)
		add(k, FINDING_FAULT, FINDING_NO_RECORD, "phones refuse it: %s", err.text);
}

static void find_signature(struct look *k)
{
	struct error err = { 0 };
	size_t index;
	if (!held_list_named_signer(k->list, &index, NULL))
		add(k, FINDING_WARNING, FINDING_NO_RECORD,
			"its signer %.*s has no record with role 0 in it: the signature cannot be "
			"checked here, and a phone that takes the list must ask TVS about the next "
			"one of this signer",
			(int)k->list->list.header.signer_name.left,
			(const char *)k->list->list.header.signer_name.at);
	else if (!held_list_intact(k->list, &err))
		add(k, FINDING_FAULT, FINDING_NO_RECORD, "phones refuse it: %s", err.text);
	else if (!held_list_own_signer(k->list, &index, NULL))
		add(k, FINDING_WARNING, index,
			"the header writes the names of %s in another form than its record: phones "
			"compare bytes, and one that takes the list must ask TVS about the next "
			"one of this signer",
			title_of(k, index).text);
}

static void find_anchor_count(struct look *k)
{
	size_t anchors = k->out->anchors;
	if (anchors == 0)
		add(k, FINDING_FAULT, FINDING_NO_RECORD,
			"no record with role 0: a phone that holds it accepts no further list "
			"unless TVS vouches for the signer");
	else if (anchors == 1)
		add(k, FINDING_WARNING, FINDING_NO_RECORD,
			"a single anchor: once its key is lost or replaced, phones follow only if "
			"TVS vouches for the signer");
	else if (anchors > LIMIT_ROLE_0)
		add(k, FINDING_FAULT, FINDING_NO_RECORD,
			"%zu records with role 0: phones take at most %d", anchors, LIMIT_ROLE_0);
}

static void find_missing_servers(struct look *k)
{
	size_t asked = 0, files = 0;
	for (size_t i = 0; i < k->list->list.count; i++) {
		const struct trust_record *record = record_at(k, i);
		if (k->list->certs[i] == NULL)
			continue;
		asked += has_role(record, ROLE_TVS);
		files += has_role(record, ROLE_TFTP) || has_role(record, ROLE_CCM_TFTP);
	}
	bool ctl = list_is_ctl(&k->list->list);
	if (asked == 0 && !ctl)
		add(k, FINDING_WARNING, FINDING_NO_RECORD,
			"no TVS: a phone with it rejects whatever its own list does not know");
	if (files == 0 && !ctl)
		add(k, FINDING_WARNING, FINDING_NO_RECORD,
			"nobody who signs files: a phone with it takes configurations unsigned");
}

/* docs/list.md#explain: TVS and TFTP records without certificates are how an appliance lets phones
 * go before a step back. */
static void find_rollback(struct look *k)
{
	if (held_list_blank(k->list) && !list_is_ctl(&k->list->list))
		add(k, FINDING_WARNING, FINDING_NO_RECORD,
			"prepared for a rollback to before release 8.0: its TVS and TFTP records "
			"are blank, so that a phone with it takes any list and any configuration");
}

static void find_expiry(struct look *k)
{
	for (size_t i = 0; i < k->list->list.count; i++) {
		const struct cert *cert = k->list->certs[i];
		char text[TIME_TEXT_SIZE];
		if (cert == NULL)
			continue;
		int64_t from = cert_not_before(cert), until = cert_not_after(cert);
		if (until < k->now)
			add(k, FINDING_WARNING, i, "%s expired on %.10s", title_of(k, i).text,
				text_time(until, text));
		else if (until - k->now < SOON)
			add(k, FINDING_WARNING, i, "%s expires on %.10s, in %lld days",
				title_of(k, i).text, text_time(until, text),
				(long long)((until - k->now) / DAY));
		else if (from > k->now)
			add(k, FINDING_WARNING, i, "%s is valid only from %.10s",
				title_of(k, i).text, text_time(from, text));
	}
}

static bool is_first(const struct look *k, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (reader_same(record_at(k, i)->certificate, record_at(k, index)->certificate))
			return false;
	return true;
}

static void find_size(struct look *k)
{
	size_t size = k->list->file.size;
	for (size_t i = 0; i < k->list->list.count; i++)
		k->out->certificates += record_at(k, i)->certificate.left > 0 && is_first(k, i);
	size_t certificates = k->out->certificates;
	add(k, size > NEARLY_FULL ? FINDING_WARNING : FINDING_NOTE, FINDING_NO_RECORD,
		"%zu bytes: %zu %% of the %d that phones load", size, 100 * size / LIMIT_TRUST_LIST,
		LIMIT_TRUST_LIST);
	add(k, certificates > LIST_CERTIFICATES ? FINDING_WARNING : FINDING_NOTE, FINDING_NO_RECORD,
		"%zu different certificates: with more than %d phones fail", certificates,
		LIST_CERTIFICATES);
}

static void find_weak_keys(struct look *k)
{
	for (size_t i = 0; i < k->list->list.count; i++) {
		const struct cert *cert = k->list->certs[i];
		if (cert == NULL)
			continue;
		struct cert_key key = cert_key(cert);
		if (key.weak)
			add(k, FINDING_FAULT, i, "%s has a key of %s, which proves nothing",
				title_of(k, i).text, key.name);
		else if (key.rsa && key.bits < SOUND_RSA_BITS)
			add(k, FINDING_WARNING, i, "%s has a key of %s, which is too short today",
				title_of(k, i).text, key.name);
	}
}

/* Phones sign and serve with no longer ones; application servers may. */
static void find_long_keys(struct look *k)
{
	for (size_t i = 0; i < k->list->list.count; i++) {
		const struct cert *cert = k->list->certs[i];
		bool free = has_role(record_at(k, i), ROLE_APP_SERVER) ||
			has_role(record_at(k, i), ROLE_CERTIFICATE_AUTHORITY);
		if (cert != NULL && !free && cert_key(cert).rsa &&
			cert_key(cert).bits > LONGEST_RSA_BITS)
			add(k, FINDING_WARNING, i,
				"%s has a key of %s: phones take signatures and servers with at "
				"most %d bits",
				title_of(k, i).text, cert_key(cert).name, LONGEST_RSA_BITS);
	}
}

static void find_old_digests(struct look *k)
{
	if (k->list->list.header.hash == HASH_SHA1)
		add(k, FINDING_NOTE, FINDING_NO_RECORD,
			"signed with SHA-1, as phones before SHA-512 need it");
	for (size_t i = 0; i < k->list->list.count; i++) {
		const struct cert *cert = k->list->certs[i];
		const char *algorithm = cert == NULL ? "" : cert_signature_algorithm(cert);
		if (strncmp(algorithm, "sha1", 4) == 0 || strncmp(algorithm, "md5", 3) == 0 ||
			strcmp(algorithm, "ecdsa-with-SHA1") == 0)
			add(k, FINDING_NOTE, i, "the certificate of %s is signed with %s",
				title_of(k, i).text, algorithm);
	}
}

static bool same_number(const struct trust_record *a, const struct trust_record *b)
{
	return a->serial.left > 0 && reader_same(a->serial, b->serial) &&
		names_agree(a->issuer, b->issuer) && !reader_same(a->certificate, b->certificate);
}

static void find_duplicates(struct look *k)
{
	for (size_t i = 0; i < k->list->list.count; i++)
		for (size_t before = 0; before < i; before++) {
			if (!same_number(record_at(k, before), record_at(k, i)))
				continue;
			add(k, FINDING_WARNING, i,
				"%s has issuer and serial number of record %zu and another "
				"certificate: phones and TVS tell them apart by these alone",
				title_of(k, i).text, before + 1);
			break;
		}
}

static bool reads_elliptic(const struct signed_header *h)
{
	struct version v = h->signer_version;
	return h->has_signer_version && (v.major > 1 || (v.major == 1 && v.minor >= 1));
}

static void find_signer_version(struct look *k)
{
	const struct signed_header *h = &k->list->list.header;
	if (reads_elliptic(h))
		add(k, FINDING_ALLOWS, FINDING_NO_RECORD,
			"uses records with EC keys, for the signer version is %u.%u",
			h->signer_version.major, h->signer_version.minor);
}

static void find_odd_records(struct look *k)
{
	bool elliptic = reads_elliptic(&k->list->list.header);
	for (size_t i = 0; i < k->list->list.count; i++) {
		const struct trust_record *record = record_at(k, i);
		const struct cert *cert = k->list->certs[i];
		if (record->has_role && role_find(record->role) == NULL)
			add(k, FINDING_WARNING, i, "record %zu has role %u, which grants nothing",
				i + 1, record->role);
		if (!record->certificate.ok)
			add(k, FINDING_NOTE, i, "%s has no certificate", title_of(k, i).text);
		else if (cert == NULL)
			add(k, FINDING_FAULT, i, "the certificate of record %zu cannot be read",
				i + 1);
		else if (!cert_key(cert).rsa && has_role(record, ROLE_SAST))
			add(k, FINDING_WARNING, i,
				"%s has a key of %s: lists are signed with RSA alone, it is no "
				"anchor",
				title_of(k, i).text, cert_key(cert).name);
		else if (!cert_key(cert).rsa && !elliptic)
			add(k, FINDING_WARNING, i,
				"%s has a key of %s: phones read such records only where the "
				"signer version is 1.1",
				title_of(k, i).text, cert_key(cert).name);
	}
}

static void find_time(struct look *k)
{
	const struct signed_header *h = &k->list->list.header;
	char text[TIME_TEXT_SIZE];
	if (!h->has_timestamp)
		add(k, FINDING_NOTE, FINDING_NO_RECORD, "it does not say when it was made");
	else if ((int64_t)h->timestamp > k->now + DAY)
		add(k, FINDING_WARNING, FINDING_NO_RECORD, "made on %s, which is yet to come",
			text_time(h->timestamp, text));
}

/* In the order in which they are told; find_anchors counts for those behind it. */
static const struct rule {
	const char *code;
	void (*find)(struct look *k);
} rules[] = {
	{ "allows", find_permissions },
	{ "signer-version", find_signer_version },
	{ "anchor", find_anchors },
	{ "refused", find_refusal },
	{ "signature", find_signature },
	{ "anchor-count", find_anchor_count },
	{ "missing-server", find_missing_servers },
	{ "rollback", find_rollback },
	{ "expiry", find_expiry },
	{ "size", find_size },
	{ "weak-key", find_weak_keys },
	{ "long-key", find_long_keys },
	{ "old-digest", find_old_digests },
	{ "duplicate-serial", find_duplicates },
	{ "odd-record", find_odd_records },
	{ "time", find_time },
};

struct list_findings *list_findings_new(
	const struct held_list *list, int64_t now, struct error *err)
{
	struct list_findings *out = calloc(1, sizeof(*out));
	if (out == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	struct look look = { .list = list, .now = now, .out = out };
	for (size_t i = 0; i < COUNT(rules); i++) {
		look.code = rules[i].code;
		rules[i].find(&look);
	}
	return out;
}

void list_findings_free(struct list_findings *f)
{
	free(f);
}

struct held_list *list_inspect(struct reader file, struct error *err)
{
	AUTO(held_list) list = calloc(1, sizeof(*list));
	if (list == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	if (!bytes_copy(&list->file, file, err) ||
		!trust_list_parse(bytes_reader(&list->file), &list->list, err))
		return NULL;
	for (size_t i = 0; i < list->list.count; i++)
		if (list->list.records[i].certificate.ok)
			list->certs[i] = cert_parse(list->list.records[i].certificate, NULL);
	return TAKE(list);
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = {
		[FINDING_ALLOWS] = "allows",
		[FINDING_ANCHOR] = "anchor",
		[FINDING_NOTE] = "note",
		[FINDING_WARNING] = "warning",
		[FINDING_FAULT] = "fault",
	};
	return names[level];
}

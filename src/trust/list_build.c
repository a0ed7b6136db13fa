#include "trust/list_build.h"

#include "trust/header_fill_impl.h"
#include "wire/distinguished_name.h"

/* docs/formats/signed-header.md#versions: what the appliance writes into lists and into files */
static const struct version list_version = { 1, 2 }, file_version = { 1, 0 };

enum { ADDRESS_SIZE = 4 };

static const uint8_t zeros[512]; /* stands where the signature will be */

static bool signer_modulus(const struct cert *signer, size_t *out, struct error *err)
{
	struct cert_key key = cert_key(signer);
	bool has_code = key.bits == 1024 || key.bits == 2048 || key.bits == 4096;
	if (!key.rsa || !has_code)
		return fail(err, FAULT_REFUSED,
			"a signer with a key of %s: phones need RSA of 1024, 2048 or 4096 bits",
			key.name);
	*out = key.bits / 8;
	return true;
}

bool header_fill(struct signed_header *header, const char *file_name,
	const struct file_signer *signer, struct error *err)
{
	enum hash_code hash = signer->hash;
	if (!signer_modulus(signer->cert, &header->modulus, err))
		return false;
	if (hash != HASH_SHA1 && hash != HASH_SHA512)
		return fail(err, FAULT_REFUSED, "%s: signatures are written with SHA-1 or SHA-512",
			hash_code_name(hash));
	header->signer_name = reader_of_text(cert_subject(signer->cert, signer->names));
	header->serial = cert_serial(signer->cert);
	header->issuer_name = reader_of_text(cert_issuer(signer->cert, signer->names));
	header->hash = hash;
	header->signature = reader_of(zeros, header->modulus);
	header->file_name = reader_of_text(file_name);
	header->has_timestamp = true;
	return true;
}

/* docs/formats/signed-header.md#versions */
static bool reads_elliptic(const struct list_plan *plan)
{
	struct version v = plan->signer_version;
	return plan->has_signer_version && (v.major > 1 || (v.major == 1 && v.minor >= 1));
}

static bool check_key(
	const struct list_plan *plan, const struct list_record *record, struct error *err)
{
	struct cert_key key = cert_key(record->cert);
	if (key.weak)
		return fail(err, FAULT_REFUSED, "a key of %s, which proves nothing", key.name);
	if (key.rsa)
		return true;
	if (record->role == ROLE_SAST)
		return fail(err, FAULT_REFUSED,
			"a key of %s with role 0: lists are signed with RSA alone", key.name);
	return reads_elliptic(plan) ||
		fail(err, FAULT_REFUSED,
			"a key of %s: phones read only RSA keys in a list without signer version "
			"1.1",
			key.name);
}

static void fill_certificate(struct trust_record *record, const struct cert *cert,
	enum name_form names, bool no_signature)
{
	record->subject = reader_of_text(cert_subject(cert, names));
	record->issuer = reader_of_text(cert_issuer(cert, names));
	record->serial = cert_serial(cert);
	record->public_key = cert_public_key(cert);
	record->signature = no_signature ? (struct reader){ 0 } : cert_signature(cert);
	record->certificate = cert_der(cert);
}

static bool fill_record(struct trust_record *record, const struct list_plan *plan,
	const struct list_record *planned, struct error *err)
{
	const struct cert *cert = planned->cert;
	if (cert == NULL && planned->dns_name == NULL)
		return fail(err, FAULT_REFUSED, "neither certificate nor host name");
	if (cert != NULL && !check_key(plan, planned, err))
		return false;
	*record = (struct trust_record){
		.has_dns_name = planned->dns_name != NULL,
		.dns_name = reader_of_text(planned->dns_name != NULL ? planned->dns_name : ""),
		.has_role = true,
		.role = (uint16_t)planned->role,
	};
	if (planned->address != NULL)
		record->address = reader_of(planned->address, ADDRESS_SIZE);
	if (cert != NULL)
		fill_certificate(record, cert, plan->names, planned->no_signature);
	return true;
}

static bool may_sign(const struct list_plan *plan, const struct list_record *record)
{
	return record->cert != NULL && cert_same(record->cert, plan->signer);
}

static const char *title(const struct list_record *record)
{
	if (record->cert != NULL)
		return cert_subject(record->cert, NAME_APPLIANCE);
	return record->dns_name != NULL ? record->dns_name : "without a name";
}

static bool check_signers(const struct list_plan *plan, struct error *err)
{
	size_t count = 0;
	bool own = false;
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->records[i].role != ROLE_SAST)
			continue;
		count++;
		own = own || may_sign(plan, &plan->records[i]);
	}
	if (count > LIMIT_ROLE_0)
		return fail(err, FAULT_REFUSED, "%zu records with role 0: phones take at most %d",
			count, LIMIT_ROLE_0);
	if (!own)
		return fail(err, FAULT_REFUSED,
			"the list has no record with role 0 for its signer %s: no phone could "
			"follow it",
			cert_subject(plan->signer, NAME_APPLIANCE));
	return true;
}

/* Names that are not the certificate's own texts stand here until they are written. */
struct token_names {
	uint8_t subject[NAME_TOKEN_MAX], issuer[NAME_TOKEN_MAX];
};

static bool token_name(const char *appliance, uint8_t memory[static NAME_TOKEN_MAX],
	struct reader *out, struct error *err)
{
	struct distinguished_name name;
	struct writer w = writer_on(memory, NAME_TOKEN_MAX);
	if (!distinguished_name_parse(reader_of_text(appliance), &name, err) ||
		!distinguished_name_write_token(&w, &name, err))
		return false;
	*out = writer_written(&w);
	return true;
}

static bool name_as_tokens_do(struct trust_record *record, const struct cert *cert,
	struct token_names *memory, struct error *err)
{
	return token_name(cert_subject(cert, NAME_APPLIANCE), memory->subject, &record->subject,
		       err) &&
		token_name(cert_issuer(cert, NAME_APPLIANCE), memory->issuer, &record->issuer, err);
}

/* A phone compares the header's names with the record's as bytes. */
static void name_signer_as_recorded(struct trust_list *list, const struct list_plan *plan)
{
	for (size_t i = plan->count; i-- > 0;) {
		const struct list_record *record = &plan->records[i];
		if (record->role != ROLE_SAST || !record->token_names || !may_sign(plan, record))
			continue;
		list->header.signer_name = list->records[i].subject;
		list->header.issuer_name = list->records[i].issuer;
	}
}

static bool fill_records(struct trust_list *list, const struct list_plan *plan,
	struct token_names memory[static LIMIT_RECORDS], struct error *err)
{
	list->count = plan->count;
	for (size_t i = 0; i < plan->count; i++) {
		const struct list_record *planned = &plan->records[i];
		struct trust_record *record = &list->records[i];
		bool token = planned->token_names && planned->cert != NULL;
		if (!fill_record(record, plan, planned, err) ||
			(token && !name_as_tokens_do(record, planned->cert, &memory[i], err)))
			return fail_in(err, "record %zu, %s", i + 1, title(planned));
	}
	name_signer_as_recorded(list, plan);
	return true;
}

static bool fill_list(struct trust_list *list, const struct list_plan *plan,
	struct token_names memory[static LIMIT_RECORDS], struct error *err)
{
	struct file_signer signer = { plan->signer, plan->hash, plan->names };
	if (plan->count > LIMIT_RECORDS)
		return fail(err, FAULT_REFUSED, "%zu records: a list holds at most %d", plan->count,
			LIMIT_RECORDS);
	if (!check_signers(plan, err) || !header_fill(&list->header, plan->file_name, &signer, err))
		return false;
	list->header.version = list_version;
	list->header.has_signer_version = plan->has_signer_version;
	list->header.signer_version = plan->signer_version;
	list->header.timestamp = plan->timestamp;
	return fill_records(list, plan, memory, err);
}

bool list_build(const struct list_plan *plan, struct bytes *out, struct error *err)
{
	struct trust_list list = { 0 };
	struct token_names memory[LIMIT_RECORDS];
	if (!fill_list(&list, plan, memory, err))
		return fail_in(err, "building %s", plan->file_name);
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	trust_list_write(&w, &list);
	if (!w.ok)
		return fail(err, FAULT_REFUSED,
			"building %s: %zu records make more than %d bytes, which phones do not "
			"load",
			plan->file_name, plan->count, LIMIT_TRUST_LIST);
	return writer_take(&w, out, err);
}

bool signed_file_build(const char *file_name, const struct file_signer *signer, uint32_t timestamp,
	struct reader payload, struct bytes *out, struct error *err)
{
	struct signed_header header = { .version = file_version, .timestamp = timestamp };
	if (payload.left > LIMIT_SIGNED_FILE)
		return fail(err, FAULT_LIMIT, "building %s: a payload of more than %d bytes",
			file_name, LIMIT_SIGNED_FILE);
	if (!header_fill(&header, file_name, signer, err))
		return fail_in(err, "building %s", file_name);
	AUTO_DONE(writer) w = writer_new(LIMIT_SIGNED_FILE + UINT16_MAX);
	signed_header_write(&w, &header);
	writer_bytes(&w, payload);
	return writer_take(&w, out, err);
}

bool signature_insert(struct bytes *file, struct reader signature, struct error *err)
{
	enum { TAG_AND_LENGTH = 3 };
	struct reader rest = bytes_reader(file);
	struct signed_header header;
	if (!signed_header_parse(&rest, &header, err))
		return fail_in(err, "putting a signature in");
	if (signature.left != header.signature.left)
		return fail(err, FAULT_REFUSED, "a signature of %zu bytes where %zu belong",
			signature.left, header.signature.left);
	struct writer spot =
		writer_on(file->data + header.signature_offset + TAG_AND_LENGTH, signature.left);
	writer_bytes(&spot, signature);
	return true;
}

static bool same_records(const struct trust_list *a, const struct trust_list *b)
{
	bool taken[LIMIT_RECORDS] = { false };
	for (size_t i = 0; i < a->count; i++) {
		size_t k = 0;
		while (k < b->count &&
			(taken[k] || !trust_record_same(&a->records[i], &b->records[k])))
			k++;
		if (k == b->count)
			return false;
		taken[k] = true;
	}
	return a->count == b->count;
}

bool list_says_same(const struct trust_list *a, const struct trust_list *b)
{
	const struct signed_header *one = &a->header, *other = &b->header;
	return reader_same(one->signer_name, other->signer_name) &&
		reader_same(one->serial, other->serial) &&
		reader_same(one->issuer_name, other->issuer_name) && one->hash == other->hash &&
		one->modulus == other->modulus && reader_same(one->file_name, other->file_name) &&
		same_records(a, b);
}

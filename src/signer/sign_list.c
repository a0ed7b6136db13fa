#include <stdio.h>
#include <string.h>

#include "signer/operations_impl.h"
#include "trust/belief.h"
#include "trust/list_build.h"

/* A list's name starts as its file does: "ITL pub" is an ITLFile.tlv. */
static const char *const list_files[] = { "ITLFile.tlv", "CTLFile.tlv" };
enum { KIND_LENGTH = 3 };

static const struct version list_version = { 1, 2 };

/* It becomes the name of a file. */
static bool check_list_name(const char *name, struct error *err)
{
	for (const char *at = name; *at != '\0'; at++) {
		bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
		bool digit = *at >= '0' && *at <= '9';
		if (!letter && !digit && (at == name || strchr(" .-_", *at) == NULL))
			return fail(err, FAULT_REFUSED, "%s cannot be the name of a list", name);
	}
	return name[0] != '\0' || fail(err, FAULT_REFUSED, "a list needs a name");
}

static bool check_header(const struct signer_sign *asked, const struct signed_header *header,
	const struct cert *signer, struct error *err)
{
	bool fits = false;
	for (size_t i = 0; i < COUNT(list_files); i++)
		fits = fits ||
			(reader_same(header->file_name, reader_of_text(list_files[i])) &&
				strncmp(asked->list, list_files[i], KIND_LENGTH) == 0);
	if (!fits)
		return fail(err, FAULT_REFUSED,
			"the file's name in the header is not that of a list "
			"called %s",
			asked->list);
	if (header->version.major != list_version.major ||
		header->version.minor != list_version.minor)
		return fail(err, FAULT_REFUSED, "version %u.%u is not a trust list's",
			header->version.major, header->version.minor);
	if (!signer_is(header, signer))
		return fail(err, FAULT_REFUSED, "the header names another signer than %s",
			cert_subject(signer, NAME_APPLIANCE));
	return true;
}

/* A phone follows a chain of lists by the records that may sign; without its own it would be
 * stranded. */
static bool check_own_record(
	const struct held_list *next, const struct cert *signer, struct error *err)
{
	size_t own;
	if (held_list_own_signer(next, &own, err) && cert_same(next->certs[own], signer))
		return true;
	return fail(err, FAULT_REFUSED,
		"the list holds no record with role %d for its own signer %s", ROLE_SAST,
		cert_subject(signer, NAME_APPLIANCE));
}

static struct reader identity_of(const struct held_list *held, size_t index)
{
	const struct trust_record *record = &held->list.records[index];
	if (record->certificate.left > 0)
		return record->certificate;
	return reader_of(held->file.data + record->offset, record->size);
}

static bool may_sign(const struct held_list *held, size_t index)
{
	const struct trust_record *record = &held->list.records[index];
	return record->has_role && record->role == ROLE_SAST;
}

/* How many records that may sign are in `a` and not in `b`. */
static size_t count_missing(const struct held_list *a, const struct held_list *b)
{
	size_t missing = 0;
	for (size_t i = 0; i < a->list.count; i++) {
		bool found = !may_sign(a, i);
		for (size_t k = 0; !found && k < b->list.count; k++)
			found = may_sign(b, k) && reader_same(identity_of(a, i), identity_of(b, k));
		missing += found ? 0 : 1;
	}
	return missing;
}

/* A phone that holds the predecessor knows at least one signer of the next list's. */
static bool check_step(
	struct question *q, const char *list, const struct held_list *next, struct error *err)
{
	bool found = false;
	AUTO_DONE(bytes) file = { 0 };
	if (!key_store_last_list(q->keys, list, &file, &found, err))
		return false;
	if (!found)
		return true;
	AUTO(held_list) last = held_list_load(bytes_reader(&file), err);
	if (last == NULL)
		return fail_in(err, "the last signed %s", list);
	size_t gone = count_missing(last, next);
	size_t fresh = count_missing(next, last);
	if (gone <= 1 && fresh <= 1)
		return true;
	return fail(err, FAULT_REFUSED,
		"%zu signers leave and %zu join; one may change at a time, or phones lose the "
		"thread. "
		"For a new cluster remove keys/signed/%s from the state directory",
		gone, fresh, list);
}

static bool remember(struct question *q, const struct signer_sign *asked, struct reader signature,
	struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	return bytes_copy(&file, asked->file, err) && signature_insert(&file, signature, err) &&
		key_store_remember_list(q->keys, asked->list, bytes_reader(&file), err);
}

bool sign_list_answer(struct question *q, struct writer *answer, struct error *err)
{
	struct signer_sign asked;
	struct asked_key key;
	/* New too: a first list is signed before the manager has marked anything live. */
	if (!signer_sign_parse(q->payload, &asked, err) ||
		!asked_key_find(q, asked.key, STATE_NEW | STATE_LIVE, &key, err))
		return false;
	(void)snprintf(q->about, sizeof(q->about), "%s", asked.list);
	if (!key.unit->signs_lists)
		return fail(err, FAULT_REFUSED, "%s does not sign trust lists", key.unit->name);
	AUTO(held_list) next = NULL;
	if (!check_list_name(asked.list, err) || (next = held_list_load(asked.file, err)) == NULL ||
		!check_header(&asked, &next->list.header, key.stored->cert, err) ||
		!check_own_record(next, key.stored->cert, err) ||
		!check_step(q, asked.list, next, err))
		return false;
	AUTO_DONE(bytes) signature = { 0 };
	struct unsigned_file what = { asked.file, &next->list.header, .check_each = true };
	/* Its header looks into next->file, whose bytes are the same. */
	if (!sign_covered(q->keys, key.stored, &what, &signature, err) ||
		!remember(q, &asked, bytes_reader(&signature), err))
		return false;
	writer_bytes(answer, bytes_reader(&signature));
	return true;
}

#include "lib/key_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pki/self_signed.h"

enum { RING_SIZE = 32 };

struct key_ring {
	size_t count;
	struct ring_key keys[RING_SIZE];
};

struct key_ring *key_ring_new(void)
{
	struct key_ring *ring = calloc(1, sizeof(*ring));
	assert_non_null(ring);
	return ring;
}

void key_ring_free(struct key_ring *ring)
{
	if (ring == NULL)
		return;
	for (size_t i = 0; i < ring->count; i++) {
		key_free(ring->keys[i].key);
		cert_free(ring->keys[i].cert);
	}
	free(ring);
}

static enum key_kind kind_of(const char *name)
{
	if (strstr(name, "-ec") != NULL)
		return KEY_EC_256;
	return strstr(name, "-2048") != NULL ? KEY_RSA_2048 : KEY_RSA_1024;
}

static struct certificate_profile profile_of(const char *name)
{
	struct certificate_profile profile = {
		.subject = { .organization = "Example, Inc.", .unit = "Voice", .country = "DE" },
		.usages = USAGE_DIGITAL_SIGNATURE | PURPOSE_SERVER,
		.not_before = 1700000000,
		.days = 1825,
	};
	(void)snprintf(profile.subject.common_name, sizeof(profile.subject.common_name), "%.*s",
		(int)strcspn(name, "/"), name);
	return profile;
}

static void make(struct ring_key *out, const char *name)
{
	struct error err = { 0 };
	struct certificate_profile profile = profile_of(name);
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->key = key_generate(kind_of(name), &err);
	assert_non_null(out->key);
	out->cert = certificate_self_sign(&profile, out->key, &err);
	if (out->cert == NULL)
		fail_msg("%s", err.text);
}

const struct ring_key *key_ring_get(struct key_ring *ring, const char *name)
{
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->keys[i].name, name) == 0)
			return &ring->keys[i];
	assert_true(ring->count < RING_SIZE);
	make(&ring->keys[ring->count], name);
	return &ring->keys[ring->count++];
}

void key_ring_sign(struct key_ring *ring, const char *signer, struct bytes *file)
{
	struct error err = { 0 };
	struct reader rest = bytes_reader(file);
	struct signed_header header;
	assert_true(signed_header_parse(&rest, &header, &err));
	struct reader covered[2];
	signed_header_covers(bytes_reader(file), &header, covered);
	AUTO_DONE(bytes) signature = { 0 };
	enum digest_kind kind = header.hash == HASH_SHA512 ? DIGEST_SHA512 : DIGEST_SHA1;
	assert_true(key_sign(key_ring_get(ring, signer)->key, kind, covered, 2, &signature, &err));
	if (!signature_insert(file, bytes_reader(&signature), &err))
		fail_msg("%s", err.text);
}

void key_ring_list(struct key_ring *ring, const struct ring_list *list, struct bytes *out)
{
	struct error err = { 0 };
	struct list_plan plan = {
		.file_name = list->file_name != NULL ? list->file_name : "ITLFile.tlv",
		.signer = key_ring_get(ring, list->signer)->cert,
		.hash = list->hash != 0 ? list->hash : HASH_SHA1,
		.timestamp = list->timestamp,
		.count = list->count,
	};
	for (size_t i = 0; i < list->count; i++) {
		bool blank = strcmp(list->records[i].name, "blank") == 0;
		plan.records[i].role = list->records[i].role;
		if (blank)
			plan.records[i].dns_name = "pub.example";
		else
			plan.records[i].cert = key_ring_get(ring, list->records[i].name)->cert;
	}
	if (!list_build(&plan, out, &err))
		fail_msg("%s", err.text);
	key_ring_sign(ring, list->signer, out);
}

void key_ring_file(struct key_ring *ring, const char *file_name, const char *signer,
	struct reader payload, struct bytes *out)
{
	struct error err = { 0 };
	if (!signed_file_build(file_name,
		    &(struct file_signer){
			    .cert = key_ring_get(ring, signer)->cert, .hash = HASH_SHA1 },
		    1700000001, payload, out, &err))
		fail_msg("%s", err.text);
	key_ring_sign(ring, signer, out);
}

void key_ring_reform(
	struct key_ring *ring, const char *signer, enum name_form form, struct bytes *file)
{
	struct error err = { 0 };
	struct trust_list list;
	const struct cert *cert = key_ring_get(ring, signer)->cert;
	assert_true(trust_list_parse(bytes_reader(file), &list, &err));
	list.header.signer_name = reader_of_text(cert_subject(cert, form));
	list.header.issuer_name = reader_of_text(cert_issuer(cert, form));
	AUTO_DONE(writer) w = writer_new(LIMIT_TRUST_LIST);
	struct bytes written = { 0 };
	trust_list_write(&w, &list);
	assert_true(writer_take(&w, &written, &err));
	bytes_done(file);
	*file = written;
	key_ring_sign(ring, signer, file);
}

/* What `cert list` says of a certificate never changes: it is read once, and kept as text. */
#include "manager/manager_impl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"

enum { BUCKETS = 1 << 12 };

struct kept_text {
	uint8_t digest[DIGEST_SIZE];
	char *text;
	struct kept_text *next;
};

struct certificate_texts {
	struct kept_text *buckets[BUCKETS];
	size_t count;
};

struct certificate_texts *certificate_texts_new(struct error *err)
{
	struct certificate_texts *t = calloc(1, sizeof(*t));
	if (t == NULL)
		(void)fail_memory(err);
	return t;
}

static void forget_all(struct certificate_texts *t)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (t->buckets[i] != NULL) {
			struct kept_text *gone = t->buckets[i];
			t->buckets[i] = gone->next;
			free(gone->text);
			free(gone);
		}
	t->count = 0;
}

void certificate_texts_free(struct certificate_texts *t)
{
	if (t != NULL)
		forget_all(t);
	free(t);
}

/* {"subject":…,"sha256":…} */
static char *text_of(const struct cert *cert)
{
	char hex[DIGEST_HEX_SIZE], serial[2 * 64 + 1] = "";
	char before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE];
	struct reader number = cert_serial(cert);
	if (number.left <= 64)
		(void)hex_write(number, serial);
	json_auto_t *facts = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "subject",
		cert_subject(cert, NAME_APPLIANCE), "issuer", cert_issuer(cert, NAME_APPLIANCE),
		"serial", serial, "not_before", text_time(cert_not_before(cert), before),
		"not_after", text_time(cert_not_after(cert), after), "key", cert_key(cert).name,
		"sha256", hex_write(reader_of(cert_digest(cert), DIGEST_SIZE), hex));
	return facts == NULL ? NULL : json_dumps(facts, JSON_COMPACT);
}

static const struct kept_text *keep(struct certificate_texts *t, struct kept_text **bucket,
	const uint8_t digest[static DIGEST_SIZE], struct reader der, struct error *err)
{
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return NULL;
	if (t->count == CERTIFICATE_TEXTS)
		forget_all(t); /* rather than a list of which was used when */
	struct kept_text *fresh = calloc(1, sizeof(*fresh));
	if (fresh != NULL)
		fresh->text = text_of(cert);
	if (fresh == NULL || fresh->text == NULL) {
		free(fresh);
		(void)fail_memory(err);
		return NULL;
	}
	memcpy(fresh->digest, digest, DIGEST_SIZE);
	fresh->next = *bucket;
	*bucket = fresh;
	t->count++;
	return fresh;
}

const char *certificate_text(struct certificate_texts *t, const uint8_t digest[static DIGEST_SIZE],
	struct reader der, struct error *err)
{
	struct kept_text **bucket =
		&t->buckets[(digest[0] | (size_t)digest[1] << CHAR_BIT) % BUCKETS];
	const struct kept_text *k = *bucket;
	while (k != NULL && memcmp(k->digest, digest, DIGEST_SIZE) != 0)
		k = k->next;
	if (k == NULL)
		k = keep(t, bucket, digest, der, err);
	return k == NULL ? NULL : k->text;
}

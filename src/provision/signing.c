#include "provision/signing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trust/list_build.h"
#include "wire/signer_message.h"

enum { SIGN_MS = 10000 };

struct asker {
	signed_fn *fn;
	void *context;
	const struct kept *awaited;
	struct asker *next;
};

struct kept {
	uint8_t digest[DIGEST_SIZE]; /* of payload, name, hash and key */
	struct bytes unsigned_file;  /* while the signer has it */
	struct content *content;     /* NULL until it is signed */
	struct signing *owner;
	uint64_t used; /* the greater the later */
	struct kept *next;
};

struct signing {
	struct sibling_client *signer;
	struct cert *cert;
	uint8_t key[DIGEST_SIZE];
	struct kept *kept;
	struct asker *askers; /* of all that is with the signer */
	size_t size;          /* bytes of all contents */
	uint64_t turn;
	size_t questions;
};

struct signing *signing_new(struct sibling_client *signer, struct error *err)
{
	struct signing *s = calloc(1, sizeof(*s));
	if (s == NULL)
		(void)fail_memory(err);
	else
		s->signer = signer;
	return s;
}

static void drop_newest(struct signing *s)
{
	struct asker *a = s->askers;
	s->askers = a->next;
	free(a);
}

static void kept_free(struct kept *k)
{
	bytes_done(&k->unsigned_file);
	content_free(k->content);
	free(k);
}

void signing_free(struct signing *s)
{
	if (s == NULL)
		return;
	while (s->askers != NULL)
		drop_newest(s);
	while (s->kept != NULL) {
		struct kept *k = s->kept;
		s->kept = k->next;
		kept_free(k);
	}
	cert_free(s->cert);
	free(s);
}

bool signing_use(struct signing *s, struct cert *cert, const uint8_t key[static DIGEST_SIZE],
	struct error *err)
{
	(void)err; /* nothing here fails today; a token's session will */
	cert_free(s->cert);
	s->cert = cert_keep(cert);
	memcpy(s->key, key, sizeof(s->key));
	return true;
}

bool signing_ready(const struct signing *s)
{
	return s->cert != NULL;
}

size_t signing_questions(const struct signing *s)
{
	return s->questions;
}

static bool digest_of_question(const struct signing *s, const char *name, enum hash_code hash,
	struct reader payload, uint8_t out[static DIGEST_SIZE], struct error *err)
{
	uint8_t code = (uint8_t)hash;
	struct reader parts[] = {
		reader_of(s->key, sizeof(s->key)),
		reader_of(&code, 1),
		reader_of(name, strlen(name) + 1),
		payload,
	};
	return digest_of(DIGEST_SHA256, parts, COUNT(parts), out, err);
}

static struct kept *find(struct signing *s, const uint8_t *digest)
{
	for (struct kept *k = s->kept; k != NULL; k = k->next)
		if (memcmp(k->digest, digest, DIGEST_SIZE) == 0)
			return k;
	return NULL;
}

static void unlink_kept(struct signing *s, struct kept *gone)
{
	struct kept **link = &s->kept;
	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
	if (gone->content != NULL)
		s->size -= content_bytes(gone->content).left;
}

static void forget(struct signing *s, struct kept *gone)
{
	unlink_kept(s, gone);
	kept_free(gone);
}

static void make_room(struct signing *s, const struct kept *newest)
{
	while (s->size > SIGNING_KEEPS) {
		struct kept *oldest = NULL;
		for (struct kept *k = s->kept; k != NULL; k = k->next)
			if (k != newest && k->content != NULL &&
				(oldest == NULL || k->used < oldest->used))
				oldest = k;
		if (oldest == NULL)
			return;
		forget(s, oldest);
	}
}

/* Each is out of the list before it is told: it may ask for more. */
static void answer_all(struct kept *k, struct content *content, const struct error *err)
{
	struct asker **link = &k->owner->askers;
	while (*link != NULL) {
		struct asker *a = *link;
		if (a->awaited != k) {
			link = &a->next;
			continue;
		}
		*link = a->next;
		a->fn(content, err, a->context);
		free(a);
		link = &k->owner->askers;
	}
}

static bool finish(struct kept *k, struct reader signature, struct error *err)
{
	if (!signature_insert(&k->unsigned_file, signature, err))
		return false;
	k->content = content_new(&k->unsigned_file, err);
	return k->content != NULL;
}

static void on_signature(struct reader signature, const struct error *refusal, void *context)
{
	struct kept *k = context;
	struct signing *s = k->owner;
	struct error err = { 0 };
	if (refusal != NULL)
		err = *refusal;
	if (refusal != NULL || !finish(k, signature, &err)) {
		(void)fail_in(&err, "signing");
		unlink_kept(s, k); /* who asks again meanwhile begins anew */
		answer_all(k, NULL, &err);
		kept_free(k);
		return;
	}
	s->size += content_bytes(k->content).left;
	make_room(s, k);
	AUTO(content) content = content_keep(k->content); /* an asker may ask for more */
	answer_all(k, content, NULL);
}

static bool add_asker(
	struct signing *s, const struct kept *k, const struct asker *asker, struct error *err)
{
	struct asker *a = malloc(sizeof(*a));
	if (a == NULL)
		return fail_memory(err);
	*a = *asker;
	a->awaited = k;
	a->next = s->askers;
	s->askers = a;
	return true;
}

static struct kept *add_kept(struct signing *s, const char *name, enum hash_code hash,
	struct reader payload, struct error *err)
{
	struct kept *k = calloc(1, sizeof(*k));
	if (k == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	k->owner = s;
	if (!digest_of_question(s, name, hash, payload, k->digest, err) ||
		!signed_file_build(name, &(struct file_signer){ .cert = s->cert, .hash = hash },
			(uint32_t)clock_now(), payload, &k->unsigned_file, err)) {
		kept_free(k);
		return NULL;
	}
	k->next = s->kept;
	s->kept = k;
	return k;
}

static bool ask_signer(struct signing *s, struct kept *k, struct error *err)
{
	struct signer_sign sign = { .file = bytes_reader(&k->unsigned_file) };
	memcpy(sign.key, s->key, sizeof(sign.key));
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	signer_sign_write(&w, &sign);
	if (!w.ok)
		return fail(err, FAULT_LIMIT, "too large to be signed");
	s->questions++;
	sibling_ask(s->signer, SIGNER_SIGN_FILE, writer_written(&w), SIGN_MS, on_signature, k);
	return true;
}

static bool begin(struct signing *s, const char *name, enum hash_code hash, struct reader payload,
	const struct asker *asker, struct error *err)
{
	struct kept *k = add_kept(s, name, hash, payload, err);
	if (k == NULL)
		return false;
	k->used = ++s->turn;
	bool added = add_asker(s, k, asker, err);
	if (added && ask_signer(s, k, err))
		return true;
	if (added)
		drop_newest(s);
	forget(s, k);
	return false;
}

void signing_ask(struct signing *s, const char *name, enum hash_code hash, struct reader payload,
	signed_fn *fn, void *context)
{
	uint8_t digest[DIGEST_SIZE];
	struct error err = { 0 };
	const struct asker asker = { .fn = fn, .context = context };
	if (!signing_ready(s)) {
		(void)fail(&err, FAULT_BUSY, "this node has no CallManager certificate yet");
		fn(NULL, &err, context);
		return;
	}
	if (!digest_of_question(s, name, hash, payload, digest, &err)) {
		fn(NULL, &err, context);
		return;
	}
	struct kept *k = find(s, digest);
	if (k != NULL)
		k->used = ++s->turn;
	if (k != NULL && k->content != NULL) {
		AUTO(content) content = content_keep(k->content);
		fn(content, NULL, context);
		return;
	}
	bool waits = k == NULL ? begin(s, name, hash, payload, &asker, &err)
			       : add_asker(s, k, &asker, &err);
	if (!waits)
		fn(NULL, &err, context);
}

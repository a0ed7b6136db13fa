#include "provision/signing.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "trust/list_build.h"
#include "wire/signer_message.h"

enum { SIGN_MS = 10000 };

/* Far more files than phones ask for in a morning; what bounds them in practice is their bytes. */
enum { BUCKETS = 1 << 12, CONTENTS_MAX = 1 << 16 };

struct asker {
	signed_fn *fn;
	void *context;
	struct asker *next;
};

struct kept {
	uint8_t digest[DIGEST_SIZE]; /* of the payload's digest, the file's own name, hash and key
				      */
	char name[LIMIT_FILE_NAME];  /* in its header */
	struct bytes unsigned_file;  /* while the signer has it */
	struct content *content;     /* NULL until it is signed */
	struct asker *askers;        /* while the signer has it */
	struct signing *owner;
	struct kept *next;                     /* in its bucket */
	struct kept *used_before, *used_after; /* among those with a content */
};

struct signing {
	struct sibling_client *signer;
	struct cert *cert;
	uint8_t key[DIGEST_SIZE];
	struct kept *buckets[BUCKETS];       /* by digest */
	struct kept *used_first, *used_last; /* contents, the longest unused first */
	size_t size, contents;               /* bytes of all contents; how many */
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

static void drop_askers(struct kept *k)
{
	while (k->askers != NULL) {
		struct asker *a = k->askers;
		k->askers = a->next;
		free(a);
	}
}

static void kept_free(struct kept *k)
{
	drop_askers(k);
	bytes_done(&k->unsigned_file);
	content_free(k->content);
	free(k);
}

void signing_free(struct signing *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (s->buckets[i] != NULL) {
			struct kept *k = s->buckets[i];
			s->buckets[i] = k->next;
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

/* What somebody asks for. */
struct wanted {
	struct signing_question question;
	uint8_t digest[DIGEST_SIZE]; /* of all that but the name in the header, and of the key */
};

static bool name_wanted(const struct signing *s, struct wanted *w, struct error *err)
{
	const struct signing_question *q = &w->question;
	uint8_t code = (uint8_t)q->hash, payload[DIGEST_SIZE];
	if (!content_digest(q->payload, payload, err))
		return false;
	struct reader parts[] = {
		reader_of(s->key, sizeof(s->key)),
		reader_of(&code, 1),
		reader_of(q->spelt, strlen(q->spelt) + 1),
		reader_of(payload, sizeof(payload)),
	};
	return digest_of(DIGEST_SHA256, parts, COUNT(parts), w->digest, err);
}

static struct kept **bucket_of(struct signing *s, const uint8_t digest[static DIGEST_SIZE])
{
	return &s->buckets[(digest[0] | (size_t)digest[1] << CHAR_BIT) % BUCKETS];
}

static struct kept *find(struct signing *s, const struct wanted *w, size_t *spellings)
{
	*spellings = 0;
	for (struct kept *k = *bucket_of(s, w->digest); k != NULL; k = k->next) {
		if (memcmp(k->digest, w->digest, DIGEST_SIZE) != 0)
			continue;
		if (strcmp(k->name, w->question.asked) == 0)
			return k;
		(*spellings)++;
	}
	return NULL;
}

static struct kept *find_spelling(struct signing *s, struct wanted *w)
{
	size_t spellings;
	struct kept *k = find(s, w, &spellings);
	if (k != NULL || spellings < SIGNING_SPELLINGS)
		return k;
	w->question.asked = w->question.spelt;
	return find(s, w, &spellings);
}

static void note_unused(struct signing *s, struct kept *k)
{
	*(k->used_before != NULL ? &k->used_before->used_after : &s->used_first) = k->used_after;
	*(k->used_after != NULL ? &k->used_after->used_before : &s->used_last) = k->used_before;
}

static void note_used(struct signing *s, struct kept *k)
{
	k->used_before = s->used_last;
	k->used_after = NULL;
	*(s->used_last != NULL ? &s->used_last->used_after : &s->used_first) = k;
	s->used_last = k;
}

static void unlink_kept(struct signing *s, struct kept *gone)
{
	struct kept **link = bucket_of(s, gone->digest);
	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
	if (gone->content == NULL)
		return;
	note_unused(s, gone);
	s->size -= content_bytes(gone->content).left;
	s->contents--;
}

static void forget(struct signing *s, struct kept *gone)
{
	unlink_kept(s, gone);
	kept_free(gone);
}

/* The newest stays, whatever its size. */
static void make_room(struct signing *s)
{
	while ((s->size > SIGNING_KEEPS || s->contents > CONTENTS_MAX) &&
		s->used_first != s->used_last)
		forget(s, s->used_first);
}

/* Each is out of the list before it is told: it may ask for more. */
static void answer_all(struct asker *askers, struct content *content, const struct error *err)
{
	while (askers != NULL) {
		struct asker *a = askers;
		askers = a->next;
		a->fn(content, err, a->context);
		free(a);
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
	struct asker *askers = TAKE(k->askers);
	struct error err = { 0 };
	if (refusal != NULL)
		err = *refusal;
	if (refusal != NULL || !finish(k, signature, &err)) {
		(void)fail_in(&err, "signing");
		forget(s, k); /* who asks again meanwhile begins anew */
		answer_all(askers, NULL, &err);
		return;
	}
	note_used(s, k);
	s->size += content_bytes(k->content).left;
	s->contents++;
	AUTO(content) content = content_keep(k->content); /* an asker may ask for more */
	make_room(s);
	answer_all(askers, content, NULL);
}

static bool add_asker(struct kept *k, const struct asker *asker, struct error *err)
{
	struct asker *a = malloc(sizeof(*a));
	if (a == NULL)
		return fail_memory(err);
	*a = *asker;
	a->next = k->askers;
	k->askers = a;
	return true;
}

static struct kept *add_kept(struct signing *s, const struct wanted *wanted, struct error *err)
{
	struct kept *k = calloc(1, sizeof(*k));
	if (k == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	const struct signing_question *q = &wanted->question;
	const struct file_signer signer = { .cert = s->cert, .hash = q->hash };
	k->owner = s;
	memcpy(k->digest, wanted->digest, sizeof(k->digest));
	if (!text_copy(k->name, sizeof(k->name), q->asked, err) ||
		!signed_file_build(q->asked, &signer, (uint32_t)clock_now(),
			content_bytes(q->payload), &k->unsigned_file, err)) {
		kept_free(k);
		return NULL;
	}
	struct kept **bucket = bucket_of(s, k->digest);
	k->next = *bucket;
	*bucket = k;
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

static bool begin(struct signing *s, const struct wanted *wanted, const struct asker *asker,
	struct error *err)
{
	struct kept *k = add_kept(s, wanted, err);
	if (k == NULL)
		return false;
	if (add_asker(k, asker, err) && ask_signer(s, k, err))
		return true;
	forget(s, k);
	return false;
}

void signing_ask(
	struct signing *s, const struct signing_question *question, signed_fn *fn, void *context)
{
	struct error err = { 0 };
	struct wanted wanted = { .question = *question };
	const struct asker asker = { .fn = fn, .context = context };
	if (!signing_ready(s)) {
		(void)fail(&err, FAULT_BUSY, "this node has no CallManager certificate yet");
		fn(NULL, &err, context);
		return;
	}
	if (!name_wanted(s, &wanted, &err)) {
		fn(NULL, &err, context);
		return;
	}
	struct kept *k = find_spelling(s, &wanted);
	if (k != NULL && k->content != NULL) {
		note_unused(s, k);
		note_used(s, k);
		AUTO(content) content = content_keep(k->content);
		fn(content, NULL, context);
		return;
	}
	bool waits = k == NULL ? begin(s, &wanted, &asker, &err) : add_asker(k, &asker, &err);
	if (!waits)
		fn(NULL, &err, context);
}

#pragma once
/*
 * Signs files on demand through the signer and keeps what was signed, by content: who asks for the
 * same file while it is being signed, or later, gets that one.
 */
#include "net/sibling.h"
#include "pki/cert.h"
#include "provision/content.h"
#include "wire/signed_header.h"

struct signing;

enum { SIGNING_KEEPS = 64 << 20 }; /* bytes of signed files at most; the longest unused go first */

/* `signer` is the way to the signer; it is ended (so that questions get their answers) before
 * signing_free. */
struct signing *signing_new(struct sibling_client *signer, struct error *err);
void signing_free(struct signing *s);

/* The identity that signs from now on. */
bool signing_use(struct signing *s, struct cert *cert /* kept */,
	const uint8_t key[static DIGEST_SIZE], struct error *err) MUST_CHECK;
bool signing_ready(const struct signing *s);

/* Of one file; phones use one or two. */
enum { SIGNING_SPELLINGS = 4 };

/* Who asks for more spellings of a name than that gets the file under its own name: trying them all
 * costs no more signatures. Whoever asks by the file's own name always gets that. */
struct signing_question {
	const char *asked; /* the name in the header */
	const char *spelt; /* how the file itself is called, with .sgn behind it */
	enum hash_code hash;
	struct content *payload; /* in memory */
};

/* Exactly one call per question, perhaps at once. `signed_file` is lent. */
typedef void signed_fn(struct content *signed_file, const struct error *err, void *context);
void signing_ask(
	struct signing *s, const struct signing_question *question, signed_fn *fn, void *context);

/* For tests: how many questions went to the signer. */
size_t signing_questions(const struct signing *s);

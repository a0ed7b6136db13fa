#pragma once
/* With what a verb signs: the certificate that the header names, its private key, a hash, and the
 * form in which names are written. */
#include "cli/cli.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "wire/signed_header.h"

struct file_signing {
	struct cert *signer;
	struct key *key;
	enum hash_code hash;
	enum name_form names;
};

/* From --signer, --key, --hash and --names. FAULT_REFUSED when the key is not the certificate's. */
bool file_signing_open(const struct call *call, struct file_signing *out, struct error *err)
	MUST_CHECK;
void file_signing_done(struct file_signing *s);
/* Signs a file that was built with zeros in place of its signature. */
bool file_signing_sign(const struct file_signing *s, struct bytes *file, struct error *err)
	MUST_CHECK;
/* The header of a signed file, signed, then the payload. */
bool file_signing_build(const struct file_signing *s, const char *name, struct reader payload,
	struct bytes *out, struct error *err) MUST_CHECK;

#pragma once
/*
 * Encrypted configurations: a clear file made into one that a single device can read, and back.
 * Opening follows a fixed order and tells one failure only: that the clear digest does not fit,
 * whatever it was that went wrong inside. docs/formats/encrypted-file.md
 */
#include "pki/cert.h"
#include "pki/key.h"
#include "wire/signed_header.h"

struct sealed_plan {
	const char *file_name; /* "SEP001122334455.cnf.xml.enc.sgn" */
	const struct cert *signer, *device;
	enum hash_code hash;  /* of the signature and of the clear file */
	enum name_form names; /* that of the lists on the phones */
	uint32_t timestamp;
};

/* Zeros in place of the signature: signature_insert(). FAULT_REFUSED: a signer that no phone could
 * believe, a device whose key is not RSA; FAULT_LIMIT. */
bool sealed_file_build(const struct sealed_plan *plan, struct reader clear, struct bytes *out,
	struct error *err) MUST_CHECK;

struct unsealed_file {
	struct bytes clear; /* a secret: bytes_wipe */
	bool odd_padding;   /* the bytes cut off were not the usual ones: told, not refused */
};

/* `file` starts with `header`, whose signature the caller has verified if anything can.
 * FAULT_REFUSED: not encrypted, or not for a key of this kind; FAULT_MALFORMED: no whole blocks;
 * FAULT_UNTRUSTED: it does not open with this key. */
bool sealed_file_open(struct reader file, const struct signed_header *header,
	const struct key *device, struct unsealed_file *out, struct error *err) MUST_CHECK;

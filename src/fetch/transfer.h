#pragma once
/*
 * One file from a server, over TFTP or HTTP, in the caller's loop: what the blocking fetch and the
 * emulated phones stand on.
 */
#include "base/limits.h"
#include "base/reader.h"
#include "net/address.h"
#include "net/loop.h"

enum transfer_kind { TRANSFER_TFTP, TRANSFER_HTTP, TRANSFER_HTTPS };

struct transfer;

struct transfer_question {
	enum transfer_kind kind;
	struct address server;
	const char *source;          /* local address, or NULL */
	const char *name;            /* without a leading slash */
	size_t limit;                /* bytes of the file at most */
	uint64_t timeout_ms;         /* TFTP: of silence; HTTP: of all */
	uint16_t block_size, window; /* TFTP; 0: no options, as old phones ask */
	bool unnamed;                /* HTTP: the caller says what was asked for when it fails */
	bool heeds_refusal;          /* TFTP: the host's word that nobody listens ends it; phones
				      * go on asking */
};

/* Called once, unless transfer_free comes first. err NULL: here is the file. FAULT_MISSING: the
 * server has no such file; FAULT_LIMIT: it is too large. */
typedef void transfer_fn(struct reader file, const struct error *err, void *context);

struct transfer *transfer_start(struct loop *l, const struct transfer_question *question,
	transfer_fn *fn, void *context, struct error *err);
/* From inside fn: DER of the certificate that an HTTPS server showed; else empty. Borrowed. */
struct reader transfer_certificate(const struct transfer *t);
void transfer_free(struct transfer *t); /* at any time, also from inside fn; NULL is fine */

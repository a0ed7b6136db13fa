#pragma once
/*
 * Trust Verification Service messages: verify (1, 2) and query (3, 4), both ends.
 * docs/formats/tvs.md
 */
#include "base/limits.h"
#include "base/tlv.h"

enum { TVS_HEADER_SIZE = 10, TVS_ROLES_MAX = 16 };

enum tvs_command {
	TVS_VERIFY_REQUEST = 1, /* "I hold this certificate: is it good, and for what?" */
	TVS_VERIFY_RESPONSE = 2,
	TVS_QUERY_REQUEST = 3, /* "who is this signer?" */
	TVS_QUERY_RESPONSE = 4,
};

enum tvs_status { TVS_VALID = 0, TVS_INVALID = 1 };

struct tvs_message {
	enum tvs_command command;
	uint32_t session;               /* chosen by the client, echoed by the server */
	char device[LIMIT_DEVICE_NAME]; /* requests: "CP-8861-SEP001122334455", unauthenticated */
	struct reader certificate;      /* verify request, valid query response: DER */
	struct reader subject;          /* query request, without NUL */
	struct reader issuer;           /* query request, without NUL */
	struct reader serial;           /* query request */
	enum tvs_status status;         /* responses */
	size_t role_count;              /* valid responses */
	uint8_t roles[TVS_ROLES_MAX];
	uint32_t ttl; /* valid responses: seconds the answer may be kept; 0 when absent */
};

/* How many bytes follow a header of TVS_HEADER_SIZE bytes; false: not TVS, or too long. */
bool tvs_message_body_size(struct reader header, size_t *out, struct error *err) MUST_CHECK;
/* A whole message, header and body. The views point into it. */
bool tvs_message_parse(struct reader whole, struct tvs_message *out, struct error *err) MUST_CHECK;
void tvs_message_write(struct writer *w, const struct tvs_message *message);
bool tvs_message_same(const struct tvs_message *a, const struct tvs_message *b);

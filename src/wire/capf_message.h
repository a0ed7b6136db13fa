#pragma once
/*
 * Certificate Authority Proxy Function messages, both ends: the server asks, the phone proves who
 * it is, makes a key and keeps the certificate it gets. docs/formats/capf.md
 */
#include "base/limits.h"
#include "base/tlv.h"

enum { CAPF_HEADER_SIZE = 8 };

enum capf_command {
	CAPF_AUTH_REQUEST = 1, /* from the server, which speaks first */
	CAPF_AUTH_RESPONSE = 2,
	CAPF_KEYGEN_REQUEST = 3,
	CAPF_KEYGEN_RESPONSE = 4,
	CAPF_ENCRYPT_RESPONSE = 5, /* 5 is the response and 6 the request: no slip */
	CAPF_ENCRYPT_REQUEST = 6,
	CAPF_DECRYPT_REQUEST = 7,
	CAPF_DECRYPT_RESPONSE = 8,
	CAPF_STORE_REQUEST = 9,
	CAPF_STORE_RESPONSE = 10,
	CAPF_FETCH_REQUEST = 11,
	CAPF_FETCH_RESPONSE = 12,
	CAPF_DELETE_REQUEST = 13,
	CAPF_DELETE_RESPONSE = 14,
	CAPF_END_SESSION = 15,
	CAPF_RETRY_LATER = 16,
	CAPF_IN_PROGRESS = 17, /* from the phone, while it makes a key */
	CAPF_STATUS_REQUEST = 18,
	CAPF_STATUS_RESPONSE = 19,
	CAPF_ABORT_REQUEST = 20,
	CAPF_ABORT_RESPONSE = 21,
	CAPF_SIGN_REQUEST = 22,
	CAPF_SIGN_RESPONSE = 23,
};

enum capf_element {
	CAPF_REASON = 1,
	CAPF_REASON_INFO = 2,
	CAPF_CERTIFICATE_TYPE = 3,
	CAPF_CERTIFICATE = 4,
	CAPF_CERTIFICATE_ID = 5,
	CAPF_SIGNED_DATA = 6,
	CAPF_VERSION = 7,
	CAPF_AUTH_TYPE = 8,
	CAPF_PUBLIC_KEY = 9,
	CAPF_KEY_SIZE = 10,
	CAPF_PASSWORD = 11,
	CAPF_RETRY_DELAY = 12,
	CAPF_DEVICE_NAME = 13,
	CAPF_UNKNOWN_14 = 14,
	CAPF_UNKNOWN_15 = 15,
	CAPF_SUDI = 16,
	CAPF_KEY_TYPE = 17,
	CAPF_CURVE = 18,
	CAPF_DIGEST_TYPE = 19,
	CAPF_SHA2_SIGNED_DATA = 20,
};
enum { CAPF_ELEMENTS = 21 }; /* tags below; 0 is none */

enum capf_certificate_type { CAPF_LSC = 1, CAPF_MIC = 2 };
enum capf_reason { CAPF_NOTHING_DONE = 0, CAPF_DONE = 1, CAPF_DECLINED = 7, CAPF_UNKNOWN = 9 };

/* Three things a phone proves its SUDI certificate with. */
struct capf_sudi {
	struct reader certificate, sha1_signature, sha512_signature;
};

/* An element is there when its view is: `values[tag].ok`. Texts are without their NUL. */
struct capf_message {
	enum capf_command command;
	uint32_t session; /* chosen by the server; every message of the connection carries it */
	struct reader values[CAPF_ELEMENTS]; /* as on the wire; not for 4, 16 and 20 */
	uint8_t certificate_kind;            /* inside element 4: enum capf_certificate_type */
	struct reader certificate;           /* inside element 4: DER */
	struct reader sha2_signature;        /* inside element 20 */
	struct capf_sudi sudi;               /* inside element 16 */
};

/* How many bytes follow a header of CAPF_HEADER_SIZE bytes; false: not CAPF, or too long. */
bool capf_message_body_size(struct reader header, size_t *out, struct error *err) MUST_CHECK;
/* A whole message, header and body. The views point into it. */
bool capf_message_parse(struct reader whole, struct capf_message *out, struct error *err)
	MUST_CHECK;
/* Elements in the order of their tags, which is that of servers and phones. */
void capf_message_write(struct writer *w, const struct capf_message *message);
bool capf_message_same(const struct capf_message *a, const struct capf_message *b);

/* Numbers of one or two bytes: 0 where the element is absent. */
unsigned capf_number(const struct capf_message *message, enum capf_element element);
/* "AUTH_REQ"; NULL: no such command. */
const char *capf_command_name(unsigned command);
/* The server sends it; the rest is sent by phones. Of the never seen, requests are the server's. */
bool capf_from_server(enum capf_command command);

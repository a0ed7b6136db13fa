#pragma once
/* The most we accept from anyone, on one screen. Tests try each at its value and one beyond. */

enum {
	LIMIT_TRUST_LIST = 65535,      /* bytes of one list, docs/formats/trust-list.md */
	LIMIT_RECORDS = 64,            /* records in one list */
	LIMIT_ROLE_0 = 2,              /* records in one list that may sign lists */
	LIMIT_TEXT = 1024,             /* one string in a header or record, NUL included */
	LIMIT_SERIAL = 32,             /* bytes of a serial number */
	LIMIT_CERTIFICATE = 8 * 1024,  /* DER of one certificate */
	LIMIT_MESSAGE = 8 * 1024,      /* body of one TVS or CAPF message */
	LIMIT_DEVICE_NAME = 64,        /* device name in a message, NUL included */
	LIMIT_FILE_NAME = 256,         /* name of a provisioned file, NUL included */
	LIMIT_SIGNED_FILE = 16 << 20,  /* a file that is signed on demand */
	LIMIT_PASSED_FILE = 256 << 20, /* firmware, passed through */
	LIMIT_TFTP_OPTIONS = 8,
	LIMIT_TFTP_BLOCK = 65464,        /* RFC 2348 */
	LIMIT_TFTP_WINDOW = 64,          /* blocks in flight; RFC 7440 allows 65535 */
	LIMIT_SIBLING_INLINE = 32 << 10, /* a payload beyond travels as a sealed memfd */
	LIMIT_SIBLING_PAYLOAD = 64 << 20,
	LIMIT_INDEX = 16 << 20, /* bytes of a snapshot index */
	LIMIT_HTTP_HEADER = 8 * 1024,
	LIMIT_ADMIN_BODY = 1 << 20,
	LIMIT_UPLOAD = 256 << 10, /* bytes of a file in an operation's field */
};

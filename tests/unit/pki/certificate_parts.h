#pragma once
/* Certificates put together byte by byte, with whatever each part is to be: what OpenSSL's own
 * builder would never make. Their signatures are nonsense unless given. */
#include "base/writer.h"
#include "pki/cert.h"

struct certificate_parts {
	bool version_1;       /* the version left out */
	struct reader serial; /* content of the INTEGER */
	struct reader issuer; /* content of the SEQUENCE: RDNs */
	struct reader subject;
	struct reader not_before; /* whole TLV */
	struct reader not_after;
	struct reader key;       /* whole SubjectPublicKeyInfo */
	struct reader signature; /* content behind the unused-bits byte */
};

void der_write(struct writer *w, uint8_t tag, struct reader content);
void der_write_text(struct writer *w, uint8_t tag, const char *text);
/* One RDN with one attribute: OID content in hexadecimal, string tag, value. */
void rdn_write(struct writer *w, const char *oid, uint8_t tag, struct reader value);
void rsa_key_write(struct writer *w, struct reader modulus, struct reader exponent);
void ec_key_write(struct writer *w, const char *curve_oid, struct reader point);

/* A sound certificate of version 3: change what is to be tested. Lives in *store. */
struct certificate_parts certificate_parts(struct writer *store);
void certificate_write(struct writer *w, const struct certificate_parts *parts);
struct cert *certificate_made(const struct certificate_parts *parts, struct error *err);

/* Writes the bytes of hexadecimal text. */
void hex_bytes(struct writer *w, const char *hex);

#define OID_CN "550403"
#define OID_C "550406"
#define OID_L "550407"
#define OID_ST "550408"
#define OID_STREET "550409"
#define OID_O "55040a"
#define OID_OU "55040b"
#define OID_DC "0992268993f22c640119"
#define OID_UID "0992268993f22c640101"
#define OID_SERIAL_NUMBER "550405"
#define OID_P256 "2a8648ce3d030107"
#define OID_SECP256K1 "2b8104000a"
enum { DER_UTF8 = 0x0C, DER_PRINTABLE = 0x13, DER_T61 = 0x14, DER_IA5 = 0x16, DER_BMP = 0x1E };

#include "certificate_parts.h"

#include <assert.h>
#include <string.h>

#include "base/hex.h"

enum { PARTS_MAX = 1 << 16 };

void hex_bytes(struct writer *w, const char *hex)
{
	for (; hex[0] != '\0'; hex += 2) {
		uint8_t byte = 0;
		char pair[3] = { hex[0], hex[1], '\0' };
		bool ok = hex_read(pair, &byte, 1);
		assert(ok);
		writer_u8(w, byte);
	}
}

void der_write(struct writer *w, uint8_t tag, struct reader content)
{
	writer_u8(w, tag);
	if (content.left > 0xFF) {
		writer_u8(w, 0x82);
		writer_u16(w, (uint16_t)content.left);
	} else if (content.left > 0x7F) {
		writer_u8(w, 0x81);
		writer_u8(w, (uint8_t)content.left);
	} else {
		writer_u8(w, (uint8_t)content.left);
	}
	writer_bytes(w, content);
}

void der_write_text(struct writer *w, uint8_t tag, const char *text)
{
	der_write(w, tag, reader_of_text(text));
}

static void oid_write(struct writer *w, const char *oid)
{
	AUTO_DONE(writer) content = writer_new(64);
	hex_bytes(&content, oid);
	der_write(w, 0x06, writer_written(&content));
}

void rdn_write(struct writer *w, const char *oid, uint8_t tag, struct reader value)
{
	AUTO_DONE(writer) attribute = writer_new(PARTS_MAX);
	AUTO_DONE(writer) sequence = writer_new(PARTS_MAX);
	oid_write(&attribute, oid);
	der_write(&attribute, tag, value);
	der_write(&sequence, 0x30, writer_written(&attribute));
	der_write(w, 0x31, writer_written(&sequence));
}

static void key_info_write(struct writer *w, struct reader algorithm, struct reader key)
{
	AUTO_DONE(writer) bits = writer_new(PARTS_MAX);
	AUTO_DONE(writer) both = writer_new(PARTS_MAX);
	writer_u8(&bits, 0);
	writer_bytes(&bits, key);
	der_write(&both, 0x30, algorithm);
	der_write(&both, 0x03, writer_written(&bits));
	der_write(w, 0x30, writer_written(&both));
}

static void integer_write(struct writer *w, struct reader number)
{
	AUTO_DONE(writer) content = writer_new(PARTS_MAX);
	if (number.left > 0 && number.at[0] >= 0x80)
		writer_u8(&content, 0);
	writer_bytes(&content, number);
	der_write(w, 0x02, writer_written(&content));
}

void rsa_key_write(struct writer *w, struct reader modulus, struct reader exponent)
{
	AUTO_DONE(writer) numbers = writer_new(PARTS_MAX);
	AUTO_DONE(writer) key = writer_new(PARTS_MAX);
	AUTO_DONE(writer) algorithm = writer_new(64);
	integer_write(&numbers, modulus);
	integer_write(&numbers, exponent);
	der_write(&key, 0x30, writer_written(&numbers));
	oid_write(&algorithm, "2a864886f70d010101");
	der_write_text(&algorithm, 0x05, "");
	key_info_write(w, writer_written(&algorithm), writer_written(&key));
}

void ec_key_write(struct writer *w, const char *curve_oid, struct reader point)
{
	AUTO_DONE(writer) algorithm = writer_new(64);
	oid_write(&algorithm, "2a8648ce3d0201");
	oid_write(&algorithm, curve_oid);
	key_info_write(w, writer_written(&algorithm), point);
}

/* Where the next part starts in the store, and the part once it has been written. */
static struct reader since(const struct writer *store, size_t start)
{
	return reader_of(store->data + start, store->used - start);
}

struct certificate_parts certificate_parts(struct writer *store)
{
	struct certificate_parts parts = { 0 };
	uint8_t modulus[256];
	memset(modulus, 0xC5, sizeof(modulus));
	size_t start = store->used;
	hex_bytes(store, "0123456789abcdef0123456789abcdef");
	parts.serial = since(store, start);
	start = store->used;
	rdn_write(store, OID_C, DER_PRINTABLE, reader_of_text("PL"));
	rdn_write(store, OID_O, DER_UTF8, reader_of_text("Example"));
	rdn_write(store, OID_CN, DER_UTF8, reader_of_text("pub.example"));
	parts.subject = since(store, start);
	parts.issuer = parts.subject;
	start = store->used;
	der_write_text(store, 0x17, "140802233644Z");
	parts.not_before = since(store, start);
	start = store->used;
	der_write_text(store, 0x17, "190801233643Z");
	parts.not_after = since(store, start);
	start = store->used;
	rsa_key_write(store, reader_of(modulus, sizeof(modulus)), reader_of("\1\0\1", 3));
	parts.key = since(store, start);
	start = store->used;
	writer_bytes(store, reader_of(modulus, sizeof(modulus)));
	parts.signature = since(store, start);
	assert(store->ok && store->fixed); /* a growing store would move what the parts look at */
	return parts;
}

static void algorithm_write(struct writer *w)
{
	hex_bytes(w, "300d06092a864886f70d01010b0500"); /* sha256WithRSAEncryption */
}

void certificate_write(struct writer *w, const struct certificate_parts *parts)
{
	AUTO_DONE(writer) times = writer_new(PARTS_MAX);
	AUTO_DONE(writer) body = writer_new(PARTS_MAX);
	AUTO_DONE(writer) bits = writer_new(PARTS_MAX);
	AUTO_DONE(writer) whole = writer_new(PARTS_MAX);
	if (!parts->version_1)
		hex_bytes(&body, "a003020102");
	der_write(&body, 0x02, parts->serial);
	algorithm_write(&body);
	der_write(&body, 0x30, parts->issuer);
	writer_bytes(&times, parts->not_before);
	writer_bytes(&times, parts->not_after);
	der_write(&body, 0x30, writer_written(&times));
	der_write(&body, 0x30, parts->subject);
	writer_bytes(&body, parts->key);
	der_write(&whole, 0x30, writer_written(&body));
	algorithm_write(&whole);
	writer_u8(&bits, 0);
	writer_bytes(&bits, parts->signature);
	der_write(&whole, 0x03, writer_written(&bits));
	der_write(w, 0x30, writer_written(&whole));
}

struct cert *certificate_made(const struct certificate_parts *parts, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(PARTS_MAX);
	certificate_write(&w, parts);
	assert(w.ok);
	return cert_parse(writer_written(&w), err);
}

#include "wire/trips.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/header_edit.h"
#include "wire/mutation.h"

bool header_trip(struct reader bytes, struct error *err)
{
	struct signed_header once, twice;
	struct reader parts[2];
	struct reader body = bytes;
	if (!signed_header_parse(&body, &once, err))
		return false;
	assert_true(signed_header_recognise(bytes));
	assert_int_equal(bytes.left, once.size + body.left);
	signed_header_covers(bytes, &once, parts);
	assert_int_equal(parts[0].left + 3 + once.modulus + parts[1].left, bytes.left);
	assert_ptr_equal(bytes.at + parts[0].left + 3, once.signature.at);
	AUTO_DONE(writer) w = writer_new(70000);
	signed_header_write(&w, &once);
	assert_true(w.ok);
	struct reader again = writer_written(&w);
	assert_true(signed_header_parse(&again, &twice, err));
	assert_int_equal(again.left, 0);
	assert_true(signed_header_same(&once, &twice));
	assert_int_equal(once.size, twice.size);
	return true;
}

void header_accepted(struct bytes header)
{
	struct error err = { 0 };
	if (!header_trip(bytes_reader(&header), &err))
		print_error("refused: %s\n", err.text);
	assert_true(header_trip(bytes_reader(&header), &err));
	bytes_done(&header);
}

void header_refused(struct bytes header, const char *words)
{
	refused_with(bytes_reader(&header), header_trip, FAULT_MALFORMED, words);
	bytes_done(&header);
}

struct bytes sample_bytes(void)
{
	struct signed_header h = sample_header();
	return header_bytes(&h);
}

struct bytes encrypted_bytes(void)
{
	struct signed_header h = sample_encrypted_header();
	return header_bytes(&h);
}

const uint8_t sample_blob[LIMIT_CERTIFICATE + 1] = { 0x30, 0x82, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 };

struct bytes list_bytes(const struct trust_list *list)
{
	AUTO_DONE(writer) w = writer_new(1 << 20);
	struct bytes out = { 0 };
	trust_list_write(&w, list);
	assert_true(writer_take(&w, &out, NULL));
	return out;
}

bool list_trip(struct reader bytes, struct error *err)
{
	static struct trust_list once, twice;
	if (!trust_list_parse(bytes, &once, err))
		return false;
	size_t covered = once.header.size;
	for (size_t i = 0; i < once.count; i++) {
		assert_int_equal(once.records[i].offset, covered);
		covered += once.records[i].size;
	}
	assert_int_equal(covered, bytes.left);
	AUTO_DONE(bytes) written = list_bytes(&once);
	assert_true(trust_list_parse(bytes_reader(&written), &twice, err));
	assert_true(trust_list_same(&once, &twice));
	AUTO_DONE(bytes) again = list_bytes(&twice);
	assert_true(reader_same(bytes_reader(&written), bytes_reader(&again)));
	return true;
}

void list_accepted(struct bytes list)
{
	struct error err = { 0 };
	if (!list_trip(bytes_reader(&list), &err))
		print_error("refused: %s\n", err.text);
	assert_true(list_trip(bytes_reader(&list), &err));
	bytes_done(&list);
}

void list_refused_for(struct bytes list, enum fault fault, const char *words)
{
	refused_with(bytes_reader(&list), list_trip, fault, words);
	bytes_done(&list);
}

void list_refused(struct bytes list, const char *words)
{
	list_refused_for(list, FAULT_MALFORMED, words);
}

static struct trust_record full_record(uint16_t role)
{
	return (struct trust_record){
		.dns_name = reader_of_text("pub.lab"),
		.has_dns_name = true,
		.subject = reader_of_text("CN=pub;OU=lab;O=dialtrust"),
		.has_role = true,
		.role = role,
		.issuer = reader_of_text("CN=pub;OU=lab;O=dialtrust"),
		.serial = reader_of(sample_blob, 16),
		.public_key = reader_of(sample_blob, 20),
		.signature = reader_of(sample_blob + 1, 24),
		.certificate = reader_of(sample_blob, 40),
		.address = reader_of("\x7f\0\12\1", 4),
	};
}

void sample_list(struct trust_list *out)
{
	memset(out, 0, sizeof(*out));
	out->header = sample_header();
	out->header.modulus = 64;
	out->header.signature.left = 64;
	out->count = 3;
	out->records[0] = full_record(0);
	out->records[1] = (struct trust_record){ .dns_name = reader_of_text(""),
		.has_dns_name = true,
		.has_role = true,
		.role = 2,
		.address = reader_of("\x7f\0\12\1", 4) };
	out->records[2] = full_record(21);
	out->records[2].has_dns_name = false;
	out->records[2].dns_name = (struct reader){ 0 };
	out->records[2].address = (struct reader){ 0 };
}

/*
 * Writes the seeds of every corpus with our own writers: `fuzz-seeds FOLDER`, where FOLDER is this
 * folder's corpus/. Named for what they reach; a few are broken on purpose, so that refusals are
 * reached too. What fuzzing finds is added by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "seed.h"
#include "wire/capf_message.h"
#include "wire/signer_message.h"
#include "wire/snapshot_index.h"
#include "wire/tftp_packet.h"
#include "wire/trust_list.h"
#include "wire/tvs_message.h"

static const uint8_t blob[600] = { 0x5a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

void save(const char *folder, const char *target, const char *name, struct reader bytes)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, target);
	(void)mkdir(path, 0777); /* it may be there */
	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes.at, 1, bytes.left, file) != bytes.left ||
		fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static struct signed_header header(void)
{
	return (struct signed_header){
		.version = { 1, 2 },
		.signer_name = reader_of_text("CN=pub;O=lab"),
		.serial = reader_of(blob, 16),
		.issuer_name = reader_of_text("CN=pub;O=lab"),
		.hash = HASH_SHA1,
		.modulus = 64,
		.signature = reader_of(blob, 64),
		.file_name = reader_of_text("ITLFile.tlv"),
		.has_timestamp = true,
		.timestamp = 0x6887b03e,
	};
}

static void save_header(const char *folder, const char *name, const struct signed_header *h)
{
	AUTO_DONE(writer) w = writer_new(65536);
	signed_header_write(&w, h);
	writer_text(&w, "<device/>");
	save(folder, "signed_header", name, writer_written(&w));
}

static void save_headers(const char *folder)
{
	struct signed_header h = header();
	save_header(folder, "sha1-512-bit", &h);
	h.has_signer_version = true;
	h.signer_version = (struct version){ 1, 1 };
	h.hash = HASH_SHA512;
	h.modulus = 128;
	h.signature = reader_of(blob, 128);
	save_header(folder, "sha512-signer-version", &h);
	h = header();
	h.version = (struct version){ 1, 1 };
	h.has_timestamp = false;
	h.file_name = reader_of_text("load/sip88xx.loads");
	save_header(folder, "firmware-no-timestamp", &h);
	h.version = (struct version){ 2, 0 };
	h.has_encryption = true;
	h.encryption = (struct encryption){ .iv = reader_of(blob, 16),
		.padding = 13,
		.wrapped_key = reader_of(blob, 64),
		.hash = HASH_SHA1,
		.digest = reader_of(blob, 20) };
	save_header(folder, "encrypted", &h);
	h = header();
	h.signature = (struct reader){ 0 };
	save_header(folder, "unsigned", &h);
}

static struct trust_record record(uint16_t role)
{
	return (struct trust_record){ .dns_name = reader_of_text("pub.lab"),
		.has_dns_name = true,
		.subject = reader_of_text("CN=pub;O=lab"),
		.has_role = true,
		.role = role,
		.issuer = reader_of_text("CN=pub;O=lab"),
		.serial = reader_of(blob, 16),
		.public_key = reader_of(blob, 12),
		.signature = reader_of(blob, 16),
		.certificate = reader_of(blob, 24),
		.address = reader_of("\x7f\0\12\1", 4) };
}

static void save_list(const char *folder, const char *name, const struct trust_list *list)
{
	AUTO_DONE(writer) w = writer_new(65536);
	trust_list_write(&w, list);
	save(folder, "trust_list", name, writer_written(&w));
}

static void save_broken_lists(const char *folder, const struct trust_list *list)
{
	AUTO_DONE(writer) w = writer_new(65536);
	trust_list_write(&w, list);
	size_t whole = w.used;
	writer_bytes(&w, reader_of("\1\0\2\0\0", 5));
	save(folder, "trust_list", "record-length-0", writer_written(&w));
	w.used = whole;
	writer_bytes(&w, reader_of("\1\0\2\0\11\11\0\5a", 9));
	save(folder, "trust_list", "child-past-its-record", writer_written(&w));
	w.used = whole - 1;
	save(folder, "trust_list", "cut-in-the-last-record", writer_written(&w));
}

static void save_lists(const char *folder)
{
	static struct trust_list list;
	list.header = header();
	save_list(folder, "no-records", &list);
	list.records[list.count++] = record(0);
	list.records[list.count++] = record(21);
	save_list(folder, "two-full-records", &list);
	list.records[list.count++] = (struct trust_record){ .dns_name = reader_of_text(""),
		.has_dns_name = true,
		.has_role = true,
		.role = 2,
		.address = reader_of("\x7f\0\12\1", 4) };
	save_list(folder, "record-without-certificate", &list);
	list.records[list.count++] = (struct trust_record){ .has_role = true,
		.role = 3,
		.certificate_hash = reader_of(blob, 32),
		.hash = HASH_SHA256 };
	save_list(folder, "record-of-a-hash", &list);
	save_broken_lists(folder, &list);
}

static void save_tvs(const char *folder)
{
	static const char *const names[] = { "verify-request", "verify-yes", "query-request",
		"query-yes" };
	for (int command = TVS_VERIFY_REQUEST; command <= TVS_QUERY_RESPONSE; command++) {
		struct tvs_message m = { .command = (enum tvs_command)command,
			.session = 1001,
			.device = "CP-8861-SEP001122334455",
			.certificate = reader_of(blob, 24),
			.subject = reader_of_text("CN=pub;O=lab"),
			.issuer = reader_of_text("CN=ca"),
			.serial = reader_of(blob, 16),
			.role_count = 2,
			.roles = { 0, 3 },
			.ttl = 86400 };
		AUTO_DONE(writer) w = writer_new(65536);
		tvs_message_write(&w, &m);
		save(folder, "tvs_message", names[command - 1], writer_written(&w));
	}
	struct tvs_message no = { .command = TVS_QUERY_RESPONSE, .status = TVS_INVALID };
	AUTO_DONE(writer) w = writer_new(65536);
	tvs_message_write(&w, &no);
	save(folder, "tvs_message", "query-no", writer_written(&w));
	static const char other_tags[] =
		"\x57\1\3\0\0\0\0\1\0\x15\1\0\3\1ab\3\0\2a\0\6\0\3c=\0\5\0\1\1";
	save(folder, "tvs_message", "query-tags-5-and-6",
		reader_of(other_tags, sizeof(other_tags) - 1));
}

static void save_capf_message(const char *folder, const char *name, const struct capf_message *m)
{
	AUTO_DONE(writer) w = writer_new(65536);
	capf_message_write(&w, m);
	save(folder, "capf_message", name, writer_written(&w));
}

static void save_capf(const char *folder)
{
	struct capf_message m = { .command = CAPF_AUTH_REQUEST, .session = 42 };
	m.values[CAPF_VERSION] = reader_of("\3", 1);
	save_capf_message(folder, "auth-request", &m);
	m.command = CAPF_AUTH_RESPONSE;
	m.values[CAPF_REASON] = reader_of("\1", 1);
	m.values[CAPF_DEVICE_NAME] = reader_of_text("SEP001122334455");
	save_capf_message(folder, "auth-response", &m);
	m.values[CAPF_PASSWORD] = reader_of_text("123456");
	m.values[CAPF_SIGNED_DATA] = reader_of(blob, 16);
	m.certificate_kind = CAPF_MIC;
	m.certificate = reader_of(blob, 24);
	m.sha2_signature = reader_of(blob, 16);
	m.sudi =
		(struct capf_sudi){ reader_of(blob, 24), reader_of(blob, 16), reader_of(blob, 16) };
	save_capf_message(folder, "auth-response-proofs", &m);
	m = (struct capf_message){ .command = CAPF_KEYGEN_REQUEST, .session = 42 };
	m.values[CAPF_KEY_TYPE] = reader_of("\1", 1);
	m.values[CAPF_CURVE] = reader_of("\1", 1);
	save_capf_message(folder, "keygen-ec", &m);
	m = (struct capf_message){ .command = CAPF_SIGN_REQUEST, .session = 42 };
	for (size_t tag = CAPF_REASON; tag <= CAPF_DIGEST_TYPE; tag++)
		m.values[tag] = reader_of("\1", 1);
	m.values[CAPF_KEY_SIZE] = reader_of("\10\0", 2);
	save_capf_message(folder, "every-element", &m);
	static const char broken[] = "\x55\20\0\0\0\1\0\12\4\0\7\1\0\3\0\1xy";
	save(folder, "capf_message", "certificate-too-long", reader_of(broken, sizeof(broken) - 1));
}

static void save_packet(const char *folder, const char *name, const struct tftp_packet *p)
{
	AUTO_DONE(writer) w = writer_new(1000);
	tftp_packet_write(&w, p);
	save(folder, "tftp_packet", name, writer_written(&w));
}

static void save_tftp(const char *folder)
{
	struct tftp_packet p = { .opcode = TFTP_READ, .name = "ITLFile.tlv" };
	save_packet(folder, "read", &p);
	p.options = (struct tftp_options){ true, true, true, true, 1428, 0, 3, 4 };
	save_packet(folder, "read-options", &p);
	p.mode = TFTP_NETASCII;
	p.opcode = TFTP_WRITE;
	save_packet(folder, "write", &p);
	p.opcode = TFTP_OACK;
	save_packet(folder, "oack", &p);
	p = (struct tftp_packet){ .opcode = TFTP_DATA, .block = 1, .data = reader_of_text("data") };
	save_packet(folder, "data", &p);
	p.opcode = TFTP_ACK;
	save_packet(folder, "ack", &p);
	p = (struct tftp_packet){ .opcode = TFTP_ERROR, .error = 1, .message = "File not found" };
	save_packet(folder, "error", &p);
	save(folder, "tftp_packet", "read-extra-nul", reader_of("\0\1OS79XX.TXT\0octet\0\0", 20));
	save(folder, "tftp_packet", "error-with-controls", reader_of("\0\5\0\1\x1b[2J\\\xff", 10));
}

static void save_index(const char *folder, const char *name, const struct snapshot_index *index)
{
	AUTO_DONE(writer) w = writer_new(10000);
	snapshot_index_write(&w, index);
	save(folder, "snapshot_index", name, writer_written(&w));
}

static void save_indexes(const char *folder)
{
	struct snapshot_identity who = { .unit = "TVS", .key = { 1 }, .certificate = { 2 } };
	struct snapshot_certificate cert = { .digest = { 3 }, .role_count = 1, .roles = { 21 } };
	struct snapshot_file files[2] = {
		{ .name = "ITLFile.tlv", .kind = SNAPSHOT_PUBLISHED, .digest = { 4 } },
		{ .name = "SEP001122334455.cnf.xml",
			.kind = SNAPSHOT_CONFIGURATION,
			.digest = { 5 } },
	};
	struct snapshot_index index = { .number = 7,
		.time = 1753722942,
		.cluster = "lab",
		.node = "pub",
		.file_hash = 1,
		.tvs_ttl = 86400,
		.identities = &who,
		.certificates = &cert,
		.files = files };
	save_index(folder, "empty", &index);
	index.identity_count = index.certificate_count = 1;
	index.file_count = 2;
	save_index(folder, "one-of-each", &index);
}

/* The first byte is the target's choice of message. */
static struct writer message(uint8_t kind)
{
	struct writer w = writer_new(10000);
	writer_u8(&w, kind);
	return w;
}

static void save_signer(const char *folder)
{
	AUTO_DONE(writer) make = message(0);
	signer_make_write(&make,
		&(struct signer_make){ .unit = "TVS",
			.key_kind = 1,
			.common_name = "pub.lab",
			.organization = "lab",
			.country = "AT",
			.dns_name = "pub.lab",
			.usages = 3,
			.not_before = 1753719342,
			.days = 1825 });
	save(folder, "signer_message", "make", writer_written(&make));
	AUTO_DONE(writer) identity = message(1);
	signer_identity_write(&identity, &(struct signer_identity){ { 1 }, reader_of(blob, 24) });
	save(folder, "signer_message", "identity", writer_written(&identity));
	AUTO_DONE(writer) mark = message(2);
	signer_mark_write(&mark, &(struct signer_mark){ { 1 }, true, { 2 } });
	save(folder, "signer_message", "mark", writer_written(&mark));
	AUTO_DONE(writer) sign = message(3);
	signer_sign_write(&sign, &(struct signer_sign){ { 1 }, "ITL pub", reader_of(blob, 24) });
	save(folder, "signer_message", "sign", writer_written(&sign));
	AUTO_DONE(writer) leaf = message(4);
	signer_leaf_write(&leaf, &(struct signer_leaf){ reader_of(blob, 9), reader_of(blob, 24) });
	save(folder, "signer_message", "leaf", writer_written(&leaf));
	AUTO_DONE(writer) rows = message(5);
	struct signer_key_row row = { { 1 }, "TVS", SIGNER_KEY_LIVE, 1753719342 };
	signer_key_row_write(&rows, &row);
	signer_key_row_write(&rows, &row);
	save(folder, "signer_message", "key-rows", writer_written(&rows));
}

static void save_names(const char *folder)
{
	static const char *const names[][2] = {
		{ "appliance", "CN=pub.lab;OU=IST;O=Lab, Inc.;L=Wien;ST=W;C=AT" },
		{ "builder-escapes", "CN=a\\,b\\;c,O=Lab\\C3\\B6+DC=x,1.2.840=\\#1" },
		{ "token-cut-off", "cn=\"SAST-ADN0054f509     \";ou=IPCBU;o=\"Example Sys" },
		{ "alone-with-comma", "CN=a, b" },
		{ "text-after-quote", "cn=\"a\"b" },
	};
	for (size_t i = 0; i < COUNT(names); i++)
		save(folder, "distinguished_name", names[i][0], reader_of_text(names[i][1]));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fprintf(stderr, "usage: fuzz-seeds FOLDER\n");
		return 2;
	}
	save_headers(argv[1]);
	save_lists(argv[1]);
	save_capf(argv[1]);
	save_tvs(argv[1]);
	save_tftp(argv[1]);
	save_indexes(argv[1]);
	save_signer(argv[1]);
	save_names(argv[1]);
	save_sealed(argv[1]);
	save_configurations(argv[1]);
	save_tftp_conversations(argv[1]);
	return 0;
}

/* Each parser reads what it is known to read while one allocation, or one call that reads a file,
 * after the other fails: it says so, leaves its output alone and keeps nothing (AddressSanitizer
 * looks for that). The inputs are the seeds of the fuzz targets. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device_key.h"
#include "emulator/configuration_file.h"
#include "faults/lean_memory.h"
#include "faults/merged.h"
#include "lib/key_ring.h"
#include "net/http_request.h"
#include "pki/cert_bundle.h"
#include "pki/cert_facts.h"
#include "pki/key.h"
#include "run/files.h"
#include "run/settings.h"
#include "run/snapshot.h"
#include "talk/provision_name.h"
#include "talk/url.h"
#include "trust/held_list.h"
#include "trust/sealed_file.h"
#include "wire/capf_message.h"
#include "wire/distinguished_name.h"
#include "wire/signer_message.h"
#include "wire/snapshot_index.h"
#include "wire/tftp_packet.h"
#include "wire/tvs_message.h"

#include <cmocka.h>

enum { POISON = 0xA5, TEXT_SIZE = 1024, PATH_SIZE = 1024 };

/* Reads and, where that succeeds, tells what it has read (memory is not short any more then). */
typedef bool read_fn(struct reader seed, struct writer *told, struct error *err);

/* A struct in place is as it was before. */
static void assert_untouched(const void *out, size_t size)
{
	const uint8_t *bytes = out;
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], POISON);
}

#define READ_IN_PLACE(name, type, write)                                                           \
	static bool read_##name(struct reader seed, struct writer *told, struct error *err)        \
	{                                                                                          \
		static struct type out;                                                            \
		memset(&out, POISON, sizeof(out));                                                 \
		bool read = name##_parse(seed, &out, err);                                         \
		lean_memory_end();                                                                 \
		if (read)                                                                          \
			write(told, &out);                                                         \
		else                                                                               \
			assert_untouched(&out, sizeof(out));                                       \
		return read;                                                                       \
	}

READ_IN_PLACE(capf_message, capf_message, capf_message_write)
READ_IN_PLACE(tvs_message, tvs_message, tvs_message_write)
READ_IN_PLACE(tftp_packet, tftp_packet, tftp_packet_write)
READ_IN_PLACE(distinguished_name, distinguished_name, distinguished_name_write)
READ_IN_PLACE(trust_list, trust_list, trust_list_write)
READ_IN_PLACE(signer_make, signer_make, signer_make_write)
READ_IN_PLACE(signer_identity, signer_identity, signer_identity_write)
READ_IN_PLACE(signer_mark, signer_mark, signer_mark_write)
READ_IN_PLACE(signer_sign, signer_sign, signer_sign_write)
READ_IN_PLACE(signer_leaf, signer_leaf, signer_leaf_write)

static bool read_signer_message(struct reader seed, struct writer *told, struct error *err)
{
	static read_fn *const kinds[] = { read_signer_make, read_signer_identity, read_signer_mark,
		read_signer_sign, read_signer_leaf };
	uint8_t kind = reader_u8(&seed);
	if (kind < COUNT(kinds))
		return kinds[kind](seed, told, err);
	*err = (struct error){ FAULT_MALFORMED, "rows of keys are read one by one" };
	return false;
}

static bool read_signed_header(struct reader seed, struct writer *told, struct error *err)
{
	struct signed_header out;
	memset(&out, POISON, sizeof(out));
	bool read = signed_header_parse(&seed, &out, err);
	lean_memory_end();
	if (read)
		signed_header_write(told, &out);
	else
		assert_untouched(&out, sizeof(out));
	return read;
}

static bool read_snapshot_index(struct reader seed, struct writer *told, struct error *err)
{
	AUTO(snapshot_index) index = snapshot_index_parse(seed, err);
	lean_memory_end();
	if (index != NULL)
		snapshot_index_write(told, index);
	return index != NULL;
}

static bool read_cert(struct reader seed, struct writer *told, struct error *err)
{
	AUTO(cert) cert = cert_parse(seed, err);
	lean_memory_end();
	if (cert == NULL)
		return false;
	writer_bytes(told, cert_der(cert));
	writer_text(told, cert_subject(cert, NAME_APPLIANCE));
	writer_text(told, cert_issuer(cert, NAME_BUILDER));
	writer_text(told, cert_common_name(cert));
	writer_text(told, cert_key(cert).name);
	writer_bytes(told, cert_public_key(cert));
	return true;
}

static bool read_key(struct reader seed, struct writer *told, struct error *err)
{
	struct bytes again = { 0 };
	AUTO(key) key = key_parse(seed, err);
	bool read = key != NULL && key_write(key, &again, err);
	lean_memory_end();
	if (!read) {
		assert_null(again.data);
		return false;
	}
	writer_bytes(told, bytes_reader(&again));
	bytes_wipe(&again);
	return true;
}

static bool read_cert_pem(struct reader seed, struct writer *told, struct error *err)
{
	char *pem = NULL;
	AUTO(cert) cert = cert_parse_pem(seed, err);
	bool read = cert != NULL && cert_pem(cert, &pem, err);
	lean_memory_end();
	if (!read) {
		assert_null(pem);
		return false;
	}
	writer_text(told, pem);
	free(pem);
	return true;
}

static bool read_key_pem(struct reader seed, struct writer *told, struct error *err)
{
	uint8_t id[DIGEST_SIZE];
	AUTO(key) key = key_parse_pem(seed, err);
	lean_memory_end();
	if (key == NULL)
		return false;
	key_id(key, id);
	writer_bytes(told, reader_of(id, sizeof(id)));
	return true;
}

static bool read_cert_bundle(struct reader seed, struct writer *told, struct error *err)
{
	AUTO_DONE(cert_bundle) bundle = { 0 };
	bool read = cert_bundle_add(&bundle, seed, err);
	lean_memory_end();
	assert_int_equal(bundle.count > 0, read);
	for (size_t i = 0; i < bundle.count; i++)
		writer_bytes(told, cert_der(bundle.certs[i]));
	return read;
}

static bool read_cert_facts(struct reader seed, struct writer *told, struct error *err)
{
	struct cert_facts facts = { 0 };
	AUTO(cert) cert = cert_parse(seed, err);
	bool read = cert != NULL && cert_facts_read(cert, &facts, err);
	lean_memory_end();
	if (!read) {
		assert_null(facts.extensions);
		return false;
	}
	writer_text(told, facts.subject);
	/* not their texts: OpenSSL leaves out what it has no memory for, and does not say so */
	for (size_t i = 0; i < facts.extension_count; i++)
		writer_text(told, facts.extensions[i].readable ? facts.extensions[i].oid : "-");
	for (size_t i = 0; i < facts.alternative_count; i++)
		writer_text(told, facts.alternatives[i].text);
	cert_facts_done(&facts);
	return true;
}

static bool read_held_list(struct reader seed, struct writer *told, struct error *err)
{
	AUTO(held_list) held = held_list_load(seed, err);
	lean_memory_end();
	if (held != NULL)
		writer_bytes(told, bytes_reader(&held->file));
	return held != NULL;
}

static bool read_http_request(struct reader seed, struct writer *told, struct error *err)
{
	struct http_request out;
	memset(&out, POISON, sizeof(out));
	bool read = http_request_parse(seed, &out, err);
	lean_memory_end();
	if (!read) {
		assert_untouched(&out, sizeof(out));
		return false;
	}
	writer_text(told, out.method);
	writer_text(told, out.path);
	for (size_t i = 0; i < out.field_count; i++) {
		writer_text(told, out.fields[i].name);
		writer_text(told, out.fields[i].value);
	}
	http_request_done(&out);
	return true;
}

static bool read_url(struct reader seed, struct writer *told, struct error *err)
{
	static const struct url_scheme schemes[] = { { "tftp", 69 }, { "https", 443 } };
	char text[TEXT_SIZE] = "";
	struct url out;
	memset(&out, POISON, sizeof(out));
	reader_copy(&seed, text, seed.left < sizeof(text) ? seed.left : 0);
	bool read = url_parse(text, schemes, COUNT(schemes), &out, err);
	lean_memory_end();
	if (read)
		writer_text(told, out.path);
	else
		assert_untouched(&out, sizeof(out));
	return read;
}

static bool read_provision_name(struct reader seed, struct writer *told, struct error *err)
{
	char text[TEXT_SIZE] = "";
	struct provision_name out;
	memset(&out, POISON, sizeof(out));
	reader_copy(&seed, text, seed.left < sizeof(text) ? seed.left : 0);
	bool read = provision_name_parse(text, &out, err);
	lean_memory_end();
	if (read)
		writer_text(told, out.source);
	else
		assert_untouched(&out, sizeof(out));
	return read;
}

static bool read_configuration(struct reader seed, struct writer *told, struct error *err)
{
	struct phone_configuration out;
	memset(&out, POISON, sizeof(out));
	bool read = configuration_file_read(seed, &out, err);
	lean_memory_end();
	if (!read) {
		assert_untouched(&out, sizeof(out));
		return false;
	}
	writer_text(told, out.load);
	writer_text(told, out.service_url);
	for (size_t i = 0; i < out.tvs_count; i++)
		writer_text(told, out.tvs[i].address);
	return true;
}

static bool read_merged(struct reader seed, struct writer *told, struct error *err)
{
	struct bytes out = { NULL, POISON };
	bool read = merge(seed, &out, err);
	lean_memory_end();
	if (!read) {
		assert_null(out.data);
		assert_int_equal(out.size, POISON);
		return false;
	}
	writer_bytes(told, bytes_reader(&out));
	bytes_done(&out);
	return true;
}

static bool read_sealed(struct reader seed, struct writer *told, struct error *err)
{
	struct signed_header header;
	struct reader body = seed;
	struct unsealed_file out = { .clear = { NULL, POISON } };
	static struct key *device;
	if (device == NULL) {
		lean_memory_end();
		device = key_parse(reader_of(device_key, sizeof(device_key)), NULL);
	}
	assert_non_null(device);
	if (!signed_header_parse(&body, &header, err))
		return false;
	bool read = sealed_file_open(seed, &header, device, &out, err);
	lean_memory_end();
	if (!read) {
		assert_null(out.clear.data);
		assert_int_equal(out.clear.size, POISON);
		return false;
	}
	writer_bytes(told, bytes_reader(&out.clear));
	bytes_wipe(&out.clear);
	return true;
}

/* The table: a parser, and the folder of its seeds. */
static const struct parser_row {
	const char *name, *seeds;
	read_fn *read;
	bool allocates; /* with a seed that it reads at least once */
	/* What it may also say: OpenSSL does not always know that it was memory, nor does libevent
	 * of a query, and a sealed file must not tell why it does not open. */
	enum fault vague;
} rows[] = {
	/* clang-format off */
	{ "capf_message",       "capf_message",       read_capf_message,       false, FAULT_NONE },
	{ "tvs_message",        "tvs_message",        read_tvs_message,        false, FAULT_NONE },
	{ "tftp_packet",        "tftp_packet",        read_tftp_packet,        false, FAULT_NONE },
	{ "distinguished_name", "distinguished_name", read_distinguished_name, false, FAULT_NONE },
	{ "signed_header",      "signed_header",      read_signed_header,      false, FAULT_NONE },
	{ "signer_message",     "signer_message",     read_signer_message,     false, FAULT_NONE },
	{ "trust_list",         "trust_list",         read_trust_list,         false, FAULT_NONE },
	{ "provision_name",     "provision_name",     read_provision_name,     false, FAULT_NONE },
	{ "url",                "url",                read_url,                false, FAULT_NONE },
	{ "snapshot_index",     "snapshot_index",     read_snapshot_index,     true, FAULT_NONE },
	{ "cert",               "cert",               read_cert,               true, FAULT_MALFORMED },
	{ "cert_pem",           "pem",                read_cert_pem,           true, FAULT_MALFORMED },
	{ "http_request",       "http_request",       read_http_request,       true, FAULT_MALFORMED },
	{ "configuration_file", "configuration_file", read_configuration,      true, FAULT_NONE },
	{ "configuration",      "configuration_file", read_merged,             true, FAULT_NONE },
	{ "sealed_file",        "sealed_file",        read_sealed,             true, FAULT_UNTRUSTED },
	/* clang-format on */
};

struct outcome {
	bool read;
	struct error err;
	struct writer told;
};

static struct outcome outcome_of(const struct parser_row *row, struct reader seed, size_t nth)
{
	struct outcome o = { .told = writer_new(1 << 20) };
	writer_u8(&o.told, 0);
	lean_memory_start(nth);
	o.read = row->read(seed, &o.told, &o.err);
	lean_memory_end();
	return o;
}

/* Without memory for something that it can do without, a parser may read all the same. */
static void compare(const struct parser_row *row, const char *seed, const struct outcome *clean,
	const struct outcome *lean)
{
	if (lean->read) {
		assert_true(clean->read);
		if (!reader_same(writer_written(&clean->told), writer_written(&lean->told)))
			fail_msg("%s, seed %s: something else was read", row->name, seed);
		return;
	}
	bool fitting = lean->err.fault == FAULT_MEMORY || lean->err.fault == FAULT_CRYPTO ||
		lean->err.fault == FAULT_IO ||
		(lean->err.fault != FAULT_NONE && (!clean->read || lean->err.fault == row->vague));
	if (!fitting || lean->err.text[0] == '\0')
		fail_msg("%s, seed %s: %s: %s", row->name, seed, fault_name(lean->err.fault),
			lean->err.text);
}

/* How many allocations there were to fail. */
static size_t starve(const struct parser_row *row, const char *name, struct reader seed)
{
	struct outcome first = outcome_of(row, seed, 0); /* libraries keep some things for good */
	struct outcome clean = outcome_of(row, seed, 0);
	size_t nth = 0;
	for (bool more = true; more;) {
		struct outcome lean = outcome_of(row, seed, ++nth);
		more = lean_memory_failed();
		compare(row, name, &clean, &lean);
		writer_done(&lean.told);
	}
	writer_done(&first.told);
	writer_done(&clean.told);
	return nth - 1;
}

static void starve_row(void **state)
{
	const struct parser_row *row = *state;
	char path[PATH_SIZE], file[2 * PATH_SIZE];
	size_t seeds = 0, failed = 0;
	(void)snprintf(path, sizeof(path), CORPUS "/%s", row->seeds);
	DIR *folder = opendir(path);
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		AUTO_DONE(bytes) seed = { 0 };
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		assert_true(file_read(file, LIMIT_INDEX, &seed, NULL));
		failed += starve(row, entry->d_name, bytes_reader(&seed));
		seeds++;
	}
	(void)closedir(folder);
	assert_true(seeds > 0);
	assert_int_equal(failed > 0, row->allocates);
}

/* The one key that there is in this folder. */
static void starve_key(void **state)
{
	static const struct parser_row row = { "key", NULL, read_key, true, FAULT_NONE };
	(void)state;
	assert_true(starve(&row, "device_key", reader_of(device_key, sizeof(device_key))) > 0);
}

/* One seed of many: what its contents ask for is starved by others. */
static void starve_seed(const struct parser_row *row, const char *path)
{
	AUTO_DONE(bytes) seed = { 0 };
	assert_true(file_read(path, LIMIT_INDEX, &seed, NULL));
	assert_true(starve(row, path, bytes_reader(&seed)) > 0);
}

static void starve_key_pem(void **state)
{
	static const struct parser_row row = { "key_pem", NULL, read_key_pem, true,
		FAULT_MALFORMED };
	(void)state;
	starve_seed(&row, CORPUS "/pem/key-ec");
}

static void starve_cert_bundle(void **state)
{
	static const struct parser_row row = { "cert_bundle", NULL, read_cert_bundle, true,
		FAULT_MALFORMED };
	(void)state;
	starve_seed(&row, CORPUS "/cert_bundle/pkcs7-pem");
}

static void starve_cert_facts(void **state)
{
	static const struct parser_row row = { "cert_facts", NULL, read_cert_facts, true,
		FAULT_MALFORMED };
	(void)state;
	starve_seed(&row, CORPUS "/cert_facts/every-extension");
}

static void starve_held_list(void **state)
{
	static const struct parser_row row = { "held_list", NULL, read_held_list, true,
		FAULT_NONE };
	static const struct ring_list list = {
		.signer = "recovery",
		.timestamp = 1,
		.count = 3,
		.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_CCM_TFTP },
			{ "tvs", ROLE_TVS } },
	};
	(void)state;
	AUTO(key_ring) ring = key_ring_new();
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(ring, &list, &file);
	assert_true(starve(&row, "a list of three", bytes_reader(&file)) > 3);
}

/* The seed is the path of a file, or of a node's state. */
static bool read_settings(struct reader seed, struct writer *told, struct error *err)
{
	char path[PATH_SIZE] = "";
	struct settings out;
	memset(&out, POISON, sizeof(out));
	reader_copy(&seed, path, seed.left);
	bool read = settings_load(path, &out, err);
	lean_memory_end();
	if (read)
		writer_text(told, out.node);
	else
		assert_untouched(&out, sizeof(out));
	return read;
}

static bool read_snapshot(struct reader seed, struct writer *told, struct error *err)
{
	char path[PATH_SIZE] = "";
	reader_copy(&seed, path, seed.left);
	struct snapshot *s = snapshot_open(path, err);
	bool read = s != NULL && snapshot_reload(s, err);
	lean_memory_end();
	if (read)
		snapshot_index_write(told, snapshot_current(s));
	else
		assert_true(s == NULL || snapshot_current(s) == NULL);
	snapshot_close(s);
	return read;
}

static void put(const char *folder, const char *name, struct reader bytes)
{
	int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(directory >= 0);
	assert_true(file_replace(directory, name, bytes, 0600, NULL));
	(void)close(directory);
}

static void starve_files(void **state)
{
	static const struct parser_row settings = { "settings", NULL, read_settings, true,
		FAULT_NONE };
	static const struct parser_row snapshot = { "snapshot", NULL, read_snapshot, true,
		FAULT_NONE };
	char folder[] = "/tmp/parsers-XXXXXX", path[PATH_SIZE];
	uint8_t digest[DIGEST_SIZE];
	AUTO_DONE(bytes) index = { 0 };
	AUTO_DONE(writer) w = writer_new(LIMIT_INDEX);
	(void)state;
	assert_non_null(mkdtemp(folder));
	put(folder, "settings", reader_of_text("[node]\nname = pub\nlog = info\n"));
	(void)snprintf(path, sizeof(path), "%s/settings", folder);
	assert_true(starve(&settings, "settings", reader_of_text(path)) > 3);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/snapshot", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(file_read(CORPUS "/snapshot_index/one-of-each", LIMIT_INDEX, &index, NULL));
	assert_true(digest_sha256(bytes_reader(&index), digest, NULL));
	writer_bytes(&w, bytes_reader(&index));
	writer_bytes(&w, reader_of(digest, sizeof(digest)));
	put(path, "index", writer_written(&w));
	assert_true(starve(&snapshot, "index", reader_of_text(folder)) > 3);
	(void)snprintf(path, sizeof(path), "%s/snapshot/index", folder);
	(void)unlink(path);
	path[strlen(path) - strlen("/index")] = '\0';
	(void)rmdir(path);
	(void)rmdir(folder);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(starve_key),
	cmocka_unit_test(starve_key_pem),
	cmocka_unit_test(starve_cert_bundle),
	cmocka_unit_test(starve_cert_facts),
	cmocka_unit_test(starve_held_list),
	cmocka_unit_test(starve_files),
};

int main(void)
{
	struct CMUnitTest tests[COUNT(others) + COUNT(rows)];
	lean_memory_take();
	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT(rows); i++)
		tests[COUNT(others) + i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = starve_row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

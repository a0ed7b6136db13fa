/* `cert make`: a self-signed test certificate of a unit's shape, and its key. docs/cert.md#make */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/file_place.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cluster/unit.h"
#include "pki/key.h"
#include "pki/self_signed.h"

enum {
	DAYS_OF_YEAR = 365,
	BACKDATED = 3600, /* phones' clocks are not exact */
	CERT_MODE = 0644,
	KEY_MODE = 0600,
};

static const struct number_range years_range = { 1, 100 };

static const struct {
	enum unit_key unit_key;
	enum key_kind kind;
} usual_kinds[] = {
	{ UNIT_KEY_RSA_2048, KEY_RSA_2048 },
	{ UNIT_KEY_EC_384, KEY_EC_384 },
};

struct making {
	const struct unit *unit;
	const char *out, *key_out;
	bool force;
	enum key_kind kind;
	struct certificate_profile profile;
	struct key *key;
	struct cert *cert;
};

static void making_done(struct making *m)
{
	key_free(m->key);
	cert_free(m->cert);
}

static bool read_unit(const char *name, struct making *m, struct error *err)
{
	m->unit = unit_find(name);
	if (m->unit == NULL)
		return fail(err, FAULT_MISSING, "there is no unit %.40s", name);
	if (m->unit->trust)
		return fail(err, FAULT_REFUSED,
			"%s is a trust store: it holds copies, and has no shape of its own",
			m->unit->name);
	return true;
}

static bool read_kind(const char *name, struct making *m, struct error *err)
{
	for (size_t i = 0; i < COUNT(usual_kinds); i++)
		if (name == NULL && usual_kinds[i].unit_key == m->unit->key) {
			m->kind = usual_kinds[i].kind;
			return true;
		}
	for (enum key_kind kind = KEY_RSA_1024; name != NULL && kind <= KEY_EC_521; kind++)
		if (text_same_nocase(key_kind_name(kind), name)) {
			m->kind = kind;
			return true;
		}
	return fail(err, FAULT_USAGE,
		"--key %.20s: RSA-1024, RSA-2048, RSA-3072, RSA-4096, EC-P256, EC-P384 or EC-P521",
		name != NULL ? name : "");
}

static bool read_name(const struct call *call, struct making *m, struct error *err)
{
	struct certificate_subject *s = &m->profile.subject;
	const char *name = call_value(call, "name"), *node = call_value(call, "node");
	uint32_t suffix;
	if ((name == NULL) == (node == NULL))
		return fail(err, FAULT_USAGE,
			"cert make needs either --node HOST, from which the unit's common name is "
			"made, or --name");
	if (name != NULL)
		return text_copy(s->common_name, sizeof(s->common_name), name, err) ||
			fail_in(err, "--name");
	if (getrandom(&suffix, sizeof(suffix), 0) != (ssize_t)sizeof(suffix))
		return fail_errno(err, "asking the kernel for random bytes");
	return unit_common_name(m->unit, node, suffix, s->common_name, err) &&
		(text_copy(m->profile.dns_name, sizeof(m->profile.dns_name), node, err) ||
			fail_in(err, "--node"));
}

/* The rest of the subject; phones want an O and an OU. */
static bool read_subject(const struct call *call, struct making *m, struct error *err)
{
	struct certificate_subject *s = &m->profile.subject;
	const struct {
		const char *option, *usual;
		char *to;
		size_t size;
	} parts[] = {
		{ "organization", "Example", s->organization, sizeof(s->organization) },
		{ "organizational-unit", "Test", s->unit, sizeof(s->unit) },
		{ "country", "", s->country, sizeof(s->country) },
	};
	for (size_t i = 0; i < COUNT(parts); i++) {
		const char *value = call_value(call, parts[i].option);
		if (!text_copy(parts[i].to, parts[i].size, value != NULL ? value : parts[i].usual,
			    err))
			return fail_in(err, "--%s", parts[i].option);
	}
	return true;
}

/* Of both before either is written: a key without its certificate would be left. */
static bool check_place(const char *path, const struct making *m, struct error *err)
{
	if (!file_place_allowed(path, err))
		return false;
	if (m->force || access(path, F_OK) != 0)
		return true;
	return fail(err, FAULT_REFUSED, "%s is there already; --force replaces it", path);
}

static bool read_call(const struct call *call, struct making *m, struct error *err)
{
	uint64_t years;
	m->out = call_value(call, "out");
	m->key_out = call_value(call, "key-out");
	m->force = call_flag(call, "force");
	if (strcmp(m->out, m->key_out) == 0)
		return fail(err, FAULT_USAGE, "--out and --key-out name the same file");
	if (!read_unit(call_value(call, "unit"), m, err) ||
		!read_kind(call_value(call, "key"), m, err))
		return false;
	years = unit_years(m->unit, ERA_C);
	if (!call_number(call, "years", &years_range, &years, err) || !read_name(call, m, err) ||
		!read_subject(call, m, err))
		return false;
	m->profile.usages = m->unit->usages;
	m->profile.authority = m->unit->authority;
	m->profile.not_before = clock_now() - BACKDATED;
	m->profile.days = (unsigned)years * DAYS_OF_YEAR;
	return certificate_profile_check(&m->profile, err) && check_place(m->out, m, err) &&
		check_place(m->key_out, m, err);
}

static bool place(const struct making *m, const char *path, struct reader bytes, unsigned mode,
	struct error *err)
{
	return m->force ? file_place(path, bytes, mode, err)
			: file_place_new(path, bytes, mode, err);
}

/* The key first: a certificate without one is of no use. */
static bool write_both(const struct making *m, struct error *err)
{
	struct bytes key = { 0 };
	char *pem = NULL;
	if (!cert_pem(m->cert, &pem, err))
		return false;
	struct bytes text = { (uint8_t *)pem, strlen(pem) };
	bool fine = key_write_pem(m->key, &key, err) &&
		place(m, m->key_out, bytes_reader(&key), KEY_MODE, err) &&
		place(m, m->out, bytes_reader(&text), CERT_MODE, err);
	bytes_wipe(&key);
	bytes_done(&text);
	return fine;
}

static bool report(const struct call *call, const struct making *m, struct error *err)
{
	char sha256[DIGEST_HEX_SIZE], serial[2 * LIMIT_SERIAL + 1];
	char after[TIME_TEXT_SIZE];
	/* clang-format off */
	json_auto_t *told = json_pack("{s:i, s:o, s:o, s:s, s:o, s:s, s:s, s:s, s:s}",
		"schema_version", 1,
		"out", output_json_text(m->out),
		"key_out", output_json_text(m->key_out),
		"unit", m->unit->name,
		"subject", output_json_text(cert_subject(m->cert, NAME_APPLIANCE)),
		"serial_number", hex_write(cert_serial(m->cert), serial),
		"not_after", text_time(cert_not_after(m->cert), after),
		"key", cert_key(m->cert).name,
		"sha256", hex_write(reader_of(cert_digest(m->cert), DIGEST_SIZE), sha256));
	/* clang-format on */
	if (told == NULL)
		return fail_memory(err);
	if (call->json) {
		output_json(stdout, told);
		return true;
	}
	output_painted(stdout, PAINT_PLAIN, m->out);
	(void)fputs(": ", stdout);
	output_painted(stdout, PAINT_PLAIN, cert_subject(m->cert, NAME_APPLIANCE));
	(void)printf(", %s, until %s; its key is in ", cert_key(m->cert).name, after);
	output_painted(stdout, PAINT_PLAIN, m->key_out);
	(void)fputc('\n', stdout);
	return true;
}

static bool cert_make(const struct call *call, struct error *err)
{
	AUTO_DONE(making) m = { 0 };
	if (!read_call(call, &m, err))
		return false;
	m.key = key_generate(m.kind, err);
	if (m.key == NULL)
		return false;
	m.cert = certificate_self_sign(&m.profile, m.key, err);
	return m.cert != NULL && write_both(&m, err) && report(call, &m, err);
}

static const struct argument arguments[] = {
	{ "unit", ARGUMENT_OPTION, true, "UNIT", "whose shape: CallManager, CAPF, TVS, …" },
	{ "out", ARGUMENT_OPTION, true, "FILE", "where the certificate goes, PEM" },
	{ "key-out", ARGUMENT_OPTION, true, "FILE", "where its private key goes, PEM, mode 0600" },
	{ "node", ARGUMENT_OPTION, false, "HOST", "host name that the common name is made from" },
	{ "name", ARGUMENT_OPTION, false, "NAME", "common name, as it is" },
	{ "key", ARGUMENT_OPTION, false, "KIND", "RSA-2048, EC-P384, … (default: the unit's)" },
	{ "years", ARGUMENT_OPTION, false, "NUMBER", "validity (default: the unit's, usually 5)" },
	{ "organization", ARGUMENT_OPTION, false, "TEXT", "O (Example)" },
	{ "organizational-unit", ARGUMENT_OPTION, false, "TEXT", "OU (Test)" },
	{ "country", ARGUMENT_OPTION, false, "TEXT", "C, two letters (none)" },
	{ "force", ARGUMENT_FLAG, false, NULL, "replace files that are there" },
	{ .name = NULL },
};

const struct verb cert_make_verb = {
	.words = "cert make",
	.run = cert_make,
	.arguments = arguments,
	.means = "makes a self-signed certificate of a unit's shape, and its key",
	.help = "For tests: key usage, names and validity are those of the unit on an appliance. "
		"No\ndaemon knows of it, and nothing that is there is replaced without --force.",
};

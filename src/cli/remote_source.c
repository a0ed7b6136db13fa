#include "cli/remote_source.h"

#include <strings.h>

#include "base/hex.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "fetch/fetch.h"
#include "run/files.h"
#include "trust/belief.h"

enum { SOURCE_TIMEOUT_MS = 10000, NAME_SHOWN = 120 };

/* The records by which a phone believes a server of files. docs/formats/provisioning.md */
static const enum role file_servers[] = { ROLE_TFTP, ROLE_CCM_TFTP };

static bool is_held(const struct held_list *held, const struct cert *shown)
{
	const struct holding holding = { .itl = held };
	for (size_t i = 0; held != NULL && i < COUNT(file_servers); i++)
		if (believe_server(&holding, shown, file_servers[i]))
			return true;
	return false;
}

static bool judge_server(const char *source, const struct cert *shown,
	const struct server_judge *judge, struct error *err)
{
	char sha256[DIGEST_HEX_SIZE];
	const char *who = cert_subject(shown, NAME_APPLIANCE);
	(void)hex_write(reader_of(cert_digest(shown), DIGEST_SIZE), sha256);
	if (is_held(judge->held, shown)) {
		output_message("%.200s: the server is %.*s (SHA-256 %s), a TFTP server in %.200s",
			source, NAME_SHOWN, who, sha256, judge->trust);
		return true;
	}
	if (judge->strict)
		return fail(err, FAULT_UNTRUSTED,
			"the server shows %.*s (SHA-256 %s), which %.200s does not have as a TFTP "
			"server: a phone that holds it asks TVS",
			NAME_SHOWN, who, sha256, judge->trust);
	if (judge->held != NULL)
		output_message(
			"%.200s: the server shows %.*s (SHA-256 %s), which %.200s does not have as "
			"a TFTP server: a phone that holds it asks TVS. Only the signature counts "
			"here",
			source, NAME_SHOWN, who, sha256, judge->trust);
	else
		output_message(
			"%.200s: the server shows %.*s (SHA-256 %s), and nobody vouches for it",
			source, NAME_SHOWN, who, sha256);
	return true;
}

static bool fetch(const char *source, size_t limit, const struct server_judge *judge,
	struct bytes *out, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) certificate = { 0 };
	if (!fetch_url_shown(source, limit, SOURCE_TIMEOUT_MS, &file, &certificate, err))
		return false;
	if (certificate.size > 0) {
		AUTO(cert) shown = cert_parse(bytes_reader(&certificate), err);
		if (shown == NULL || !judge_server(source, shown, judge, err))
			return fail_in(err, "%.200s", source);
	}
	*out = file;
	file = (struct bytes){ 0 };
	return true;
}

bool remote_source_read(const char *source, size_t limit, const struct server_judge *judge,
	struct bytes *out, struct error *err)
{
	return fetch_is_url(source) ? fetch(source, limit, judge, out, err)
				    : file_read(source, limit, out, err);
}

bool server_judge_open(
	const char *source, const char *trust, struct server_judge *judge, struct error *err)
{
	static const char scheme[] = "https://";
	if (trust == NULL)
		return true;
	if (strncasecmp(source, scheme, sizeof(scheme) - 1) != 0)
		return fail(err, FAULT_USAGE,
			"--trust judges the server of an https:// source; the signature is judged "
			"by "
			"`list verify` and `file verify`");
	struct held_list *held = list_source_hold(trust, err);
	if (held == NULL)
		return false;
	*judge = (struct server_judge){ .held = held, .trust = trust, .strict = true };
	return true;
}

void server_judge_done(struct server_judge *judge)
{
	held_list_free(judge->held);
	*judge = (struct server_judge){ 0 };
}

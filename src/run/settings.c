#include "run/settings.h"

#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "base/text.h"
#include "base/writer.h"
#include "run/files.h"

enum { FILE_LIMIT = 64 << 10, ROWS_MAX = 64, USER_MAX = 0x7fff0000 };

/* clang-format off */
#define AT(field) offsetof(struct settings, field), sizeof(((struct settings *)NULL)->field)
#define TEXT(section, name, field, fallback, means) \
	{ section, name, SETTING_TEXT, AT(field), 0, 0, fallback, NULL, means }
#define PATH(section, name, field, fallback, means) \
	{ section, name, SETTING_PATH, AT(field), 0, 0, fallback, NULL, means }
#define ADDRESS(section, name, field, fallback, means) \
	{ section, name, SETTING_ADDRESS, AT(field), 0, 0, fallback, NULL, means }
#define NUMBER(section, name, field, min, max, fallback, means) \
	{ section, name, SETTING_NUMBER, AT(field), min, max, fallback, NULL, means }

static const struct setting_row rows[] = {
	TEXT("node", "name", node, NULL, "the node's name in its cluster"),
	PATH("node", "state", state, "/var/lib/dialtrust", "directory of the node's keys and of what its services serve"),
	PATH("node", "runtime", runtime, "/run/dialtrust", "directory of the sockets between its processes"),
	TEXT("node", "store", store, "sqlite:/var/lib/dialtrust-store/cluster.sqlite", "where the cluster is kept: sqlite:PATH"),
	NUMBER("node", "user", user, 0, USER_MAX, "0", "first of the numeric users that its processes become; 0: they stay who started them"),
	NUMBER("node", "group", group, 0, USER_MAX, "0", "numeric group that may write the store; 0: the same number as user"),
	{ "node", "clock-offset", SETTING_SIGNED, AT(clock_offset), 0, 3153600000, "0", NULL, "seconds by which its wall clock is moved, for a lab" },
	{ "node", "log", SETTING_CHOICE, AT(log_level), 0, 0, "info", "error|warning|info|debug", "the least that is logged" },
	PATH("admin", "socket", admin_socket, "/run/dialtrust/admin", "Unix socket on which operators are heard"),
	ADDRESS("provision", "tftp", tftp, "0.0.0.0:69", "address:port for TFTP, or off"),
	ADDRESS("provision", "http", http, "0.0.0.0:6970", "address:port for HTTP, or off"),
	ADDRESS("provision", "https", https, "0.0.0.0:6971", "address:port for HTTPS, or off"),
	PATH("provision", "root", root, "/srv/tftp", "directory of phone configurations, firmware and the like"),
	NUMBER("provision", "http-request", http_request, 1, 600, "10", "seconds for one HTTP request to arrive"),
	NUMBER("provision", "http-idle", http_idle, 1, 600, "15", "seconds before a silent HTTP connection is dropped"),
	NUMBER("provision", "http-connections", http_connections, 1, 65536, "4096", "HTTP connections at a time"),
	NUMBER("provision", "http-per-source", http_per_source, 1, 65536, "64", "HTTP connections at a time from one address"),
	NUMBER("provision", "tftp-transfers", tftp_transfers, 1, 65536, "512", "TFTP transfers at a time"),
	NUMBER("provision", "tftp-per-source", tftp_per_source, 1, 65536, "16", "TFTP transfers at a time from one address"),
	ADDRESS("tvs", "listen", tvs, "0.0.0.0:2445", "address:port for the Trust Verification Service, or off"),
	NUMBER("tvs", "handshake", tvs_handshake, 1, 600, "10", "seconds for a TLS handshake"),
	NUMBER("tvs", "message", tvs_message, 1, 600, "5", "seconds for a question that has begun to arrive"),
	NUMBER("tvs", "idle", tvs_idle, 1, 600, "30", "seconds before a silent connection is dropped"),
	NUMBER("tvs", "connections", tvs_connections, 1, 65536, "4096", "connections at a time"),
	NUMBER("tvs", "per-source", tvs_per_source, 1, 65536, "32", "connections at a time from one address"),
	ADDRESS("admin", "metrics", metrics, "off", "address:port where anyone may read /metrics over HTTP, or off"),
	TEXT("courier", "webhook", webhook, "none", "URL, http or https, to which alarms are posted as JSON; none"),
	TEXT("courier", "syslog", syslog, "none", "where alarms go: udp:, tcp: or tls:, then address:port; none"),
	ADDRESS("courier", "sftp", sftp, "off", "address:port of the SFTP server through which clusters exchange certificates, or off"),
	TEXT("courier", "sftp-host-key", sftp_host_key, "none", "its host key, SHA256:… as ssh-keygen -l prints it"),
	TEXT("courier", "sftp-user", sftp_user, "none", "who logs in there"),
	TEXT("courier", "sftp-password-file", sftp_password_file, "none", "file with the password, which others may not read; none"),
	TEXT("courier", "sftp-key-file", sftp_key_file, "none", "private key that logs in instead, which the courier may read; none"),
	PATH("courier", "sftp-folder", sftp_folder, "/", "folder there, the same for all clusters"),
	TEXT("courier", "sftp-seal-file", sftp_seal_file, "none", "file with the password that seals what is exchanged, the same for all clusters; none"),
	TEXT("courier", "syslog-certificate", syslog_certificate, "none", "PEM of the certificate that tls: must show, or of its issuer"),
	TEXT("courier", "authorities", authorities, "system", "PEM of the authorities that vouch for an https webhook and a mail server; system"),
	TEXT("courier", "name-server", name_server, "system", "address:port of who resolves the names of webhook and mail server; system: as /etc/resolv.conf says"),
	TEXT("courier", "mail-server", mail_server, "none", "name or address of the SMTP server through which alarms are mailed; none"),
	NUMBER("courier", "mail-port", mail_port, 0, 65535, "0", "its port; 0: 587 with starttls, 465 with tls, 25 with none"),
	{ "courier", "mail-security", SETTING_CHOICE, AT(mail_security), 0, 0, "starttls", "starttls|tls|none", "TLS on demand, from the first byte, or not at all" },
	TEXT("courier", "mail-user", mail_user, "none", "who logs in at the mail server, over TLS alone; none"),
	TEXT("courier", "mail-password-file", mail_password_file, "none", "file with the password, which others may not read; none"),
	TEXT("courier", "mail-from", mail_from, "none", "whose address the letters come from"),
	TEXT("courier", "mail-to", mail_to, "none", "who gets them: up to 8 addresses, blanks between"),
	TEXT("deployer", "hooks", hooks, "none", "file that says where programs beside the daemon read their identities; none"),
	PATH("deployer", "recipes", recipes, DIALTRUST_RECIPES, "directory of the recipes that it names"),
	TEXT("deployer", "keys", deployable, "none", "units whose keys may leave the signer for such a program, commas between; none"),
};
/* clang-format on */

_Static_assert(COUNT(rows) <= ROWS_MAX, "each row has a mark of having been seen");

struct reading {
	const char *path;
	struct reader rest;
	unsigned line;
	bool too_long;
	struct settings settings;
	bool seen[ROWS_MAX];
	unsigned wrong_line; /* first line that we refused; 0: none */
	struct error why;
};

const struct setting_row *setting_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

static const char *text_at(const struct settings *s, const struct setting_row *row)
{
	return (const char *)s + row->offset;
}

static uint64_t *number_at(struct settings *s, const struct setting_row *row)
{
	return (uint64_t *)(void *)((char *)s + row->offset);
}

static int64_t *signed_at(struct settings *s, const struct setting_row *row)
{
	return (int64_t *)(void *)((char *)s + row->offset);
}

static bool set_text(
	const struct setting_row *row, const char *value, struct settings *s, struct error *err)
{
	if (value[0] == '\0')
		return fail(err, FAULT_USAGE, "a value is expected");
	return text_from(reader_of_text(value), (char *)s + row->offset, row->size, err);
}

static bool set_address(
	const struct setting_row *row, const char *value, struct settings *s, struct error *err)
{
	if (strcmp(value, "off") == 0)
		value = "";
	else if (strchr(value, ':') == NULL)
		return fail(err, FAULT_USAGE, "address:port or off is expected");
	return text_from(reader_of_text(value), (char *)s + row->offset, row->size, err);
}

static bool set_path(
	const struct setting_row *row, const char *value, struct settings *s, struct error *err)
{
	if (value[0] != '/')
		return fail(err, FAULT_USAGE, "a path from the root (/…) is expected");
	return text_from(reader_of_text(value), (char *)s + row->offset, row->size, err);
}

static bool set_number(
	const struct setting_row *row, const char *value, struct settings *s, struct error *err)
{
	uint64_t number;
	if (!text_number(value, row->min, row->max, &number))
		return fail(err, FAULT_USAGE,
			"a number from %" PRIu64 " to %" PRIu64 " is expected", row->min, row->max);
	*number_at(s, row) = number;
	return true;
}

static bool set_signed(
	const struct setting_row *row, const char *value, struct settings *s, struct error *err)
{
	uint64_t number;
	bool minus = value[0] == '-';
	if (!text_number(value + (minus || value[0] == '+'), 0, row->max, &number))
		return fail(err, FAULT_USAGE,
			"a number from -%" PRIu64 " to %" PRIu64 " is expected", row->max,
			row->max);
	*signed_at(s, row) = minus ? -(int64_t)number : (int64_t)number;
	return true;
}

/* `value` is one of the words between the bars of `choices`. */
static bool is_choice(const char *choices, const char *value)
{
	size_t length = strlen(value);
	while (*choices != '\0') {
		size_t word = strcspn(choices, "|");
		if (word == length && strncmp(choices, value, word) == 0)
			return true;
		choices += word + (choices[word] == '|');
	}
	return false;
}

static bool set_choice(
	const struct setting_row *row, const char *value, struct settings *s, struct error *err)
{
	if (!is_choice(row->choices, value))
		return fail(err, FAULT_USAGE, "one of %s is expected", row->choices);
	return text_copy((char *)s + row->offset, row->size, value, err);
}

static bool set(
	const struct setting_row *row, const char *value, struct settings *s, struct error *err)
{
	switch (row->kind) {
	case SETTING_TEXT:
		return set_text(row, value, s, err);
	case SETTING_PATH:
		return set_path(row, value, s, err);
	case SETTING_ADDRESS:
		return set_address(row, value, s, err);
	case SETTING_NUMBER:
		return set_number(row, value, s, err);
	case SETTING_SIGNED:
		return set_signed(row, value, s, err);
	case SETTING_CHOICE:
		return set_choice(row, value, s, err);
	}
	return fail(err, FAULT_USAGE, "a setting of no kind");
}

static const struct setting_row *find(const char *section, const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].section, section) == 0 && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* inih's fgets: from memory, counting lines, so that an error can name its line. */
static char *next_line(char *out, int size, void *stream)
{
	struct reading *r = stream;
	if (r->rest.left == 0 || r->too_long)
		return NULL;
	const uint8_t *end = memchr(r->rest.at, '\n', r->rest.left);
	size_t length = end == NULL ? r->rest.left : (size_t)(end - r->rest.at) + 1;
	r->line++;
	if (length >= (size_t)size) {
		r->too_long = true;
		(void)fail(&r->why, FAULT_LIMIT,
			"%s:%u: over %d bytes, which is the most for a line", r->path, r->line,
			size - 2);
		return NULL;
	}
	reader_copy(&r->rest, out, length);
	out[length] = '\0';
	return out;
}

static bool take(struct reading *r, const char *section, const char *name, const char *value,
	struct error *err)
{
	const struct setting_row *row = find(section, name);
	if (row == NULL)
		return fail(err, FAULT_MALFORMED, "[%s] %s is no setting; see dialtrustd(8)",
			section, name);
	if (r->seen[row - rows])
		return fail(err, FAULT_MALFORMED, "[%s] %s is set twice", section, name);
	r->seen[row - rows] = true;
	if (set(row, value, &r->settings, err))
		return true;
	err->fault = FAULT_MALFORMED;
	return fail_in(err, "[%s] %s = %s", section, name, value);
}

static int on_setting(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	if (r->wrong_line != 0)
		return 0;
	if (take(r, section, name, value, &r->why))
		return 1;
	(void)fail_in(&r->why, "%s:%u", r->path, r->line);
	r->wrong_line = r->line;
	return 0;
}

bool settings_defaults(struct settings *out, struct error *err)
{
	*out = (struct settings){ 0 };
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].fallback != NULL && !set(&rows[i], rows[i].fallback, out, err))
			return fail_in(err, "default of [%s] %s", rows[i].section, rows[i].name);
	return true;
}

static bool check_whole(struct reading *r, struct error *err)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].fallback == NULL && !r->seen[i])
			return fail(err, FAULT_MALFORMED, "%s: [%s] %s is missing: %s", r->path,
				rows[i].section, rows[i].name, rows[i].means);
	if (r->settings.group == 0)
		r->settings.group = r->settings.user;
	return true;
}

static bool parse(struct reading *r, struct error *err)
{
	int line = ini_parse_stream(next_line, r, on_setting, r);
	bool ours_first = r->wrong_line != 0 && (line <= 0 || (int)r->wrong_line <= line);
	if (r->too_long || ours_first) {
		*err = r->why;
		return false;
	}
	if (line < 0)
		return fail_memory(err);
	if (line > 0)
		return fail(err, FAULT_MALFORMED,
			"%s:%d: neither [section] nor name = value nor a comment", r->path, line);
	return check_whole(r, err);
}

bool settings_load(const char *path, struct settings *out, struct error *err)
{
	struct error unused;
	struct error *why = err == NULL ? &unused : err;
	AUTO_DONE(bytes) file = { 0 };
	struct reading r = { .path = path };
	if (!settings_defaults(&r.settings, why) || !file_read(path, FILE_LIMIT, &file, why))
		return fail_in(why, "settings");
	r.rest = bytes_reader(&file);
	if (file.size > 0 && memchr(file.data, '\0', file.size) != NULL)
		return fail(why, FAULT_MALFORMED, "%s: a NUL byte in a settings file", path);
	if (!parse(&r, why))
		return false;
	*out = r.settings;
	return true;
}

/* inih would take " ;" for a comment and blanks at the ends away. */
static bool writable(const char *value)
{
	size_t length = strlen(value);
	return length > 0 && value[0] != ' ' && value[length - 1] != ' ' && value[0] != ';' &&
		strstr(value, " ;") == NULL && strchr(value, '\n') == NULL;
}

static bool write_row(struct writer *w, const struct setting_row *row, const struct settings *s,
	struct error *err)
{
	struct settings copy = *s;
	char number[24];
	const char *value = text_at(s, row);
	if (row->kind == SETTING_NUMBER)
		(void)snprintf(number, sizeof(number), "%" PRIu64, *number_at(&copy, row));
	if (row->kind == SETTING_SIGNED)
		(void)snprintf(number, sizeof(number), "%" PRId64, *signed_at(&copy, row));
	if (row->kind == SETTING_NUMBER || row->kind == SETTING_SIGNED)
		value = number;
	if (row->kind == SETTING_ADDRESS && value[0] == '\0')
		value = "off";
	struct settings check = { 0 };
	size_t line = strlen(row->name) + strlen(value) + sizeof(" = \n");
	if (!set(row, value, &check, err))
		return fail_in(err, "[%s] %s = %s", row->section, row->name, value);
	if (!writable(value) || line > INI_MAX_LINE)
		return fail(err, FAULT_USAGE,
			"[%s] %s: \"%s\" cannot be written into a settings file", row->section,
			row->name, value);
	writer_text(w, row->name);
	writer_text(w, " = ");
	writer_text(w, value);
	writer_text(w, "\n");
	return true;
}

static bool compose(const struct settings *s, struct writer *w, struct error *err)
{
	const char *section = "";
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcmp(section, rows[i].section) != 0) {
			section = rows[i].section;
			writer_text(w, i == 0 ? "[" : "\n[");
			writer_text(w, section);
			writer_text(w, "]\n");
		}
		if (!write_row(w, &rows[i], s, err))
			return false;
	}
	return w->ok ? true : fail_memory(err);
}

static bool place(const char *path, struct reader text, struct error *err)
{
	char folder[4096], file[4096];
	if (!text_copy(folder, sizeof(folder), path, err) ||
		!text_copy(file, sizeof(file), path, err))
		return false;
	int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "its directory");
	bool placed = file_replace(fd, basename(file), text, 0644, err);
	(void)close(fd);
	return placed;
}

bool settings_write(const char *path, const struct settings *s, struct error *err)
{
	struct writer w = writer_new(FILE_LIMIT);
	bool written = compose(s, &w, err) && place(path, writer_written(&w), err);
	writer_done(&w);
	return written ? true : fail_in(err, "writing %s", path);
}

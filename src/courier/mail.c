#include "courier/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "base/own.h"
#include "net/mail_client.h"
#include "pki/digest.h"
#include "run/files.h"
#include "wire/courier_message.h"
#include "wire/mail_message.h"

enum { MESSAGE_LIMIT = 16 << 20, PASSWORD_MAX = 255, URL_SIZE = 400, ID_SIZE = 33 };

static const struct security {
	const char *name; /* as the setting has it */
	const char *scheme;
	uint16_t port;
	bool starttls, tls;
} securities[] = {
	{ "starttls", "smtp", 587, true, true },
	{ "tls", "smtps", 465, false, true },
	{ "none", "smtp", 25, false, false },
};

struct mail {
	bool on;
	char url[URL_SIZE];
	const struct security *security;
	struct place to;
	const char *user; /* NULL: nobody logs in */
	struct bytes password;
	const char *from;
	char recipients[sizeof(((struct settings *)NULL)->mail_to)]; /* cut into `each` */
	const char *each[MAIL_RECIPIENTS + 1];
	struct outside *outside;
	struct mail_client *client;
};

/* settings */

static bool take_recipients(struct mail *m, const char *from, const char *to, struct error *err)
{
	size_t count = 0;
	if (!mail_address_valid(from))
		return fail(err, FAULT_USAGE, "[courier] mail-from: \"%.100s\" is no mail address",
			from);
	m->from = from;
	(void)snprintf(m->recipients, sizeof(m->recipients), "%s", to);
	for (char *at = m->recipients; *(at += strspn(at, ", ")) != '\0';) {
		char *end = at + strcspn(at, ", ");
		bool last = *end == '\0';
		*end = '\0';
		if (count == MAIL_RECIPIENTS)
			return fail(err, FAULT_LIMIT, "[courier] mail-to: %d addresses at most",
				MAIL_RECIPIENTS);
		if (!mail_address_valid(at))
			return fail(err, FAULT_USAGE,
				"[courier] mail-to: \"%.100s\" is no mail address", at);
		m->each[count++] = at;
		at = end + !last;
	}
	return count > 0 || fail(err, FAULT_USAGE, "[courier] mail-to names nobody");
}

/* Whoever may read the file may send mail in our name. */
static bool read_password(struct mail *m, const char *path, struct error *err)
{
	struct stat facts;
	if (stat(path, &facts) != 0)
		return fail_errno(err, "[courier] mail-password-file, %s", path);
	if ((facts.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return fail(err, FAULT_REFUSED,
			"[courier] mail-password-file: others may read or change %s: chmod 600",
			path);
	if (!file_read(path, PASSWORD_MAX, &m->password, err))
		return fail_in(err, "[courier] mail-password-file");
	while (m->password.size > 0 &&
		(m->password.data[m->password.size - 1] == '\n' ||
			m->password.data[m->password.size - 1] == '\r'))
		m->password.size--;
	return (m->password.size > 0 && memchr(m->password.data, '\0', m->password.size) == NULL) ||
		fail(err, FAULT_USAGE, "[courier] mail-password-file: %s holds no password", path);
}

static bool take_login(struct mail *m, const struct settings *settings, struct error *err)
{
	if (strcmp(settings->mail_user, "none") == 0)
		return true;
	if (!m->security->tls)
		return fail(err, FAULT_USAGE,
			"[courier] mail-user: without TLS the password would go for all to read: "
			"mail-security = starttls or tls");
	m->user = settings->mail_user;
	return read_password(m, settings->mail_password_file, err);
}

static bool take_server(struct mail *m, const struct settings *settings, struct error *err)
{
	for (size_t i = 0; i < COUNT(securities); i++)
		if (strcmp(settings->mail_security, securities[i].name) == 0)
			m->security = &securities[i];
	if (m->security == NULL) /* the setting has no other choices */
		return fail(err, FAULT_USAGE, "[courier] mail-security");
	uint16_t port =
		settings->mail_port == 0 ? m->security->port : (uint16_t)settings->mail_port;
	if (!place_of_host(settings->mail_server, port, &m->to, err))
		return fail_in(err, "[courier] mail-server");
	bool six = strchr(m->to.host, ':') != NULL;
	int used = snprintf(m->url, sizeof(m->url), "%s://%s%s%s:%u/%s", m->security->scheme,
		six ? "[" : "", m->to.host, six ? "]" : "", port, settings->node);
	return (used > 0 && (size_t)used < sizeof(m->url)) ||
		fail(err, FAULT_LIMIT, "[courier] mail-server is too long");
}

static bool take_settings(struct mail *m, const struct settings *settings, struct error *err)
{
	m->on = strcmp(settings->mail_server, "none") != 0;
	return !m->on ||
		(take_server(m, settings, err) &&
			take_recipients(m, settings->mail_from, settings->mail_to, err) &&
			take_login(m, settings, err));
}

struct mail *mail_new(
	struct loop *l, const struct settings *settings, struct outside *outside, struct error *err)
{
	struct mail *m = calloc(1, sizeof(*m));
	if (m == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	m->outside = outside;
	if (take_settings(m, settings, err) && (m->client = mail_client_new(l, err)) != NULL)
		return m;
	mail_free(m);
	return NULL;
}

void mail_free(struct mail *m)
{
	if (m == NULL)
		return;
	mail_client_free(m->client);
	bytes_wipe(&m->password);
	free(m);
}

/* sending */

static void on_taken(const struct error *err, void *context)
{
	errand_end(context, err);
}

/* Named by what it says: the same again, when it has to be sent again. */
static bool write_message(
	const struct mail *m, struct reader payload, struct writer *out, struct error *err)
{
	struct courier_letter letter;
	uint8_t digest[DIGEST_SIZE];
	char id[ID_SIZE];
	if (!courier_letter_parse(payload, &letter, err) || !digest_sha256(payload, digest, err))
		return false;
	const struct mail_message message = {
		.from = m->from,
		.to = m->each,
		.subject = letter.subject,
		.written = letter.written,
		.id = hex_write(reader_of(digest, (ID_SIZE - 1) / 2), id),
		.body = letter.body,
	};
	return mail_message_write(&message, out, err);
}

static bool hand_over(struct mail *m, struct errand *errand, struct error *err)
{
	char password[PASSWORD_MAX + 1];
	AUTO_DONE(writer) message = writer_new(MESSAGE_LIMIT);
	if (!write_message(m, errand->payload, &message, err))
		return false;
	struct mail_letter letter = {
		.url = m->url,
		.starttls = m->security->starttls,
		.resolved = errand->resolved[0] == '\0' ? NULL : errand->resolved,
		.authorities = outside_authorities(m->outside),
		.user = m->user,
		.password = password,
		.from = m->from,
		.message = writer_written(&message),
		.timeout_ms = OUTSIDE_SEND_MS,
	};
	for (size_t i = 0; m->each[i] != NULL; i++)
		letter.to[i] = m->each[i];
	(void)snprintf(password, sizeof(password), "%.*s", (int)m->password.size,
		m->password.size > 0 ? (const char *)m->password.data : "");
	bool handed = mail_send(m->client, &letter, on_taken, errand, err);
	explicit_bzero(password, sizeof(password));
	return handed;
}

static void go(struct errand *errand)
{
	struct error err = { 0 };
	if (!hand_over(errand->sender, errand, &err))
		errand_end(errand, &err);
}

void mail_deliver(struct mail *m, struct reader letter, sent_fn *fn, void *context)
{
	struct error err = { 0 };
	const struct errand errand = {
		.payload = letter, .sender = m, .go = go, .fn = fn, .context = context
	};
	if (m->on) {
		outside_send(m->outside, &m->to, &errand);
		return;
	}
	(void)fail(&err, FAULT_USAGE, "[courier] mail-server names no server");
	fn(&err, context);
}

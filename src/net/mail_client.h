#pragma once
/* Hands a letter to a mail server (SMTP, libcurl) in the loop. TLS is judged by the authorities
 * that are given, and without TLS no password is shown. */
#include "net/loop.h"

#include "base/reader.h"

struct mail_client;
struct mail_client *mail_client_new(struct loop *l, struct error *err);
void mail_client_free(struct mail_client *c); /* ends what is under way without calling fn */
DEFINE_AUTO(mail_client, mail_client_free);

enum { MAIL_RECIPIENTS = 8 };
struct mail_letter {          /* what it points to is copied, `authorities` outlive it */
	const char *url;      /* "smtp://host:port/our-name", TLS from the first byte with smtps: */
	bool starttls;        /* of smtp: TLS before anything is said, or nothing */
	const char *resolved; /* "host:port:address,…" for a name in the URL, or NULL */
	struct reader authorities;   /* PEM */
	const char *user, *password; /* NULL: nobody logs in */
	const char *from;
	const char *to[MAIL_RECIPIENTS + 1]; /* NULL-terminated */
	struct reader message;               /* RFC 5322, lines end in CR LF */
	uint64_t timeout_ms;
};

/* err NULL: the server has taken it, for one of the recipients at least. FAULT_REFUSED: it answered
 * no. FAULT_UNTRUSTED: TLS did not come about as demanded. */
typedef void mail_sent_fn(const struct error *err, void *context);
/* fn is called once, from the loop. */
bool mail_send(struct mail_client *c, const struct mail_letter *letter, mail_sent_fn *fn,
	void *context, struct error *err) MUST_CHECK;

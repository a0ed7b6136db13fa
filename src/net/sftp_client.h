#pragma once
/*
 * Files in one folder of an SFTP server (libcurl, libssh2), in the loop. The server is known by the
 * digest of its host key and by nothing else; one that shows another key learns neither name nor
 * password. A connection of its own each time.
 */
#include "base/bytes.h"
#include "net/loop.h"

struct sftp_place {           /* its texts outlive the questions about it */
	const char *address;  /* "host:port"; a host is an address */
	const char *host_key; /* "SHA256:…", as ssh-keygen -l prints it */
	const char *user;
	const char *password; /* or NULL */
	const char *key;      /* path of a private key, or NULL */
	const char *folder;   /* of letters, digits and . _ - ~ / */
	uint64_t timeout_ms;
};
bool sftp_place_check(const struct sftp_place *place, struct error *err) MUST_CHECK;
/* Letters, digits and . _ -, the first no dot: what is written into a path as it is. */
bool sftp_name_check(const char *name, struct error *err) MUST_CHECK;

struct sftp_client;
struct sftp_client *sftp_client_new(struct loop *l, struct error *err);
void sftp_client_free(struct sftp_client *c); /* ends what is under way without calling fn */
DEFINE_AUTO(sftp_client, sftp_client_free);

/* err NULL: done; `content` is what was read: a file, or names with a line feed behind each.
 * FAULT_UNTRUSTED: another host key. FAULT_REFUSED: nobody is let in, or may do that.
 * FAULT_MISSING, FAULT_LIMIT, FAULT_BUSY (no answer in time), FAULT_IO. */
typedef void sftp_fn(struct reader content, const struct error *err, void *context);

enum sftp_verb {
	SFTP_GET,
	SFTP_PUT, /* under another name first: whoever reads sees all of it or what was there */
	SFTP_NAMES,
};
struct sftp_question {
	enum sftp_verb verb;
	const struct sftp_place *place;
	const char *name;      /* of the file; of SFTP_NAMES not looked at */
	struct reader content; /* of SFTP_PUT; copied */
	size_t limit;          /* bytes of an answer */
};
bool sftp_ask(struct sftp_client *c, const struct sftp_question *question, sftp_fn *fn,
	void *context, struct error *err) MUST_CHECK;

#pragma once
/*
 * One node as a phone sees it, in the test's own loop: TFTP, HTTP, a TVS, an HTTPS page. What it
 * serves and vouches for is the test's; each of its four servers can be left out or made dumb.
 */
#include "lib/key_ring.h"
#include "net/address.h"
#include "net/loop.h"
#include "trust/vouch.h"

#include <sys/types.h>

enum { SMALL_SERVER_FILES = 64 };

struct small_server_plan {
	const char *address; /* "127.0.0.1" */
	const char *tvs;     /* the ring key that TVS shows; NULL: no TVS */
	const char *tomcat;  /* that the HTTPS page shows; NULL: no page */
	bool no_http, no_tftp;
	bool silent; /* HTTP accepts connections and TFTP packets and never answers */
};

struct small_server;

struct small_server *small_server_new(
	struct loop *l, struct key_ring *ring, const struct small_server_plan *plan);
void small_server_free(struct small_server *s);
DEFINE_AUTO(small_server, small_server_free);

/* 0 where it has no such server. */
uint16_t small_server_tftp(const struct small_server *s);
uint16_t small_server_http(const struct small_server *s);
uint16_t small_server_tvs(const struct small_server *s);
uint16_t small_server_https(const struct small_server *s);

/* Takes a copy; a name that is served already gets other bytes. */
void small_server_put(struct small_server *s, const char *name, struct reader file);
void small_server_remove(struct small_server *s, const char *name);
void small_server_vouch(struct small_server *s, const char *key, const char *roles);
unsigned small_server_asked(const struct small_server *s);   /* questions to TVS */
const char *small_server_peer(const struct small_server *s); /* who spoke last: "127.0.0.9" */

/* The same in a process of its own, for what blocks. Its keys must be in the ring before. */
struct elsewhere {
	pid_t pid;
	uint16_t tftp, http, tvs, https;
};
typedef void small_server_fill(struct small_server *s, struct key_ring *ring);
void small_server_elsewhere(struct key_ring *ring, const struct small_server_plan *plan,
	small_server_fill *fill, struct elsewhere *out);
void small_server_kill(struct elsewhere *server);

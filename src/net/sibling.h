#pragma once
/*
 * How the processes of a node talk: SOCK_SEQPACKET in the runtime directory; request id, operation,
 * length; a payload over LIMIT_SIBLING_INLINE travels as a sealed memfd. Which socket a peer came
 * in on says what it may ask; SO_PEERCRED says that it is who that socket is for: its user, and
 * its process id.
 */
#include "base/bytes.h"
#include "net/loop.h"

struct sibling_server;
struct sibling_peer;    /* one connected client, seen from the server */
struct sibling_request; /* one question, to be answered once, now or later */

typedef void sibling_handler(struct sibling_request *request, void *context);
struct sibling_events {
	sibling_handler *request;
	void (*opened)(struct sibling_peer *peer, void *context); /* may be NULL */
	void (*closed)(struct sibling_peer *peer, void *context); /* may be NULL */
	/* Someone was hung up on: the wrong user, a forged or malformed packet. May be NULL. */
	void (*broken)(unsigned tag, const struct error *why, void *context);
	/* Whether this process is the one that the socket is for. NULL: its user is enough. */
	bool (*admits)(unsigned tag, int pid, void *context);
};

/* The quota of a peer: with this many questions open it is not read until one is answered. */
enum { SIBLING_OUTSTANDING = 64 };

/* Serves a listening fd (taken over, also on failure). `uid` must be the peer's, or root's. `tag`
 * is the caller's mark for everyone who comes in here. */
struct sibling_server *sibling_serve(struct loop *l, int fd, uint32_t uid, unsigned tag,
	const struct sibling_events *events, void *context, struct error *err);
/* Not from inside one of its callbacks. Open requests still have to be answered. */
void sibling_server_free(struct sibling_server *s);

unsigned sibling_tag(const struct sibling_request *request);
uint16_t sibling_operation(const struct sibling_request *request);
struct reader sibling_payload(const struct sibling_request *request); /* dies with the answer */
/* NULL when it has left meanwhile. */
struct sibling_peer *sibling_request_peer(const struct sibling_request *request);
/* Both end the request; harmless when the peer is gone. */
void sibling_answer(struct sibling_request *request, struct reader payload);
void sibling_refuse(struct sibling_request *request, const struct error *err);
unsigned sibling_peer_tag(const struct sibling_peer *peer);
int sibling_peer_pid(const struct sibling_peer *peer);
void sibling_push(struct sibling_peer *peer, uint16_t operation, struct reader payload);
void sibling_push_all(struct sibling_server *s, uint16_t operation, struct reader payload);

/* Client side: connects, reconnects with backoff (50 ms … 2 s), delivers pushes. */
struct sibling_client;
struct sibling_client_events {
	void (*connected)(void *context);                                         /* or NULL */
	void (*pushed)(uint16_t operation, struct reader payload, void *context); /* or NULL */
};
struct sibling_client *sibling_connect(struct loop *l, const char *path,
	const struct sibling_client_events *events, void *context, struct error *err);
void sibling_client_free(struct sibling_client *c); /* outstanding questions get FAULT_IO */

/* Questions of one client that may wait for their answers; their bytes may be LIMIT_SIBLING_PAYLOAD
 * until the peer has taken them. */
enum { SIBLING_QUESTIONS = 4096 };

/* Exactly one call of fn per question: answer (err NULL), refusal, timeout or lost peer. A
 * question asked while disconnected waits for the connection within its timeout. One beyond
 * SIBLING_QUESTIONS, or beyond the bytes, fails with FAULT_BUSY. */
typedef void sibling_answer_fn(struct reader answer, const struct error *err, void *context);
void sibling_ask(struct sibling_client *c, uint16_t operation, struct reader payload,
	uint64_t timeout_ms, sibling_answer_fn *fn, void *context);

/* A connection of its own, blocking: for the manager's work on its signer, and for start-up. */
struct sibling_line;
struct sibling_line *sibling_line_open(const char *path, uint64_t timeout_ms, struct error *err);
/* Reconnects once when the line was lost before the question was sent. */
bool sibling_call(struct sibling_line *line, uint16_t operation, struct reader payload,
	uint64_t timeout_ms, struct bytes *answer, struct error *err) MUST_CHECK;
/* Where it would have to wait, it fails with FAULT_BUSY instead once this descriptor is readable:
 * for a process that was told to end. */
void sibling_line_give_up_on(struct sibling_line *line, int fd);
void sibling_line_close(struct sibling_line *line);

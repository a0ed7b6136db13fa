#pragma once
/*
 * The life of a process of a node. The supervisor binds every socket, starts each process by
 * executing this program again, hands sockets over by name (LISTEN_FDS, as systemd does), restarts
 * what dies (backoff 50 ms … 2 s), and keeps the listeners open meanwhile; its children end when it
 * does. A process opens what it needs, then drops its user, then enters its sandbox, and only then
 * reads what others sent.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "run/settings.h"

enum sandbox {
	SANDBOX_SIGNER,  /* files under its key directory; no network */
	SANDBOX_STORE,   /* files under the store, state and root; no network but Unix sockets */
	SANDBOX_PHONES,  /* reads the snapshot and the root; accepts, never starts a program */
	SANDBOX_ADMIN,
};

enum { PROCESS_SOCKETS = 6 };

/* One row a process, in bin/: what it listens on and what runs it. */
struct process_row {
	const char *name; /* "provision" */
	unsigned user;    /* added to settings.user */
	const char *sockets[PROCESS_SOCKETS]; /* names from socket_rows, NULL-terminated */
	/* Returns false with err when it could not start or go on. true: asked to end. */
	bool (*run)(const struct settings *settings, struct error *err);
};

/* One row a socket: how the supervisor makes it. */
struct socket_row {
	const char *name; /* "tftp", "signer.manager" */
	enum socket_kind { SOCKET_UDP, SOCKET_TCP, SOCKET_ADMIN, SOCKET_SIBLING } kind;
	size_t setting; /* offset in struct settings of its address; sockets of kind SIBLING: none */
	const char *for_process; /* SIBLING: who may connect; the file is that user's, 0600 */
};
const struct socket_row *socket_rows(size_t *count);

/* Runs until SIGTERM or SIGINT. Prints "ready" on `ready_fd` (-1: none) when all have started. */
bool supervise(const char *settings_path, const struct settings *settings,
	const struct process_row *rows, size_t count, int ready_fd, struct error *err) MUST_CHECK;

/* In a process: the descriptor of a named socket that it was handed, or -1 when it is switched
 * off. Close-on-exec. */
int process_socket(const char *name);
/* Path of a sibling socket in the runtime directory. */
bool process_sibling_path(const struct settings *settings, const char *name, char *out, size_t size,
	struct error *err) MUST_CHECK;
/* The numeric user that runs `process` of this node: for SO_PEERCRED. */
uint32_t process_user(const struct settings *settings, const char *process);
/* Drops to the process's user (when root and settings.user is set), then enters the sandbox.
 * `paths` are the directories that stay reachable, NULL-terminated; write access where the sandbox
 * says so. Nothing hostile is read before this. */
bool process_enter(const struct settings *settings, const char *process, enum sandbox kind,
	const char *const *paths, struct error *err) MUST_CHECK;
/* Tells the supervisor that this process serves (sd_notify style). */
void process_ready(void);

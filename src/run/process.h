#pragma once
/*
 * The life of a process of a node. The supervisor binds every socket, starts each process by
 * executing this program again, hands sockets over by name (LISTEN_FDS, as systemd does), restarts
 * what dies (backoff 50 ms … 2 s), and keeps the listeners open meanwhile; its children end when it
 * does. A process opens what it needs, then drops its user, then enters its sandbox, and only then
 * reads what others sent. docs/processes.md
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "run/settings.h"

enum sandbox {
	SANDBOX_SIGNER,  /* files under its paths; no network; may fork for key generation */
	SANDBOX_STORE,   /* files under its paths; new sockets only to siblings */
	SANDBOX_PHONES,  /* reads under its paths; accepts, sends datagrams, asks siblings */
	SANDBOX_ADMIN,   /* no files; accepts, asks siblings */
	SANDBOX_COURIER, /* no files; answers siblings, connects and sends to anyone */
};

enum { PROCESS_SOCKETS = 6, PROCESS_DIRECTORIES = 4 };

/* One row a process, in bin/: what it listens on and what runs it. Started in table order, ended
 * in the opposite one. */
struct process_row {
	const char *name; /* "provision" */
	unsigned user;    /* added to settings.user */
	bool keeps_store; /* runs with the group that may write the store */
	unsigned directory_mode;
	/* Its own in the state directory, made for it, NULL-terminated. */
	const char *directories[PROCESS_DIRECTORIES];
	const char *sockets[PROCESS_SOCKETS]; /* names from socket_rows, NULL-terminated */
	/* Returns false with err when it could not start or go on. true: asked to end. */
	bool (*run)(const struct settings *settings, struct error *err);
};

/* One row a socket: how the supervisor makes it. */
struct socket_row {
	const char *name; /* "tftp", "signer.manager" */
	enum socket_kind {
		SOCKET_UDP,
		SOCKET_TCP,
		SOCKET_ADMIN,   /* Unix stream */
		SOCKET_SIBLING, /* Unix SOCK_SEQPACKET in the runtime directory */
	} kind;
	size_t setting; /* offset of its address or path in struct settings; SIBLING: none */
	const char *for_process; /* Unix: whose user may connect, 0600 */
};
const struct socket_row *socket_rows(size_t *count);

/* Binds and listens at `where`, close-on-exec; -1 with err. bin/ gives it, from net/. */
typedef int socket_open_fn(const struct socket_row *row, const char *where, struct error *err);

struct supervision {
	const char *settings_path; /* handed on to the processes */
	const struct settings *settings;
	const struct process_row *rows;
	size_t count;
	socket_open_fn *open_socket;
	int ready_fd; /* gets "ready\n" and is closed when all serve; -1: none */
};

/* Runs until SIGTERM or SIGINT. False when the node could not be brought up: a socket that cannot
 * be bound, a directory, or a process that failed before it ever served (its sentence). */
bool supervise(const struct supervision *node, struct error *err) MUST_CHECK;

/* Runs one process that the supervisor started, to its end. A failure has then been told. */
bool process_run(const struct supervision *node, const char *name, struct error *err) MUST_CHECK;

/* In a process: the descriptor of a named socket that it was handed, or -1 when it is switched
 * off. Close-on-exec. */
int process_socket(const char *name);
/* Path of a sibling socket in the runtime directory. */
bool process_sibling_path(const struct settings *settings, const char *name, char *out, size_t size,
	struct error *err) MUST_CHECK;
/* The numeric user that runs `process` of this node: for SO_PEERCRED. */
uint32_t process_user(const struct settings *settings, const char *process);
/* Whether this is the process of that name that the supervisor runs just now: for SO_PEERCRED.
 * Several processes may share a user, no two an id. True for a name that the node has no row for.
 */
bool process_is(const char *process, int pid);
/* Drops to the process's user (when root and settings.user is set), then enters the sandbox.
 * `paths` are the directories that stay reachable, NULL-terminated; write access where the sandbox
 * says so, never to the operator's tree (settings.root). Nothing hostile is read before this. */
bool process_enter(const struct settings *settings, const char *process, enum sandbox kind,
	const char *const *paths, struct error *err) MUST_CHECK;
/* Instead, for a process that hears only siblings and whose work needs the rights of whoever
 * started the daemon: it keeps them, and nobody may look into its memory. */
bool process_keep_rights(struct error *err) MUST_CHECK;
/* Tells the supervisor that this process serves (sd_notify style). */
void process_ready(void);

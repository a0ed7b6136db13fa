#pragma once
/*
 * A phone's brain: boots, fetches what a phone fetches in its order, believes or refuses it, asks
 * TVS about a signer that it does not know, and says what it decided. Pure: events in, one action
 * out; the shell owns sockets, files, deadlines and XML. docs/phone.md
 */
#include "cluster/node.h"
#include "talk/phone_verdict.h"
#include "trust/belief.h"
#include "wire/tvs_message.h"

enum {
	PHONE_SERVERS = 3,  /* TFTP servers, DHCP option 150 */
	PHONE_TVS = 5,      /* members that a configuration names, docs/formats/tvs.md */
	PHONE_ANSWERS = 16, /* answers of TVS that are remembered */
	PHONE_MODEL_SIZE = 24,
	PHONE_URL_SIZE = 256,
	PHONE_ANSWER_MAX_TTL = 2592000, /* seconds */
};

struct phone_server {
	char address[ADDRESS_SIZE];
	uint16_t tftp_port, http_port; /* 0: not tried there */
};

struct phone_settings {
	char name[DEVICE_NAME_SIZE];  /* "SEP001122334455" */
	char model[PHONE_MODEL_SIZE]; /* "CP-8861": TVS hears "CP-8861-SEP001122334455" */
	bool http_first;              /* newer loads: HTTP, then TFTP; else TFTP alone */
	size_t server_count;
	struct phone_server servers[PHONE_SERVERS]; /* in the order in which they are tried */
};

/* What the brain needs of a phone's configuration file. The shell reads the XML. */
struct phone_configuration {
	size_t tvs_count;
	struct phone_tvs {
		char address[PHONE_TVS_ADDRESS_SIZE];
		uint16_t port;
	} tvs[PHONE_TVS];                 /* by priority, the first to be asked first */
	char load[LIMIT_FILE_NAME - 8];   /* loadInformation; "": no firmware is asked for */
	char service_url[PHONE_URL_SIZE]; /* https; "": none */
};

/* A positive answer of TVS that is still remembered. */
struct phone_answer {
	struct cert *cert;
	size_t role_count;
	uint8_t roles[TVS_ROLES_MAX];
	int64_t expires; /* seconds since 1970 */
};

enum phone_act {
	PHONE_REST,    /* nothing is under way; boot or open */
	PHONE_FETCH,   /* server, transport, name, limit -> FETCHED, ABSENT, FAILED */
	PHONE_CONNECT, /* TLS to address and port -> SHOWN, FAILED */
	PHONE_SEND,    /* message, on that connection -> ANSWERED, FAILED */
	PHONE_READ,    /* file: a configuration that was believed -> CONFIGURED, FAILED */
	PHONE_VISIT,   /* GET url, only from the certificate with this SHA-256 -> VISITED, FAILED */
};

/* What the shell is to do now. Views live until the next step. A connection is needed no more
 * when the action after SHOWN or ANSWERED is not SEND. */
struct phone_action {
	enum phone_act act;
	const struct phone_server *server;
	enum phone_transport transport;
	char name[LIMIT_FILE_NAME];
	size_t limit;
	const char *address;
	uint16_t port;
	struct reader message;
	struct reader file;
	const char *url;
	uint8_t pin[DIGEST_SIZE];
};

enum phone_happening {
	PHONE_BOOT,       /* switched on or reset; while resting */
	PHONE_OPEN,       /* name: one file, as when the user opens the ring list; while resting */
	PHONE_FETCHED,    /* bytes */
	PHONE_ABSENT,     /* the server has no such file */
	PHONE_SHOWN,      /* bytes: the server's certificate, DER */
	PHONE_ANSWERED,   /* bytes: one whole message */
	PHONE_CONFIGURED, /* configuration */
	PHONE_VISITED,    /* status */
	PHONE_FAILED,     /* why: refused, lost, too slow, not readable */
};

struct phone_event {
	enum phone_happening happening;
	const char *name;
	struct reader bytes;
	const struct phone_configuration *configuration;
	int status;
	const struct error *why;
};

typedef void phone_tell_fn(const struct phone_verdict *verdict, void *context);

struct phone;

struct phone *phone_new(const struct phone_settings *settings, phone_tell_fn *tell, void *context,
	struct error *err);
void phone_free(struct phone *p);
DEFINE_AUTO(phone, phone_free);

/* FAULT_REFUSED, nothing changed: the event does not answer the action that is under way. */
bool phone_step(struct phone *p, const struct phone_event *event, int64_t now, struct error *err)
	MUST_CHECK;
const struct phone_action *phone_action(const struct phone *p);

/* Other TFTP servers (DHCP changed). FAULT_BUSY when it does not rest. */
bool phone_set_servers(struct phone *p, const struct phone_server *servers, size_t count,
	struct error *err) MUST_CHECK;

/* What an earlier life left; before the first event. */
bool phone_restore_list(struct phone *p, enum phone_subject which, struct reader file,
	struct error *err) MUST_CHECK; /* PHONE_CTL or PHONE_ITL */
void phone_restore_configuration(struct phone *p, const struct phone_configuration *configuration);
bool phone_restore_answer(struct phone *p, const struct phone_answer *answer /* cert is shared */,
	struct error *err) MUST_CHECK;

/* What is worth keeping when it rests; all borrowed. */
struct reader phone_list(const struct phone *p, enum phone_subject which);    /* empty: none held */
const struct phone_configuration *phone_configuration(const struct phone *p); /* or NULL */
const struct phone_answer *phone_answers(const struct phone *p, size_t *count);

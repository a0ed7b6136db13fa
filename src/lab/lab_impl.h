#pragma once
/* The lab's own nouns; stays in this room. */
#include <jansson.h>
#include <stdio.h>
#include <sys/types.h>

#include "emulator/fleet.h"
#include "net/http_client.h"
#include "ops/op.h"
#include "run/settings.h"

enum {
	LAB_NODES_MAX = 16,
	LAB_PHONES_MAX = 2000,
	LAB_NAME_MAX = 15,
	LAB_PATH_SIZE = 200,
	LAB_LONG_PATH_SIZE = 400,
	LAB_LINE_SIZE = 2048,
};

struct lab;

struct lab_options {
	uint64_t nodes, phones;
	const char *state; /* as given; NULL: a fresh temporary directory */
	bool once, json;
	int64_t clock_offset;
	const char *itl_signer; /* NULL: as it is */
	const char *presence;   /* name of an IM and Presence Service node; NULL: none */
};

/* lab/daemon.c: one dialtrustd and what it says. */
struct daemon {
	struct lab *lab;
	const char *node;
	char settings[LAB_PATH_SIZE + 32], log_path[LAB_PATH_SIZE + 32];
	pid_t pid;  /* 0: not running */
	bool ready; /* all its services serve */
	int ready_fd, words_fd, log_fd;
	struct watch *ready_watch, *words_watch;
	char line[LAB_LINE_SIZE]; /* what it has said of its next line */
	size_t used;
	char last_error[LAB_LINE_SIZE];
};

struct lab_node {
	char name[NODE_NAME_SIZE]; /* "pub", "sub1" */
	enum node_role role;
	char address[ADDRESS_SIZE];
	char directory[LAB_PATH_SIZE + 16];
	struct settings settings;
	uint16_t tftp, http, https, tvs; /* ports; all 0 on a presence node */
	struct daemon daemon;
};

/* What a phone's verdicts came to, over the whole story. */
struct tally {
	unsigned boots, by_list, by_tvs, refused;
};

struct lab {
	struct lab_options options;
	char directory[LAB_PATH_SIZE]; /* absolute */
	int lock;
	FILE *out; /* the story; standard error with --json */
	struct loop *loop;
	struct http_client *http;
	bool interrupted, late;
	bool ending;
	struct error why;              /* a daemon could not go on; FAULT_NONE: all is well */
	size_t node_count, call_count; /* those that phones know stand first */
	struct lab_node nodes[LAB_NODES_MAX + 1]; /* nodes[0]: the publisher */
	struct fleet *fleet;
	struct tally *tallies; /* by the phone's number in the fleet */
	char rollback[16];     /* the parameter, as last looked at */
	json_t *lists;         /* rows of `list status`, as last checked */
	json_t *identities;    /* rows of `cert list`, as last exported */
};

/* lab/lab.c */
void lab_say(struct lab *l, const char *format, ...) PRINTF(2, 3);
void lab_title(struct lab *l, const char *format, ...) PRINTF(2, 3); /* begins an act */
/* Runs the loop until done() or the end of patience; whoever changes what done() looks at calls
 * loop_stop. False with err: late, interrupted, or a daemon that could not go on. */
typedef bool lab_done_fn(struct lab *l, void *context);
struct lab_wait {
	lab_done_fn *done;
	void *context;
	uint64_t patience_ms; /* 0: for ever */
	const char *what;     /* "the nodes to be ready" */
};
bool lab_wait(struct lab *l, const struct lab_wait *wait, struct error *err) MUST_CHECK;
bool lab_pause(struct lab *l, uint64_t ms, struct error *err) MUST_CHECK; /* false: as lab_wait */

/* lab/place.c: the directory and what lies in it. */
bool place_open(struct lab *l, struct error *err) MUST_CHECK;
bool place_nodes(struct lab *l, struct error *err) MUST_CHECK; /* settings, ports, trees */
void place_close(struct lab *l);
bool place_write(const char *directory, const char *name, const char *text, struct error *err)
	MUST_CHECK;

/* lab/tree.c: what an operator would put into a node's provisioning root. */
bool tree_write(const struct lab *l, const struct lab_node *node, struct error *err) MUST_CHECK;
void phone_name(size_t index, char out[static DEVICE_NAME_SIZE]); /* "SEP020000000001" */

/* lab/daemon.c */
bool daemons_start(struct lab *l, struct error *err) MUST_CHECK; /* until all are ready */
void daemons_end(struct lab *l);

/* lab/control.c: asks the publisher's daemon, as an operator would. */
struct control_argument {
	const char *name, *text;
};
/* `arguments` end with a NULL name. *result is the caller's; may be NULL. */
bool control_ask(struct lab *l, enum op_id id, const struct control_argument *arguments,
	json_t **result, struct error *err) MUST_CHECK;

/* lab/cluster.c */
bool cluster_make(struct lab *l, struct error *err) MUST_CHECK;
/* Every list is published; each is fetched from its node and judged. Those that are new since the
 * last time are told of. */
bool cluster_check_lists(struct lab *l, struct error *err) MUST_CHECK;
bool cluster_export_certificates(struct lab *l, struct error *err) MUST_CHECK;
/* Nodes whose published list is another than when lists were last checked. */
bool cluster_changed_lists(struct lab *l, bool changed[static LAB_NODES_MAX], struct error *err)
	MUST_CHECK;
/* A parameter says so, or one has changed that resets them in any case. */
bool cluster_resets_phones(struct lab *l);
bool cluster_regenerate(struct lab *l, const char *unit, struct error *err) MUST_CHECK;
/* "DIR/certificates/pub/CallManager.pem" */
void cluster_certificate_path(const struct lab *l, const char *node, const char *unit,
	char out[static LAB_LONG_PATH_SIZE]);

/* lab/phones.c */
bool phones_make(struct lab *l, struct error *err) MUST_CHECK;
bool phones_boot(struct lab *l, const bool *chosen, struct error *err) MUST_CHECK;
bool phones_open(struct lab *l, const bool *chosen, const char *file, struct error *err) MUST_CHECK;
bool phones_prefer(const struct lab *l, size_t phone, size_t node); /* asks this node first */
void phones_end(struct lab *l);

/* lab/story.c: the acts, from the first certificate to the closing table. */
bool story_tell(struct lab *l, struct error *err) MUST_CHECK;

/* lab/report.c */
bool report_ready(struct lab *l, struct error *err) MUST_CHECK; /* DIR/lab.json */
/* The closing table; FAULT_UNTRUSTED when a phone did not verify everything. */
bool report_close(struct lab *l, struct error *err) MUST_CHECK;
void report_commands(struct lab *l); /* to try while it stays up */

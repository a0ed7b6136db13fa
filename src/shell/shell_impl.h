#pragma once
/* What the files of this room share. Answers that the appliance would print go to standard output
 * as it prints them; whatever we add goes to standard error. */
#include <jansson.h>

#include "cli/operation.h"
#include "cluster/node.h"
#include "cluster/unit.h"

enum { SHELL_WORDS = 16, SHELL_LINE = 1024 };

struct shell {
	const char *control;
	char node[NODE_NAME_SIZE]; /* which the shell is on */
	bool interactive;          /* a terminal: lines are edited */
	const char *script;        /* what is left of --command; NULL: lines come from stdin */
};

/* The words behind those of the command. */
struct shell_call {
	struct shell *shell;
	size_t count;
	const char *const *words;
};

typedef bool shell_fn(const struct shell_call *call, struct error *err);

struct shell_command {
	const char *words;     /* "set cert regen" */
	const char *arguments; /* as help prints them: "unit"; NULL: none */
	size_t least, most;    /* how many words it takes */
	const char *means;
	shell_fn *run;
};

/* shell/commands.c */
const struct shell_command *shell_commands(size_t *count);
/* shell/cert_commands.c: services to restart and phones that are behind, on standard error. */
void shell_say_behind(const json_t *reply);
/* The store by its own name or by that of the unit; never an own certificate. */
const struct unit *shell_store_of(const char *word);
shell_fn set_cert_bulk_consolidate, set_cert_bulk_export, set_cert_bulk_import, set_cert_bulk_sftp,
	set_cert_delete, set_cert_import, set_cert_regen, set_csr_gen, show_cert_list_own,
	show_cert_list_trust, show_cert_own, show_cert_trust, show_csr_list, show_csr_own, show_ctl,
	show_itl, utils_service_activate, utils_service_deactivate, utils_service_list,
	utils_service_restart, utils_service_stop;

/* shell/line.c: the next line without its newline, into the caller's; false at the end. A prompt is
 * printed before, also where nobody types. */
bool shell_line(struct shell *s, const char *prompt, char out[static SHELL_LINE]);
/* "yes", whatever the case; anything else is no. */
bool shell_yes(struct shell *s, const char *prompt);

/* shell/shell.c */
bool shell_ask(const struct shell *s, enum op_id id, const struct operation_argument *arguments,
	json_t **out, struct error *err) MUST_CHECK;
const char *shell_text(const json_t *row, const char *key); /* "" when it is not there */

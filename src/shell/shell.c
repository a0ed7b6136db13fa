#include "shell/shell.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "shell/shell_impl.h"

static const char prompt[] = "admin:";

bool shell_ask(const struct shell *s, enum op_id id, const struct operation_argument *arguments,
	json_t **out, struct error *err)
{
	return operation_ask(s->control, id, arguments, out, err);
}

const char *shell_text(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));
	return text == NULL ? "" : text;
}

/* "quoted words" are one; the line is cut in place. */
static size_t split(char *line, const char *words[static SHELL_WORDS])
{
	size_t count = 0;
	for (char *at = line + strspn(line, " \t"); *at != '\0' && count < SHELL_WORDS;
		at += strspn(at, " \t")) {
		bool quoted = *at == '"';
		at += quoted;
		words[count++] = at;
		at += strcspn(at, quoted ? "\"" : " \t");
		if (*at != '\0')
			*at++ = '\0';
	}
	return count;
}

/* How many words of the line are this command's own; 0: it is another. The appliance takes words in
 * any case. */
static size_t words_of(const struct shell_command *command, const char *const *words, size_t count)
{
	size_t taken = 0;
	for (const char *at = command->words; *at != '\0'; taken++) {
		char word[32];
		size_t size = strcspn(at, " ");
		(void)snprintf(word, sizeof(word), "%.*s", (int)size, at);
		if (taken == count || !text_same_nocase(word, words[taken]))
			return 0;
		at += size + (at[size] == ' ');
	}
	return taken;
}

static const struct shell_command *find(const char *const *words, size_t count, size_t *taken)
{
	size_t rows;
	const struct shell_command *commands = shell_commands(&rows), *found = NULL;
	*taken = 0;
	for (size_t i = 0; i < rows; i++) {
		size_t own = words_of(&commands[i], words, count);
		if (own > *taken) {
			*taken = own;
			found = &commands[i];
		}
	}
	return found;
}

static void help_of(const struct shell_command *command)
{
	bool more = command->arguments != NULL;
	(void)printf("%s%s%s\n    %s\n", command->words, more ? " " : "",
		more ? command->arguments : "", command->means);
}

/* Commands that begin as the line does; else the one that the line is. */
static void help(const char *const *words, size_t count)
{
	size_t rows, found = 0, taken;
	char begun[SHELL_LINE] = "";
	const struct shell_command *commands = shell_commands(&rows);
	for (size_t i = 0, used = 0; i < count && used < sizeof(begun); i++)
		used += (size_t)snprintf(
			begun + used, sizeof(begun) - used, "%s%s", i > 0 ? " " : "", words[i]);
	for (size_t i = 0; i < rows; i++)
		if (strncasecmp(commands[i].words, begun, strlen(begun)) == 0) {
			help_of(&commands[i]);
			found++;
		}
	const struct shell_command *command = find(words, count, &taken);
	if (found == 0 && command != NULL)
		help_of(command);
}

/* "set ?", "set cert re?", "help set"; false: the line asks for no help. */
static bool helped(char *line, const char *words[static SHELL_WORDS], size_t count)
{
	if (count == 0)
		return false;
	if (text_same_nocase(words[0], "help")) {
		help(words + 1, count - 1);
		return true;
	}
	char *last = line + (words[count - 1] - line);
	size_t size = strlen(last);
	bool asks = size > 0 && last[size - 1] == '?';
	if (asks) {
		last[size - 1] = '\0';
		help(words, count - (size == 1));
	}
	return asks;
}

static bool run_line(struct shell *s, char *line, struct error *err)
{
	const char *words[SHELL_WORDS];
	size_t taken, count = split(line, words);
	if (helped(line, words, count))
		return true;
	const struct shell_command *command = find(words, count, &taken);
	if (command == NULL)
		return fail(err, FAULT_USAGE, "there is no command \"%s%s%s\": ? lists them",
			words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
	struct shell_call call = { s, count - taken, words + taken };
	if (call.count < command->least || call.count > command->most)
		return fail(err, FAULT_USAGE, "%s%s%s", command->words,
			command->arguments != NULL ? " " : " takes no more words",
			command->arguments != NULL ? command->arguments : "");
	return command->run(&call, err);
}

static bool is_end(const char *line)
{
	return strcmp(line, "quit") == 0 || strcmp(line, "exit") == 0;
}

/* What failed is told at once; a script's exit status is that of the last failure. */
static bool converse(struct shell *s, struct error *err)
{
	char line[SHELL_LINE];
	unsigned failed = 0;
	enum fault last = FAULT_NONE;
	while (shell_line(s, prompt, line) && !is_end(line)) {
		struct error why = { 0 };
		if (line[strspn(line, " \t")] == '\0')
			continue;
		bool fine = run_line(s, line, &why);
		(void)fflush(stdout);
		if (fine)
			continue;
		(void)fprintf(stderr, "%s\n", why.text);
		last = why.fault;
		failed++;
	}
	(void)putchar('\n');
	return s->interactive || failed == 0 ||
		fail(err, last, "%u of these commands failed", failed);
}

static bool run(const struct call *call, struct error *err)
{
	json_t *shown = NULL;
	struct shell s = { .control = call->control, .script = call_value(call, "command") };
	const char *node = call_value(call, "node");
	s.interactive = s.script == NULL && isatty(STDIN_FILENO) != 0;
	if (!shell_ask(&s, OP_CLUSTER_SHOW, NULL, &shown, err))
		return false;
	(void)snprintf(
		s.node, sizeof(s.node), "%s", node == NULL ? shell_text(shown, "node") : node);
	json_decref(shown);
	return converse(&s, err);
}

static const struct argument arguments[] = {
	{ "node", ARGUMENT_OPTION, false, "NODE",
		"the node that it is on (the daemon that is asked)" },
	{ "command", ARGUMENT_OPTION, false, "TEXT",
		"commands, divided by semicolons, and their answers" },
	{ 0 },
};

const struct verb admin_verb = {
	.words = "admin",
	.run = run,
	.arguments = arguments,
	.means = "the appliance's own command line: set cert regen, show itl, utils service list",
	.help = "What the appliance would print is on standard output, as it prints it; what "
		"dialtrust\n"
		"adds, on standard error. `?` behind any words lists what may follow.",
};

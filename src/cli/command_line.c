#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/cli_impl.h"

/* --help, --version and --json, wherever they stand. */
static bool take_flag(const char *word, struct command_line *line)
{
	bool *flag = NULL;
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		flag = &line->help;
	else if (strcmp(word, "--version") == 0)
		flag = &line->version;
	else if (strcmp(word, "--json") == 0)
		flag = &line->json;
	if (flag != NULL)
		*flag = true;
	return flag != NULL;
}

/* --control SOCKET or --control=SOCKET; moves *at over the value. */
static bool take_control(
	char **argv, int argc, int *at, struct command_line *line, struct error *err)
{
	static const char name[] = "--control";
	const char *word = argv[*at];
	const char *value = word[sizeof(name) - 1] == '=' ? word + sizeof(name) : NULL;
	if (value == NULL && *at + 1 < argc)
		value = argv[++*at];
	if (value == NULL || value[0] == '\0')
		return fail(
			err, FAULT_USAGE, "--control needs the path of a daemon's socket after it");
	line->control = value;
	return true;
}

static bool is_control(const char *word)
{
	return strncmp(word, "--control", 9) == 0 && (word[9] == '\0' || word[9] == '=');
}

bool command_line_read(int argc, char **argv, struct command_line *out, struct error *err)
{
	struct command_line line = { .words = calloc((size_t)argc + 1, sizeof(char *)) };
	if (line.words == NULL)
		return fail_memory(err);
	line.literal_from = SIZE_MAX;
	for (int i = 1; i < argc; i++) {
		bool literal = line.literal_from != SIZE_MAX;
		if (!literal && strcmp(argv[i], "--") == 0) {
			line.literal_from = line.count;
			continue;
		}
		if (!literal && take_flag(argv[i], &line))
			continue;
		if (literal || !is_control(argv[i])) {
			line.words[line.count++] = argv[i];
			continue;
		}
		if (!take_control(argv, argc, &i, &line, err)) {
			command_line_done(&line);
			return false;
		}
	}
	*out = line;
	return true;
}

void command_line_done(struct command_line *line)
{
	free(line->words);
	line->words = NULL;
}

static bool is_option(const struct command_line *line, size_t at)
{
	const char *word = line->words[at];
	return at < line->literal_from && word[0] == '-' && word[1] == '-';
}

bool option_same(const char *known, const char *given, size_t size)
{
	if (strlen(known) != size)
		return false;
	for (size_t i = 0; i < size; i++)
		if ((known[i] == '_' ? '-' : known[i]) != (given[i] == '_' ? '-' : given[i]))
			return false;
	return true;
}

static bool fail_option(const struct verb *verb, const char *word, size_t size, struct error *err)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "%.*s", (int)size, word);
	struct nearest near = nearest_to(name);
	for (const struct argument *a = verb->arguments; a != NULL && a->name != NULL; a++)
		if (a->kind != ARGUMENT_POSITIONAL)
			nearest_offer(&near, a->name);
	nearest_offer(&near, "json");
	nearest_offer(&near, "control");
	nearest_offer(&near, "help");
	if (near.best != NULL)
		return fail(err, FAULT_USAGE, "%s has no option --%s; --%s is the nearest",
			verb->words, name, near.best);
	return fail(err, FAULT_USAGE, "%s has no option --%s: see `dialtrust %s --help`",
		verb->words, name, verb->words);
}

/* An option at *at, and its value, which may be the next word. */
static bool take_option(
	const struct command_line *line, size_t *at, struct call *call, struct error *err)
{
	const struct verb *verb = call->verb;
	const char *word = line->words[*at] + 2;
	size_t size = strcspn(word, "=");
	size_t i = 0;
	const struct argument *found = verb->arguments;
	while (found != NULL && found->name != NULL &&
		(found->kind == ARGUMENT_POSITIONAL || !option_same(found->name, word, size))) {
		found++;
		i++;
	}
	if (found == NULL || found->name == NULL)
		return fail_option(verb, word, size, err);
	if (call->values[i] != NULL)
		return fail(err, FAULT_USAGE, "--%s is given twice", found->name);
	const char *value = word[size] == '=' ? word + size + 1 : NULL;
	if (found->kind == ARGUMENT_FLAG) {
		if (value != NULL)
			return fail(err, FAULT_USAGE, "--%s takes no value", found->name);
		value = "";
	} else if (value == NULL) {
		if (*at + 1 >= line->count || is_option(line, *at + 1))
			return fail(err, FAULT_USAGE, "--%s needs a value after it: %s",
				found->name, found->value);
		value = line->words[++*at];
	}
	call->values[i] = value;
	return true;
}

static bool take_positional(const char *word, struct call *call, struct error *err)
{
	const struct verb *verb = call->verb;
	for (size_t i = 0; verb->arguments != NULL && verb->arguments[i].name != NULL; i++)
		if (verb->arguments[i].kind == ARGUMENT_POSITIONAL && call->values[i] == NULL) {
			call->values[i] = word;
			return true;
		}
	if (verb->repeats && call->more_count < CALL_MORE) {
		call->more[call->more_count++] = word;
		return true;
	}
	return fail(err, FAULT_USAGE, "\"%.60s\" is one word too many: see `dialtrust %s --help`",
		word, verb->words);
}

static bool check_required(const struct call *call, struct error *err)
{
	const struct verb *verb = call->verb;
	for (size_t i = 0; verb->arguments != NULL && verb->arguments[i].name != NULL; i++) {
		const struct argument *a = &verb->arguments[i];
		if (a->required && call->values[i] == NULL)
			return fail(err, FAULT_USAGE, "%s needs %s%s: %s", verb->words,
				a->kind == ARGUMENT_POSITIONAL ? "" : "--", a->name, a->means);
	}
	return true;
}

bool call_read(const struct command_line *line, size_t taken, struct call *call, struct error *err)
{
	for (size_t i = taken; i < line->count; i++) {
		const char *word = line->words[i];
		bool fine;
		if (is_option(line, i))
			fine = take_option(line, &i, call, err);
		else if (i < line->literal_from && word[0] == '-' && word[1] != '\0')
			fine = fail(err, FAULT_USAGE,
				"\"%.60s\": options are written out, with two hyphens", word);
		else
			fine = take_positional(word, call, err);
		if (!fine)
			return false;
	}
	return check_required(call, err);
}

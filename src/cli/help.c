#include <string.h>

#include "cli/cli_impl.h"
#include "cli/output.h"

enum { HELP_INDENT = 2, HELP_GAP = 2, HELP_WIDEST = 30 };

static const char everywhere[] =
	"With every verb:\n"
	"  --json            print one JSON value on standard output\n"
	"  --control SOCKET  ask the daemon at this socket (or DIALTRUST_CONTROL;\n"
	"                    default %s)\n"
	"  --help            say what a verb does and takes\n"
	"  --version         print the version\n";

static const char statuses[] = "Exit status: 0 fine, 1 error, 2 usage, 3 refused, 4 verification "
			       "failed, 5 not found.\n";

static bool belongs(const struct verb *verb, const char *group)
{
	size_t size = group == NULL ? 0 : strlen(group);
	return group == NULL ||
		(strncmp(verb->words, group, size) == 0 && verb->words[size] == ' ');
}

void help_all(const struct verb_table *t, const char *group, FILE *to)
{
	size_t widest = 0;
	(void)fprintf(to, "usage: dialtrust %s%s… [--json] [--control SOCKET]\n\n",
		group == NULL ? "VERB " : group, group == NULL ? "" : " VERB ");
	for (size_t i = 0; i < t->count; i++)
		if (belongs(&t->verbs[i], group) && strlen(t->verbs[i].words) > widest)
			widest = strlen(t->verbs[i].words);
	for (size_t i = 0; i < t->count; i++) {
		const struct verb *verb = &t->verbs[i];
		if (!belongs(verb, group))
			continue;
		(void)fprintf(to, "%*s", HELP_INDENT, "");
		output_painted(to, PAINT_TITLE, verb->words);
		(void)fprintf(to, "%*s%s\n", (int)(widest - strlen(verb->words)) + HELP_GAP, "",
			verb->means);
	}
	(void)fprintf(to, "\n");
	(void)fprintf(to, everywhere, control_default());
	(void)fprintf(to, "\n%s", statuses);
}

/* "--trust LIST", "FILE", "--once" */
static void spell(const struct argument *a, char *out, size_t size)
{
	(void)snprintf(out, size, "%s%s%s%s", a->kind == ARGUMENT_POSITIONAL ? "" : "--", a->name,
		a->value == NULL ? "" : " ", a->value == NULL ? "" : a->value);
}

static void print_usage(const struct verb *verb, FILE *to)
{
	(void)fprintf(to, "usage: dialtrust %s", verb->words);
	for (const struct argument *a = verb->arguments; a != NULL && a->name != NULL; a++) {
		char text[80];
		spell(a, text, sizeof(text));
		(void)fprintf(to, a->required ? " %s" : " [%s]", text);
	}
	if (verb->repeats)
		(void)fputs(" …", to);
	(void)fprintf(to, "\n\n");
}

static int spelt_width(const struct argument *a)
{
	char text[80];
	spell(a, text, sizeof(text));
	return (int)text_width(text);
}

static void print_arguments(const struct verb *verb, FILE *to)
{
	int widest = 0;
	for (const struct argument *a = verb->arguments; a != NULL && a->name != NULL; a++)
		if (spelt_width(a) > widest && spelt_width(a) <= HELP_WIDEST)
			widest = spelt_width(a);
	for (const struct argument *a = verb->arguments; a != NULL && a->name != NULL; a++) {
		char text[80];
		int gap = spelt_width(a) < widest ? widest - spelt_width(a) : 0;
		spell(a, text, sizeof(text));
		(void)fprintf(
			to, "%*s%s%*s%s\n", HELP_INDENT, "", text, gap + HELP_GAP, "", a->means);
	}
	if (widest > 0)
		(void)fprintf(to, "\n");
}

void help_verb(const struct verb *verb, FILE *to)
{
	print_usage(verb, to);
	(void)fprintf(to, "%s: %s.\n\n", verb->words, verb->means);
	print_arguments(verb, to);
	if (verb->help != NULL)
		(void)fprintf(to, "%s\n\n", verb->help);
	if (verb->run == operate) {
		const struct op *op = verb->context;
		(void)fprintf(to, "On the daemon's socket: %s %s\n\n", op->method, op->path);
	}
	(void)fprintf(to, everywhere, control_default());
}

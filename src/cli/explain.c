/* `explain`: what a phone said, in words that help. docs/explain.md */
#include "cli/output.h"
#include "cli/phone_message.h"
#include "cli/verbs.h"

enum { NAME_WIDTH = 9 };

static void print_message(const struct phone_message *m)
{
	static const enum paint paints[] = {
		[MESSAGE_FINE] = PAINT_GOOD,
		[MESSAGE_NOTICE] = PAINT_PLAIN,
		[MESSAGE_TROUBLE] = PAINT_TITLE,
	};
	output_painted(stdout, paints[m->level], m->words[0]);
	(void)fputc('\n', stdout);
	output_fact(stdout, NAME_WIDTH, "level", message_level_name(m->level));
	output_fact(stdout, NAME_WIDTH, "means", m->means);
	output_fact(stdout, NAME_WIDTH, "cause", m->cause);
	output_fact(stdout, NAME_WIDTH, "next", m->action);
	output_fact(stdout, NAME_WIDTH, "source", m->source);
}

static bool explain(const struct call *call, struct error *err)
{
	const char *text = call_value(call, "TEXT");
	const struct phone_message *m = phone_message_find(text, err);
	if (m == NULL)
		return false;
	if (!call->json) {
		print_message(m);
		return true;
	}
	/* clang-format off */
	json_auto_t *shown = json_pack("{s:i, s:o, s:s, s:s, s:s, s:s, s:s, s:s}",
		"schema_version", 1,
		"text", output_json_text(text),
		"message", m->words[0],
		"level", message_level_name(m->level),
		"means", m->means,
		"cause", m->cause,
		"action", m->action,
		"source", m->source);
	/* clang-format on */
	if (shown == NULL)
		return fail_memory(err);
	output_json(stdout, shown);
	return true;
}

static const struct argument arguments[] = {
	{ "TEXT", ARGUMENT_POSITIONAL, true, NULL,
		"a status message, a line of a log or an alarm, in quotes" },
	{ .name = NULL },
};

const struct verb explain_verb = {
	.words = "explain",
	.run = explain,
	.arguments = arguments,
	.means = "says what a phone's message means and what to do next",
	.help = "The message may stand anywhere in TEXT, in upper or lower case, with the names "
		"of\n"
		"phones and files in it: \"Trust List Update Failed\", \"StatusCode=8\". What is "
		"not\n"
		"known ends with status 5 and the nearest that is.",
};

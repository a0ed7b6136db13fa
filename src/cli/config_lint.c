/* `config lint`: what is wrong with a phone's configuration. docs/config-lint.md */
#include <jansson.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/configuration_lint.h"
#include "cli/output.h"
#include "cli/remote_source.h"
#include "cli/signed_source.h"
#include "cli/verbs.h"

enum { FACT_WIDTH = 9 };

static const char *const titles[] = {
	[LINT_SECURITY] = "Security",
	[LINT_FAULT] = "Faults",
	[LINT_WARNING] = "Warnings",
	[LINT_NOTE] = "Notes",
};

/* A configuration and where it was found; the views look into `file`. */
struct configuration {
	struct bytes file;
	struct lint_scene scene;
	char name[LIMIT_FILE_NAME], header[LIMIT_FILE_NAME];
};

static void configuration_done(struct configuration *c)
{
	bytes_done(&c->file);
}

/* The clear file behind the header of a .sgn. */
static bool open_signed(struct configuration *c, struct error *err)
{
	struct signed_header header;
	struct reader file = bytes_reader(&c->file);
	if (!signed_header_parse(&file, &header, err))
		return false;
	enum signed_kind kind = signed_kind_of(&header);
	if (kind == SIGNED_ENCRYPTED)
		return fail(err, FAULT_REFUSED,
			"it is encrypted: `dialtrust file decrypt` opens it with the phone's key");
	if (kind != SIGNED_PLAIN)
		return fail(
			err, FAULT_REFUSED, "it is a %s, no configuration", signed_kind_name(kind));
	if (!text_from(header.file_name, c->header, sizeof(c->header), err))
		return false;
	c->scene.header = c->header;
	c->scene.xml = file;
	return true;
}

/* The end of the path, without .sgn; standard input has no name. */
static const char *name_of(const char *source, bool is_signed, char *out, size_t size)
{
	const char *slash = strrchr(source, '/'), *start = slash == NULL ? source : slash + 1;
	if (strcmp(source, "-") == 0)
		return NULL;
	(void)snprintf(out, size, "%s", start);
	size_t length = strlen(out);
	if (is_signed && length > 4 && strcmp(out + length - 4, ".sgn") == 0)
		out[length - 4] = '\0';
	return out;
}

static bool configuration_read(const char *source, struct configuration *c, struct error *err)
{
	if (!remote_source_read(
		    source, LIMIT_SIGNED_FILE, &(struct server_judge){ 0 }, &c->file, err))
		return false;
	c->scene.xml = bytes_reader(&c->file);
	bool is_signed = signed_header_recognise(c->scene.xml);
	if (is_signed && !open_signed(c, err))
		return fail_in(err, "%s", source);
	c->scene.name = name_of(source, is_signed, c->name, sizeof(c->name));
	return true;
}

static json_t *finding_json(const struct lint_finding *f)
{
	/* clang-format off */
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s}",
		"level", lint_level_name(f->rule->level),
		"code", f->rule->code,
		"path", f->path[0] == '\0' ? json_null() : output_json_text(f->path),
		"line", f->line == 0 ? json_null() : json_integer(f->line),
		"value", f->value[0] == '\0' ? json_null() : output_json_text(f->value),
		"sentence", f->rule->sentence,
		"action", f->rule->action,
		"source", f->rule->source);
	/* clang-format on */
}

static bool print_json(const char *source, const struct configuration *c,
	const struct lint_findings *f, struct error *err)
{
	json_t *rows = json_array(), *counts = json_object();
	for (enum lint_level level = LINT_SECURITY; level <= LINT_NOTE; level++)
		(void)json_object_set_new(counts, lint_level_name(level),
			json_integer((json_int_t)f->of_level[level]));
	for (size_t i = 0; i < f->count; i++)
		(void)json_array_append_new(rows, finding_json(&f->rows[i]));
	/* clang-format off */
	json_auto_t *told = json_pack("{s:i, s:o, s:o, s:I, s:o, s:I, s:o}",
		"schema_version", 1,
		"source", output_json_text(source),
		"signed_as", c->scene.header == NULL ? json_null() : output_json_text(c->header),
		"size", (json_int_t)c->scene.xml.left,
		"counts", counts,
		"omitted", (json_int_t)f->omitted,
		"findings", rows);
	/* clang-format on */
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static void print_finding(const struct lint_finding *f)
{
	char line[2 * LINT_VALUE + 512];
	const char *path = f->path[0] != '\0' ? f->path : "the file";
	size_t used = (size_t)snprintf(line, sizeof(line), "%s", path);
	if (f->line != 0)
		used += (size_t)snprintf(line + used, sizeof(line) - used, ", line %ld", f->line);
	if (f->value[0] != '\0')
		used += (size_t)snprintf(line + used, sizeof(line) - used, " (%s)", f->value);
	(void)snprintf(line + used, sizeof(line) - used, ": %s", f->rule->sentence);
	(void)fputs("  ", stdout);
	output_painted(stdout, PAINT_PLAIN, line);
	(void)fputs("\n    ", stdout);
	output_fact(stdout, FACT_WIDTH, "next", f->rule->action);
	(void)fputs("    ", stdout);
	output_fact(stdout, FACT_WIDTH, "source", f->rule->source);
}

static void print_findings(const struct lint_findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		enum lint_level level = f->rows[i].rule->level;
		if (i == 0 || f->rows[i - 1].rule->level != level) {
			(void)fputs(i == 0 ? "" : "\n", stdout);
			output_painted(stdout, PAINT_TITLE, titles[level]);
			(void)fputc('\n', stdout);
		}
		print_finding(&f->rows[i]);
	}
	if (f->omitted > 0)
		(void)printf("\nand %zu more, of whatever level\n", f->omitted);
	if (f->count == 0) {
		output_painted(stdout, PAINT_GOOD, "nothing is wrong that we know of");
		(void)fputc('\n', stdout);
	}
}

static bool judgement(const char *source, const struct lint_findings *f, struct error *err)
{
	size_t security = f->of_level[LINT_SECURITY], faults = f->of_level[LINT_FAULT];
	if (security + faults == 0)
		return true;
	return fail(err, FAULT_MALFORMED, "%s: %zu finding%s of security, %zu fault%s", source,
		security, security == 1 ? "" : "s", faults, faults == 1 ? "" : "s");
}

static bool config_lint(const struct call *call, struct error *err)
{
	const char *source = call_value(call, "FILE");
	AUTO_DONE(configuration) c = { 0 };
	if (!configuration_read(source, &c, err))
		return false;
	AUTO(lint_findings) f = configuration_lint(&c.scene, err);
	if (f == NULL)
		return false;
	if (!call->json)
		print_findings(f);
	else if (!print_json(source, &c, f, err))
		return false;
	return judgement(source, f, err);
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"SEP….cnf.xml or its .sgn, - for standard input, or a URL as of list show" },
	{ .name = NULL },
};

const struct verb config_lint_verb = {
	.words = "config lint",
	.run = config_lint,
	.arguments = arguments,
	.means = "says what is wrong with a phone's configuration, security first",
	.help = "Exit status 0: nothing, or warnings and notes alone. 4: something weakens "
		"security, or\n"
		"phones refuse the file or ignore a part of it. 3: it is encrypted, or no "
		"configuration.\n"
		"The signature of a .sgn is not checked: that is `file verify`.",
};

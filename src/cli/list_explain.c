#include "base/clock.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "trust/list_findings.h"

enum { TITLE_SIZE = 80 };

static const struct section {
	enum finding_level level;
	const char *title;
} sections[] = {
	{ FINDING_ALLOWS, "A phone that holds it" },
	{ FINDING_ANCHOR, "It accepts further lists by" },
	{ FINDING_FAULT, "Faults" },
	{ FINDING_WARNING, "Warnings" },
	{ FINDING_NOTE, "Notes" },
};

static void print_title(const struct section *section, const struct list_findings *f)
{
	char title[TITLE_SIZE];
	if (section->level == FINDING_ANCHOR)
		(void)snprintf(title, sizeof(title), "%s (%zu %s)", section->title, f->anchors,
			f->anchors == 1 ? "anchor" : "anchors");
	else
		(void)snprintf(title, sizeof(title), "%s", section->title);
	output_painted(stdout, PAINT_TITLE, title);
}

static void print_section(const struct section *section, const struct list_findings *f)
{
	bool titled = false;
	for (size_t i = 0; i < f->count; i++) {
		if (f->rows[i].level != section->level)
			continue;
		if (!titled)
			print_title(section, f);
		(void)fputs(titled ? "  " : "\n  ", stdout);
		output_painted(stdout, PAINT_PLAIN, f->rows[i].sentence);
		(void)fputc('\n', stdout);
		titled = true;
	}
}

static json_t *findings_json(
	const char *source, const struct held_list *list, const struct list_findings *f)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *row = &f->rows[i];
		json_t *record = row->record == FINDING_NO_RECORD
			? json_null()
			: json_integer((json_int_t)row->record + 1);
		(void)json_array_append_new(rows,
			json_pack("{s:s, s:s, s:o, s:o}", "level", finding_level_name(row->level),
				"code", row->code, "record", record, "sentence",
				output_json_text(row->sentence)));
	}
	/* clang-format off */
	return json_pack("{s:i, s:o, s:s%, s:i, s:i, s:i, s:i, s:o}",
		"schema_version", 1,
		"source", output_json_text(source),
		"file_name", (const char *)list->list.header.file_name.at,
			list->list.header.file_name.left,
		"size", (int)list->file.size,
		"records", (int)list->list.count,
		"certificates", (int)f->certificates,
		"anchors", (int)f->anchors,
		"findings", rows);
	/* clang-format on */
}

/* Explained first; then it is said whether phones take it at all. */
static bool taken_by_phones(const struct held_list *list, struct error *err)
{
	size_t index;
	AUTO(held_list) held = held_list_load(bytes_reader(&list->file), err);
	return held != NULL &&
		(!held_list_named_signer(held, &index, NULL) || held_list_intact(held, err));
}

static bool list_explain(const struct call *call, struct error *err)
{
	const char *source = call_value(call, "SOURCE");
	AUTO_DONE(bytes) file = { 0 };
	if (!list_source_read(source, &file, err))
		return false;
	AUTO(held_list) list = list_inspect(bytes_reader(&file), err);
	if (list == NULL)
		return fail_in(err, "%s", source);
	AUTO(list_findings) f = list_findings_new(list, clock_now(), err);
	if (f == NULL)
		return false;
	if (call->json) {
		json_auto_t *told = findings_json(source, list, f);
		if (told == NULL)
			return fail_memory(err);
		output_json(stdout, told);
	} else {
		for (size_t i = 0; i < COUNT(sections); i++)
			print_section(&sections[i], f);
	}
	return taken_by_phones(list, err) || fail_in(err, "%s", source);
}

static const struct argument arguments[] = {
	{ "SOURCE", ARGUMENT_POSITIONAL, true, NULL, "a file or a URL, as of list show" },
	{ .name = NULL },
};

const struct verb list_explain_verb = {
	.words = "list explain",
	.run = list_explain,
	.arguments = arguments,
	.means = "says what a trust list lets a phone do, and what is wrong with it",
	.help = "Exit status 0 whatever is found, 4 when phones refuse the list.",
};

/* Whatever a configuration says, the findings add up, stand in order, are printable text and show
 * no secret; judged again they are the same. */
#include <string.h>

#include "base/text.h"
#include "cli/configuration_lint.h"
#include "target.h"

static void is_printable(const char *text)
{
	assert(text_is_utf8(reader_of_text(text)));
	for (; *text != '\0'; text++)
		assert((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check(const struct lint_findings *f)
{
	size_t all = 0;
	for (size_t level = 0; level < LINT_LEVELS; level++)
		all += f->of_level[level];
	assert(all == f->count + f->omitted && f->count <= LINT_FINDINGS);
	for (size_t i = 0; i < f->count; i++) {
		const struct lint_finding *row = &f->rows[i];
		assert(i == 0 || f->rows[i - 1].rule->level <= row->rule->level);
		assert(row->line >= 0 && (!row->rule->secret || row->value[0] == '\0'));
		is_printable(row->value);
	}
}

static struct lint_findings *judge(struct reader xml)
{
	struct error err = { 0 };
	struct lint_scene scene = { .name = "SEP001122334455.cnf.xml", .xml = xml };
	struct lint_findings *f = configuration_lint(&scene, &err);
	assert(f != NULL && scene.document == NULL);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(lint_findings) once = judge(reader_of(data, size));
	AUTO(lint_findings) again = judge(reader_of(data, size));
	check(once);
	assert(once->count == again->count && once->omitted == again->omitted);
	for (size_t i = 0; i < once->count; i++)
		assert(once->rows[i].rule == again->rows[i].rule &&
			once->rows[i].line == again->rows[i].line &&
			strcmp(once->rows[i].path, again->rows[i].path) == 0);
	return 0;
}

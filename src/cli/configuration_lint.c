#include "cli/configuration_lint.h"

#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/configuration_tree.h"

void lint_findings_free(struct lint_findings *f)
{
	free(f);
}

const char *lint_level_name(enum lint_level level)
{
	switch (level) {
	case LINT_SECURITY:
		return "security";
	case LINT_FAULT:
		return "fault";
	case LINT_WARNING:
		return "warning";
	case LINT_NOTE:
		return "note";
	}
	return "note";
}

/* One of the texts between the bars; "-" is the empty one. */
static bool is_among(struct reader value, const char *values)
{
	for (const char *at = values;; at++) {
		size_t size = strcspn(at, "|");
		struct reader one = reader_of(at, size);
		if (size == 1 && at[0] == '-' ? value.left == 0 : reader_same(one, value))
			return true;
		at += size;
		if (*at == '\0')
			return false;
	}
}

static struct reader first_text(const struct lint_scene *scene, const char *path)
{
	const xmlNode *node = configuration_tree_find(scene->document, path);
	if (node == NULL)
		return reader_of(NULL, 0);
	return strcmp(path, "/") == 0 ? reader_of_text((const char *)node->name)
				      : configuration_tree_text(node);
}

static bool applies(const struct lint_scene *scene, const struct lint_rule *rule)
{
	for (size_t i = 0; i < LINT_WHEN && rule->when[i].path != NULL; i++)
		if (scene->document == NULL ||
			!is_among(first_text(scene, rule->when[i].path), rule->when[i].values))
			return false;
	return true;
}

static void keep(struct lint_findings *f, const struct lint_place *place)
{
	const struct lint_rule *rule = place->rule;
	f->of_level[rule->level]++;
	if (f->count == LINT_FINDINGS) {
		f->omitted++;
		return;
	}
	struct lint_finding *row = &f->rows[f->count++];
	*row = (struct lint_finding){ .rule = rule, .line = place->line };
	if (place->node != NULL)
		configuration_tree_path(place->node, row->path, sizeof(row->path));
	else if (rule->path != NULL)
		(void)snprintf(row->path, sizeof(row->path), "%s",
			rule->path + (rule->path[0] == '/' ? 2 : 0));
	struct reader shown =
		place->detail[0] != '\0' ? reader_of_text(place->detail) : place->value;
	if (!rule->secret)
		(void)text_escape(shown, row->value, sizeof(row->value));
}

static void judge_file(
	const struct lint_scene *scene, const struct lint_rule *rule, struct lint_findings *f)
{
	struct lint_place place = { .scene = scene, .rule = rule };
	if (rule->wrong(&place))
		keep(f, &place);
}

static void judge_absence(
	const struct lint_scene *scene, const struct lint_rule *rule, struct lint_findings *f)
{
	const xmlNode *node = configuration_tree_find(scene->document, rule->path);
	bool there = node != NULL &&
		(xmlFirstElementChild((xmlNode *)(uintptr_t)node) != NULL ||
			configuration_tree_text(node).left > 0);
	struct lint_place place = { .scene = scene,
		.rule = rule,
		.node = node,
		.line = node == NULL ? 0 : xmlGetLineNo(node) };
	if (!there)
		keep(f, &place);
}

static void judge_elements(
	const struct lint_scene *scene, const struct lint_rule *rule, struct lint_findings *f)
{
	const xmlNode *at = xmlDocGetRootElement(scene->document);
	for (; at != NULL; at = configuration_tree_next(at)) {
		if (!configuration_tree_at(at, rule->path))
			continue;
		struct lint_place place = { .scene = scene,
			.rule = rule,
			.node = at,
			.value = configuration_tree_text(at),
			.line = xmlGetLineNo(at) };
		if (rule->wrong(&place))
			keep(f, &place);
	}
}

static void judge(
	const struct lint_scene *scene, const struct lint_rule *rule, struct lint_findings *f)
{
	if (!applies(scene, rule))
		return;
	if (rule->path == NULL)
		judge_file(scene, rule, f);
	else if (rule->wrong == NULL)
		judge_absence(scene, rule, f);
	else
		judge_elements(scene, rule, f);
}

/* True: what comes later can be looked at. */
static bool judge_stage(
	const struct lint_scene *scene, enum lint_stage stage, struct lint_findings *f)
{
	size_t count, faults = f->of_level[LINT_FAULT];
	const struct lint_rule *rules = lint_rules(&count);
	for (enum lint_level level = LINT_SECURITY; level <= LINT_NOTE; level++)
		for (size_t i = 0; i < count; i++)
			if (rules[i].level == level && rules[i].stage == stage)
				judge(scene, &rules[i], f);
	return f->of_level[LINT_FAULT] == faults;
}

static int by_level(const void *a, const void *b)
{
	const struct lint_finding *left = a, *right = b;
	if (left->rule->level != right->rule->level)
		return left->rule->level < right->rule->level ? -1 : 1;
	if (left->rule != right->rule)
		return left->rule < right->rule ? -1 : 1;
	return (left->line > right->line) - (left->line < right->line);
}

struct lint_findings *configuration_lint(struct lint_scene *scene, struct error *err)
{
	AUTO(lint_findings) f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	scene->document = NULL;
	if (judge_stage(scene, LINT_BYTES, f)) {
		scene->document = configuration_tree_read(
			scene->xml, &scene->line, scene->why, sizeof(scene->why));
		if (judge_stage(scene, LINT_XML, f))
			(void)judge_stage(scene, LINT_TREE, f);
		xmlFreeDoc(scene->document);
		scene->document = NULL;
	}
	qsort(f->rows, f->count, sizeof(*f->rows), by_level);
	return TAKE(f);
}

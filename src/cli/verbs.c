#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/all_nodes.h"
#include "cli/cli_impl.h"

enum { ARGUMENT_NAME_SIZE = 32 };

/* An operation as a verb: its fields as arguments, in the same order. */
struct op_verb {
	struct argument arguments[CALL_ARGUMENTS];
	char names[CALL_ARGUMENTS][ARGUMENT_NAME_SIZE];
};

static const char *value_name(enum op_field_kind kind)
{
	switch (kind) {
	case OP_TEXT:
		return "TEXT";
	case OP_NUMBER:
		return "NUMBER";
	case OP_NODE:
		return "NODE";
	case OP_UNIT:
	case OP_IDENTITY_UNIT:
		return "UNIT";
	case OP_TRUST_STORE:
		return "STORE";
	case OP_NAME:
		return "NAME";
	case OP_FLAG:
		return NULL;
	case OP_FILE:
		return "FILE";
	case OP_AUTHORITIES:
		return "FOLDER";
	}
	return "VALUE";
}

static char spelled(char c, bool positional)
{
	if (positional && c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return !positional && c == '_' ? '-' : c;
}

static enum argument_kind argument_kind_of(const struct op_field *field)
{
	if (field->kind == OP_FLAG)
		return ARGUMENT_FLAG;
	return field->positional ? ARGUMENT_POSITIONAL : ARGUMENT_OPTION;
}

static void describe_field(const struct op_field *field, char *name, struct argument *out)
{
	size_t size = strlen(field->name);
	for (size_t i = 0; i < size && i + 1 < ARGUMENT_NAME_SIZE; i++)
		name[i] = spelled(field->name[i], field->positional);
	*out = (struct argument){
		.name = name,
		.kind = argument_kind_of(field),
		.required = field->required,
		.value = field->positional ? NULL : value_name(field->kind),
		.means = field->means,
	};
}

static void describe_operation(const struct op *op, struct op_verb *backing, struct verb *out)
{
	size_t count = 0;
	const struct argument *all = all_nodes_argument(op->id);
	for (const struct op_field *f = op->fields; f != NULL && f->name != NULL; f++) {
		if (count + 1 >= CALL_ARGUMENTS)
			break; /* a test holds every row shorter */
		describe_field(f, backing->names[count], &backing->arguments[count]);
		if (all_nodes_known(op->id) && f->kind == OP_NODE)
			backing->arguments[count].required = false; /* one of the two */
		count++;
	}
	if (all != NULL && count + 1 < CALL_ARGUMENTS)
		backing->arguments[count] = *all;
	*out = (struct verb){
		.words = op->words,
		.run = operate,
		.arguments = backing->arguments,
		.means = op->means,
		.context = op,
	};
}

static size_t first_word(const char *words)
{
	return strcspn(words, " ");
}

static bool same_group(const struct verb *a, const struct verb *b)
{
	size_t size = first_word(a->words);
	return size == first_word(b->words) && strncmp(a->words, b->words, size) == 0;
}

/* After the last one of its group, so that help lists them together. */
static void insert(struct verb_table *t, const struct verb *verb)
{
	size_t at = t->count;
	for (size_t i = 0; i < t->count; i++)
		if (same_group(&t->verbs[i], verb))
			at = i + 1;
	memmove(&t->verbs[at + 1], &t->verbs[at], (t->count - at) * sizeof(*t->verbs));
	t->verbs[at] = *verb;
	t->count++;
}

bool verb_table_make(
	struct verb_table *out, const struct verb *const *extra, size_t count, struct error *err)
{
	size_t operations;
	const struct op *ops = op_rows(&operations);
	struct verb_table t = { .verbs = calloc(operations + count, sizeof(*t.verbs)),
		.operations = calloc(operations, sizeof(*t.operations)) };
	if (t.verbs == NULL || t.operations == NULL) {
		verb_table_done(&t);
		return fail_memory(err);
	}
	for (size_t i = 0; i < operations; i++) {
		struct verb verb;
		describe_operation(&ops[i], &t.operations[i], &verb);
		insert(&t, &verb);
	}
	for (size_t i = 0; i < count; i++)
		insert(&t, extra[i]);
	*out = t;
	return true;
}

void verb_table_done(struct verb_table *t)
{
	free(t->verbs);
	free(t->operations);
	*t = (struct verb_table){ 0 };
}

/* How many words of the line a verb's words take; 0: the line does not start with them. */
static size_t words_taken(const struct verb *verb, const struct command_line *line)
{
	size_t taken = 0;
	for (const char *at = verb->words; *at != '\0';) {
		size_t size = strcspn(at, " ");
		if (taken >= line->count || taken >= line->literal_from ||
			strlen(line->words[taken]) != size ||
			strncmp(line->words[taken], at, size) != 0)
			return 0;
		taken++;
		at += size + (at[size] == ' ');
	}
	return taken;
}

bool is_group(const struct verb_table *t, const char *word)
{
	for (size_t i = 0; i < t->count; i++) {
		size_t size = first_word(t->verbs[i].words);
		if (t->verbs[i].words[size] == ' ' && strlen(word) == size &&
			strncmp(t->verbs[i].words, word, size) == 0)
			return true;
	}
	return false;
}

/* Offers the part of each verb that stands where the unknown word does. */
static bool fail_word(
	const struct verb_table *t, const char *group, const char *word, struct error *err)
{
	char known[64][ARGUMENT_NAME_SIZE];
	struct nearest near = nearest_to(word);
	for (size_t i = 0; i < t->count && i < COUNT(known); i++) {
		const char *words = t->verbs[i].words;
		size_t size = first_word(words);
		if (group == NULL)
			(void)snprintf(known[i], sizeof(known[i]), "%.*s", (int)size, words);
		else if (strlen(group) == size && strncmp(words, group, size) == 0)
			(void)snprintf(known[i], sizeof(known[i]), "%s", words + size + 1);
		else
			continue;
		nearest_offer(&near, known[i]);
	}
	const char *before = group == NULL ? "" : group, *space = group == NULL ? "" : " ";
	if (near.best != NULL)
		return fail(err, FAULT_USAGE,
			"there is no `dialtrust %s%s%.40s`; `dialtrust %s%s%s` is the nearest",
			before, space, word, before, space, near.best);
	return fail(err, FAULT_USAGE,
		"there is no `dialtrust %s%s%.40s`: see `dialtrust %s%s--help`", before, space,
		word, before, space);
}

bool verb_same_words(const struct verb *a, const struct verb *b)
{
	return strcmp(a->words, b->words) == 0;
}

/* Whether the word behind this option is its value, for any verb of these words. */
static bool has_value(const struct verb_table *t, const struct verb *like, const char *option)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct argument *a = t->verbs[i].arguments;
		if (!verb_same_words(&t->verbs[i], like))
			continue;
		for (; a != NULL && a->name != NULL; a++)
			if (a->kind == ARGUMENT_OPTION &&
				option_same(a->name, option, strlen(option)))
				return true;
	}
	return false;
}

/* NULL: there is none. */
static const char *first_positional(const struct verb_table *t, const struct command_line *line,
	const struct verb *like, size_t taken)
{
	for (size_t i = taken; i < line->count; i++) {
		const char *word = line->words[i];
		if (i >= line->literal_from || strncmp(word, "--", 2) != 0)
			return word;
		if (has_value(t, like, word + 2))
			i++;
	}
	return NULL;
}

static const struct verb *verb_meant(const struct verb_table *t, const struct command_line *line,
	const struct verb *found, size_t taken)
{
	const struct verb *meant = found;
	const char *positional = first_positional(t, line, found, taken);
	for (size_t i = 0; i < t->count; i++) {
		const struct verb *verb = &t->verbs[i];
		if (!verb_same_words(verb, found))
			continue;
		if (verb->takes == NULL)
			meant = verb;
		else if (positional != NULL && verb->takes(positional))
			return verb;
	}
	return meant;
}

const struct verb *verb_find(const struct verb_table *t, const struct command_line *line,
	size_t *taken, struct error *err)
{
	const struct verb *found = NULL;
	size_t longest = 0;
	for (size_t i = 0; i < t->count; i++) {
		size_t words = words_taken(&t->verbs[i], line);
		if (words > longest) {
			longest = words;
			found = &t->verbs[i];
		}
	}
	if (found != NULL) {
		*taken = longest;
		return verb_meant(t, line, found, longest);
	}
	if (line->count == 0)
		(void)fail(err, FAULT_USAGE, "nothing was asked: see `dialtrust --help`");
	else if (line->words[0][0] == '-')
		(void)fail(err, FAULT_USAGE,
			"\"%.40s\" stands before any verb: see `dialtrust --help`", line->words[0]);
	else if (!is_group(t, line->words[0]))
		(void)fail_word(t, NULL, line->words[0], err);
	else if (line->count == 1)
		(void)fail(err, FAULT_USAGE, "%s what? See `dialtrust %s --help`", line->words[0],
			line->words[0]);
	else
		(void)fail_word(t, line->words[0], line->words[1], err);
	return NULL;
}

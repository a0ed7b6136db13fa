#include "wire/tag_table.h"

#include <assert.h>

#include "base/limits.h"
#include "base/text.h"

enum { DEPTH_MAX = 4 }; /* one more than any table nests */

struct walk {
	const struct tag_table *table;
	const uint8_t *start; /* stands at `offset` in the file */
	size_t offset;
	size_t depth;
	struct level {
		struct reader inside;
		uint8_t group;
	} levels[DEPTH_MAX];
	struct tag_values values;
};

static const struct tag_rule *rule_of(const struct walk *k, uint8_t tag)
{
	if (tag >= k->table->count || k->table->rules[tag].shape == TAG_NONE)
		return NULL;
	return &k->table->rules[tag];
}

static size_t position(const struct walk *k)
{
	return k->offset + (size_t)(k->levels[k->depth].inside.at - k->start);
}

static bool size_fits(const struct tag_rule *rule, size_t size, struct error *err)
{
	if (rule->min == rule->max && size != rule->min)
		return fail(err, FAULT_MALFORMED, "%zu bytes long, must be %u", size, rule->min);
	if (size < rule->min)
		return fail(err, FAULT_MALFORMED, "%zu bytes long, must be %u at least", size,
			rule->min);
	if (size > rule->max)
		return fail(err, FAULT_LIMIT, "%zu bytes long, at most %u are allowed", size,
			rule->max);
	return true;
}

static bool text_fits(struct reader *value, struct error *err)
{
	char scratch[LIMIT_TEXT];
	if (value->left == 0 || value->at[value->left - 1] != '\0')
		return fail(err, FAULT_MALFORMED, "text does not end with a zero byte");
	struct reader text = reader_of(value->at, value->left - 1);
	if (!text_from(text, scratch, sizeof(scratch), err))
		return false;
	*value = text;
	return true;
}

static bool value_fits(const struct tag_rule *rule, struct reader *value, struct error *err)
{
	if (!size_fits(rule, value->left, err))
		return false;
	if (rule->shape == TAG_TEXT)
		return text_fits(value, err);
	if (rule->shape == TAG_SERIAL && (value->left == 0 || value->at[0] == 0))
		return fail(err, FAULT_MALFORMED, "starts with a zero byte");
	return true;
}

static bool take_padding(
	struct walk *k, const struct tag_rule *rule, uint8_t tag, struct error *err)
{
	struct reader rest = reader_rest(&k->levels[k->depth].inside);
	for (size_t i = 0; i < rest.left; i++)
		if (k->depth > 0 || rest.at[i] != tag)
			return fail(err, FAULT_MALFORMED, "stands before the end");
	if (rest.left > rule->max)
		return fail(err, FAULT_MALFORMED, "%zu bytes, at most %u are allowed", rest.left,
			rule->max);
	k->values.of[tag] = rest;
	return true;
}

static bool take_tag(struct walk *k, const struct tag_rule *rule, struct error *err)
{
	struct level *level = &k->levels[k->depth];
	struct tlv one;
	if (!tlv_next(&level->inside, &one))
		return fail(err, FAULT_MALFORMED, "runs past the end of %s",
			level->group != 0 ? k->table->rules[level->group].name : "the whole");
	if (rule->group != level->group)
		return fail(err, FAULT_MALFORMED, "does not belong there");
	if (k->values.of[one.tag].ok)
		return fail(err, FAULT_MALFORMED, "comes a second time");
	if (!value_fits(rule, &one.value, err))
		return false;
	k->values.of[one.tag] = one.value;
	if (rule->shape == TAG_GROUP) {
		k->depth++;
		assert(k->depth < DEPTH_MAX); /* groups nest only as the table says */
		k->levels[k->depth] = (struct level){ .inside = one.value, .group = one.tag };
	}
	return true;
}

static bool step(struct walk *k, struct error *err)
{
	uint8_t tag = k->levels[k->depth].inside.at[0];
	size_t at = position(k);
	const struct tag_rule *rule = rule_of(k, tag);
	if (rule == NULL)
		return fail(err, FAULT_MALFORMED, "tag %u at byte %zu is unknown", tag, at);
	bool fine =
		rule->shape == TAG_BARE ? take_padding(k, rule, tag, err) : take_tag(k, rule, err);
	return fine || fail_in(err, "%s at byte %zu", rule->name, at);
}

static bool complete(const struct walk *k, struct error *err)
{
	for (size_t tag = 0; tag < k->table->count; tag++) {
		const struct tag_rule *rule = &k->table->rules[tag];
		bool wanted = rule->needed && (rule->group == 0 || k->values.of[rule->group].ok);
		if (wanted && !k->values.of[tag].ok)
			return fail(
				err, FAULT_MALFORMED, "%s (tag %zu) is missing", rule->name, tag);
	}
	return true;
}

bool tag_table_read(const struct tag_table *table, struct reader area, size_t offset,
	struct tag_values *out, struct error *err)
{
	assert(table->count <= TAG_LIMIT);
	struct walk k = { .table = table, .start = area.at, .offset = offset };
	k.levels[0].inside = area;
	for (;;) {
		if (k.levels[k.depth].inside.left > 0) {
			if (!step(&k, err))
				return false;
		} else if (k.depth > 0) {
			k.depth--;
		} else {
			break;
		}
	}
	if (!complete(&k, err))
		return false;
	*out = k.values;
	return true;
}

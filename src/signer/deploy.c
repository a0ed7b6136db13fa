/* A private key on its way to the deployer: the only way by which one leaves the signer for a
 * program that is none of ours. docs/signer.md#keys-that-leave */
#include <string.h>

#include "signer/operations_impl.h"

static bool deployable_next(const char **keys, struct reader *out)
{
	*keys += strspn(*keys, " ,");
	*out = reader_of(*keys, strcspn(*keys, " ,"));
	*keys += out->left;
	return out->left > 0;
}

bool deployable_check(const char *keys, struct error *err)
{
	struct reader name;
	char text[SIGNER_NAME_SIZE];
	if (strcmp(keys, "none") == 0)
		return true;
	while (deployable_next(&keys, &name)) {
		if (name.left >= sizeof(text))
			return fail(err, FAULT_MALFORMED,
				"[deployer] keys: a name of %zu characters is none of a unit",
				name.left);
		memcpy(text, name.at, name.left);
		text[name.left] = '\0';
		const struct unit *unit = unit_find(text);
		if (unit == NULL || unit->trust)
			return fail(err, FAULT_MALFORMED,
				"[deployer] keys: %s is no unit with a key: name units such as "
				"tomcat, with commas between, or none",
				text);
		if (unit->key_stays)
			return fail(err, FAULT_REFUSED,
				"[deployer] keys: the key of %s never leaves its signer",
				unit->name);
	}
	return true;
}

static bool is_deployable(const char *keys, const struct unit *unit)
{
	struct reader name;
	while (keys != NULL && deployable_next(&keys, &name))
		if (reader_same(name, reader_of_text(unit->name)))
			return !unit->key_stays;
	return false;
}

bool deploy_answer(struct question *q, struct writer *answer, struct error *err)
{
	uint8_t id[SIGNER_KEY_SIZE];
	struct asked_key key;
	if (!asked_name_read(q, id, err) || !asked_key_find(q, id, STATE_LIVE, &key, err))
		return false;
	if (!is_deployable(q->deployable, key.unit))
		return fail(err, FAULT_REFUSED,
			key.unit->key_stays
				? "the key of %s never leaves its signer"
				: "[deployer] keys of this node's settings does not name %s: its "
				  "key stays in the signer",
			key.unit->name);
	return private_write(q, &key, answer, err);
}

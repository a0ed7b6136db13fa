#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "signer/operations_impl.h"

static const struct kind_row {
	enum unit_key unit_key;
	enum key_kind kind;
} kinds[] = {
	{ UNIT_KEY_RSA_2048, KEY_RSA_2048 },
	{ UNIT_KEY_RSA_3072, KEY_RSA_3072 },
	{ UNIT_KEY_RSA_4096, KEY_RSA_4096 },
	{ UNIT_KEY_EC_256, KEY_EC_256 },
	{ UNIT_KEY_EC_384, KEY_EC_384 },
	{ UNIT_KEY_EC_521, KEY_EC_521 },
};

static bool kind_fits(const struct unit *unit, uint8_t asked, struct error *err)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].kind == (enum key_kind)asked)
			return unit_key_check(unit, kinds[i].unit_key, true, err);
	return fail(err, FAULT_REFUSED, "no unit has a key of kind %u", asked);
}

/* What the certificate may be used for is the unit's row's to say, not the asker's. */
static bool check_unit(const struct signer_make *asked, const struct unit *unit, struct error *err)
{
	if (unit == NULL || strcmp(unit->name, asked->unit) != 0)
		return fail(err, FAULT_REFUSED, "there is no unit %s", asked->unit);
	if (unit->trust)
		return fail(err, FAULT_REFUSED, "%s is a trust store and has no key of its own",
			unit->name);
	if (!kind_fits(unit, asked->key_kind, err))
		return false;
	if (asked->usages != unit->usages || asked->authority != unit->authority)
		return fail(err, FAULT_REFUSED,
			"%s may not be used as asked (usages %#x%s, its row says %#x%s)",
			unit->name, asked->usages, asked->authority ? ", authority" : "",
			unit->usages, unit->authority ? ", authority" : "");
	return true;
}

static bool fill_profile(
	const struct signer_make *asked, struct certificate_profile *out, struct error *err)
{
	struct certificate_subject *s = &out->subject;
	out->usages = asked->usages;
	out->authority = asked->authority;
	out->not_before = asked->not_before;
	out->days = asked->days;
	out->hash_bits = asked->hash_bits;
	return text_copy(s->common_name, sizeof(s->common_name), asked->common_name, err) &&
		text_copy(s->unit, sizeof(s->unit), asked->organizational_unit, err) &&
		text_copy(s->organization, sizeof(s->organization), asked->organization, err) &&
		text_copy(s->locality, sizeof(s->locality), asked->locality, err) &&
		text_copy(s->state, sizeof(s->state), asked->state, err) &&
		text_copy(s->country, sizeof(s->country), asked->country, err) &&
		text_copy(out->dns_name, sizeof(out->dns_name), asked->dns_name, err);
}

bool make_identity_prepare(struct question *q, struct making *out, struct error *err)
{
	struct signer_make asked;
	struct making making = { .made = clock_now() };
	if (!signer_make_parse(q->payload, &asked, err))
		return false;
	(void)snprintf(q->about, sizeof(q->about), "%s for %s", asked.unit, asked.common_name);
	making.unit = unit_find(asked.unit);
	if (!check_unit(&asked, making.unit, err) || !fill_profile(&asked, &making.profile, err) ||
		!certificate_profile_check(&making.profile, err))
		return false;
	if (key_store_count(q->keys) >= KEY_STORE_MAX)
		return fail(err, FAULT_LIMIT,
			"%d keys are kept, which is the most: destroy retired ones", KEY_STORE_MAX);
	making.kind = (enum key_kind)asked.key_kind; /* one of the table, seen above */
	*out = making;
	return true;
}

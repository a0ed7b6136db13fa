#include "trust/belief.h"

#include "trust/signer_name.h"

enum { BELIEF_ROLES = 2 };

/* Which roles may sign which thing, docs/trust.md#roles */
static const struct thing {
	size_t count;
	enum role roles[BELIEF_ROLES];
	const char *needs;
} things[] = {
	[BELIEVE_CTL] = { 1, { ROLE_SAST }, "role 0" },
	[BELIEVE_ITL] = { 1, { ROLE_SAST }, "role 0" },
	[BELIEVE_FILE] = { 2, { ROLE_TFTP, ROLE_CCM_TFTP }, "role 3 or 2" },
};

static bool find_signer(const struct held_list *held, const struct thing *thing,
	const struct signed_header *header, size_t *index)
{
	for (size_t i = 0; held != NULL && i < thing->count; i++)
		if (held_list_find_signer(held, header, thing->roles[i], index))
			return true;
	return false;
}

static bool holds_by_name(
	const struct held_list *held, const struct thing *thing, const struct signed_header *header)
{
	size_t index;
	for (size_t i = 0; held != NULL && i < thing->count; i++)
		if (held_list_find_named(held, header, thing->roles[i], &index))
			return true;
	return false;
}

/* Phones compare the names of a signer as bytes: docs/formats/distinguished-name.md#appliance */
static void tell_unheld(const struct holding *holding, const struct thing *thing,
	const struct signed_header *header, struct error *why)
{
	bool form = holds_by_name(holding->itl, thing, header) ||
		holds_by_name(holding->ctl, thing, header);
	fail(why, FAULT_UNTRUSTED, "no held list has the signer with %s%s", thing->needs,
		form ? " under these very bytes: it is held, its names in another form" : "");
}

struct belief_answer believe(const struct holding *holding, enum believed_thing what,
	struct reader file, const struct signed_header *header, struct error *why)
{
	struct belief_answer answer = { .belief = BELIEF_FIRST };
	if (holding->ctl == NULL && holding->itl == NULL)
		return answer;
	if (holding->ctl == NULL && held_list_blank(holding->itl))
		return (struct belief_answer){ .belief = BELIEF_OPEN };
	const struct thing *thing = &things[what];
	const struct held_list *held = holding->itl;
	if (!find_signer(held, thing, header, &answer.record)) {
		held = holding->ctl;
		answer.by_ctl = true;
		if (!find_signer(held, thing, header, &answer.record)) {
			tell_unheld(holding, thing, header, why);
			return (struct belief_answer){ .belief = BELIEF_ASK_TVS };
		}
	}
	answer.signer = held->certs[answer.record];
	answer.belief = signature_fits(file, header, answer.signer, why) ? BELIEF_HELD : BELIEF_BAD;
	return answer;
}

static bool grants(const struct thing *thing, const uint8_t *roles, size_t role_count)
{
	for (size_t i = 0; i < role_count; i++)
		for (size_t k = 0; k < thing->count; k++)
			if (roles[i] == (unsigned)thing->roles[k])
				return true;
	return false;
}

bool believe_vouched(enum believed_thing what, struct reader file,
	const struct signed_header *header, const struct cert *signer, const uint8_t *roles,
	size_t role_count, struct error *why)
{
	const struct thing *thing = &things[what];
	if (!signer_is(header, signer))
		return fail(why, FAULT_UNTRUSTED, "TVS vouched for somebody else: %s",
			cert_subject(signer, NAME_APPLIANCE));
	if (!grants(thing, roles, role_count))
		return fail(why, FAULT_UNTRUSTED, "TVS vouched for the signer, but not with %s",
			thing->needs);
	return signature_fits(file, header, signer, why);
}

static bool holds_server(const struct held_list *held, const struct cert *server, enum role role)
{
	for (size_t i = 0; held != NULL && i < held->list.count; i++) {
		const struct trust_record *record = &held->list.records[i];
		if (held->certs[i] != NULL && record->has_role && record->role == role &&
			cert_same(held->certs[i], server))
			return true;
	}
	return false;
}

bool believe_server(const struct holding *holding, const struct cert *server, enum role role)
{
	return holds_server(holding->itl, server, role) || holds_server(holding->ctl, server, role);
}

static bool holds_file_signer(const struct held_list *held)
{
	for (size_t i = 0; held != NULL && i < held->list.count; i++) {
		const struct trust_record *record = &held->list.records[i];
		uint8_t role = (uint8_t)record->role;
		if (held->certs[i] != NULL && record->has_role && record->role <= UINT8_MAX &&
			grants(&things[BELIEVE_FILE], &role, 1))
			return true;
	}
	return false;
}

bool wants_signed_files(const struct holding *holding)
{
	return holds_file_signer(holding->itl) || holds_file_signer(holding->ctl);
}

static bool holds_tvs(const struct held_list *held)
{
	for (size_t i = 0; held != NULL && i < held->list.count; i++)
		if (held->certs[i] != NULL && held->list.records[i].has_role &&
			held->list.records[i].role == ROLE_TVS)
			return true;
	return false;
}

bool knows_tvs(const struct holding *holding)
{
	return holds_tvs(holding->itl) || holds_tvs(holding->ctl);
}

bool signer_is(const struct signed_header *header, const struct cert *cert)
{
	return serial_fits(header->serial, cert) && issuer_fits(header->issuer_name, cert) &&
		subject_fits(header->signer_name, cert);
}

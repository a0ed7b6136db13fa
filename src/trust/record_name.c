#include "trust/record_name.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char recovery_prefix[] = "ITLRECOVERY_";

/* docs/formats/trust-list.md#roles */
static const struct unit_of_role {
	enum role role;
	const char *unit;
} units[] = {
	{ ROLE_CCM, "CallManager" },
	{ ROLE_CCM_TFTP, "CallManager" },
	{ ROLE_TFTP, "CallManager" },
	{ ROLE_CAPF, "CAPF" },
	{ ROLE_TVS, "TVS" },
};

static const char *unit_of(const struct trust_record *record)
{
	for (size_t i = 0; record->has_role && i < COUNT(units); i++)
		if (record->role == (unsigned)units[i].role)
			return units[i].unit;
	return NULL;
}

/* The unit of a signer of lists is that of another record with the same certificate. */
static const char *unit_of_signer(const struct held_list *held, size_t index)
{
	struct reader certificate = held->list.records[index].certificate;
	for (size_t i = 0; certificate.left > 0 && i < held->list.count; i++) {
		const struct trust_record *other = &held->list.records[i];
		const char *unit = unit_of(other);
		if (unit != NULL && reader_same(other->certificate, certificate))
			return unit;
	}
	return "list signer";
}

static const char *other_role(const struct trust_record *record)
{
	const struct role_row *row = record->has_role ? role_find(record->role) : NULL;
	return row != NULL ? row->printed : "record";
}

const char *record_name(
	const struct held_list *held, size_t index, char out[static RECORD_NAME_SIZE])
{
	const struct trust_record *record = &held->list.records[index];
	const struct cert *cert = held->certs[index];
	const char *unit = unit_of(record);
	char name[RECORD_NAME_SIZE / 2];
	if (cert != NULL && cert_common_name(cert)[0] != '\0')
		(void)text_escape(reader_of_text(cert_common_name(cert)), name, sizeof(name));
	else
		(void)text_escape(record->dns_name.left > 0 ? record->dns_name : record->subject,
			name, sizeof(name));
	const char *whose = name;
	if (record->has_role && record->role == ROLE_SAST) {
		bool recovery = strncmp(name, recovery_prefix, sizeof(recovery_prefix) - 1) == 0;
		unit = recovery ? "ITLRecovery" : unit_of_signer(held, index);
		whose += recovery ? sizeof(recovery_prefix) - 1 : 0;
	}
	if (unit == NULL)
		unit = other_role(record);
	(void)snprintf(
		out, RECORD_NAME_SIZE, "%s%s%s", unit, whose[0] == '\0' ? "" : " of ", whose);
	return out;
}

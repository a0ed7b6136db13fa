#pragma once
/*
 * A name that a phone asks for, judged and explained: what kind of file it means, for which device.
 * The names and their order: docs/formats/provisioning.md
 */
#include "base/limits.h"
#include "cluster/node.h"

enum provision_kind {
	PROVISION_ITL,       /* ITLFile.tlv, ITLSEP….tlv */
	PROVISION_CTL,       /* CTLFile.tlv, CTLSEP….tlv */
	PROVISION_SIGNED,    /* <name>.sgn of a file that we sign */
	PROVISION_ENCRYPTED, /* <name>.enc.sgn */
	PROVISION_PLAIN,     /* anything else: as it is */
};

struct provision_name {
	enum provision_kind kind;
	char name[LIMIT_FILE_NAME];   /* as asked, without a leading slash: a signed file's FILENAME
				       */
	char source[LIMIT_FILE_NAME]; /* "ITLFile.tlv", "CTLFile.tlv", or the name without .sgn */
	char device[DEVICE_NAME_SIZE]; /* "SEP001122334455" where the name tells, else "" */
};

/* FAULT_REFUSED: leading dot or slash pair, "..", backslash, control bytes, keys and databases,
 * also with .sgn behind them. FAULT_LIMIT: too long. */
bool provision_name_parse(const char *asked, struct provision_name *out, struct error *err)
	MUST_CHECK;

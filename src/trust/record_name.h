#pragma once
/*
 * What an administrator calls a record of a trust list: "CallManager of pub", "TVS of sub1",
 * "ITLRecovery of pub". A certificate does not say which unit it is of: it is told by the record's
 * role, and where that is 0 by its name and by the other records that carry it. docs/list.md
 */
#include "trust/held_list.h"

enum { RECORD_NAME_SIZE = 160 };

/* Returns out. */
const char *record_name(
	const struct held_list *held, size_t index, char out[static RECORD_NAME_SIZE]);

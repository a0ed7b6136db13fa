#pragma once
/* What the phone's brain needs of SEP….cnf.xml, read out of the XML: no entities, no network. */
#include "talk/phone.h"

/* FAULT_MALFORMED: no XML, or none of a phone; FAULT_REFUSED: a DOCTYPE; FAULT_LIMIT: a value that
 * is too long, more than PHONE_TVS servers. */
bool configuration_file_read(struct reader xml, struct phone_configuration *out, struct error *err)
	MUST_CHECK;

#include "faults/merged.h"

#include <stdio.h>

#include "manager/manager_impl.h"

bool merge(struct reader xml, struct bytes *out, struct error *err)
{
	struct configuration_facts facts = { .tvs_count = 1 };
	(void)snprintf(facts.tvs[0].address, sizeof(facts.tvs[0].address), "127.0.10.1");
	facts.tvs[0].port = 2445;
	return configuration_merge(xml, &facts, out, err);
}

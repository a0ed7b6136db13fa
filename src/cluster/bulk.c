#include "cluster/bulk.h"

#include "base/own.h"
#include "base/text.h"

/* clang-format off */
static const struct bulk_type rows[] = {
	{ "Tomcat",      "tomcat",      "tomcat",      { "tomcat-trust" } },
	{ "TFTP",        "tftp",        "CallManager", { "Phone-SAST-trust", "CallManager-trust" } },
	{ "CAPF",        "capf",        "CAPF",        { "CallManager-trust" } },
	{ "ITLRecovery", "ITLRecovery", "ITLRecovery", { "Phone-SAST-trust", "CallManager-trust" } },
};
/* clang-format on */

const struct bulk_type *bulk_types(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

const struct bulk_type *bulk_type_find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_same_nocase(rows[i].name, name) || text_same_nocase(rows[i].unit, name))
			return &rows[i];
	return NULL;
}

bool bulk_is_all(const char *name)
{
	return text_same_nocase(name, "all");
}

#include "cluster/role.h"

#include "base/own.h"

static const struct role_row rows[] = {
#define ROLE(name, number, printed, means) { ROLE_##name, printed, means },
#include "cluster/roles.def"
#undef ROLE
};

const struct role_row *role_find(unsigned number)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if ((unsigned)rows[i].role == number)
			return &rows[i];
	return NULL;
}

const struct role_row *role_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

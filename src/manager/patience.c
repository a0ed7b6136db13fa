#include "manager/patience_impl.h"

bool patience_lasts(struct patience *p, bool refused)
{
	p->pause_ms = p->pause_ms == 0 ? PATIENCE_FIRST_MS : 2 * p->pause_ms;
	if (p->pause_ms > PATIENCE_MOST_MS)
		p->pause_ms = PATIENCE_MOST_MS;
	p->refusals += refused;
	if (p->refusals < PATIENCE_REFUSALS)
		return true;
	p->refusals = 0; /* the next notice has its own */
	return false;
}

void patience_renew(struct patience *p)
{
	*p = (struct patience){ 0 };
}

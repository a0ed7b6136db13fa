#pragma once
/* How long to wait before a notice is sent again, and when to give it up; stays in this room. */
#include <stdbool.h>
#include <stdint.h>

enum {
	PATIENCE_FIRST_MS = 1000,
	PATIENCE_MOST_MS = 3600000,
	PATIENCE_REFUSALS = 24, /* of one notice: half a day */
};

struct patience {
	int64_t pause_ms; /* 0: the last one went well */
	unsigned refusals;
};

/* After a failure; doubles the pause, up to an hour. `refused`: the receiver was there and answered
 * no. False: it has done so PATIENCE_REFUSALS times about this notice, which is to be dropped. Who
 * is away is waited for without end. */
bool patience_lasts(struct patience *p, bool refused);
void patience_renew(struct patience *p); /* it was taken */

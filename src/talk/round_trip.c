#include "talk/round_trip.h"

/* Shorter waits gain nobody anything and punish a machine that was busy for a moment. */
enum { LEAST_WAIT_MS = 20 };

void round_trip_note(struct round_trip *r, int64_t sample_ms)
{
	if (sample_ms < 0)
		sample_ms = 0;
	if (!r->known) {
		*r = (struct round_trip){ 8 * sample_ms, 2 * sample_ms, true };
		return;
	}
	int64_t off = sample_ms - r->smoothed_8 / 8;
	r->smoothed_8 += off;
	r->variation_4 += (off < 0 ? -off : off) - r->variation_4 / 4;
}

int64_t round_trip_wait(const struct round_trip *r)
{
	if (!r->known)
		return 0;
	int64_t wait = r->smoothed_8 / 8 + r->variation_4;
	return wait < LEAST_WAIT_MS ? LEAST_WAIT_MS : wait;
}

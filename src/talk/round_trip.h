#pragma once
/*
 * How long the way to a peer and back takes, and how long to wait for an answer before asking
 * again: RFC 6298 in milliseconds, for networks of a building. Zeroed: nothing is known yet.
 */
#include <stdbool.h>
#include <stdint.h>

struct round_trip {
	int64_t smoothed_8;  /* mean, in eighths of a millisecond */
	int64_t variation_4; /* mean deviation, in quarters */
	bool known;
};

/* Only of what was sent once (Karn): nobody can say which of two was answered. */
void round_trip_note(struct round_trip *r, int64_t sample_ms);
/* 0: nothing is known. */
int64_t round_trip_wait(const struct round_trip *r);

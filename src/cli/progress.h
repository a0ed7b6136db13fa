#pragma once
/* A bar on standard error while something takes long; nothing there when that is no terminal. */
#include <stdbool.h>
#include <stddef.h>

struct progress {
	size_t total, done;
	int drawn; /* what stands there, in hundredths; -1: nothing */
	bool shown;
};

struct progress progress_begin(size_t total);
void progress_step(struct progress *p); /* one more is done */
void progress_end(struct progress *p);  /* takes the bar away */

#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR = 40, HUNDRED = 100 };

static const char full[] = "########################################";

struct progress progress_begin(size_t total)
{
	return (struct progress){
		.total = total, .drawn = -1, .shown = total > 0 && isatty(STDERR_FILENO) == 1
	};
}

void progress_step(struct progress *p)
{
	p->done++;
	int now = p->total > 0 ? (int)(p->done * HUNDRED / p->total) : HUNDRED;
	if (!p->shown || now == p->drawn)
		return;
	p->drawn = now;
	(void)fprintf(stderr, "\r[%-*.*s] %3d %%  %zu/%zu", BAR, now * BAR / HUNDRED, full, now,
		p->done, p->total);
	(void)fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown && p->drawn >= 0)
		(void)fputs("\r\x1b[K", stderr);
	p->drawn = -1;
}

#pragma once
/*
 * Where the tests of net/ play: a loop, a scratch directory, and patience that ends. Nothing
 * sleeps: a test runs the loop until what it waits for has happened, or fails after ten seconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>
#undef fail /* base/error.h has one of its own */
#undef fail_msg
#define fail_msg(...)                                                                              \
	(print_error("ERROR: " __VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "net/address.h"
#include "net/loop.h"

struct scene {
	struct loop *loop;
	char directory[32];
	bool late;
};

int scene_set_up(void **state); /* *state is a struct scene */
int scene_tear_down(void **state);

/* Runs the loop until *done. */
void scene_until(struct scene *s, const bool *done);
/* The same for a counter that is to reach a value. */
void scene_until_count(struct scene *s, const unsigned *count, unsigned value);
/* Runs the loop for this long, to show that something does not happen. */
void scene_for(struct scene *s, uint64_t ms);

/* A listening TCP socket on 127.0.0.1 with a port that the kernel chose. */
int scene_listen(struct address *at);
/* A plain blocking TCP socket connected to it, from `source` (NULL: whatever). */
int scene_dial(const struct address *to, const char *source);
/* The same with a receive buffer so small that answers pile up at the server. */
int scene_dial_narrow(const struct address *to);
/* Leaves this process no descriptor to open any more, and gives them back. */
struct starving {
	struct rlimit before;
	int filled[64];
	unsigned count;
};
void scene_starve(struct starving *s);
void scene_feed(const struct starving *s);
/* Processor time in milliseconds that `ms` of the loop take: what spins takes all of it. */
unsigned scene_busy_for(struct scene *s, uint64_t ms);

/* Descriptors that this process has open: nothing may leak. */
unsigned scene_descriptors(void);

#pragma once
/* What is said to the control socket of a program, and what must be heard from it, in the order of
 * a hook's lines. */
#include "deployer/hook.h"
#include "net/loop.h"

struct dialogue;
/* Once. err NULL: all was heard. */
typedef void dialogue_fn(const struct error *err, void *context);

/* NULL with err where it could not begin; fn comes from the loop, within the hook's seconds. */
struct dialogue *dialogue_start(
	struct loop *l, const struct hook *hook, dialogue_fn *fn, void *context, struct error *err);
void dialogue_abandon(struct dialogue *d); /* fn is not called; NULL is fine */

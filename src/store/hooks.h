#pragma once
/* The deploy hooks of every node, as its deployer told them, and how the last attempt of each went.
 * docs/deploy-hooks.md */
#include "store/store.h"

struct hook_row {
	char node[NODE_NAME_SIZE];
	char name[NODE_NAME_SIZE];
	char service[NODE_NAME_SIZE];
	char unit[NODE_NAME_SIZE];
	char recipe[NODE_NAME_SIZE]; /* "": none */
	uint64_t wanted;             /* change number that asks for it; 0: nobody yet */
	uint64_t tried;              /* change number up to which the last attempt looked */
	uint64_t held;               /* the same of the last one that held; tried: it stands */
	int64_t ended;               /* when the last attempt ended; 0: there was none */
	char told[320];              /* how it went */
};
typedef bool hook_fn(const struct hook_row *row, void *into, struct error *err);
/* Ordered by node, then name. */
bool store_hooks(struct store *s, hook_fn *each, void *into, struct error *err) MUST_CHECK;
bool txn_put_hook(struct txn *t, const struct hook_row *row, struct error *err) MUST_CHECK;
bool txn_remove_hook(struct txn *t, const char *node, const char *name, struct error *err)
	MUST_CHECK;

#pragma once
/*
 * Operations of one node, asked of every node that has the unit: one after the other, the publisher
 * first, each only when what followed from the one before is published and served. The first that
 * fails ends it, and the sentence says which nodes are done and which are not.
 */
#include "cli/cli_impl.h"

/* The flag of the command line that asks for it; NULL: this operation knows none. */
const struct argument *all_nodes_argument(enum op_id id);
bool all_nodes_asked(const struct call *call);
bool all_nodes_operate(const struct call *call, struct error *err) MUST_CHECK;

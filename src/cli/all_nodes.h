#pragma once
/*
 * Operations of one node that a flag makes one of all nodes. Either each node that has the unit is
 * asked, one after the other, the publisher first, each only when what followed from the one before
 * is published and served; the first that fails ends it, and the sentence says which nodes are done
 * and which are not. Or the first of them is asked for all: --node need not name it.
 */
#include "cli/cli_impl.h"

bool all_nodes_known(enum op_id id); /* the operation has such a flag */
/* A flag that is the command line's own; NULL: it is a field of the operation, or there is none. */
const struct argument *all_nodes_argument(enum op_id id);
/* It is given, and no node is named where the first may be meant. */
bool all_nodes_asked(const struct call *call);
bool all_nodes_operate(const struct call *call, struct error *err) MUST_CHECK;

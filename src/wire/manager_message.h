#pragma once
/*
 * Between a node's manager and its other processes. Operators' questions travel as JSON: admin
 * sends {"operation", "arguments", "actor"} and gets {"result"} or {"fault", "error"}.
 * docs/formats/sibling.md
 */
#include "base/writer.h"

enum manager_operation {
	MANAGER_OPERATE = 1, /* admin asks: JSON -> JSON */
	MANAGER_SERVING = 2, /* tvs, provision tell: u64 index that they serve, u64 index from
			      * which they loaded their identities -> nothing */
	MANAGER_METRICS = 3, /* admin asks: nothing -> OpenMetrics text */
};

enum manager_push {
	MANAGER_INDEX = 16,   /* to tvs, provision: u64, this index is in place */
	MANAGER_RESTART = 17, /* to tvs, provision: end now; the supervisor starts you again */
};

/* "tvs" and "provision" read the snapshot under these names in the node's state directory. */
#define SNAPSHOT_DIRECTORY "snapshot"
#define SNAPSHOT_INDEX "index"
#define SNAPSHOT_OBJECTS "objects"

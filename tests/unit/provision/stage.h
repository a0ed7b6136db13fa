#pragma once
/*
 * A Cisco Tftp without its daemon: a snapshot and an operator's tree in a scratch directory, a
 * signer that signs with a key of the test's, and what struct provision needs around them.
 */
#include "unit/net/scene.h"

#include "lib/key_ring.h"
#include "provision/provision_impl.h"
#include "wire/snapshot_index.h"

enum { STAGE_FILES = 16 };

struct stage {
	struct scene *scene;
	char state[64], root[64];
	struct snapshot_index index;
	struct snapshot_file files[STAGE_FILES];
	struct settings settings;
	struct provision provision;
	struct snapshot *snapshot;
	struct sibling_client *way; /* to the signer */
	struct key_ring *ring;
	struct sibling_server *signer;
	unsigned asked; /* questions that reached the signer */
	bool silent;    /* it keeps questions instead of answering */
	bool refuses;
	struct sibling_request *kept;
};

int stage_set_up(void **state);
int stage_tear_down(void **state);

/* In the snapshot, and taken up from there. */
void stage_publish(
	struct stage *s, const char *name, enum snapshot_file_kind kind, struct reader bytes);
/* Puts other bytes under the name of an object. */
void stage_damage(struct stage *s, const uint8_t digest[static SNAPSHOT_DIGEST_SIZE]);
/* In the operator's tree; directories in between are made. */
void stage_put(struct stage *s, const char *path, struct reader bytes);
/* Signs files from now on, with "callmanager" of the ring. */
void stage_sign(struct stage *s);
void stage_answer_kept(struct stage *s);
/* A signed file of this name and payload, intact by the ring's "callmanager". */
void stage_check_signed(
	struct stage *s, struct reader file, const char *name, struct reader payload);

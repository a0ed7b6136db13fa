#pragma once
/*
 * Which file a name means: one of the snapshot, or one beneath the operator's tree, exact name
 * first, then without case. Nothing outside the two is ever opened. docs/formats/provisioning.md
 */
#include "provision/content.h"
#include "run/snapshot.h"
#include "talk/provision_name.h"

struct catalogue { /* ended by catalogue_done */
	const struct snapshot *snapshot;
	int root; /* directory of the operator's tree, or -1; owned */
	struct folders *folders;
	struct objects *objects;
	struct name_index *published; /* names of the index below */
	const struct snapshot_index *indexed;
	uint64_t number;
};

/* Takes the open directory `root` (or -1) over, also on failure. */
bool catalogue_init(struct catalogue *c, const struct snapshot *snapshot, int root,
	struct error *err) MUST_CHECK;
void catalogue_done(struct catalogue *c);

struct found_file {
	struct provision_name asked;
	/* How what was asked for, or what is to be signed for it, is spelt where it lies; "" for a
	 * list. */
	char spelt[LIMIT_FILE_NAME];
	bool to_sign;            /* `content` is the payload of a file that is to be signed */
	struct content *content; /* owned, in memory; NULL when fd is open */
	int fd;                  /* -1, or an open file of the tree that passes through as it is */
	size_t size;
};

/* Over a `secure_transport` phones ask for the signed name of their configuration and want it in
 * clear. FAULT_MISSING, FAULT_REFUSED, FAULT_IO. */
bool catalogue_find(struct catalogue *c, const char *asked, bool secure_transport,
	struct found_file *out, struct error *err) MUST_CHECK;
void found_file_done(struct found_file *f);
/* Reads what is to be signed, up to LIMIT_SIGNED_FILE. */
bool found_file_read(struct found_file *f, struct error *err) MUST_CHECK;

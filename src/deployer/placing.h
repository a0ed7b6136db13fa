#pragma once
/*
 * The files of a hook, put where a program reads them and taken back. Each is seen whole, the old
 * or the new one; what they were before is kept in a journal on the disk until it is decided which
 * of the two they stay, so that a crash between any two of them leads back to the old ones.
 * docs/formats/deploy-journal.md
 */
#include "base/bytes.h"
#include "wire/deployer_message.h"

struct placed_file {
	const char *path;
	struct reader content;
	uint32_t mode, owner, group; /* UINT32_MAX: stays who we are */
};

struct placing; /* what there was before, in memory too */

/* Writes the journal `name` into the directory, then each file in order. On failure everything is
 * as it was before. */
struct placing *placing_do(int directory, const char *name, const struct placed_file *files,
	size_t count, struct error *err);
/* Journals that a crash cut off before anything was touched go. */
void placing_sweep(int directory);
/* What a crash left; NULL with FAULT_MISSING when it left nothing. */
struct placing *placing_left(int directory, const char *name, struct error *err);
/* What there was before, or no file. Safe to repeat; the journal stays. */
bool placing_undo(const struct placing *p, struct error *err) MUST_CHECK;
/* It is decided: the journal goes. */
bool placing_settle(const struct placing *p, struct error *err) MUST_CHECK;
void placing_free(struct placing *p);

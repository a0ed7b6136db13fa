#pragma once
/*
 * The node's snapshot as its phone-facing processes read it: an index that says what is served, and
 * the objects that it names. Opened before the sandbox closes; an index or object whose digest does
 * not fit is refused, and what was read before stays. docs/formats/snapshot-index.md
 */
#include "base/bytes.h"
#include "wire/snapshot_index.h"

struct snapshot;

/* `state` is the node's state directory. */
struct snapshot *snapshot_open(const char *state, struct error *err);
void snapshot_close(struct snapshot *s); /* NULL is fine */

/* Reads the index anew. FAULT_MISSING: there is none yet. */
bool snapshot_reload(struct snapshot *s, struct error *err) MUST_CHECK;
/* Lent until the next successful reload; NULL before the first. */
const struct snapshot_index *snapshot_current(const struct snapshot *s);
/* This node's live identity of a unit, or NULL. */
const struct snapshot_identity *snapshot_identity(const struct snapshot *s, const char *unit);
bool snapshot_object(const struct snapshot *s, const uint8_t digest[static SNAPSHOT_DIGEST_SIZE],
	size_t limit, struct bytes *out, struct error *err) MUST_CHECK;

/* The index in an open snapshot directory, for the manager that wrote it. */
struct snapshot_index *snapshot_read_index(int directory, struct error *err);

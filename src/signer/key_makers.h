#pragma once
/* Children that make keys, so that the loop goes on answering meanwhile: one a key, a few at a
 * time, each ended with this process. */
#include "net/loop.h"
#include "signer/key_store.h"

enum { KEY_MAKERS_MAX = 4 };

struct key_makers;

/* Called once from the loop: the new key is in the store, or why (id NULL). */
typedef void key_made_fn(const uint8_t *id, const struct error *why, void *context);

struct key_makers *key_makers_new(struct loop *l, struct key_store *keys, struct error *err);
/* FAULT_BUSY when KEY_MAKERS_MAX are at work; then, and on other failures, fn is not called. */
bool key_makers_start(struct key_makers *makers, const struct making *what, key_made_fn *fn,
	void *context, struct error *err) MUST_CHECK;
size_t key_makers_busy(const struct key_makers *makers);
/* Ends the children; each fn that was not called yet is called with FAULT_BUSY. */
void key_makers_free(struct key_makers *makers);

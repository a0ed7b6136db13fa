#pragma once
/*
 * Files of the operator's tree that transfers are sending: read once, however many phones load the
 * same firmware at the same time, and gone with the last of them.
 */
#include "provision/catalogue.h"
#include "provision/content.h"

enum { SHELF_HOLDS = 512 << 20 }; /* bytes at most */

struct shelf;

struct shelf *shelf_new(struct error *err);
void shelf_free(struct shelf *s); /* NULL is fine */

/* The bytes of a file that passes through (f->fd is open): yours, to be ended with content_free.
 * FAULT_BUSY: it changed meanwhile, or the shelf is full. */
struct content *shelf_take(struct shelf *s, struct found_file *f, struct error *err);
/* Drops what nobody sends any more. */
void shelf_tidy(struct shelf *s);
size_t shelf_size(const struct shelf *s); /* bytes */

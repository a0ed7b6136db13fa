#pragma once
/*
 * Files of the operator's tree that transfers are sending: each is open once, however many phones
 * load the same firmware at the same time, and is closed with the last of them. Of all of them
 * together only a few megabytes are in memory, those that were sent last.
 */
#include "provision/catalogue.h"
#include "provision/content.h"

enum { SHELF_PIECE = 16 << 10, SHELF_PIECES = 256 }; /* bytes read at once, and how many are kept */

struct shelf;

struct shelf *shelf_new(struct error *err);
void shelf_free(struct shelf *s); /* after all that was taken from it; NULL is fine */

/* A file that passes through (f->fd is open, and taken over or closed): yours, to be ended with
 * content_free. Reading it is FAULT_BUSY once somebody has written to it. */
struct content *shelf_take(struct shelf *s, struct found_file *f, struct error *err);
size_t shelf_files(const struct shelf *s); /* that are open */

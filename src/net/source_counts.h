#pragma once
/* How many connections each address has open, whatever its ports. */
#include "net/address.h"

struct source_counts;
struct source; /* one address that has some */

struct source_counts *source_counts_new(void); /* NULL: no memory */
void source_counts_free(struct source_counts *s);

/* One more of this address. The same for all of them; NULL: no memory. */
struct source *source_enter(struct source_counts *s, const struct address *peer, struct error *err);
void source_leave(struct source_counts *s, struct source *source); /* one less */
size_t source_count(const struct source *source);

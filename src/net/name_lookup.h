#pragma once
/* Names of hosts to addresses, asked in the loop: no thread, and nothing that blocks. The hosts
 * file and what /etc/resolv.conf says are read once, at the start: behind a sandbox they are gone.
 */
#include "net/address.h"
#include "net/loop.h"

struct name_lookup;
/* `server`: whom to ask instead of those of /etc/resolv.conf; NULL: those. */
struct name_lookup *name_lookup_new(
	struct loop *l, const struct address *server, struct error *err);
/* What is being asked ends with an error first. It turns the loop once. */
void name_lookup_free(struct name_lookup *n);
DEFINE_AUTO(name_lookup, name_lookup_free);

enum { NAME_ADDRESSES = 4, NAME_FOUND_SIZE = NAME_ADDRESSES * ADDRESS_TEXT_SIZE };
/* One call for each question, perhaps from inside it: "192.0.2.1,2001:db8::1" (err NULL), or why
 * not: FAULT_MISSING, there is no such name, or FAULT_BUSY, nobody answers within the time. */
typedef void name_found_fn(const char *addresses, const struct error *err, void *context);
void name_look_up(struct name_lookup *n, const char *host, uint64_t timeout_ms, name_found_fn *fn,
	void *context);

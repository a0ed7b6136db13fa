#pragma once
/* What the webhook and the mail share: how long a delivery may take, whom TLS believes, and the
 * name of the other side, looked up before anything is sent. */
#include "base/reader.h"
#include "courier/place.h"
#include "net/name_lookup.h"
#include "run/settings.h"

/* The manager gives up after a minute. */
enum { OUTSIDE_LOOKUP_MS = 12000, OUTSIDE_SEND_MS = 40000 };

typedef void sent_fn(const struct error *err, void *context); /* err NULL: it was taken */

struct errand { /* something on its way outside */
	struct outside *outside;
	struct reader payload; /* lives until fn was called */
	void *sender;
	char resolved[NAME_FOUND_SIZE + PLACE_HOST_SIZE + 8]; /* "": the host is an address */
	void (*go)(struct errand *errand);
	sent_fn *fn;
	void *context;
	struct errand *next;
};

struct outside;
/* Reads the authorities and who resolves names, so before the sandbox closes. */
struct outside *outside_new(struct loop *l, const struct settings *settings, struct error *err);
void outside_free(struct outside *o);                       /* ends each errand with an error */
struct reader outside_authorities(const struct outside *o); /* PEM */

/* Calls `go` once the place's name is known; whoever goes ends it. */
void outside_send(struct outside *o, const struct place *to, const struct errand *what);
void errand_end(struct errand *errand, const struct error *err);

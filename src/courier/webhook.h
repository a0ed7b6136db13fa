#pragma once
/* Posts JSON to the one URL of the settings: http, or https judged by the authorities. A redirect
 * is an answer like any other, and not followed. */
#include "courier/outside.h"

struct webhook;
/* `outside` and `settings` outlive it. */
struct webhook *webhook_new(struct loop *l, const struct settings *settings,
	struct outside *outside, struct error *err);
void webhook_free(struct webhook *w); /* after outside_free */
/* Taken: the answer's status is 2xx. FAULT_REFUSED: it is another. */
void webhook_post(struct webhook *w, struct reader json, sent_fn *fn, void *context);

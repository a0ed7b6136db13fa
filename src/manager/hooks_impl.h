#pragma once
/* What the hooks of a service are asked, what their node's deployer told, and what operators hear
 * of it. docs/deploy-hooks.md */
#include "manager/manager_impl.h"

/* manager/hooks.c */

bool hooks_start(struct manager *m, struct error *err) MUST_CHECK;
void hooks_end(struct manager *m);
/* The hooks of this node whose turn has come. */
bool hooks_run(struct manager *m, struct error *err) MUST_CHECK;
/* In a change: wants those of this service; *count of them. */
bool hooks_want(struct txn *t, const char *service, const char *node, size_t *count,
	struct error *err) MUST_CHECK;

/* manager/hook_outcomes.c */
/* Those that this change wants, for its result: [{node, hook, service}]. */
bool hooks_wanted(struct txn *t, json_t *rows, struct error *err) MUST_CHECK;
/* What became of the hooks of a result ("hooks"), written into it. *open: one is still to be tried;
 * *failed: the sentence of the first that did not hold. */
bool hooks_outcome(struct store *s, json_t *result, bool *open, struct error *failed,
	struct error *err) MUST_CHECK;
/* "never", "waiting", "held" or "failed", the worst of them; NULL: the service has none there. */
bool hooks_state(struct store *s, const char *service, const char *node, const char **out,
	struct error *err) MUST_CHECK;

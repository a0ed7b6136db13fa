#pragma once
/*
 * One identity on its way to a program beside the daemon: what the program shows now is looked at,
 * the files are replaced, it is reloaded and looked at again. When any of that fails, the old files
 * come back and it is reloaded with them. Either way one of the two states is complete when `fn` is
 * called. docs/deploy-hooks.md
 */
#include "base/bytes.h"
#include "deployer/hook.h"
#include "net/loop.h"
#include "pki/cert.h"

struct deployment;
/* Once. Whether the new identity is in place and seen; a sentence for the operator. */
typedef void deployment_fn(bool held, const char *told, void *context);

struct deployment_place {
	struct loop *loop;
	int directory; /* of the journals */
};

/* PEM; moved into the deployment, which wipes the key. */
struct deployment_material {
	struct cert *certificate;
	struct bytes leaf, issuers, key;
};

/* NULL with err: it could not begin, and nothing was touched. */
struct deployment *deployment_start(const struct deployment_place *place, const struct hook *hook,
	struct deployment_material *material, deployment_fn *fn, void *context, struct error *err);
/* Leads back to the old files what a crash left half done. NULL with FAULT_MISSING: nothing. */
struct deployment *deployment_recover(const struct deployment_place *place, const struct hook *hook,
	deployment_fn *fn, void *context, struct error *err);
/* The process ends: left to the next one's deployment_recover. fn is not called. */
void deployment_abandon(struct deployment *d);

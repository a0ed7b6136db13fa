#pragma once
/*
 * The hooks of a node: which files a program beside the daemon reads an identity from, what reloads
 * it, and how it shows that it did. The operator's file has one section a hook; a recipe is a file
 * that says the same of a program once for everybody. docs/deploy-hooks.md
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	HOOKS_MAX = 16,
	HOOK_NAME_SIZE = 64,
	HOOK_PATH_SIZE = 160,
	HOOK_LINE_SIZE = 190,
	HOOK_SECRET_SIZE = 128,
	HOOK_STEPS = 12,
};
#define HOOK_STAYS UINT32_MAX /* owner, group, user: who the deployer is */

struct hook_step { /* of a dialogue over a control socket */
	bool say;  /* else: to hear */
	char text[HOOK_LINE_SIZE];
	size_t size; /* escapes are read already: it may hold a NUL */
};

/* "": not there. */
struct hook {
	char name[HOOK_NAME_SIZE];
	char service[HOOK_NAME_SIZE]; /* as the table of services spells it */
	char unit[HOOK_NAME_SIZE];
	char recipe[HOOK_NAME_SIZE];
	char tried[HOOK_PATH_SIZE];       /* of the recipe: what it was tried with */
	char certificate[HOOK_PATH_SIZE]; /* PEM: the certificate and its issuers */
	char leaf[HOOK_PATH_SIZE];        /* PEM: the certificate alone */
	char chain[HOOK_PATH_SIZE];       /* PEM: its issuers; of a self-signed one itself */
	char key[HOOK_PATH_SIZE];         /* PEM: PKCS#8 */
	char bundle[HOOK_PATH_SIZE];      /* PEM: certificate, issuers, key */
	uint32_t mode;                    /* of key and bundle; the others are 0644 */
	uint32_t owner, group;            /* of all of them */
	char reload[HOOK_LINE_SIZE];      /* a program and its arguments, no shell */
	uint32_t user;                    /* that runs it */
	char connect[HOOK_PATH_SIZE];     /* a control socket: a path, or address:port */
	char secret[HOOK_SECRET_SIZE];    /* what {secret} in a step stands for */
	size_t step_count;
	struct hook_step steps[HOOK_STEPS];
	char check[HOOK_NAME_SIZE]; /* address:port where TLS shows the certificate */
	char list[HOOK_LINE_SIZE];  /* a program that prints in PEM what is loaded */
	uint32_t seconds;           /* for the reload, and again for the check */
};

struct hooks {
	size_t count;
	struct hook rows[HOOKS_MAX];
};

/* "none": no hooks. `recipes` is the folder of the recipes. FAULT_MALFORMED and FAULT_REFUSED with
 * path and line. */
bool hooks_load(const char *path, const char *recipes, struct hooks *out, struct error *err)
	MUST_CHECK;
const struct hook *hook_find(const struct hooks *hooks, const char *name);
static inline bool hook_wants_key(const struct hook *hook)
{
	return hook->key[0] != '\0' || hook->bundle[0] != '\0';
}

#pragma once
/*
 * What a node's manager asks of its deployer, and what the deployer keeps on the disk while the
 * files of a hook are neither old nor new: its journal. docs/formats/sibling.md,
 * docs/formats/deploy-journal.md
 */
#include "base/tlv.h"

enum {
	DEPLOYER_NAME_SIZE = 64,
	DEPLOYER_KEY_SIZE = 32,
	DEPLOYER_ISSUERS = 8,
	DEPLOYER_FILES = 5,
	DEPLOYER_PATH_SIZE = 160,
};

/* Journals are beneath the node's state, "HOOK.journal". */
#define DEPLOYER_DIRECTORY "deploy"

enum deployer_operation {
	DEPLOYER_HOOKS = 1,  /* manager: nothing -> deployer_hook, repeated */
	DEPLOYER_DEPLOY = 2, /* manager: deployer_order -> u8 1 held, 0 rolled back; a sentence */
};

struct deployer_hook {
	char name[DEPLOYER_NAME_SIZE];
	char service[DEPLOYER_NAME_SIZE];
	char unit[DEPLOYER_NAME_SIZE];
	char recipe[DEPLOYER_NAME_SIZE]; /* "": none */
};

/* The certificate that is to be in place, what vouches for it, and the name of its key. */
struct deployer_order {
	char hook[DEPLOYER_NAME_SIZE];
	uint8_t key[DEPLOYER_KEY_SIZE];
	struct reader certificate;
	size_t issuer_count;
	struct reader issuers[DEPLOYER_ISSUERS];
};

/* A file as it was before. */
struct deployer_file {
	char path[DEPLOYER_PATH_SIZE];
	bool existed;
	uint32_t mode, owner, group;
	struct reader content; /* a secret */
};
struct deployer_journal {
	size_t count;
	struct deployer_file files[DEPLOYER_FILES];
};

void deployer_hook_write(struct writer *w, const struct deployer_hook *m);
/* Takes one off the front. */
bool deployer_hook_next(struct reader *r, struct deployer_hook *out, struct error *err) MUST_CHECK;
void deployer_order_write(struct writer *w, const struct deployer_order *m);
bool deployer_order_parse(struct reader r, struct deployer_order *out, struct error *err)
	MUST_CHECK;
void deployer_journal_write(struct writer *w, const struct deployer_journal *m);
bool deployer_journal_parse(struct reader r, struct deployer_journal *out, struct error *err)
	MUST_CHECK;

#pragma once
/* What the expiry monitor of a node has told, and what it has still to tell: observations, no part
 * of the audited state. A transaction here is one of store_observe. docs/expiry.md */
#include "store/store.h"

enum { ALARM_UNTOLD = 255, NOTICES_MAX = 1000 };
struct alarm_row { /* of a certificate in a store of a node */
	char node[NODE_NAME_SIZE];
	char store[NODE_NAME_SIZE];
	uint8_t digest[DIGEST_SIZE];
	int64_t logged; /* when syslog was told last; 0: never */
	uint64_t worst; /* the worst severity that was told; ALARM_UNTOLD: none */
};
typedef bool alarm_fn(const struct alarm_row *row, void *into, struct error *err);
/* Ordered by store, then digest. */
bool store_alarms(struct store *s, const char *node, alarm_fn *each, void *into, struct error *err)
	MUST_CHECK;
bool txn_put_alarm(struct txn *t, const struct alarm_row *row, struct error *err) MUST_CHECK;
/* Of certificates that are in that store no more. */
bool txn_forget_alarms(struct txn *t, const char *node, struct error *err) MUST_CHECK;
/* Numbers for `more` alarms, from *first on: a node counts them for ever. */
bool txn_count_alarms(struct txn *t, const char *node, uint64_t more, uint64_t *first,
	struct error *err) MUST_CHECK;
/* To be sent; beyond NOTICES_MAX of a node and a target the oldest goes unsent. */
bool txn_add_notice(struct txn *t, const char *node, unsigned target, struct reader text,
	struct error *err) MUST_CHECK;
typedef bool notice_fn(uint64_t number, struct reader text, void *into, struct error *err);
/* The oldest of that target; `each` is not called when there is none. */
bool store_next_notice(struct store *s, const char *node, unsigned target, notice_fn *each,
	void *into, struct error *err) MUST_CHECK;
bool store_drop_notice(struct store *s, const char *node, uint64_t number, struct error *err)
	MUST_CHECK;

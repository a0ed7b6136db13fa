#pragma once
/* A store in a folder of its own under /tmp, made for one test and removed after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#undef fail /* base/error.h has one of its own */

#include "store/store.h"

struct scratch {
	char folder[64];
	char path[96];
	char url[112];
	struct store *store;
};

_Noreturn void test_ends(const char *why);

int scratch_make(void **state);   /* setup: folder and open store; *state is the scratch */
int scratch_empty(void **state);  /* setup: the folder alone */
int scratch_remove(void **state); /* teardown */

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)
#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_empty, scratch_remove)

/* Runs `work` as a change and expects it to succeed; the change number. */
uint64_t must_change(struct store *s, change_fn *work, void *context);
/* Expects it to fail with this kind, and that nothing of it stays. */
void must_refuse(struct store *s, change_fn *work, void *context, enum fault fault);
/* SQL straight at the file, as a vandal or another program would. */
void scratch_sql(const struct scratch *scratch, const char *sql);
void put_two_nodes(struct store *s); /* "pub" and "sub1" */
/* A certificate of `size` bytes that is none; its "digest" is all `mark`. */
void put_certificate(struct store *s, uint8_t mark, size_t size);

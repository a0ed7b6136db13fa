#pragma once
/* Requests to a certificate authority; stays in this room. docs/csr.md */
#include "manager/manager_impl.h"
#include "store/csrs.h"

operation_fn csr_make, csr_list, csr_show, csr_delete;

/* This node's, pending: its key is new on purpose. */
bool csr_owns_key(struct manager *m, const uint8_t key[static DIGEST_SIZE], bool *out,
	struct error *err) MUST_CHECK;
/* Of a request that is no more; what fails is tried again by install_reconcile(). */
void csr_destroy_key(struct manager *m, const uint8_t key[static DIGEST_SIZE]);
bool csr_make_check(struct manager *m, const struct asked *asked, const struct node *node,
	struct error *err) MUST_CHECK;

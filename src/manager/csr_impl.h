#pragma once
/* Requests to a certificate authority; stays in this room. docs/csr.md */
#include "manager/manager_impl.h"
#include "pki/cert_bundle.h"
#include "store/csrs.h"

operation_fn csr_make, csr_list, csr_show, csr_delete, cert_upload, trust_upload,
	trust_import_manufacturing;

/* This node's, pending: its key is new on purpose. */
bool csr_owns_key(struct manager *m, const uint8_t key[static DIGEST_SIZE], bool *out,
	struct error *err) MUST_CHECK;
/* Of a request that is no more; what fails is tried again by install_reconcile(). */
void csr_destroy_key(struct manager *m, const uint8_t key[static DIGEST_SIZE]);
bool csr_make_check(struct manager *m, const struct asked *asked, const struct node *node,
	struct error *err) MUST_CHECK;

/* manager/upload_identity.c */
bool cert_upload_check(struct manager *m, const struct asked *asked, const struct node *node,
	struct error *err) MUST_CHECK;
/* The certificates of an argument that is a file. */
bool upload_file(const struct asked *asked, const char *argument, struct cert_bundle *out,
	struct error *err) MUST_CHECK;
/* manager/consequences.c: the answer to a change that makes an identity live. */
json_t *consequences_of(
	struct txn *t, const struct made_identity *made, const char *message, struct error *err);
/* manager/consequences.c: what this change brings, appended to arrays: lists that are wanted, then
 * phones that are behind because of them; services that are flagged. */
bool consequences_lists(struct txn *t, json_t *rows, struct error *err) MUST_CHECK;
bool consequences_phones(struct txn *t, const json_t *lists, json_t *names, struct error *err)
	MUST_CHECK;
bool consequences_flagged(struct txn *t, json_t *rows, struct error *err) MUST_CHECK;

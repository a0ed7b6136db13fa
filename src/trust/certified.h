#pragma once
/*
 * What may be uploaded: a certificate that a CA made of a pending request, and certificates for a
 * trust store. The literal sentences are the appliance's. docs/csr.md#uploads
 */
#include "cluster/unit.h"
#include "pki/request.h"

struct certified {
	const struct unit *unit;
	const struct cert *cert;
	const struct request *request;
	const struct cert *const *store; /* what the unit's `chain` store holds */
	size_t store_count;
	int64_t now;
};

/* Of the request's key, with its names, fit for the unit, and its chain is whole in the store.
 * FAULT_REFUSED or FAULT_UNTRUSTED. */
bool certified_check(const struct certified *what, struct error *err) MUST_CHECK;

/* Not expired; who may issue may do so in full; no issuer with a name like CAPF's. FAULT_REFUSED.
 */
bool anchor_check(const struct cert *cert, const struct unit *store, int64_t now, struct error *err)
	MUST_CHECK;

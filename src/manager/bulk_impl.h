#pragma once
/* Certificates exchanged with other clusters over the SFTP server of the courier; stays in this
 * room. docs/bulk.md */
#include "cluster/bulk.h"
#include "manager/manager_impl.h"
#include "pki/cert_archive.h"

enum { BULK_NAME_SIZE = 201 };

struct parcel { /* a file there */
	const struct bulk_type *type;
	char name[BULK_NAME_SIZE];
	char node[NODE_NAME_SIZE]; /* whose certificate it has; "": of many */
	struct cert_archive held;
};

struct parcels { /* { 0 } is empty */
	size_t count;
	struct parcel *rows;
};
struct parcel *parcel_add(
	struct parcels *p, const struct bulk_type *type, const char *name, struct error *err);
void parcels_done(struct parcels *p);

/* Who a certificate says it is: "cluster/node/type". A cluster's name may have slashes. */
struct parcel_label {
	char cluster[ARCHIVE_LABEL_SIZE], node[ARCHIVE_LABEL_SIZE];
};
void parcel_label_read(const char *label, struct parcel_label *out);

/* manager/bulk_parcels.c */
bool bulk_is_chosen(const struct bulk_type *type, const char *chosen);
/* One for each node and chosen type that this cluster has. */
bool bulk_own(struct store *s, const char *chosen, struct parcels *out, struct error *err)
	MUST_CHECK;
/* Of the names in the folder, those of single nodes. */
bool bulk_listed(struct reader names, const char *chosen, struct parcels *out, struct error *err)
	MUST_CHECK;
/* One for each type, with all that `from` has, each certificate once. FAULT_REFUSED where those are
 * of one cluster. */
bool bulk_joined(const struct parcels *from, struct parcels *out, json_t *clusters,
	struct error *err) MUST_CHECK;
/* As they are after bulk_joined(), empty. */
bool bulk_expected(const char *chosen, struct parcels *out, struct error *err) MUST_CHECK;

/* manager/bulk_import.c: into the trust stores, in one change. */
struct bulk_import {
	const struct parcels *from;
	bool again;
	const char *actor;
};
json_t *bulk_apply(struct manager *m, const struct bulk_import *import, struct error *err);

/* manager/bulk.c */
bool bulk_start(struct manager *m, struct error *err) MUST_CHECK;
void bulk_end(struct manager *m); /* refuses what is under way */
operation_fn bulk_server, bulk_export, bulk_consolidate, bulk_import;

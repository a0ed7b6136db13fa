#pragma once
/*
 * What an operator can do: one table with several faces. The CLI takes its words, arguments and
 * tables from here, admin its methods, paths and permissions, the manager binds one function to
 * each row. docs/operations.md is written from it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum op_id {
	OP_CLUSTER_INIT,
	OP_CLUSTER_SHOW,
	OP_NODE_ADD,
	OP_NODE_LIST,
	OP_CERT_LIST,
	OP_CERT_SHOW,
	OP_CERT_REGEN,
	OP_LIST_STATUS,
	OP_SERVICE_LIST,
	OP_SERVICE_RESTART,
	OP_PHONE_LIST,
	OP_PARAMETER_LIST,
	OP_PARAMETER_SET,
	OP_AUDIT_LIST,
	OP_TRUST_REVIEW,
	OP_TRUST_DELETE,
	OP_TRUST_DELETED,
	OP_EXPIRY_LIST,
	OP_SERVICE_ACTIVATE,
	OP_SERVICE_DEACTIVATE,
	OP_IMPACT,
	OP_CSR_MAKE,
	OP_CSR_LIST,
	OP_CSR_SHOW,
	OP_CSR_DELETE,
	OP_CERT_UPLOAD,
	OP_TRUST_UPLOAD,
	OP_TRUST_IMPORT_MANUFACTURING,
	OP_HOOK_LIST,
	OP_BULK_SERVER,
	OP_BULK_EXPORT,
	OP_BULK_CONSOLIDATE,
	OP_BULK_IMPORT,
	OP_COUNT,
};

enum op_permission { OP_READ, OP_WRITE };

/* OP_TEXT: one line; OP_NAME: a file's or a parameter's name; OP_IDENTITY_UNIT: no trust store;
 * OP_TRUST_STORE: nothing else; OP_FLAG: true or false, on the command line there or not; OP_FILE:
 * base64 of a file of at most LIMIT_UPLOAD bytes, on the command line its path; OP_AUTHORITIES:
 * such a file of certificates of the maker's authorities, on the command line a folder of them. */
enum op_field_kind {
	OP_TEXT,
	OP_NUMBER,
	OP_NODE,
	OP_UNIT,
	OP_IDENTITY_UNIT,
	OP_TRUST_STORE,
	OP_NAME,
	OP_FLAG,
	OP_FILE,
	OP_AUTHORITIES,
};

struct op_field {
	const char *name; /* JSON key; in the path as {name}; on the command line --name, with
			   * hyphens for underscores */
	enum op_field_kind kind;
	bool positional; /* on the command line given without --name, in order */
	bool required;
	const char *means;
};

struct op_column {       /* of a table that the CLI prints */
	const char *key; /* of the row object */
	const char *title;
};

/* Fields that are not in the path travel in the query of a GET and in the JSON body of the others.
 */
struct op {
	enum op_id id;
	const char *words;  /* "cert regen" */
	const char *method; /* "POST" */
	const char *path;   /* "/v1/nodes/{node}/certificates/{unit}/regenerate" */
	enum op_permission permission;
	const struct op_field *fields; /* ends with a NULL name; may be NULL */
	const char *rows; /* key of the array of rows in the result; NULL: one object */
	const struct op_column *columns; /* ends with a NULL key */
	const char *means;               /* one line for --help */
	const char *says; /* key of the sentence that the CLI prints on stderr; may be NULL */
};

const struct op *op_rows(size_t *count); /* in the order of enum op_id */
/* Matches method and path; each {name} of the path is handed to `field`. The path is decoded
 * already. NULL: none; *other_method is set where only the method differs. */
typedef void op_path_field_fn(const struct op_field *field, const char *value, void *context);
const struct op *op_find_path(const char *method, const char *path, op_path_field_fn *field,
	void *context, bool *other_method);
const struct op_field *op_field_find(const struct op *op, const char *name);
/* The value has the field's shape. FAULT_USAGE says what would; FAULT_MISSING: no such unit;
 * FAULT_REFUSED: a trust store where an identity is asked. */
bool op_field_check(const struct op_field *field, const char *value, struct error *err) MUST_CHECK;

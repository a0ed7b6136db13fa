#pragma once
/* An HTTP request turned into an operation and its arguments, and a fault into a status. Pure. */
#include <jansson.h>

#include "ops/op.h"

struct question {
	const struct op *op;
	json_t *arguments; /* field name -> text; owned */
};

/* What HTTP gives; the fields of the query are asked for one after the other. */
struct question_source {
	const char *method, *path;
	struct {
		const char *at;
		size_t size;
	} body;
	const char *(*query)(size_t index, const char **value, void *context); /* NULL: no more */
	void *context;
};

/* FAULT_MISSING: no such path; FAULT_USAGE: wrong method, a field that the operation does not have,
 * that is missing or has the wrong shape; FAULT_MALFORMED: the body is no JSON object;
 * FAULT_MEMORY, where the library takes its memory from run/memory.h. */
bool question_read(const struct question_source *from, struct question *out, struct error *err)
	MUST_CHECK;
void question_done(struct question *q);

int question_status(enum fault fault); /* HTTP status */

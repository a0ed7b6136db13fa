#include "cli/all_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "cli/operation.h"
#include "cli/output.h"
#include "cluster/node.h"

enum { NODES_MAX = 64, NAMES_TEXT_SIZE = 400, MORE_SIZE = 16, NAMES_SHOWN = 80 };

static const struct breadth {
	enum op_id id;
	bool each; /* else the first is asked, and the flag is a field of the operation */
	struct argument argument;
} rows[] = {
	{ OP_CERT_REGEN, true,
		{ "all-nodes", ARGUMENT_FLAG, false, NULL,
			"on every node that has the unit, one after the other, publisher first" } },
	{ OP_CSR_MAKE, false, { .name = "multi-server" } },
};

static const struct breadth *row_of(enum op_id id)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

const struct argument *all_nodes_argument(enum op_id id)
{
	const struct breadth *row = row_of(id);
	return row == NULL || !row->each ? NULL : &row->argument;
}

bool all_nodes_known(enum op_id id)
{
	return row_of(id) != NULL;
}

bool all_nodes_asked(const struct call *call)
{
	const struct op *op = call->verb->context;
	const struct breadth *row = row_of(op->id);
	return row != NULL && call_flag(call, row->argument.name) &&
		(row->each || call_value(call, "node") == NULL);
}

/* which nodes */

struct round {
	const struct call *call;
	const struct op *op;
	const struct unit *unit;
	size_t count, done;
	const char *nodes[NODES_MAX]; /* lent by the answer that listed them */
	json_t *results;
};

static bool add_nodes(struct round *r, const json_t *nodes, bool publisher, struct error *err)
{
	size_t index;
	json_t *node;
	json_array_foreach (nodes, index, node) {
		enum node_role role;
		const char *name = json_string_value(json_object_get(node, "name"));
		const char *word = json_string_value(json_object_get(node, "role"));
		if (name == NULL || word == NULL || !node_role_from_name(word, &role))
			return fail(err, FAULT_IO, "the daemon lists a node that cannot be read");
		if ((role == NODE_PUBLISHER) != publisher || !unit_is_on(r->unit, role))
			continue;
		if (r->count == NODES_MAX)
			return fail(err, FAULT_LIMIT, "more than %d nodes", NODES_MAX);
		r->nodes[r->count++] = name;
	}
	return true;
}

static bool find_nodes(struct round *r, const json_t *nodes, struct error *err)
{
	if (!add_nodes(r, nodes, true, err) || !add_nodes(r, nodes, false, err))
		return false;
	return r->count > 0 ||
		fail(err, FAULT_REFUSED, "no node of this cluster has a %s certificate",
			r->unit->name);
}

static bool find_unit(struct round *r, struct error *err)
{
	const char *name = call_value(r->call, "UNIT");
	r->unit = unit_find(name);
	if (r->unit == NULL)
		return fail(err, FAULT_MISSING,
			"there is no unit %.60s; `dialtrust cert list` shows those that there are",
			name);
	return !r->unit->trust ||
		fail(err, FAULT_REFUSED,
			"%s is a trust store: its certificates are copies or come from elsewhere; "
			"make the identity anew that they copy",
			r->unit->name);
}

/* one after the other */

/* "pub, sub1 and 18 more": whole names in at most `size` bytes, a NUL among them. */
static const char *names_text(const struct round *r, size_t from, size_t to, char *out, size_t size)
{
	char more[32];
	size_t room = size - MORE_SIZE, i = from;
	struct writer w = writer_on((uint8_t *)out, size - 1);
	for (; i < to && w.used + strlen(", ") + strlen(r->nodes[i]) <= room; i++) {
		writer_text(&w, i > from ? ", " : "");
		writer_text(&w, r->nodes[i]);
	}
	if (i < to) {
		(void)snprintf(more, sizeof(more), "%s%zu more", i > from ? " and " : "", to - i);
		writer_text(&w, more);
	}
	writer_text(&w, from == to ? "none" : "");
	out[w.used] = '\0';
	return out;
}

static bool fail_round(const struct round *r, const struct error *why, struct error *err)
{
	char done[NAMES_SHOWN], rest[NAMES_SHOWN];
	return fail(err, why->fault, "done: %s; not done: %s; %s",
		names_text(r, 0, r->done, done, sizeof(done)),
		names_text(r, r->done, r->count, rest, sizeof(rest)), why->text);
}

/* What was asked, of one node; the argument that names the node is the row's. */
static bool ask_one(const struct round *r, const char *node, json_t **out, struct error *err)
{
	struct operation_argument arguments[CALL_ARGUMENTS + 1] = { { "node", node } };
	const struct op_field *fields = r->op->fields;
	size_t count = 1;
	for (size_t i = 0; fields[i].name != NULL && count < CALL_ARGUMENTS; i++)
		if (fields[i].kind != OP_NODE)
			arguments[count++] =
				(struct operation_argument){ fields[i].name, r->call->values[i] };
	return operation_ask(r->call->control, r->op->id, arguments, out, err);
}

/* The answer comes when lists are published and served; a node that is behind after all must not
 * meet a second change. */
static bool is_followed(const struct round *r, const json_t *result, struct error *err)
{
	const char *behind =
		json_string_value(json_array_get(json_object_get(result, "behind"), 0));
	return r->done == r->count || json_object_get(result, "behind") == NULL ||
		fail(err, FAULT_BUSY, "%s does not serve yet what follows from the last of them",
			behind == NULL ? "a node" : behind);
}

static bool take_turn(struct round *r, struct error *err)
{
	json_t *reply = NULL;
	const char *node = r->nodes[r->done];
	if (!ask_one(r, node, &reply, err))
		return fail_in(err, "%s", node);
	json_auto_t *result = reply;
	r->done++;
	(void)json_object_del(result, "schema_version");
	if (json_array_append(r->results, result) != 0)
		return fail_memory(err);
	if (!r->call->json && !print_result(r->op, result, err))
		return false;
	(void)fflush(stdout);
	return is_followed(r, result, err);
}

static bool go_round(struct round *r, struct error *err)
{
	while (r->done < r->count) {
		struct error why = { 0 };
		if (!take_turn(r, &why))
			return fail_round(r, &why, err);
	}
	return true;
}

static void print_round(const struct round *r)
{
	char names[NAMES_TEXT_SIZE], message[NAMES_TEXT_SIZE + NODE_NAME_SIZE + 40];
	(void)snprintf(message, sizeof(message), "%s: done on %zu nodes: %s", r->unit->name,
		r->count, names_text(r, 0, r->count, names, sizeof(names)));
	if (!r->call->json) {
		output_message("%s", message);
		return;
	}
	json_auto_t *whole = json_pack("{s:i, s:s, s:O, s:s}", "schema_version", 1, "unit",
		r->unit->name, "nodes", r->results, "message", message);
	output_json(stdout, whole);
}

static bool ask_first(struct round *r, struct error *err)
{
	json_t *reply = NULL;
	if (!ask_one(r, r->nodes[0], &reply, err))
		return false;
	json_auto_t *result = reply;
	if (!r->call->json)
		return print_result(r->op, result, err);
	output_json(stdout, result);
	return true;
}

bool all_nodes_operate(const struct call *call, struct error *err)
{
	json_auto_t *results = json_array();
	json_t *reply = NULL;
	struct round r = { .call = call, .op = call->verb->context, .results = results };
	if (call_value(call, "node") != NULL)
		return fail(err, FAULT_USAGE,
			"--node names one node and --all-nodes means all: say one");
	if (!find_unit(&r, err) || !operation_ask(call->control, OP_NODE_LIST, NULL, &reply, err))
		return false;
	json_auto_t *listed = reply;
	if (!find_nodes(&r, json_object_get(listed, "nodes"), err))
		return false;
	if (!row_of(r.op->id)->each)
		return ask_first(&r, err);
	if (!go_round(&r, err))
		return false;
	print_round(&r);
	return true;
}

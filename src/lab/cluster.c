/* The cluster on the lab's daemons: made, joined, looked at from outside, regenerated. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "cluster/parameter.h"
#include "fetch/fetch.h"
#include "lab/lab_impl.h"
#include "trust/held_list.h"

enum {
	POLL_MS = 200,
	JOIN_PATIENCE_MS = 180000,
	FETCH_PATIENCE_MS = 10000,
	SERVE_PATIENCE_MS = 60000
};

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));
	return text == NULL ? "" : text;
}

/* The first row whose `key` has this value, or NULL. */
static const json_t *find_row(const json_t *rows, const char *key, const char *value)
{
	size_t index;
	json_t *row;
	json_array_foreach (rows, index, row) {
		if (strcmp(text_of(row, key), value) == 0)
			return row;
	}
	return NULL;
}

static bool ask_rows(struct lab *l, enum op_id id, json_t **out, struct error *err)
{
	size_t count;
	json_auto_t *result = NULL;
	const char *key = op_rows(&count)[id].rows;
	if (!control_ask(l, id, NULL, &result, err))
		return false;
	json_t *rows = json_object_get(result, key);
	if (!json_is_array(rows))
		return fail(err, FAULT_IO, "the daemon's answer has no %s", key);
	*out = json_incref(rows);
	return true;
}

/* making */

static bool found_or_join(struct lab *l, const struct lab_node *node, struct error *err)
{
	char host[HOST_NAME_SIZE], ports[4][8];
	const uint16_t numbers[] = { node->tftp, node->http, node->https, node->tvs };
	bool first = node == &l->nodes[0];
	const char *role = node_role_name(node->role);
	(void)snprintf(host, sizeof(host), "%s.lab.example", node->name);
	for (size_t i = 0; i < COUNT(numbers); i++)
		(void)snprintf(ports[i], sizeof(ports[i]), "%u", (unsigned)numbers[i]);
	const struct control_argument arguments[] = {
		{ "node", node->name },
		{ "address", node->address },
		{ "host", host },
		{ "tftp-port", ports[0] },
		{ "http-port", ports[1] },
		{ "https-port", ports[2] },
		{ "tvs-port", ports[3] },
		{ first ? "name" : "role", first ? "Lab" : role },
		{ first ? "organization" : NULL, "Dialtrust Lab" },
		{ "locality", "Lisbon" },
		{ "country", "PT" },
		{ NULL, NULL },
	};
	if (!control_ask(l, first ? OP_CLUSTER_INIT : OP_NODE_ADD, arguments, NULL, err))
		return false;
	lab_say(l, "%s %s at %s joins as %s.", first ? "The cluster \"Lab\" is made;" : "Then",
		node->name, node->address, role);
	return true;
}

static bool set_signer(struct lab *l, struct error *err)
{
	const struct control_argument arguments[] = {
		{ "name", PARAMETER_ITL_SIGNER },
		{ "value", l->options.itl_signer },
		{ NULL, NULL },
	};
	if (l->options.itl_signer == NULL)
		return true;
	if (!control_ask(l, OP_PARAMETER_SET, arguments, NULL, err))
		return false;
	lab_say(l, "The trust lists are to be signed by %s.", l->options.itl_signer);
	return true;
}

static bool has_certificates(const json_t *certificates, const char *node)
{
	size_t index;
	json_t *row;
	json_array_foreach (certificates, index, row) {
		if (strcmp(text_of(row, "node"), node) == 0 &&
			!unit_find(text_of(row, "unit"))->trust)
			return true;
	}
	return false;
}

static bool is_published(const json_t *lists, const char *node)
{
	const json_t *row = find_row(lists, "node", node);
	json_int_t published = json_integer_value(json_object_get(row, "generation"));
	return published > 0 && published == json_integer_value(json_object_get(row, "wanted"));
}

static bool all_joined(struct lab *l, bool *joined, struct error *err)
{
	json_auto_t *certificates = NULL;
	json_auto_t *lists = NULL;
	if (!ask_rows(l, OP_CERT_LIST, &certificates, err) ||
		!ask_rows(l, OP_LIST_STATUS, &lists, err))
		return false;
	*joined = true;
	for (size_t i = 0; i < l->node_count; i++)
		*joined = *joined && has_certificates(certificates, l->nodes[i].name) &&
			(i >= l->call_count || is_published(lists, l->nodes[i].name));
	return true;
}

/* The other nodes' managers see in the database that they have joined, and do their part. */
static bool await_joined(struct lab *l, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + JOIN_PATIENCE_MS;
	for (bool joined = false; !joined;) {
		if (!all_joined(l, &joined, err))
			return false;
		if (!joined && clock_monotonic_ms() > deadline)
			return fail(err, FAULT_IO,
				"the nodes do not come together; see the files \"log\" below %s",
				l->directory);
		if (!joined && !lab_pause(l, POLL_MS, err))
			return false;
	}
	return true;
}

static void say_certificates(struct lab *l, const json_t *certificates, const char *node)
{
	char names[512] = "";
	size_t index, used = 0;
	unsigned count = 0;
	json_t *row;
	json_array_foreach (certificates, index, row) {
		const struct unit *unit = unit_find(text_of(row, "unit"));
		if (unit == NULL || unit->trust || strcmp(text_of(row, "node"), node) != 0 ||
			used >= sizeof(names))
			continue;
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			count++ == 0 ? "" : ", ", unit->name);
	}
	lab_say(l, "%u certificates made on %s: %s.", count, node, names);
}

bool cluster_make(struct lab *l, struct error *err)
{
	json_auto_t *nodes = NULL;
	json_auto_t *certificates = NULL;
	lab_title(l, "The cluster");
	if (!ask_rows(l, OP_NODE_LIST, &nodes, err))
		return false;
	if (json_array_size(nodes) > 0)
		lab_say(l, "The cluster of %zu nodes in %s goes on.", json_array_size(nodes),
			l->directory);
	for (size_t i = 0; i < l->node_count; i++)
		if (find_row(nodes, "name", l->nodes[i].name) == NULL &&
			!found_or_join(l, &l->nodes[i], err))
			return false;
	if (!set_signer(l, err) || !await_joined(l, err) ||
		!ask_rows(l, OP_CERT_LIST, &certificates, err))
		return false;
	(void)cluster_resets_phones(l); /* what it says from here on is news */
	for (size_t i = 0; i < l->node_count; i++)
		say_certificates(l, certificates, l->nodes[i].name);
	return true;
}

/* lists, from outside */

static bool fetch_list(const struct lab_node *node, struct bytes *out, struct error *err)
{
	char url[ADDRESS_SIZE + 64];
	(void)snprintf(
		url, sizeof(url), "http://%s:%u/ITLFile.tlv", node->address, (unsigned)node->http);
	return fetch_url(url, LIMIT_TRUST_LIST, FETCH_PATIENCE_MS, out, err);
}

static bool is_file(const struct bytes *file, const char *sha256, bool *same, struct error *err)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	if (!digest_sha256(bytes_reader(file), digest, err))
		return false;
	*same = strcmp(hex_write(reader_of(digest, sizeof(digest)), hex), sha256) == 0;
	return true;
}

/* A node serves a moment later than the database says. */
static bool fetch_published(struct lab *l, const struct lab_node *node, const char *sha256,
	struct bytes *out, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + SERVE_PATIENCE_MS;
	for (bool same = false;;) {
		AUTO_DONE(bytes) file = { 0 };
		struct error why = { 0 };
		bool fetched = fetch_list(node, &file, &why);
		if (fetched && !is_file(&file, sha256, &same, err))
			return false;
		if (same) {
			*out = file;
			file = (struct bytes){ 0 };
			return true;
		}
		if (clock_monotonic_ms() > deadline)
			return fail(err, FAULT_IO, "%s does not serve what was published%s%s",
				node->name, fetched ? "" : ": ", why.text);
		if (!lab_pause(l, POLL_MS, err))
			return false;
	}
}

static bool check_list(
	struct lab *l, const struct lab_node *node, const json_t *row, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (!fetch_published(l, node, text_of(row, "sha256"), &file, err))
		return false;
	AUTO(held_list) held = held_list_load(bytes_reader(&file), err);
	if (held == NULL || !held_list_intact(held, err))
		return fail_in(err, "the list of %s", node->name);
	const json_t *before = find_row(l->lists, "node", node->name);
	if (strcmp(text_of(before, "sha256"), text_of(row, "sha256")) == 0)
		return true;
	lab_say(l,
		"%s, generation %lld, is published; fetched from %s:%u: %zu records, signed by %s, "
		"intact.",
		text_of(row, "name"),
		(long long)json_integer_value(json_object_get(row, "generation")), node->address,
		(unsigned)node->http, held->list.count, text_of(row, "signer"));
	return true;
}

bool cluster_check_lists(struct lab *l, struct error *err)
{
	json_auto_t *lists = NULL;
	if (!ask_rows(l, OP_LIST_STATUS, &lists, err))
		return false;
	for (size_t i = 0; i < l->call_count; i++) {
		const json_t *row = find_row(lists, "node", l->nodes[i].name);
		if (row == NULL)
			return fail(err, FAULT_IO, "%s has no list", l->nodes[i].name);
		if (!check_list(l, &l->nodes[i], row, err))
			return false;
	}
	json_decref(l->lists);
	l->lists = json_incref(lists);
	return true;
}

/* certificates */

void cluster_certificate_path(const struct lab *l, const char *node, const char *unit,
	char out[static LAB_LONG_PATH_SIZE])
{
	(void)snprintf(out, LAB_LONG_PATH_SIZE, "%s/certificates/%.64s/%.64s.pem", l->directory,
		node, unit);
}

static bool export_certificate(struct lab *l, const json_t *row, struct error *err)
{
	json_auto_t *shown = NULL;
	const char *node = text_of(row, "node"), *unit = text_of(row, "unit");
	char folder[LAB_LONG_PATH_SIZE], file[NODE_NAME_SIZE + 8];
	const struct control_argument arguments[] = { { "node", node }, { "unit", unit }, { 0 } };
	(void)snprintf(folder, sizeof(folder), "%s/certificates/%.64s", l->directory, node);
	(void)snprintf(file, sizeof(file), "%.63s.pem", unit);
	return control_ask(l, OP_CERT_SHOW, arguments, &shown, err) &&
		place_write(folder, file, text_of(shown, "pem"), err);
}

static bool is_exported(const struct lab *l, const json_t *wanted)
{
	size_t index;
	json_t *row;
	json_array_foreach (l->identities, index, row) {
		if (json_equal(row, wanted))
			return true;
	}
	return false;
}

bool cluster_export_certificates(struct lab *l, struct error *err)
{
	size_t index;
	json_t *row;
	json_auto_t *certificates = NULL;
	json_auto_t *identities = json_array();
	if (!ask_rows(l, OP_CERT_LIST, &certificates, err))
		return false;
	json_array_foreach (certificates, index, row) {
		const struct unit *unit = unit_find(text_of(row, "unit"));
		if (unit == NULL || unit->trust)
			continue;
		if (!is_exported(l, row) && !export_certificate(l, row, err))
			return false;
		(void)json_array_append(identities, row);
	}
	json_decref(l->identities);
	l->identities = json_incref(identities);
	return true;
}

/* regenerating */

static void say_flagged(struct lab *l, const json_t *flagged)
{
	char names[512] = "";
	size_t index, used = 0;
	json_t *row;
	json_array_foreach (flagged, index, row) {
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s on %s",
				index == 0 ? "" : ", ", text_of(row, "service"),
				text_of(row, "node"));
	}
	if (used > 0)
		lab_say(l, "An operator would now restart: %s.", names);
}

bool cluster_regenerate(struct lab *l, const char *unit, struct error *err)
{
	json_auto_t *result = NULL;
	const char *node = l->nodes[0].name;
	const struct control_argument arguments[] = { { "unit", unit }, { "node", node }, { 0 } };
	lab_title(l, "%s is regenerated on %s", unit, node);
	if (!control_ask(l, OP_CERT_REGEN, arguments, &result, err))
		return false;
	const json_t *cert = json_object_get(result, "certificate");
	lab_say(l, "%s New serial number %s, valid until %s.", text_of(result, "message"),
		text_of(cert, "serial"), text_of(cert, "not_after"));
	say_flagged(l, json_object_get(result, "must_restart"));
	return cluster_check_lists(l, err);
}

/* What an operator changed meanwhile */

bool cluster_changed_lists(struct lab *l, bool changed[static LAB_NODES_MAX], struct error *err)
{
	json_auto_t *lists = NULL;
	if (!ask_rows(l, OP_LIST_STATUS, &lists, err))
		return false;
	for (size_t i = 0; i < l->node_count; i++) {
		const char *name = l->nodes[i].name;
		const json_t *row = find_row(lists, "node", name);
		const char *now = text_of(row, "sha256");
		changed[i] = is_published(lists, name) &&
			strcmp(now, text_of(find_row(l->lists, "node", name), "sha256")) != 0;
	}
	return true;
}

/* True where it is another than when it was last looked at. */
static bool note_rollback(struct lab *l, const json_t *parameters)
{
	const char *now = text_of(find_row(parameters, "name", PARAMETER_ROLLBACK), "value");
	bool changed = strcmp(now, l->rollback) != 0;
	(void)snprintf(l->rollback, sizeof(l->rollback), "%s", now);
	return changed;
}

bool cluster_resets_phones(struct lab *l)
{
	json_auto_t *parameters = NULL;
	struct error unknown = { 0 };
	if (!ask_rows(l, OP_PARAMETER_LIST, &parameters, &unknown))
		return false;
	const char *reset = text_of(find_row(parameters, "name", PARAMETER_RESET), "value");
	return note_rollback(l, parameters) || strcmp(reset, "automatic reset") == 0;
}

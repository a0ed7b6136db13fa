/* What remains of the story: lab.json for programs, the closing table and commands for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "lab/lab_impl.h"

enum { COLUMNS = 8, HASH_SHOWN = 12 };

/* lab.json */

static json_t *certificates_of(const struct lab *l, const char *node)
{
	size_t index;
	json_t *row;
	json_t *files = json_object();
	json_array_foreach (l->identities, index, row) {
		char path[LAB_LONG_PATH_SIZE];
		const char *unit = json_string_value(json_object_get(row, "unit"));
		const char *where = json_string_value(json_object_get(row, "node"));
		if (unit == NULL || where == NULL || strcmp(where, node) != 0)
			continue;
		cluster_certificate_path(l, node, unit, path);
		(void)json_object_set_new(files, unit, json_string(path));
	}
	return files;
}

static json_t *node_json(const struct lab *l, size_t index)
{
	const struct lab_node *node = &l->nodes[index];
	return json_pack("{s:s, s:s, s:s, s:{s:i, s:i, s:i, s:i}, s:o}", "name", node->name, "role",
		node_role_name(node->role), "address", node->address, "ports", "tftp",
		(int)node->tftp, "http", (int)node->http, "https", (int)node->https, "tvs",
		(int)node->tvs, "certificates", certificates_of(l, node->name));
}

static json_t *lab_json(const struct lab *l)
{
	json_t *nodes = json_array(), *phones = json_array();
	for (size_t i = 0; i < l->node_count; i++)
		(void)json_array_append_new(nodes, node_json(l, i));
	for (size_t i = 0; i < fleet_count(l->fleet); i++) {
		const struct fleet_phone *phone = fleet_at(l->fleet, i);
		(void)json_array_append_new(phones,
			json_pack("{s:s, s:s}", "name", phone->name, "state", phone->state));
	}
	return json_pack("{s:o, s:o, s:s}", "nodes", nodes, "phones", phones, "control",
		l->nodes[0].settings.admin_socket);
}

bool report_ready(struct lab *l, struct error *err)
{
	json_auto_t *ready = lab_json(l);
	char *text = ready == NULL ? NULL : json_dumps(ready, JSON_INDENT(2));
	if (text == NULL)
		return fail_memory(err);
	bool written = place_write(l->directory, "lab.json", text, err);
	free(text);
	return written;
}

/* the closing table */

/* "ITL pub 3 (5be1c0d3a1f2)": which published list it is that a phone holds. */
static void held_text(const struct lab *l, const char *sha256, char *out, size_t size)
{
	size_t index;
	json_t *row;
	if (sha256[0] == '\0') {
		(void)snprintf(out, size, "none");
		return;
	}
	json_array_foreach (l->lists, index, row) {
		const char *published = json_string_value(json_object_get(row, "sha256"));
		if (published == NULL || strcmp(published, sha256) != 0)
			continue;
		(void)snprintf(out, size, "%s %lld (%.*s)",
			json_string_value(json_object_get(row, "name")),
			(long long)json_integer_value(json_object_get(row, "generation")),
			HASH_SHOWN, sha256);
		return;
	}
	(void)snprintf(out, size, "an earlier one (%.*s)", HASH_SHOWN, sha256);
}

static bool is_well(const struct lab *l, size_t index)
{
	return strcmp(fleet_at(l->fleet, index)->state, "verified") == 0 &&
		l->tallies[index].refused == 0;
}

static bool add_phone(const struct lab *l, size_t index, struct table *t, struct error *err)
{
	const struct fleet_phone *phone = fleet_at(l->fleet, index);
	const struct tally *tally = &l->tallies[index];
	char boots[16], held[128], by_list[16], by_tvs[16], refused[16];
	(void)snprintf(boots, sizeof(boots), "%u", tally->boots);
	(void)snprintf(by_list, sizeof(by_list), "%u", tally->by_list);
	(void)snprintf(by_tvs, sizeof(by_tvs), "%u", tally->by_tvs);
	(void)snprintf(refused, sizeof(refused), "%u", tally->refused);
	held_text(l, phone->itl, held, sizeof(held));
	const char *cells[COLUMNS] = { phone->name, l->nodes[index % l->call_count].name, boots,
		held, by_list, by_tvs, refused, phone->state };
	return table_add(t, cells, err);
}

static bool print_table(const struct lab *l, struct error *err)
{
	static const char *const titles[COLUMNS] = { "PHONE", "ASKS FIRST", "BOOTS", "LIST HELD",
		"BY ITS LIST", "BY TVS", "REFUSED", "STATE" };
	AUTO(table) table = table_new(titles, COLUMNS, err);
	if (table == NULL)
		return false;
	for (size_t i = 0; i < fleet_count(l->fleet); i++)
		if (!add_phone(l, i, table, err))
			return false;
	table_print(table, l->out);
	(void)fflush(l->out);
	return true;
}

static json_t *phone_json(const struct lab *l, size_t index)
{
	const struct fleet_phone *phone = fleet_at(l->fleet, index);
	const struct tally *tally = &l->tallies[index];
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i}", "name", phone->name, "node",
		l->nodes[index % l->call_count].name, "state", phone->state, "itl", phone->itl,
		"boots", (int)tally->boots, "by_list", (int)tally->by_list, "by_tvs",
		(int)tally->by_tvs, "refused", (int)tally->refused);
}

static bool print_json(const struct lab *l, size_t well, struct error *err)
{
	json_t *phones = json_array();
	for (size_t i = 0; i < fleet_count(l->fleet); i++)
		(void)json_array_append_new(phones, phone_json(l, i));
	json_auto_t *told = json_pack("{s:i, s:s, s:s, s:o, s:I}", "schema_version", 1, "state",
		l->directory, "control", l->nodes[0].settings.admin_socket, "phones", phones,
		"verified", (json_int_t)well);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	(void)fflush(stdout);
	return true;
}

bool report_close(struct lab *l, struct error *err)
{
	size_t well = 0, count = fleet_count(l->fleet);
	for (size_t i = 0; i < count; i++)
		well += is_well(l, i);
	lab_title(l, "What the phones came to");
	if (!print_table(l, err))
		return false;
	lab_say(l, "%zu of %zu phones verified everything that they were sent.", well, count);
	lab_say(l, "All of it is kept in %s.", l->directory);
	if (l->options.json && !print_json(l, well, err))
		return false;
	return well == count ||
		fail(err, FAULT_UNTRUSTED, "%zu of %zu phones did not verify everything",
			count - well, count);
}

void report_commands(struct lab *l)
{
	const struct lab_node *pub = &l->nodes[0];
	lab_title(l, "To try, in another terminal");
	lab_say(l, "export DIALTRUST_CONTROL=%s", pub->settings.admin_socket);
	lab_say(l, "dialtrust cert list --node %s", pub->name);
	lab_say(l, "dialtrust list status");
	lab_say(l, "dialtrust list show http://%s:%u/ITLFile.tlv", pub->address,
		(unsigned)pub->http);
	lab_say(l, "dialtrust cert regen CallManager --node %s", pub->name);
	lab_say(l, "openssl s_client -connect %s:%u", pub->address, (unsigned)pub->tvs);
	lab_say(l,
		"The lab stays up, and its phones are reset when their list changes. Ctrl-C "
		"ends it.");
}

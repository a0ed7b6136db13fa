/* parameter list and set. What a change will do is told before it is made: a dry run makes it and
 * takes it back. */
#include "manager/csr_impl.h"

#include <stdio.h>
#include <string.h>

#include "cluster/parameter.h"

enum { VALUE_SIZE = 128 };

json_t *parameter_list(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	size_t count;
	const struct parameter *rows = parameter_rows(&count);
	json_auto_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		char value[VALUE_SIZE];
		if (!store_parameter(m->store, rows[i].name, value, sizeof(value), err))
			return NULL;
		json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "name",
			rows[i].name, "value", value, "default", rows[i].fallback, "type",
			parameter_type_name(rows[i].type), "values", rows[i].values, "read_only",
			rows[i].read_only, "means", rows[i].means, "consequence",
			rows[i].consequence);
		if (json_array_append_new(list, item) != 0) {
			(void)fail_memory(err);
			return NULL;
		}
	}
	return result_of_rows("parameters", list);
}

struct setting {
	const struct parameter *row;
	const char *value;
	char before[VALUE_SIZE];
	bool dry_run;
	json_t *result;
};

static void setting_done(struct setting *s)
{
	json_decref(s->result);
}

static bool want_all_lists(struct txn *t, const struct node *node, struct error *err)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (units[i].lists == LISTS_ALL && units[i].signs_lists)
			return lists_settled(txn_store(t), &units[i], node->name, err) &&
				lists_want(t, &units[i], node->name, err);
	return true;
}

static bool want_from_publisher(const struct node *node, void *into, struct error *err)
{
	return node->role != NODE_PUBLISHER || want_all_lists(into, node, err);
}

/* The CTL stays as it is, and phones that hold one go on judging by it. */
static bool mode_allows(struct store *s, const struct setting *set, struct error *err)
{
	char mode[VALUE_SIZE];
	const struct parameter *row = set->row;
	if (!row->non_secure_only || strcmp(set->value, row->fallback) == 0)
		return true;
	if (!store_parameter(s, PARAMETER_SECURITY_MODE, mode, sizeof(mode), err))
		return false;
	return strcmp(mode, "0") == 0 ||
		fail(err, FAULT_REFUSED,
			"the cluster is in mixed mode: %s leaves the CTL as it is, and phones that "
			"hold one go on judging by it; leave mixed mode first",
			row->name);
}

static const char *phones_do(const struct setting *s, bool new_lists, const char *reset)
{
	if (s->row->resets)
		return "are reset";
	if (!new_lists)
		return "go on";
	return strcmp(reset, "automatic reset") == 0 ? "reset by themselves"
						     : "are to be reset by hand";
}

static bool name_phone(const struct phone_row *phone, void *into, struct error *err)
{
	return json_array_append_new(into, json_string(phone->name)) == 0 || fail_memory(err);
}

static bool describe(struct setting *s, struct txn *t, struct error *err)
{
	char reset[VALUE_SIZE], message[3 * VALUE_SIZE];
	struct store *store = txn_store(t);
	json_auto_t *lists = json_array(), *flagged = json_array(), *phones = json_array();
	if (!store_parameter(store, PARAMETER_RESET, reset, sizeof(reset), err) ||
		!consequences_lists(t, lists, err) || !consequences_flagged(t, flagged, err))
		return false;
	if (s->row->resets ? !store_phones(store, name_phone, phones, err)
			   : !consequences_phones(t, lists, phones, err))
		return false;
	(void)snprintf(message, sizeof(message), "%s %s %s; it was %s.", s->row->name,
		s->dry_run ? "would become" : "is", s->value, s->before);
	json_decref(s->result);
	s->result = json_pack("{s:i, s:s, s:s, s:s, s:b, s:s, s:O, s:O, s:O, s:s, s:s}",
		"schema_version", 1, "name", s->row->name, "value", s->value, "before", s->before,
		"dry_run", s->dry_run, "consequence", s->row->consequence, "lists", lists,
		"must_restart", flagged, "phones", phones, "phones_then",
		phones_do(s, json_array_size(lists) > 0, reset), "message", message);
	return s->result != NULL || fail_memory(err);
}

static bool set_and_follow(struct setting *s, struct txn *t, struct error *err)
{
	struct store *store = txn_store(t);
	if (!mode_allows(store, s, err) ||
		!store_parameter(store, s->row->name, s->before, sizeof(s->before), err) ||
		!txn_set_parameter(t, s->row->name, s->value, err))
		return false;
	if (strcmp(s->before, s->value) == 0)
		return true;
	if (s->row->lists && !store_nodes(store, want_from_publisher, t, err))
		return false;
	return services_after(t, s->row->name, "", err);
}

static bool record_setting(struct txn *t, void *context, struct error *err)
{
	struct setting *s = context;
	if (!set_and_follow(s, t, err) || !describe(s, t, err))
		return false;
	return !s->dry_run || fail(err, FAULT_REFUSED, "a dry run is taken back");
}

static bool made_or_tried(
	struct manager *m, const struct change *change, struct setting *s, struct error *err)
{
	struct error why = { 0 };
	if (store_change(m->store, change, record_setting, s, NULL, &why))
		return true;
	if (s->dry_run && s->result != NULL && why.fault == FAULT_REFUSED)
		return true;
	*err = why;
	return false;
}

json_t *parameter_set(struct manager *m, struct asked *asked, struct error *err)
{
	const char *name = argument_text(asked, "name");
	__attribute__((cleanup(setting_done))) struct setting s = {
		.row = parameter_find(name),
		.value = argument_text(asked, "value"),
		.dry_run = argument_flag(asked, "dry-run"),
	};
	if (s.row == NULL) {
		(void)fail(err, FAULT_MISSING,
			"there is no parameter '%s': see `dialtrust parameter list`", name);
		return NULL;
	}
	if (!parameter_change_check(s.row, s.value, err))
		return NULL;
	char detail[2 * VALUE_SIZE];
	(void)snprintf(detail, sizeof(detail), "%s = %s", s.row->name, s.value);
	struct change change = { asked->actor, "parameter set", detail };
	if (!made_or_tried(m, &change, &s, err))
		return NULL;
	asked->wait_served = !s.dry_run;
	return json_incref(s.result);
}

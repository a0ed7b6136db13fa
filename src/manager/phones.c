/* The operator's tree: which phones have a configuration in it. */
#include "manager/manager_impl.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/log.h"

static const char suffix[] = ".cnf.xml";

/* "SEP001122334455.cnf.xml" -> "SEP001122334455"; a default (XMLDefault) belongs to no device. */
static bool device_of(const char *file, char *out, size_t size)
{
	size_t length = strlen(file);
	size_t tail = sizeof(suffix) - 1;
	if (length <= tail || strcmp(file + length - tail, suffix) != 0 || length - tail >= size)
		return false;
	(void)snprintf(out, size, "%.*s", (int)(length - tail), file);
	if (strcmp(out, "XMLDefault") == 0)
		out[0] = '\0';
	return true;
}

static int configurations_only(const struct dirent *entry)
{
	char device[DEVICE_NAME_SIZE];
	return device_of(entry->d_name, device, sizeof(device));
}

static void free_names(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

bool configurations_each(struct manager *m, configuration_fn *each, void *into, struct error *err)
{
	struct dirent **names = NULL;
	if (m->root < 0)
		return true;
	int count = scandirat(m->root, ".", &names, configurations_only, alphasort);
	if (count < 0)
		return fail_errno(err, "reading [provision] root %s", m->settings->root);
	bool fine = true;
	for (int i = 0; fine && i < count; i++) {
		char device[DEVICE_NAME_SIZE];
		fine = device_of(names[i]->d_name, device, sizeof(device)) &&
			each(names[i]->d_name, device, into, err);
	}
	free_names(names, count);
	return fine;
}

/* Scanning: rows that appear and rows whose file is gone. */

struct scanned {
	char name[DEVICE_NAME_SIZE];
	bool known; /* has a row already */
};

struct scan {
	struct manager *m;
	struct txn *txn;
	struct scanned *found;
	size_t count, capacity;
	size_t fresh, gone;
};

static bool collect(const char *file, const char *device, void *into, struct error *err)
{
	(void)file;
	struct scan *s = into;
	if (device[0] == '\0' || !device_name_check(device, NULL))
		return true;
	if (s->count == s->capacity) {
		size_t wanted = s->capacity == 0 ? 64 : 2 * s->capacity;
		struct scanned *grown = reallocarray(s->found, wanted, sizeof(*grown));
		if (grown == NULL)
			return fail_memory(err);
		s->found = grown;
		s->capacity = wanted;
	}
	s->found[s->count] = (struct scanned){ .known = false };
	(void)snprintf(s->found[s->count++].name, DEVICE_NAME_SIZE, "%s", device);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct scanned *left = a, *right = b;
	return strcmp(left->name, right->name);
}

static bool compare_row(const struct phone_row *row, void *into, struct error *err)
{
	struct scan *s = into;
	struct scanned key = { .known = false };
	(void)snprintf(key.name, sizeof(key.name), "%s", row->name);
	struct scanned *found =
		s->count == 0 ? NULL : bsearch(&key, s->found, s->count, sizeof(key), by_name);
	if (found != NULL) {
		found->known = true;
		s->fresh--;
	} else if (strcmp(row->node, s->m->settings->node) == 0) {
		s->gone++;
		return s->txn == NULL || txn_remove_phone(s->txn, row->name, err);
	}
	return true;
}

static bool compare(struct scan *s, struct txn *t, struct error *err)
{
	s->txn = t;
	s->fresh = s->count;
	s->gone = 0;
	for (size_t i = 0; i < s->count; i++)
		s->found[i].known = false;
	return store_phones(s->m->store, compare_row, s, err);
}

static bool record_scan(struct txn *t, void *context, struct error *err)
{
	struct scan *s = context;
	if (!compare(s, t, err))
		return false;
	for (size_t i = 0; i < s->count; i++) {
		struct phone_row row = { 0 };
		(void)snprintf(row.name, sizeof(row.name), "%s", s->found[i].name);
		(void)snprintf(row.node, sizeof(row.node), "%s", s->m->settings->node);
		if (!s->found[i].known && !txn_put_phone(t, &row, err))
			return false;
	}
	return true;
}

bool phones_scan(struct manager *m, struct error *err)
{
	struct scan s = { .m = m };
	bool fine = configurations_each(m, collect, &s, err);
	if (fine && s.count > 0)
		qsort(s.found, s.count, sizeof(*s.found), by_name);
	fine = fine && compare(&s, NULL, err);
	if (fine && (s.fresh > 0 || s.gone > 0)) {
		char actor[NODE_NAME_SIZE + 16], detail[64];
		(void)snprintf(actor, sizeof(actor), "manager of %s", m->settings->node);
		(void)snprintf(detail, sizeof(detail), "%zu new, %zu gone", s.fresh, s.gone);
		struct change change = { actor, "phone scan", detail };
		fine = store_change(m->store, &change, record_scan, &s, NULL, err);
	}
	free(s.found);
	return fine || fail_in(err, "scanning %s", m->settings->root);
}

static bool list_phone(const struct phone_row *row, void *into, struct error *err)
{
	json_t *item = json_pack("{s:s, s:s, s:s}", "name", row->name, "description",
		row->description, "node", row->node);
	return json_array_append_new(into, item) == 0 || fail_memory(err);
}

json_t *phone_list(struct manager *m, struct asked *asked, struct error *err)
{
	(void)asked; /* takes no arguments */
	json_auto_t *rows = json_array();
	if (!store_phones(m->store, list_phone, rows, err))
		return NULL;
	return result_of_rows("phones", rows);
}

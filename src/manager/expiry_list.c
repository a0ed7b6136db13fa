/* expiry list: what has ended or is due at a time, the first to end first. */
#include "manager/expiry_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/time_words.h"

struct due_row {
	int64_t not_after;
	size_t order; /* as the store gave it */
	json_t *json;
};

struct due_list {
	const struct watch_policy *policy;
	int64_t at;
	bool all;
	struct due_row *rows;
	size_t count, capacity;
};

/* Whole days, towards the past: one second after the end is -1. */
static int64_t days_left(int64_t left)
{
	return left < 0 ? -((-left - 1) / ALARM_DAY) - 1 : left / ALARM_DAY;
}

static json_t *due_json(const struct due_list *list, const struct watched *watched)
{
	char after[TIME_TEXT_SIZE], renew[TIME_TEXT_SIZE];
	int64_t left = watched->not_after - list->at;
	const struct alarm *alarm = alarm_for(left, list->policy->window, list->policy->era);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s?, s:o, s:s, s:b}", "node",
		watched->entry->node, "unit", watched->entry->store, "name", watched->entry->name,
		"subject", cert_subject(watched->cert, NAME_APPLIANCE), "not_after",
		text_time(watched->not_after, after), "days_left", (json_int_t)days_left(left),
		"use", certificate_use_name(watched->use), "alarm",
		alarm == NULL ? NULL : alarm->name, "severity",
		alarm == NULL ? json_null() : json_integer(alarm->severity), "renew_from",
		text_time(watched->renew_from, renew), "renew_due",
		list->at >= watched->renew_from);
}

static bool take_due(const struct watched *watched, void *into, struct error *err)
{
	struct due_list *list = into;
	int64_t left = watched->not_after - list->at;
	bool due = list->at >= watched->renew_from ||
		alarm_for(left, list->policy->window, list->policy->era) != NULL;
	if (!due && !list->all)
		return true;
	if (list->count == list->capacity) {
		size_t capacity = 2 * list->capacity + 64;
		struct due_row *rows = reallocarray(list->rows, capacity, sizeof(*rows));
		if (rows == NULL)
			return fail_memory(err);
		list->rows = rows;
		list->capacity = capacity;
	}
	json_t *json = due_json(list, watched);
	if (json == NULL)
		return fail_memory(err);
	list->rows[list->count] = (struct due_row){ watched->not_after, list->count, json };
	list->count++;
	return true;
}

static int by_end(const void *a, const void *b)
{
	const struct due_row *first = a, *second = b;
	if (first->not_after != second->not_after)
		return first->not_after < second->not_after ? -1 : 1;
	return first->order < second->order ? -1 : first->order > second->order;
}

static json_t *rows_json(struct due_list *list)
{
	json_t *rows = json_array();
	if (list->count > 0)
		qsort(list->rows, list->count, sizeof(*list->rows), by_end);
	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(rows, list->rows[i].json);
	free(list->rows);
	return rows;
}

json_t *expiry_list(struct manager *m, struct asked *asked, struct error *err)
{
	struct node found;
	struct watch_policy policy;
	const char *node = argument_text(asked, "node"), *at = argument_text(asked, "at");
	struct due_list list = {
		.policy = &policy, .at = clock_now(), .all = argument_flag(asked, "all")
	};
	char when[TIME_TEXT_SIZE];
	if (at != NULL && !time_words_read(at, &list.at, err)) {
		(void)fail_in(err, "at");
		return NULL;
	}
	if ((node != NULL && !store_node(m->store, node, &found, err)) ||
		!watch_policy(m->store, &policy, err))
		return NULL;
	bool fine = watch_each(m->store, node, &policy, take_due, &list, err);
	json_auto_t *rows = rows_json(&list);
	if (!fine)
		return NULL;
	return json_pack("{s:i, s:s, s:O}", "schema_version", 1, "at", text_time(list.at, when),
		"certificates", rows);
}

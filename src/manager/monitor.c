/* The appliance's Certificate Expiry Monitor for this node's stores. What it tells is noted in the
 * transaction that leaves it to be sent: nothing is told twice for a restart, nothing lost by one.
 */
#include "manager/expiry_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "cluster/alarm_text.h"
#include "manager/outlets_impl.h"
#include "run/log.h"

enum {
	MS = 1000,
	JUMP_SECONDS = 60,
	SLACK_SECONDS = 60, /* a pass that comes a little early says again what is due */
	FAILED_PASS_MS = 60000,
	LINES_LIMIT = 4 << 20,
};

struct monitor {
	struct outlets *outlets;
	int64_t pass_at; /* monotonic ms */
	int64_t drift;   /* wall clock less monotonic, seconds */
};

struct loud { /* a certificate that there is an alarm about */
	struct alarm_row row;
	char file[256];
	int64_t not_after;
	const struct alarm *alarm;
	uint64_t number; /* among the node's alarms, when it is due */
	bool due, worse;
};

struct pass {
	const struct manager *m;
	const struct watch_policy *policy;
	int64_t now;
	struct node self;
	struct alarm_row *told;
	size_t told_count;
	struct loud *loud;
	size_t loud_count;
	int64_t least; /* seconds left of the first to end */
};

/* what was told before */

static bool take_told(const struct alarm_row *row, void *into, struct error *err)
{
	struct pass *p = into;
	struct alarm_row *rows = reallocarray(p->told, p->told_count + 1, sizeof(*rows));
	if (rows == NULL)
		return fail_memory(err);
	p->told = rows;
	rows[p->told_count++] = *row;
	return true;
}

static int compare_alarms(const void *a, const void *b)
{
	const struct alarm_row *first = a, *second = b;
	int order = strcmp(first->store, second->store);
	return order != 0 ? order : memcmp(first->digest, second->digest, DIGEST_SIZE);
}

static void recall(const struct pass *p, struct alarm_row *row)
{
	const struct alarm_row *found = p->told_count == 0
		? NULL
		: bsearch(row, p->told, p->told_count, sizeof(*row), compare_alarms);
	row->logged = found == NULL ? 0 : found->logged;
	row->worst = found == NULL ? ALARM_UNTOLD : found->worst;
}

/* judging */

static bool take_loud(const struct watched *watched, void *into, struct error *err)
{
	struct pass *p = into;
	int64_t left = watched->not_after - p->now;
	const struct alarm *alarm = alarm_for(left, p->policy->window, p->policy->era);
	p->least = left < p->least ? left : p->least;
	if (alarm == NULL)
		return true;
	struct loud *rows = reallocarray(p->loud, p->loud_count + 1, sizeof(*rows));
	if (rows == NULL)
		return fail_memory(err);
	p->loud = rows;
	struct loud *new = &rows[p->loud_count++];
	*new = (struct loud){ .alarm = alarm, .not_after = watched->not_after };
	(void)snprintf(new->row.node, sizeof(new->row.node), "%s", watched->entry->node);
	(void)snprintf(new->row.store, sizeof(new->row.store), "%s", watched->entry->store);
	(void)snprintf(new->file, sizeof(new->file), "%s", watched->entry->name);
	memcpy(new->row.digest, watched->entry->digest, DIGEST_SIZE);
	recall(p, &new->row);
	int64_t since = p->now - new->row.logged;
	new->worse = alarm->severity < new->row.worst;
	/* told later than now: the clock was ahead then */
	new->due = new->worse || since < 0 ||
		since + SLACK_SECONDS >= alarm_repeat(left, p->policy->frequency);
	return true;
}

/* telling */

static struct alarm_event event_of(const struct pass *p, const struct loud *loud)
{
	return (struct alarm_event){
		.alarm = loud->alarm,
		.node = p->self.name,
		.host = p->self.host,
		.address = p->self.address,
		.file = loud->file,
		.unit = loud->row.store,
		.not_after = loud->not_after,
		.sequence = loud->number,
		.raised = p->now,
		.logged = p->now,
		.zone = { 0, "UTC" },
	};
}

static bool note_one(
	struct txn *t, const struct pass *p, const struct loud *loud, struct error *err)
{
	struct alarm_row row = loud->row;
	row.logged = p->now;
	if (loud->worse)
		row.worst = loud->alarm->severity;
	return txn_put_alarm(t, &row, err);
}

static json_t *alarm_json(const struct loud *loud)
{
	char end[TIME_TEXT_SIZE], hex[DIGEST_HEX_SIZE];
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:I}", "alarm", loud->alarm->name,
		"severity", (int)loud->alarm->severity, "unit", loud->row.store, "name", loud->file,
		"not_after", text_time(loud->not_after, end), "sha256",
		hex_write(reader_of(loud->row.digest, DIGEST_SIZE), hex), "number",
		(json_int_t)loud->number);
}

/* One object for all that went a step down the ladder. */
static bool add_steps(struct txn *t, const struct pass *p, struct error *err)
{
	char now[TIME_TEXT_SIZE];
	json_auto_t *alarms = json_array();
	for (size_t i = 0; i < p->loud_count; i++)
		if (p->loud[i].worse)
			(void)json_array_append_new(alarms, alarm_json(&p->loud[i]));
	if (json_array_size(alarms) == 0)
		return true;
	json_auto_t *whole = json_pack("{s:i, s:s, s:s, s:O}", "schema_version", 1, "node",
		p->self.name, "raised", text_time(p->now, now), "alarms", alarms);
	char *text = whole == NULL ? NULL : json_dumps(whole, JSON_COMPACT);
	bool added = text != NULL
		? outlets_add(p->m, t, COURIER_WEBHOOK, reader_of_text(text), err) &&
			outlets_add(p->m, t, COURIER_MAIL, reader_of_text(text), err)
		: fail_memory(err);
	free(text);
	return added;
}

static bool add_line(struct txn *t, const struct pass *p, const struct loud *loud,
	struct writer *lines, struct error *err)
{
	char line[ALARM_TEXT_SIZE];
	struct alarm_event event = event_of(p, loud);
	if (!alarm_syslog(&event, line, sizeof(line), err) || !note_one(t, p, loud, err))
		return false;
	writer_text(lines, line);
	writer_u8(lines, '\n');
	return true;
}

static bool record_pass(struct txn *t, void *context, struct error *err)
{
	struct pass *p = context;
	uint64_t number = 0, due = 0;
	AUTO_DONE(writer) lines = writer_new(LINES_LIMIT);
	for (size_t i = 0; i < p->loud_count; i++)
		due += p->loud[i].due;
	if (!txn_forget_alarms(t, p->self.name, err) ||
		(due > 0 && !txn_count_alarms(t, p->self.name, due, &number, err)))
		return false;
	for (size_t i = 0; i < p->loud_count; i++) {
		p->loud[i].number = number;
		number += p->loud[i].due;
		if (p->loud[i].due && !add_line(t, p, &p->loud[i], &lines, err))
			return false;
	}
	if (!lines.ok)
		return fail(err, FAULT_LIMIT, "the alarms of one pass are too many");
	return add_steps(t, p, err) &&
		(due == 0 || outlets_add(p->m, t, COURIER_SYSLOG, writer_written(&lines), err));
}

/* In the node's own log once for each step of the ladder. */
static void log_pass(const struct pass *p)
{
	char end[TIME_TEXT_SIZE];
	for (size_t i = 0; i < p->loud_count; i++)
		if (p->loud[i].worse)
			log_warning("%s: %s of %s, until %s", p->loud[i].alarm->name,
				p->loud[i].file, p->loud[i].row.store,
				text_time(p->loud[i].not_after, end));
}

static bool change_needed(const struct pass *p)
{
	size_t due = 0;
	for (size_t i = 0; i < p->loud_count; i++)
		due += p->loud[i].due;
	return due > 0 || p->told_count > p->loud_count;
}

static bool make_pass(struct manager *m, int64_t *next_ms, struct error *err)
{
	struct watch_policy policy;
	struct pass p = { .m = m, .policy = &policy, .now = clock_now(), .least = INT64_MAX };
	bool fine = store_node(m->store, m->settings->node, &p.self, err) &&
		watch_policy(m->store, &policy, err) &&
		store_alarms(m->store, p.self.name, take_told, &p, err) &&
		watch_each(m->store, p.self.name, &policy, take_loud, &p, err) &&
		(!change_needed(&p) || store_observe(m->store, record_pass, &p, err));
	if (fine) {
		log_pass(&p);
		outlets_wake(m->monitor->outlets);
		*next_ms = alarm_next_pass(p.least) * MS;
	}
	free(p.told);
	free(p.loud);
	return fine;
}

/* life */

void monitor_look(struct manager *m)
{
	struct error err = { 0 };
	struct monitor *monitor = m->monitor;
	int64_t next_ms = FAILED_PASS_MS, now = clock_monotonic_ms();
	int64_t drift = clock_now() - now / MS;
	bool jumped = llabs(drift - monitor->drift) > JUMP_SECONDS;
	monitor->drift = drift;
	if (m->index == NULL)
		return; /* there is no cluster yet */
	if (jumped || now >= monitor->pass_at) {
		if (!make_pass(m, &next_ms, &err))
			log_error("looking at what expires: %s", err.text);
		monitor->pass_at = clock_monotonic_ms() + next_ms;
	}
	outlets_send(monitor->outlets);
}

bool monitor_start(struct manager *m, struct error *err)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	if (monitor == NULL)
		return fail_memory(err);
	m->monitor = monitor;
	monitor->drift = clock_now() - clock_monotonic_ms() / MS;
	monitor->outlets = outlets_open(m, err);
	return monitor->outlets != NULL;
}

void monitor_end(struct manager *m)
{
	if (m->monitor == NULL)
		return;
	outlets_close(m->monitor->outlets);
	free(m->monitor);
	m->monitor = NULL;
}

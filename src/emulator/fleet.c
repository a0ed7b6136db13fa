#include "emulator/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "emulator/handset.h"
#include "run/files.h"

enum { AT_ONCE = 32, TIMEOUT_MS = 5000, PATH_SIZE = 600, DIRECTORY_MODE = 0755 };

struct member {
	struct fleet *fleet;
	struct handset *handset;
	struct fleet_phone shown;
	char name[DEVICE_NAME_SIZE], source[ADDRESS_SIZE];
	bool busy;
	bool wants_boot, wants_file; /* once it rests; the boot first */
	char file[LIMIT_FILE_NAME];
	size_t server_count; /* that it gets at its next boot; 0: no others */
	struct phone_server servers[PHONE_SERVERS];
};

struct fleet {
	struct loop *loop;
	struct fleet_events events;
	void *context;
	char directory[PATH_SIZE];
	size_t at_once, busy;
	uint64_t timeout_ms;
	size_t count, capacity;
	struct member **members;
	struct timer *timer; /* starts phones from the loop, never from inside a caller */
};

static void start_some(void *context);

struct fleet *fleet_new(struct loop *l, const struct fleet_settings *settings,
	const struct fleet_events *events, void *context, struct error *err)
{
	AUTO(fleet) f = calloc(1, sizeof(*f));
	if (f == NULL) {
		fail_memory(err);
		return NULL;
	}
	f->loop = l;
	f->events = *events;
	f->context = context;
	f->at_once = settings->at_once != 0 ? settings->at_once : AT_ONCE;
	f->timeout_ms = settings->timeout_ms != 0 ? settings->timeout_ms : TIMEOUT_MS;
	if (!text_copy(f->directory, sizeof(f->directory), settings->directory, err) ||
		!directory_make(f->directory, DIRECTORY_MODE, err))
		return NULL;
	return TAKE(f);
}

static void member_free(struct member *m)
{
	if (m == NULL)
		return;
	handset_free(m->handset);
	free(m);
}
DEFINE_AUTO(member, member_free);

void fleet_free(struct fleet *f)
{
	if (f == NULL)
		return;
	timer_free(f->timer);
	for (size_t i = 0; i < f->count; i++)
		member_free(f->members[i]);
	free(f->members);
	free(f);
}

static bool is_waiting(const struct member *m)
{
	return !m->busy && (m->wants_boot || m->wants_file);
}

/* The worst of what its verdicts say. */
static const char *state_of(const struct fleet_phone *p)
{
	static const char *const states[] = { "verified", "missing", "unreachable", "rejected" };
	size_t worst = 0;
	for (size_t i = 0; i < p->verdict_count; i++) {
		const struct phone_verdict *v = &p->verdicts[i];
		size_t grade = v->outcome == PHONE_REJECTED ? 3
			: v->outcome == PHONE_UNREACHED     ? 2
							    : 1;
		if (!phone_verdict_good(v) && grade > worst)
			worst = grade;
	}
	return states[worst];
}

static void show_digest(struct reader file, char out[static DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	out[0] = '\0';
	if (file.left > 0 && digest_sha256(file, digest, NULL))
		hex_write(reader_of(digest, sizeof(digest)), out);
}

static void show(struct member *m)
{
	show_digest(phone_list(handset_phone(m->handset), PHONE_ITL), m->shown.itl);
	show_digest(phone_list(handset_phone(m->handset), PHONE_CTL), m->shown.ctl);
	m->shown.boots = handset_boots(m->handset);
}

static void told(const struct phone_verdict *verdict, void *context)
{
	struct member *m = context;
	if (m->shown.verdict_count < FLEET_VERDICTS)
		m->shown.verdicts[m->shown.verdict_count++] = *verdict;
	show(m);
	if (m->fleet->events.verdict != NULL)
		m->fleet->events.verdict(&m->shown, verdict, m->fleet->context);
}

static bool start_later(struct fleet *f, struct error *err)
{
	if (f->timer != NULL) {
		timer_restart(f->timer, 0);
		return true;
	}
	f->timer = timer_new(f->loop, 0, false, start_some, f, err);
	return f->timer != NULL;
}

static void rested(const struct error *err, void *context)
{
	struct member *m = context;
	struct fleet *f = m->fleet;
	m->busy = false;
	f->busy--;
	show(m);
	m->shown.state = err != NULL ? "unsaved" : state_of(&m->shown);
	m->shown.why = err != NULL ? *err : (struct error){ 0 };
	if (f->events.rested != NULL)
		f->events.rested(&m->shown, f->context);
	timer_restart(f->timer, 0);
}

static bool boot(struct member *m, struct error *err)
{
	size_t count = m->server_count;
	m->server_count = 0;
	return (count == 0 || handset_set_servers(m->handset, m->servers, count, err)) &&
		handset_boot(m->handset, err);
}

/* What a member wants first. False: it could not even begin. */
static bool start(struct member *m, struct error *err)
{
	bool boots = m->wants_boot;
	m->busy = true;
	m->fleet->busy++;
	m->shown.state = "busy";
	m->shown.verdict_count = 0;
	m->wants_boot = false;
	m->wants_file = boots && m->wants_file;
	return boots ? boot(m, err) : handset_open(m->handset, m->file, err);
}

static void start_some(void *context)
{
	struct fleet *f = context;
	bool waiting = false;
	for (size_t i = 0; i < f->count; i++) {
		struct error err = { 0 };
		if (!is_waiting(f->members[i]))
			continue;
		waiting = true;
		if (f->busy >= f->at_once)
			break;
		if (!start(f->members[i], &err))
			rested(&err, f->members[i]);
	}
	if (!waiting && f->busy == 0 && f->events.idle != NULL)
		f->events.idle(f->context);
}

static struct member *find(const struct fleet *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->members[i]->name, name) == 0)
			return f->members[i];
	return NULL;
}

static bool make_room(struct fleet *f, struct error *err)
{
	if (f->count < f->capacity)
		return true;
	size_t capacity = f->capacity == 0 ? 32 : 2 * f->capacity;
	struct member **members = reallocarray(f->members, capacity, sizeof(struct member *));
	if (members == NULL)
		return fail_memory(err);
	f->members = members;
	f->capacity = capacity;
	return true;
}

static bool fill(struct member *m, struct fleet *f, const struct phone_settings *phone,
	const char *source, struct error *err)
{
	static const struct handset_events events = { told, rested };
	char directory[PATH_SIZE + DEVICE_NAME_SIZE];
	if (!device_name_check(phone->name, err) ||
		!text_copy(m->name, sizeof(m->name), phone->name, err) ||
		!text_copy(m->source, sizeof(m->source), source != NULL ? source : "", err))
		return false;
	(void)snprintf(directory, sizeof(directory), "%s/%s", f->directory, m->name);
	const struct handset_plan plan = { phone, source, directory, f->timeout_ms };
	m->fleet = f;
	m->handset = handset_new(f->loop, &plan, &events, m, err);
	if (m->handset == NULL)
		return false;
	m->shown = (struct fleet_phone){ .name = m->name, .source = m->source, .state = "new" };
	show(m);
	return true;
}

bool fleet_add(
	struct fleet *f, const struct phone_settings *phone, const char *source, struct error *err)
{
	if (find(f, phone->name) != NULL)
		return fail(err, FAULT_USAGE, "there are two phones called %s", phone->name);
	AUTO(member) m = calloc(1, sizeof(*m));
	if (m == NULL)
		return fail_memory(err);
	if (!make_room(f, err) || !fill(m, f, phone, source, err))
		return false;
	f->members[f->count++] = TAKE(m);
	return true;
}

static bool find_or_fail(
	const struct fleet *f, const char *name, struct member **out, struct error *err)
{
	*out = find(f, name);
	return *out != NULL || fail(err, FAULT_MISSING, "there is no phone %s", name);
}

bool fleet_set_servers(struct fleet *f, const char *name, const struct phone_server *servers,
	size_t count, struct error *err)
{
	struct member *m;
	if (!find_or_fail(f, name, &m, err))
		return false;
	if (count == 0 || count > PHONE_SERVERS)
		return fail(err, FAULT_USAGE, "%s: a phone has 1 to %d TFTP servers, not %zu", name,
			PHONE_SERVERS, count);
	for (size_t i = 0; i < count; i++)
		m->servers[i] = servers[i];
	m->server_count = count;
	return true;
}

static void want(struct member *m, const char *file)
{
	m->wants_boot = m->wants_boot || file == NULL;
	m->wants_file = m->wants_file || file != NULL;
	if (file != NULL)
		(void)snprintf(m->file, sizeof(m->file), "%s", file);
	if (!m->busy)
		m->shown.state = "waiting";
}

static bool want_from(struct fleet *f, const char *name, const char *file, struct error *err)
{
	struct member *one = NULL;
	if (name != NULL && !find_or_fail(f, name, &one, err))
		return false;
	if (one != NULL)
		want(one, file);
	for (size_t i = 0; name == NULL && i < f->count; i++)
		want(f->members[i], file);
	return start_later(f, err);
}

bool fleet_boot(struct fleet *f, const char *name, struct error *err)
{
	return want_from(f, name, NULL, err);
}

bool fleet_open(struct fleet *f, const char *name, const char *file, struct error *err)
{
	if (strlen(file) + strlen(".sgn") >= LIMIT_FILE_NAME)
		return fail(err, FAULT_LIMIT, "a file name of %zu bytes", strlen(file));
	return want_from(f, name, file, err);
}

size_t fleet_count(const struct fleet *f)
{
	return f->count;
}

const struct fleet_phone *fleet_at(const struct fleet *f, size_t index)
{
	return &f->members[index]->shown;
}

const struct fleet_phone *fleet_find(const struct fleet *f, const char *name)
{
	const struct member *m = find(f, name);
	return m != NULL ? &m->shown : NULL;
}

bool fleet_busy(const struct fleet *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->members[i]->busy || is_waiting(f->members[i]))
			return true;
	return false;
}

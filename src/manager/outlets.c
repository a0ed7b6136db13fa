#include "manager/outlets_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "manager/patience_impl.h"
#include "run/log.h"
#include "run/process.h"

enum {
	SEND_MS = 60000,
	PATH_SIZE = 256,
	TEXT_LIMIT = 16 << 20,
};

struct outlet { /* a target of the courier's */
	struct outlets *all;
	const char *where; /* its setting */
	enum courier_target target;
	bool pending; /* there may be something to be sent */
	bool sending;
	uint64_t sent_number;
	int64_t send_at; /* monotonic ms */
	struct patience patience;
};

struct outlets {
	struct manager *m;
	struct sibling_client *courier;
	bool ending;
	struct outlet each[COURIER_TARGETS];
};

static const char *where_of(const struct settings *settings, enum courier_target target)
{
	const char *const where[] = {
		[COURIER_SYSLOG] = settings->syslog,
		[COURIER_WEBHOOK] = settings->webhook,
		[COURIER_MAIL] = settings->mail_server,
	};
	return where[target];
}

static bool is_on(const char *where)
{
	return strcmp(where, "none") != 0;
}

bool outlets_add(const struct manager *m, struct txn *t, enum courier_target target,
	struct reader text, struct error *err)
{
	return !is_on(where_of(m->settings, target)) ||
		txn_add_notice(t, m->settings->node, target, text, err);
}

/* what is sent */

struct notice {
	uint64_t number;
	struct bytes text;
	bool found;
};

static bool take_notice(uint64_t number, struct reader text, void *into, struct error *err)
{
	struct notice *notice = into;
	notice->number = number;
	notice->found = true;
	return bytes_copy(&notice->text, text, err);
}

struct stay { /* which alarms are of certificates that are in their store still */
	json_t *alarms;
	bool *stays;
};

static bool mark_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	(void)der;
	(void)err; /* nothing can go wrong */
	struct stay *stay = into;
	char hex[DIGEST_HEX_SIZE];
	size_t index;
	json_t *row;
	hex_write(reader_of(entry->digest, DIGEST_SIZE), hex);
	json_array_foreach (stay->alarms, index, row) {
		const char *unit = json_string_value(json_object_get(row, "unit"));
		const char *sha256 = json_string_value(json_object_get(row, "sha256"));
		if (unit != NULL && sha256 != NULL && strcmp(unit, entry->store) == 0 &&
			strcmp(sha256, hex) == 0)
			stay->stays[index] = true;
	}
	return true;
}

/* What was deleted while it waited is not spoken of any more. */
static bool leave_out_deleted(const struct manager *m, json_t *steps, struct error *err)
{
	struct stay stay = { .alarms = json_object_get(steps, "alarms") };
	size_t count = json_array_size(stay.alarms);
	stay.stays = calloc(count + 1, sizeof(*stay.stays));
	if (stay.stays == NULL)
		return fail_memory(err);
	bool fine = store_entries(m->store, NULL, m->settings->node, mark_entry, &stay, err);
	while (fine && count-- > 0)
		if (!stay.stays[count])
			(void)json_array_remove(stay.alarms, count);
	free(stay.stays);
	return fine;
}

static bool write_json(const json_t *steps, struct writer *out, struct error *err)
{
	char *text = json_dumps(steps, JSON_COMPACT);
	if (text == NULL)
		return fail_memory(err);
	writer_text(out, text);
	free(text);
	return out->ok || fail(err, FAULT_LIMIT, "more than %d bytes", TEXT_LIMIT);
}

/* *nothing: nothing of it is left to be told. */
static bool compose(const struct outlet *outlet, const struct notice *notice, struct writer *out,
	bool *nothing, struct error *err)
{
	const struct manager *m = outlet->all->m;
	struct node self;
	writer_u8(out, (uint8_t)outlet->target);
	if (outlet->target == COURIER_SYSLOG) {
		writer_bytes(out, bytes_reader(&notice->text));
		return out->ok || fail_memory(err);
	}
	json_auto_t *steps =
		json_loadb((const char *)notice->text.data, notice->text.size, 0, NULL);
	if (steps == NULL)
		return fail(err, FAULT_STORE, "a notice that cannot be read");
	if (!leave_out_deleted(m, steps, err))
		return false;
	*nothing = json_array_size(json_object_get(steps, "alarms")) == 0;
	if (*nothing || outlet->target == COURIER_WEBHOOK)
		return *nothing || write_json(steps, out, err);
	return store_node(m->store, m->settings->node, &self, err) &&
		letter_write(&self, steps, out, err);
}

/* sending */

static void drop(struct outlet *outlet, uint64_t number)
{
	struct error err = { 0 };
	const struct manager *m = outlet->all->m;
	outlet->pending = true; /* the next one */
	if (!store_drop_notice(m->store, m->settings->node, number, &err))
		log_error("%s", err.text);
}

static void on_refused(struct outlet *outlet, const struct error *why)
{
	if (outlet->patience.pause_ms == 0)
		log_warning("alarms wait to be sent to %s: %s", outlet->where, why->text);
	bool lasts = patience_lasts(&outlet->patience, why->fault == FAULT_REFUSED);
	outlet->send_at = clock_monotonic_ms() + outlet->patience.pause_ms;
	if (lasts)
		return;
	log_error("alarms are not sent to %s, which refused them %d times: %s", outlet->where,
		PATIENCE_REFUSALS, why->text);
	drop(outlet, outlet->sent_number);
}

static void on_sent(struct reader answer, const struct error *why, void *context)
{
	(void)answer; /* nothing */
	struct outlet *outlet = context;
	const struct manager *m = outlet->all->m;
	struct error err = { 0 };
	outlet->sending = false;
	if (outlet->all->ending)
		return; /* the next one sends it */
	if (why != NULL) {
		on_refused(outlet, why);
		return;
	}
	if (!store_drop_notice(m->store, m->settings->node, outlet->sent_number, &err)) {
		on_refused(outlet, &err);
		return;
	}
	patience_renew(&outlet->patience);
	outlet->send_at = 0;
}

static void send_one(struct outlet *outlet, const struct notice *notice)
{
	struct error err = { 0 };
	bool nothing = false;
	AUTO_DONE(writer) message = writer_new(TEXT_LIMIT);
	if (!compose(outlet, notice, &message, &nothing, &err)) {
		log_error("alarms are not sent to %s: %s", outlet->where, err.text);
		nothing = err.fault != FAULT_MEMORY;
		outlet->send_at = clock_monotonic_ms() + PATIENCE_FIRST_MS;
		if (!nothing)
			return;
	}
	if (nothing) {
		drop(outlet, notice->number);
		return;
	}
	outlet->sending = true;
	outlet->sent_number = notice->number;
	sibling_ask(outlet->all->courier, COURIER_SEND, writer_written(&message), SEND_MS, on_sent,
		outlet);
}

static void send_next(struct outlet *outlet)
{
	struct error err = { 0 };
	struct notice notice = { 0 };
	const struct manager *m = outlet->all->m;
	if (!outlet->pending || outlet->sending || clock_monotonic_ms() < outlet->send_at)
		return;
	if (!store_next_notice(
		    m->store, m->settings->node, outlet->target, take_notice, &notice, &err))
		log_error("%s", err.text);
	outlet->pending = notice.found;
	if (notice.found && err.fault == FAULT_NONE)
		send_one(outlet, &notice);
	bytes_done(&notice.text);
}

void outlets_send(struct outlets *o)
{
	for (size_t i = 0; i < COURIER_TARGETS; i++)
		if (is_on(o->each[i].where))
			send_next(&o->each[i]);
}

/* life */

void outlets_wake(struct outlets *o)
{
	for (size_t i = 0; i < COURIER_TARGETS; i++)
		o->each[i].pending = true;
}

struct outlets *outlets_open(struct manager *m, struct error *err)
{
	static const struct sibling_client_events quiet = { NULL, NULL };
	char path[PATH_SIZE];
	struct outlets *o = calloc(1, sizeof(*o));
	if (o == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	o->m = m;
	for (unsigned i = 0; i < COURIER_TARGETS; i++)
		o->each[i] = (struct outlet){
			.all = o, .where = where_of(m->settings, i), .target = i, .pending = true
		};
	if (process_sibling_path(m->settings, "courier.manager", path, sizeof(path), err))
		o->courier = sibling_connect(m->loop, path, &quiet, m, err);
	if (o->courier != NULL)
		return o;
	free(o);
	return NULL;
}

void outlets_close(struct outlets *o)
{
	if (o == NULL)
		return;
	o->ending = true;
	sibling_client_free(o->courier);
	free(o);
}

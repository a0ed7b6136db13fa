#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/store_impl.h"

enum { CHANGE_WAIT_MS = 5000 };

static const struct engine *const engines[] = { &sqlite_engine };

static const struct engine *engine_for(const char *url, const char **place)
{
	for (size_t i = 0; i < COUNT(engines); i++) {
		size_t size = strlen(engines[i]->scheme);
		if (strncmp(url, engines[i]->scheme, size) == 0 && url[size] == ':') {
			*place = url + size + 1;
			return engines[i];
		}
	}
	return NULL;
}

struct store *store_open(const char *url, struct error *err)
{
	const char *place;
	const struct engine *engine = engine_for(url, &place);
	if (engine == NULL) {
		(void)fail(err, FAULT_USAGE, "\"%.60s\" names no database: write sqlite:PATH", url);
		return NULL;
	}
	AUTO(store) s = calloc(1, sizeof(*s));
	if (s == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	s->engine = engine;
	s->give_up = -1;
	s->db = engine->open(place, err);
	if (s->db == NULL)
		return NULL;
	if (!store_migrate(s, err)) {
		(void)fail_in(err, "the database %.100s", place);
		return NULL;
	}
	return TAKE(s);
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->db != NULL)
		s->engine->close(s->db);
	free(s);
}

/* The struct's arrays hold whole lines, and a line that cannot be read back must not get in. */
static bool check_texts(const struct statement *what, struct error *err)
{
	for (size_t i = 0; i < what->count; i++) {
		struct reader text = what->params[i].bytes;
		if (what->params[i].kind != PARAM_TEXT)
			continue;
		bool fine = text_is_utf8(text);
		while (fine && text.left > 0) {
			uint8_t byte = reader_u8(&text);
			fine = byte >= 0x20 && byte != 0x7f;
		}
		if (!fine)
			return fail(err, FAULT_MALFORMED,
				"the database keeps UTF-8 text without control characters; one of "
				"the "
				"texts to be written is not such");
	}
	return true;
}

bool store_run(struct store *s, struct statement *what, row_fn *each, void *into, struct error *err)
{
	AUTO_DONE(rows) rows;
	rows_init(&rows);
	if (!check_texts(what, err))
		return false;
	if (!s->engine->run(s->db, what, &rows, err)) {
		s->contended = err != NULL && err->fault == FAULT_BUSY;
		return false;
	}
	what->rows = rows.count;
	for (size_t i = 0; each != NULL && i < rows.count; i++)
		if (!each(&(struct row){ &rows, i }, into, err))
			return false;
	return true;
}

static bool begin(struct store *s, struct error *err)
{
	if (s->engine->begin(s->db, err))
		return true;
	s->contended = err->fault == FAULT_BUSY;
	return false;
}

static bool commit(struct store *s, struct error *err)
{
	if (s->engine->commit(s->db, err))
		return true;
	s->contended = err->fault == FAULT_BUSY;
	return false;
}

/* One try; `what` NULL: nothing for the audit. What it left half-done is rolled back. */
static bool try_change(
	struct txn *t, const struct change *what, change_fn *work, void *context, struct error *err)
{
	struct store *s = t->store;
	s->contended = false;
	if (!begin(s, err))
		return false;
	s->in_change = true;
	bool done = audit_head(s, &t->head, err) && work(t, context, err) &&
		(what == NULL || audit_append(t, what, err)) && commit(s, err);
	s->in_change = false;
	if (!done)
		s->engine->rollback(s->db);
	return done;
}

static bool given_up(const struct store *s)
{
	struct pollfd one = { .fd = s->give_up, .events = POLLIN };
	return s->give_up >= 0 && poll(&one, 1, 0) > 0;
}

void store_give_up_on(struct store *s, int fd)
{
	s->give_up = fd;
	s->engine->give_up_on(s->db, fd);
}

bool store_change(struct store *s, const struct change *what, change_fn *work, void *context,
	uint64_t *number, struct error *err)
{
	struct txn t = { .store = s };
	struct error why = { 0 };
	int64_t deadline = clock_monotonic_ms() + CHANGE_WAIT_MS;
	assert(!s->in_change);
	while (!try_change(&t, what, work, context, &why)) {
		if (s->contended && clock_monotonic_ms() < deadline && !given_up(s))
			continue;
		if (err != NULL)
			*err = why;
		return false;
	}
	if (number != NULL)
		*number = txn_number(&t);
	return true;
}

bool store_observe(struct store *s, change_fn *work, void *context, struct error *err)
{
	return store_change(s, NULL, work, context, NULL, err);
}

struct store *txn_store(struct txn *t)
{
	return t->store;
}

uint64_t txn_number(const struct txn *t)
{
	return t->head.number + 1;
}

bool store_change_number(struct store *s, uint64_t *out, struct error *err)
{
	struct audit_head head;
	if (!audit_head(s, &head, err))
		return false;
	*out = head.number;
	return true;
}

bool store_changed_elsewhere(struct store *s)
{
	return s->engine->changed_elsewhere(s->db);
}

#include "deployer/dialogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"
#include "base/writer.h"
#include "net/stream.h"

enum { HEARD_LIMIT = 64 << 10, SAY_LIMIT = 1 << 10, SHOWN = 80, SECOND = 1000 };

static const char secret_mark[] = "{secret}";

/* The other side is not forced to frame anything: it is heard byte by byte. */
struct dialogue {
	const struct hook *hook;
	struct stream *stream; /* NULL: not open yet, or closed */
	struct timer *late;
	struct writer heard; /* since the last step */
	size_t step;
	bool abandoned;
	struct error why;
	dialogue_fn *fn;
	void *context;
};

static void finish(struct dialogue *d)
{
	bool done = d->step == d->hook->step_count;
	timer_free(d->late);
	writer_done(&d->heard);
	if (!done)
		(void)fail_in(&d->why, "%s", d->hook->connect);
	if (!d->abandoned)
		d->fn(done ? NULL : &d->why, d->context);
	free(d);
}

static void say(const struct dialogue *d, const struct hook_step *step)
{
	AUTO_DONE(writer) w = writer_new(SAY_LIMIT);
	struct reader rest = reader_of(step->text, step->size);
	const uint8_t *at = memmem(rest.at, rest.left, secret_mark, strlen(secret_mark));
	if (at != NULL) {
		writer_bytes(&w, reader_sub(&rest, (size_t)(at - rest.at)));
		writer_text(&w, d->hook->secret);
		(void)reader_sub(&rest, strlen(secret_mark));
	}
	writer_bytes(&w, rest);
	stream_send(d->stream, writer_written(&w));
}

/* Says what is to be said now; closes after the last step. */
static void go_on(struct dialogue *d)
{
	const struct hook *hook = d->hook;
	for (; d->step < hook->step_count && hook->steps[d->step].say; d->step++)
		say(d, &hook->steps[d->step]);
	if (d->step == hook->step_count)
		stream_close(d->stream);
}

static void on_opened(struct stream *s, void *context)
{
	struct dialogue *d = context;
	d->stream = s;
	go_on(d);
}

static bool one_byte(struct reader header, size_t *out, struct error *err)
{
	(void)header;
	(void)err; /* nothing is too long for one */
	*out = 0;
	return true;
}

static const char *heard_text(const struct dialogue *d, char out[static SHOWN])
{
	return text_escape(writer_written(&d->heard), out, SHOWN);
}

static bool on_byte(struct stream *s, struct reader byte, void *context, struct error *err)
{
	(void)s;
	struct dialogue *d = context;
	if (d->step == d->hook->step_count)
		return true;
	const struct hook_step *step = &d->hook->steps[d->step];
	writer_bytes(&d->heard, byte);
	if (!d->heard.ok)
		return fail(
			err, FAULT_LIMIT, "it talks and talks, and never says what is waited for");
	struct reader heard = writer_written(&d->heard);
	if (heard.left < step->size ||
		memcmp(heard.at + heard.left - step->size, step->text, step->size) != 0)
		return true;
	writer_done(&d->heard);
	d->heard = writer_new(HEARD_LIMIT);
	d->step++;
	go_on(d);
	return true;
}

static void on_closed(struct stream *s, const struct error *why, void *context)
{
	(void)s;
	struct dialogue *d = context;
	char heard[SHOWN], wanted[SHOWN];
	d->stream = NULL;
	if (d->why.fault == FAULT_NONE && why != NULL)
		d->why = *why;
	else if (d->why.fault == FAULT_NONE && d->step < d->hook->step_count)
		(void)fail(&d->why, FAULT_REFUSED, "it hung up before \"%s\" was heard: \"%s\"",
			text_escape(reader_of(d->hook->steps[d->step].text,
					    d->hook->steps[d->step].size),
				wanted, sizeof(wanted)),
			heard_text(d, heard));
	finish(d);
}

static const struct protocol protocol = {
	.name = "control",
	.header_size = 1,
	.body_size = one_byte,
	.opened = on_opened,
	.message = on_byte,
	.closed = on_closed,
};

static void on_late(void *context)
{
	struct dialogue *d = context;
	char heard[SHOWN], wanted[SHOWN];
	const struct hook_step *step = &d->hook->steps[d->step < d->hook->step_count ? d->step : 0];
	if (d->why.fault == FAULT_NONE)
		(void)fail(&d->why, FAULT_REFUSED,
			"after %u seconds \"%s\" had not been heard: \"%s\"", d->hook->seconds,
			text_escape(reader_of(step->text, step->size), wanted, sizeof(wanted)),
			heard_text(d, heard));
	if (d->stream != NULL)
		stream_close(d->stream);
}

static bool target_of(const char *connect, struct address *out, struct error *err)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	if (connect[0] != '/')
		return address_parse(connect, out, err);
	if (!text_copy(local.sun_path, sizeof(local.sun_path), connect, err))
		return false;
	*out = (struct address){ .size = sizeof(local) };
	memcpy(&out->storage, &local, sizeof(local));
	return true;
}

struct dialogue *dialogue_start(
	struct loop *l, const struct hook *hook, dialogue_fn *fn, void *context, struct error *err)
{
	static const struct stream_limits limits = { .handshake_ms = 3 * SECOND };
	struct stream_target target = { .tls = false };
	struct dialogue *d = calloc(1, sizeof(*d));
	if (d == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	*d = (struct dialogue){
		.hook = hook, .heard = writer_new(HEARD_LIMIT), .fn = fn, .context = context
	};
	d->late = timer_new(l, (uint64_t)hook->seconds * SECOND, false, on_late, d, err);
	if (d->late != NULL && target_of(hook->connect, &target.to, err)) {
		d->stream = stream_open(l, &target, &protocol, &limits, d, err);
		if (d->stream != NULL)
			return d;
	}
	timer_free(d->late);
	writer_done(&d->heard);
	free(d);
	return NULL;
}

void dialogue_abandon(struct dialogue *d)
{
	if (d == NULL)
		return;
	d->abandoned = true;
	stream_close(d->stream);
}

#include "deployer/served.h"

#include <stdlib.h>

#include "net/stream.h"

/* A program that reloads may go on for a moment with workers of before beside the new ones. */
enum { AGAIN_MS = 100, HANDSHAKE_MS = 3000, IN_A_ROW = 3 };

/* A stream is given up by closing it, and ends a turn of the loop later; what it belongs to goes
 * with the last of it. */
struct look {
	struct loop *loop;
	struct stream_target target;
	struct cert *wanted, *shown;
	struct timer *again, *late;
	struct stream *stream; /* open or opening now */
	bool opened;           /* its handshake is done */
	unsigned seen;         /* the wanted one, in a row */
	bool over, abandoned;
	struct error last;
	look_fn *fn;
	void *context;
};

static void look_free(struct look *l)
{
	timer_free(l->again);
	timer_free(l->late);
	cert_free(l->wanted);
	cert_free(l->shown);
	free(l);
}

static void finish(struct look *l)
{
	if (!l->abandoned)
		l->fn(l->shown, l->shown == NULL ? &l->last : NULL, l->context);
	look_free(l);
}

/* Ends now, or with the stream that is open. */
static void end(struct look *l)
{
	l->over = true;
	if (l->stream != NULL)
		stream_close(l->stream);
	else
		finish(l);
}

static bool no_body(struct reader header, size_t *out, struct error *err)
{
	(void)header;
	(void)err; /* nothing is wrong with what nobody reads */
	*out = 0;
	return true;
}

/* What it says after the handshake is none of ours. */
static bool ignore(struct stream *s, struct reader whole, void *context, struct error *err)
{
	(void)s;
	(void)whole;
	(void)context;
	(void)err;
	return true;
}

static void on_opened(struct stream *s, void *context)
{
	struct look *l = context;
	l->opened = true;
	struct cert *shown = stream_peer_cert(s, &l->last);
	if (shown != NULL) {
		bool same = l->wanted == NULL || cert_same(shown, l->wanted);
		cert_free(l->shown);
		l->shown = shown;
		l->seen = same ? l->seen + 1 : 0;
		l->over = l->over || l->seen == IN_A_ROW;
	}
	stream_close(s);
}

static void on_closed(struct stream *s, const struct error *why, void *context)
{
	(void)s;
	struct look *l = context;
	l->stream = NULL;
	if (why != NULL && !l->opened) { /* what it showed earlier is past */
		cert_free(TAKE(l->shown));
		l->seen = 0;
		l->last = *why;
	}
	if (l->over || l->wanted == NULL)
		finish(l);
	else
		timer_restart(l->again, AGAIN_MS);
}

static const struct protocol protocol = {
	.name = "check",
	.header_size = 1,
	.body_size = no_body,
	.opened = on_opened,
	.message = ignore,
	.closed = on_closed,
};

static void on_again(void *context)
{
	static const struct stream_limits limits = { .handshake_ms = HANDSHAKE_MS };
	struct look *l = context;
	if (l->over || l->stream != NULL)
		return;
	l->opened = false;
	l->stream = stream_open(l->loop, &l->target, &protocol, &limits, l, &l->last);
	if (l->stream == NULL)
		timer_restart(l->again, AGAIN_MS);
}

static void on_late(void *context)
{
	struct look *l = context;
	if (!l->over)
		end(l);
}

struct look *look_start(struct loop *loop, const struct look_question *question, look_fn *fn,
	void *context, struct error *err)
{
	struct look *l = calloc(1, sizeof(*l));
	if (l == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	*l = (struct look){ .loop = loop, .target = { .tls = true }, .fn = fn, .context = context };
	if (question->wanted != NULL)
		l->wanted = cert_keep(question->wanted);
	(void)fail(&l->last, FAULT_IO, "no handshake came about in time");
	l->late = timer_new(loop, question->ms, false, on_late, l, err);
	l->again = timer_new(loop, 0, false, on_again, l, err);
	if (l->late != NULL && l->again != NULL && address_parse(question->at, &l->target.to, err))
		return l;
	look_free(l);
	return NULL;
}

void look_abandon(struct look *l)
{
	if (l == NULL)
		return;
	l->abandoned = true;
	end(l);
}

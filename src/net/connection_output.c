#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "net/connection_impl.h"

/* Records that wait for the kernel: enough for one write, no more than one wants to keep. */
enum { WIRE_MAX = 64 << 10 };

size_t connection_unsent(const struct connection *c)
{
	size_t size = c->output != NULL ? evbuffer_get_length(c->output) : 0;
	return size + (c->wire != NULL ? evbuffer_get_length(c->wire) : 0);
}

/* A piece of the output becomes one record, or several where it is long. */
static bool seal_piece(struct connection *c, struct error *err)
{
	struct evbuffer_iovec piece = { 0 };
	(void)evbuffer_peek(c->output, -1, NULL, &piece, 1);
	size_t size = piece.iov_len < TLS_RECORD ? piece.iov_len : TLS_RECORD;
	return tls_talk_say(c->talk, reader_of(piece.iov_base, size), err) &&
		evbuffer_drain(c->output, size) == 0;
}

/* The goodbye leaves with the last of what is sent. */
static bool seal(struct connection *c, struct error *err)
{
	while (evbuffer_get_length(c->wire) < WIRE_MAX && evbuffer_get_length(c->output) > 0)
		if (!seal_piece(c, err))
			return false;
	bool last = c->stage == CONNECTION_CLOSING && evbuffer_get_length(c->output) == 0;
	if (last && !c->peer_ended && !c->said_goodbye) {
		tls_talk_goodbye(c->talk);
		c->said_goodbye = true;
	}
	return true;
}

bool connection_write(struct connection *c, struct error *err)
{
	struct evbuffer *out = c->talk != NULL ? c->wire : c->output;
	while (out != NULL && !c->full) {
		if (c->talk != NULL && !seal(c, err))
			return false;
		size_t size = evbuffer_get_length(out);
		if (size == 0)
			return true;
		int sent = evbuffer_write(out, c->fd);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return fail(err, FAULT_IO, "%s", strerror(errno));
		c->full = sent < 0 || (size_t)sent < size;
	}
	return true;
}

static void free_piece(const void *data, size_t size, void *context)
{
	(void)data;
	(void)size;
	free(context);
}

static void put(struct connection *c, bool fine)
{
	c->sending = true;
	if (!fine)
		connection_close(c); /* no memory: better gone than half told */
	else if (!c->busy)
		connection_wake(c);
}

/* A piece of its own in the buffer becomes one record of TLS, or one segment. */
void connection_give(struct connection *c, struct bytes *piece)
{
	struct bytes given = *piece;
	*piece = (struct bytes){ 0 };
	if (c->stage != CONNECTION_OPEN || given.size == 0) {
		bytes_done(&given);
		return;
	}
	bool fine = evbuffer_add_reference(
			    c->output, given.data, given.size, free_piece, given.data) == 0;
	if (!fine)
		bytes_done(&given);
	put(c, fine);
}

void connection_lend(struct connection *c, struct reader bytes)
{
	if (c->stage == CONNECTION_OPEN && bytes.left > 0)
		put(c, evbuffer_add_reference(c->output, bytes.at, bytes.left, NULL, NULL) == 0);
}

void connection_send(struct connection *c, struct reader bytes)
{
	struct bytes copy = { 0 };
	if (c->stage != CONNECTION_OPEN || bytes.left == 0)
		return;
	if (bytes_copy(&copy, bytes, NULL))
		connection_give(c, &copy);
	else
		connection_close(c);
}

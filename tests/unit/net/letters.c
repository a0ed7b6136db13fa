#include "letters.h"

#include <stdlib.h>
#include <string.h>

static bool body_size(struct reader header, size_t *out, struct error *err)
{
	size_t size = reader_u16(&header);
	if (size > LETTERS_MAX)
		return fail(err, FAULT_LIMIT, "%zu letters, %d are allowed", size, LETTERS_MAX);
	*out = size;
	return true;
}

static void opened(struct stream *s, void *context)
{
	struct letters *l = context;
	l->opened++;
	l->last = s;
	stream_set_user(s, l);
}

static bool message(struct stream *s, struct reader whole, void *context, struct error *err)
{
	struct letters *l = context;
	assert_ptr_equal(stream_user(s), l);
	l->messages++;
	struct reader body = whole;
	(void)reader_u16(&body);
	assert_true(body.ok);
	if (body.left > 0 && body.at[0] == '!')
		return fail(err, FAULT_MALFORMED, "no such letters");
	bool flood = reader_same(body, reader_of_text("flood"));
	if (flood || reader_same(body, reader_of_text("river"))) {
		void *much = calloc(1, FLOOD);
		stream_send(s, reader_of(much, flood ? FLOOD : RIVER));
		free(much);
		return true;
	}
	stream_send(s, whole);
	if (reader_same(body, reader_of_text("bye"))) {
		stream_close(s);
		stream_close(s); /* twice is as good as once */
	}
	return true;
}

static void closed(struct stream *s, const struct error *why, void *context)
{
	struct letters *l = context;
	l->closed++;
	address_text(stream_peer(s), l->peer);
	if (why != NULL)
		l->why = *why;
	else
		l->ended_well++;
	if (l->last == s)
		l->last = NULL;
}

static void refused(const struct address *peer, const struct error *why, void *context)
{
	struct letters *l = context;
	l->refused++;
	l->why = *why;
	address_text(peer, l->peer);
}

const struct protocol letters_protocol = { .name = "letters",
	.header_size = 2,
	.body_size = body_size,
	.opened = opened,
	.message = message,
	.closed = closed,
	.refused = refused };

void letters_serve(struct letters *l, struct scene *scene, struct tls_server *tls,
	const struct stream_limits *limits)
{
	struct error err = { 0 };
	l->scene = scene;
	int fd = scene_listen(&l->at);
	l->server = stream_serve(scene->loop, fd, tls, &letters_protocol, limits, l, &err);
	assert_non_null(l->server);
}

size_t letters_write(uint8_t *out, const char *text)
{
	size_t size = strlen(text);
	out[0] = (uint8_t)(size >> 8);
	out[1] = (uint8_t)size;
	memcpy(out + 2, text, size);
	return size + 2;
}

#pragma once
/*
 * A small protocol for the tests of streams: two bytes of length, then so many letters. The server
 * sends each letter message back; "bye" makes it close, "flood" makes it answer with a megabyte,
 * "river" with less than the server lets pile up.
 */
#include "net/stream.h"
#include "scene.h"

enum { LETTERS_MAX = 1000, FLOOD = 1 << 20, RIVER = 200 << 10 };

struct letters {
	struct scene *scene;
	struct stream_server *server;
	struct address at;
	unsigned opened, messages, closed, refused, ended_well;
	struct error why;    /* of the last closed that had one */
	struct stream *last; /* opened */
	char peer[ADDRESS_TEXT_SIZE];
};

extern const struct protocol letters_protocol;

void letters_serve(struct letters *l, struct scene *scene, struct tls_server *tls,
	const struct stream_limits *limits);
/* A message on a blocking socket, and its echo. */
size_t letters_write(uint8_t *out, const char *text);

#pragma once
/*
 * An HTTP server in a scene, which answers by the path that it is asked for and counts what it is
 * told, and a client that says bytes and hears what comes back.
 */
#include "scene.h"

#include "net/http_server.h"

extern const struct http_limits site_limits; /* generous in time, small in bytes */

struct site {
	struct scene *scene;
	struct http_server *server;
	struct address at;
	char path[64];
	unsigned asked, bad, sent, cut;
	struct error why;
	char bad_peer[ADDRESS_TEXT_SIZE], peer[ADDRESS_TEXT_SIZE];
	struct http_exchange *kept;
	bool has_uid;
	uint32_t uid;
	uint8_t *lent; /* out to an answer */
	unsigned released;
};

void site_serve(struct site *s, struct scene *scene, const struct http_limits *limits);
/* The handler behind it: /size/N, /file/N and /lent/N answer N bytes, /cut a file that ends too
 * early, /missing 404; /keep is left to the test, and any other path tells what was asked. */
void site_came(struct http_exchange *x, void *context);
void site_lend(struct site *s, struct http_exchange *x, size_t size);

void site_say(int fd, const char *text);
/* `want` bytes, or with 0 all until the end. free() the text. A reset makes *size SIZE_MAX. */
char *site_hear(struct scene *s, int fd, size_t want, size_t *size);
/* One connection, one text, everything that comes back. */
char *site_ask(struct site *s, const char *text);
void site_expect(struct site *s, const char *text, const char *start);

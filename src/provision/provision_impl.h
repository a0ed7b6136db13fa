#pragma once
/* Cisco Tftp's own nouns; stays in this room. */
#include "net/http_server.h"
#include "provision/catalogue.h"
#include "provision/shelf.h"
#include "provision/signing.h"
#include "serve/follower.h"

struct tftp_face;

struct provision {
	const struct settings *settings;
	struct loop *loop;
	struct follower *follower;
	const struct snapshot *snapshot; /* the follower's */
	struct catalogue catalogue;
	struct shelf *shelf;
	struct signing *signing;
	struct tftp_face *tftp;
	struct http_server *http, *https;
};

/* Exactly one call, perhaps at once: the file's bytes (lent), or why not. */
typedef void supply_fn(struct content *content, const struct error *err, void *context);
/* Signs where it must, reads what passes through; takes what `found` owns. */
void provision_supply(struct provision *p, struct found_file *found, supply_fn *fn, void *context);

/* provision/tftp_face.c */
struct tftp_face *tftp_face_new(struct provision *p, int fd, struct error *err); /* takes fd over */
void tftp_face_free(struct tftp_face *f);

/* provision/http_face.c */
struct http_server *http_face_new(
	struct provision *p, int fd, struct tls_server *tls, struct error *err); /* takes fd over */

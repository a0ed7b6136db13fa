#pragma once
/* Both ends of a sibling socket as the tests of net/ cast them: a service that answers, refuses,
 * keeps or says nothing, as its operation asks, and somebody who asks. */
#include "scene.h"

#include "net/sibling.h"

enum { PUSH = 9, TAG = 3, SOON = 5000 };
enum { ECHO = 1, REFUSE = 2, KEEP = 3, HUGE_ANSWER = 4 }; /* operations of the service */

struct service {
	struct scene *scene;
	struct sibling_server *server;
	char path[64];
	unsigned opened, closed, broken, asked;
	struct sibling_request *kept[SIBLING_OUTSTANDING + 2];
	size_t keeping;
	struct sibling_peer *peer;
	struct error why;
	bool push_on_open;
	int client; /* process that connects */
	int only;   /* the one that may; 0: any */
};

struct asked {
	unsigned calls;
	struct bytes answer;
	struct error why;
	unsigned pushes;
	bool pushed;
	char push[64];
	unsigned connected;
};

/* The service at "signer.tvs" in the scene's directory, for this user. */
void serve(struct service *s, struct scene *scene, uint32_t uid);
struct sibling_client *client(struct service *s, struct asked *a);
/* Asks and runs the loop until there is an answer. */
void ask(struct service *s, struct sibling_client *c, uint16_t operation, struct reader payload,
	struct asked *a);
/* What the asked one does with an answer. */
void answered(struct reader payload, const struct error *err, void *context);

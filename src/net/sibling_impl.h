#pragma once
/*
 * One packet between siblings, and the sockets it travels on. For sibling_*.c only; the layout is
 * docs/formats/sibling.md#frame. A payload that came as a memfd is mapped only when its seals
 * promise that nobody can change it any more.
 */
#include "net/sibling.h"

enum { FRAME_HEADER_SIZE = 12, FRAME_QUEUE_MAX = 256 };

enum frame_kind { FRAME_QUESTION = 1, FRAME_ANSWER = 2, FRAME_REFUSAL = 3, FRAME_PUSH = 4 };

struct frame_head {
	uint32_t id; /* of the question; 0 in a push */
	uint16_t operation;
	enum frame_kind kind;
};

/* A frame on its way out: its packet, and the sealed memfd when there is one. */
struct frame_out {
	struct bytes packet;
	int memfd;       /* -1: inline */
	size_t far_size; /* bytes in the memfd */
	struct frame_out *next;
};

struct frame_out *frame_out_new(struct frame_head head, struct reader payload, struct error *err);
void frame_out_free(struct frame_out *f);
size_t frame_out_size(const struct frame_out *f); /* bytes that it holds, wherever */
DEFINE_AUTO(frame_out, frame_out_free);

/* A frame that came in. The payload is copied or mapped. */
struct frame_in {
	struct frame_head head;
	struct bytes copied;
	void *mapped;
	size_t size;
};

struct reader frame_payload(const struct frame_in *f);
void frame_in_done(struct frame_in *f);

enum frame_result { FRAME_WHOLE, FRAME_LATER, FRAME_END, FRAME_BROKEN };

/* One packet from a non-blocking socket. FRAME_BROKEN: err says what the peer did. */
enum frame_result frame_receive(int fd, struct frame_in *out, struct error *err);
/* FRAME_WHOLE: handed to the kernel; FRAME_LATER: no room; FRAME_END: the peer is gone. */
enum frame_result frame_send(int fd, const struct frame_out *f);

/* Frames that wait for room, sent in order. */
struct frame_queue {
	struct frame_out *first, *last;
	size_t count, bytes;
};

void frame_queue_put(struct frame_queue *q, struct frame_out *f);  /* takes f over */
enum frame_result frame_queue_send(struct frame_queue *q, int fd); /* WHOLE: empty now */
void frame_queue_done(struct frame_queue *q);

/* A refusal's payload is an error: its fault and its sentence. */
struct frame_out *frame_refusal_new(
	struct frame_head head, const struct error *why, struct error *err);
bool frame_refusal_parse(struct reader payload, struct error *out, struct error *err) MUST_CHECK;

/* Connects to a sibling's socket; -1 with err. Non-blocking, close-on-exec. */
int frame_connect(const char *path, struct error *err);

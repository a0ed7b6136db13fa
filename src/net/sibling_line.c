#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/sibling_impl.h"

enum { LINE_PATIENCE = 20 }; /* milliseconds between two tries to connect */

struct sibling_line {
	char *path;
	int fd;      /* -1: lost; the next call connects again */
	int give_up; /* -1: never */
	uint32_t last_id;
};

/* fd -1: for nothing but the time to pass. False: too late, or there is no point in waiting. */
static bool wait_for(const struct sibling_line *line, int fd, short events, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();
		struct pollfd both[] = {
			{ .fd = fd, .events = events },
			{ .fd = line->give_up, .events = POLLIN },
		};
		int ready = poll(both, COUNT(both), left > 0 ? (int)left : 0);
		if (ready > 0)
			return both[0].revents != 0;
		if (ready == 0 && left <= 0)
			return false;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

static bool given_up(const struct sibling_line *line)
{
	struct pollfd one = { .fd = line->give_up, .events = POLLIN };
	return line->give_up >= 0 && poll(&one, 1, 0) > 0;
}

static bool reach(struct sibling_line *line, int64_t deadline, struct error *err)
{
	for (;;) {
		line->fd = frame_connect(line->path, err);
		if (line->fd >= 0)
			return true;
		int64_t next = clock_monotonic_ms() + LINE_PATIENCE;
		if (next > deadline || given_up(line))
			return false;
		(void)wait_for(line, -1, 0, next); /* it is being started */
	}
}

static void lose(struct sibling_line *line)
{
	if (line->fd >= 0)
		(void)close(line->fd);
	line->fd = -1;
}

struct sibling_line *sibling_line_open(const char *path, uint64_t timeout_ms, struct error *err)
{
	struct sibling_line *line = calloc(1, sizeof(*line));
	if (line != NULL)
		*line = (struct sibling_line){ .path = strdup(path), .fd = -1, .give_up = -1 };
	if (line == NULL || line->path == NULL) {
		sibling_line_close(line);
		fail_memory(err);
		return NULL;
	}
	if (!reach(line, clock_monotonic_ms() + (int64_t)timeout_ms, err)) {
		sibling_line_close(line);
		return NULL;
	}
	return line;
}

void sibling_line_give_up_on(struct sibling_line *line, int fd)
{
	line->give_up = fd;
}

void sibling_line_close(struct sibling_line *line)
{
	if (line == NULL)
		return;
	lose(line);
	free(line->path);
	free(line);
}

static bool late(const struct sibling_line *line, struct error *err)
{
	if (given_up(line))
		return fail(err, FAULT_BUSY, "%s was not waited for: this process is ending",
			line->path);
	return fail(err, FAULT_BUSY, "%s did not answer in time", line->path);
}

/* A line that was lost while nobody spoke is made anew, once. */
static bool send_question(struct sibling_line *line, const struct frame_out *frame,
	int64_t deadline, struct error *err)
{
	bool fresh = line->fd < 0;
	for (;;) {
		if (line->fd < 0 && !reach(line, deadline, err))
			return false;
		enum frame_result result = frame_send(line->fd, frame);
		if (result == FRAME_WHOLE)
			return true;
		if (result == FRAME_LATER && !wait_for(line, line->fd, POLLOUT, deadline))
			return late(line, err);
		if (result == FRAME_LATER)
			continue;
		lose(line);
		if (fresh)
			return fail(err, FAULT_IO, "%s went away before it was asked", line->path);
		fresh = true;
	}
}

static bool take_answer(const struct frame_in *frame, struct bytes *answer, struct error *err)
{
	struct error said = { 0 };
	if (frame->head.kind == FRAME_ANSWER)
		return bytes_copy(answer, frame_payload(frame), err);
	if (!frame_refusal_parse(frame_payload(frame), &said, err))
		return false;
	return fail(err, said.fault, "%s", said.text);
}

static bool await_answer(struct sibling_line *line, uint32_t id, int64_t deadline,
	struct frame_in *frame, struct error *err)
{
	for (;;) {
		enum frame_result result = frame_receive(line->fd, frame, err);
		bool ours = result == FRAME_WHOLE && frame->head.id == id &&
			(frame->head.kind == FRAME_ANSWER || frame->head.kind == FRAME_REFUSAL);
		if (ours)
			return true;
		if (result == FRAME_WHOLE) { /* a push, or the answer to a question given up */
			frame_in_done(frame);
			continue;
		}
		if (result == FRAME_LATER && !wait_for(line, line->fd, POLLIN, deadline))
			return late(line, err);
		if (result == FRAME_LATER)
			continue;
		lose(line);
		if (result == FRAME_BROKEN)
			return fail_in(err, "%s", line->path);
		return fail(err, FAULT_IO, "%s went away before it answered", line->path);
	}
}

bool sibling_call(struct sibling_line *line, uint16_t operation, struct reader payload,
	uint64_t timeout_ms, struct bytes *answer, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + (int64_t)timeout_ms;
	struct frame_head head = {
		.id = ++line->last_id, .operation = operation, .kind = FRAME_QUESTION
	};
	AUTO(frame_out) question = frame_out_new(head, payload, err);
	if (question == NULL || !send_question(line, question, deadline, err))
		return false;
	struct frame_in frame = { 0 };
	if (!await_answer(line, head.id, deadline, &frame, err))
		return false;
	bool fine = take_answer(&frame, answer, err);
	frame_in_done(&frame);
	return fine;
}

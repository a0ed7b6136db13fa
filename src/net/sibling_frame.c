#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/writer.h"
#include "net/sibling_impl.h"

enum { FRAME_INLINE = 0, FRAME_MEMFD = 1, FRAME_FDS_MAX = 4 };
enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK };

static bool write_all(int fd, struct reader bytes)
{
	while (bytes.left > 0) {
		ssize_t written = write(fd, bytes.at, bytes.left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		(void)reader_sub(&bytes, (size_t)written);
	}
	return true;
}

static int sealed_memfd(struct reader payload, struct error *err)
{
	int fd = memfd_create("dialtrust-sibling", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 && write_all(fd, payload) && fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) == 0)
		return fd;
	fail_errno(err, "a payload of %zu bytes cannot be put into a memfd", payload.left);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool write_packet(
	struct frame_head head, struct reader payload, struct bytes *out, struct error *err)
{
	bool far = payload.left > LIMIT_SIBLING_INLINE;
	AUTO_DONE(writer) w = writer_new(FRAME_HEADER_SIZE + LIMIT_SIBLING_INLINE);
	writer_u32(&w, head.id);
	writer_u16(&w, head.operation);
	writer_u8(&w, (uint8_t)head.kind);
	writer_u8(&w, far ? FRAME_MEMFD : FRAME_INLINE);
	writer_u32(&w, (uint32_t)payload.left);
	if (!far)
		writer_bytes(&w, payload);
	return writer_take(&w, out, err);
}

struct frame_out *frame_out_new(struct frame_head head, struct reader payload, struct error *err)
{
	if (payload.left > LIMIT_SIBLING_PAYLOAD) {
		(void)fail(err, FAULT_LIMIT, "a payload of %zu bytes for a sibling: %d are allowed",
			payload.left, LIMIT_SIBLING_PAYLOAD);
		return NULL;
	}
	struct frame_out *f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	bool far = payload.left > LIMIT_SIBLING_INLINE;
	f->memfd = far ? sealed_memfd(payload, err) : -1;
	f->far_size = far ? payload.left : 0;
	if ((!far || f->memfd >= 0) && write_packet(head, payload, &f->packet, err))
		return f;
	frame_out_free(f);
	return NULL;
}

void frame_out_free(struct frame_out *f)
{
	if (f == NULL)
		return;
	if (f->memfd >= 0)
		(void)close(f->memfd);
	bytes_wipe(&f->packet); /* a leaf's key travels like this */
	free(f);
}

size_t frame_out_size(const struct frame_out *f)
{
	return f->packet.size + f->far_size;
}

struct reader frame_payload(const struct frame_in *f)
{
	return f->mapped != NULL ? reader_of(f->mapped, f->size) : bytes_reader(&f->copied);
}

void frame_in_done(struct frame_in *f)
{
	if (f->mapped != NULL)
		(void)munmap(f->mapped, f->size);
	bytes_wipe(&f->copied);
	*f = (struct frame_in){ 0 };
}

static bool map_payload(int fd, size_t size, struct frame_in *out, struct error *err)
{
	struct stat file;
	if (size <= LIMIT_SIBLING_INLINE || size > LIMIT_SIBLING_PAYLOAD)
		return fail(err, FAULT_LIMIT, "a memfd for a payload of %zu bytes", size);
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS)
		return fail(err, FAULT_MALFORMED, "a payload's memfd is not sealed");
	if (fstat(fd, &file) != 0 || file.st_size != (off_t)size)
		return fail(
			err, FAULT_MALFORMED, "a payload's memfd does not hold %zu bytes", size);
	void *mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapped == MAP_FAILED)
		return fail_errno(err, "mapping a payload of %zu bytes", size);
	out->mapped = mapped;
	out->size = size;
	return true;
}

static bool frame_parse(struct reader packet, int fd, struct frame_in *out, struct error *err)
{
	struct frame_in f = { 0 };
	f.head.id = reader_u32(&packet);
	f.head.operation = reader_u16(&packet);
	uint8_t kind = reader_u8(&packet);
	uint8_t where = reader_u8(&packet);
	size_t size = reader_u32(&packet);
	if (!packet.ok)
		return fail(err, FAULT_MALFORMED, "a packet is shorter than its header");
	if (kind < FRAME_QUESTION || kind > FRAME_PUSH || where > FRAME_MEMFD)
		return fail(err, FAULT_MALFORMED, "a packet of unknown kind %u, %u", kind, where);
	f.head.kind = (enum frame_kind)kind;
	if ((where == FRAME_MEMFD) != (fd >= 0))
		return fail(err, FAULT_MALFORMED, "a packet whose descriptor is %s",
			fd >= 0 ? "not announced" : "missing");
	if (packet.left != (where == FRAME_MEMFD ? 0 : size))
		return fail(err, FAULT_MALFORMED, "a packet carries %zu bytes, it announces %zu",
			packet.left, size);
	bool fine = where == FRAME_MEMFD ? map_payload(fd, size, &f, err)
					 : bytes_copy(&f.copied, packet, err);
	if (fine)
		*out = f;
	return fine;
}

static int take_descriptors(struct msghdr *message, int fds[static FRAME_FDS_MAX])
{
	int count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t bytes = c->cmsg_len - CMSG_LEN(0);
		struct reader r = reader_of(CMSG_DATA(c), bytes);
		while (r.left >= sizeof(int) && count < FRAME_FDS_MAX)
			reader_copy(&r, &fds[count++], sizeof(int));
	}
	return count;
}

enum frame_result frame_receive(int fd, struct frame_in *out, struct error *err)
{
	uint8_t packet[FRAME_HEADER_SIZE + LIMIT_SIBLING_INLINE];
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
	struct iovec part = { .iov_base = packet, .iov_len = sizeof(packet) };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return FRAME_LATER;
	if (got < 0)
		return FRAME_END;
	int fds[FRAME_FDS_MAX];
	int count = take_descriptors(&message, fds);
	bool fine;
	if (got == 0 && count == 0)
		return FRAME_END; /* or an empty packet: which of the two, nobody can tell */
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		fine = fail(err, FAULT_LIMIT, "a packet is longer than %zu bytes", sizeof(packet));
	else if (count > 1)
		fine = fail(err, FAULT_MALFORMED, "a packet carries %d descriptors", count);
	else
		fine = frame_parse(
			reader_of(packet, (size_t)got), count == 1 ? fds[0] : -1, out, err);
	for (int i = 0; i < count; i++)
		(void)close(fds[i]); /* a mapping outlives its own */
	explicit_bzero(packet, (size_t)got);
	return fine ? FRAME_WHOLE : FRAME_BROKEN;
}

enum frame_result frame_send(int fd, const struct frame_out *f)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { .iov_base = f->packet.data, .iov_len = f->packet.size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (f->memfd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		struct reader number = reader_of(&f->memfd, sizeof(int));
		reader_copy(&number, CMSG_DATA(c), sizeof(int));
	}
	ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0)
		return FRAME_WHOLE;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? FRAME_LATER : FRAME_END;
}

void frame_queue_put(struct frame_queue *q, struct frame_out *f)
{
	if (q->last != NULL)
		q->last->next = f;
	else
		q->first = f;
	q->last = f;
	q->count++;
	q->bytes += frame_out_size(f);
}

static struct frame_out *frame_queue_take(struct frame_queue *q)
{
	struct frame_out *f = q->first;
	q->first = f->next;
	if (q->first == NULL)
		q->last = NULL;
	q->count--;
	q->bytes -= frame_out_size(f);
	return f;
}

enum frame_result frame_queue_send(struct frame_queue *q, int fd)
{
	while (q->first != NULL) {
		enum frame_result result = frame_send(fd, q->first);
		if (result != FRAME_WHOLE)
			return result;
		frame_out_free(frame_queue_take(q));
	}
	return FRAME_WHOLE;
}

void frame_queue_done(struct frame_queue *q)
{
	while (q->first != NULL)
		frame_out_free(frame_queue_take(q));
}

struct frame_out *frame_refusal_new(
	struct frame_head head, const struct error *why, struct error *err)
{
	uint8_t memory[1 + sizeof(why->text)];
	struct writer w = writer_on(memory, sizeof(memory));
	writer_u8(&w, (uint8_t)why->fault);
	writer_text(&w, why->text);
	return frame_out_new(head, writer_written(&w), err);
}

bool frame_refusal_parse(struct reader payload, struct error *out, struct error *err)
{
	struct error said = { 0 };
	uint8_t fault = reader_u8(&payload);
	if (!payload.ok || fault == FAULT_NONE || fault > FAULT_MEMORY)
		return fail(err, FAULT_MALFORMED, "a sibling refuses with unknown fault %u", fault);
	said.fault = (enum fault)fault;
	if (!text_from(payload, said.text, sizeof(said.text), NULL))
		text_escape(payload, said.text, sizeof(said.text));
	*out = said;
	return true;
}

int frame_connect(const char *path, struct error *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(name.sun_path)) {
		fail(err, FAULT_USAGE, "socket %s: the path is longer than %zu bytes", path,
			sizeof(name.sun_path) - 1);
		return -1;
	}
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	fail_errno(err, "connecting to %s", path);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

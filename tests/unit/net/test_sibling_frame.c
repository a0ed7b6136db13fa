/* What a server makes of those who are not siblings. */
#include "siblings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/writer.h"

/* What a forger may send: a whole packet of our own making, with a descriptor or without. */
static void forge(struct service *s, struct reader packet, int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", s->path);
	int peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer, (const struct sockaddr *)&name, sizeof(name)), 0);
	uint8_t bytes[1024];
	size_t size = packet.left;
	reader_copy(&packet, bytes, size);
	struct iovec part = { .iov_base = bytes, .iov_len = size };
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(peer, &message, 0), (ssize_t)size);
	unsigned before = s->broken;
	unsigned descriptors = scene_descriptors();
	scene_until_count(s->scene, &s->broken, before + 1);
	assert_true(s->why.text[0] != '\0');
	assert_true(s->why.fault == FAULT_MALFORMED || s->why.fault == FAULT_LIMIT);
	char byte;
	assert_int_equal(read(peer, &byte, 1), 0); /* hung up on */
	(void)close(peer);
	assert_int_equal(scene_descriptors(), descriptors - 1); /* only our own end is gone */
	assert_int_equal(s->asked, 0);
}

static struct reader packet(uint8_t out[static 64], uint8_t kind, uint8_t where, uint32_t size)
{
	struct writer w = writer_on(out, 64);
	writer_u32(&w, 1);
	writer_u16(&w, ECHO);
	writer_u8(&w, kind);
	writer_u8(&w, where);
	writer_u32(&w, size);
	return writer_written(&w);
}

static int memfd(size_t size, int seals)
{
	int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	if (seals != 0)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void forged_packets_are_refused(void **state)
{
	struct service s = { 0 };
	uint8_t bytes[64];
	serve(&s, *state, getuid());
	forge(&s, reader_of("abc", 3), -1);
	for (size_t cut = 1; cut < 12; cut++)
		forge(&s, reader_of(packet(bytes, 1, 0, 0).at, cut), -1);
	forge(&s, packet(bytes, 0, 0, 0), -1);
	forge(&s, packet(bytes, 2, 0, 0), -1); /* an answer, to a server */
	forge(&s, packet(bytes, 4, 0, 0), -1);
	forge(&s, packet(bytes, 5, 0, 0), -1);
	forge(&s, packet(bytes, 1, 2, 0), -1);
	forge(&s, packet(bytes, 1, 0, 1), -1);
	forge(&s, packet(bytes, 1, 1, 1 << 20), -1); /* announces a descriptor that is missing */
	sibling_server_free(s.server);
}

static void forged_memfds_are_refused(void **state)
{
	enum { ALL = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK, SIZE = 1 << 20 };
	static const struct {
		int seals;
		size_t size;
		uint32_t announced;
	} rows[] = {
		{ 0, SIZE, SIZE },
		{ F_SEAL_WRITE, SIZE, SIZE },
		{ F_SEAL_WRITE | F_SEAL_GROW, SIZE, SIZE },
		{ F_SEAL_WRITE | F_SEAL_SHRINK, SIZE, SIZE },
		{ F_SEAL_GROW | F_SEAL_SHRINK, SIZE, SIZE },
		{ ALL, SIZE, SIZE + 1 },
		{ ALL, SIZE, SIZE - 1 },
		{ ALL, 100, 100 }, /* would have fitted inline */
		{ ALL, LIMIT_SIBLING_INLINE, LIMIT_SIBLING_INLINE },
		{ ALL, LIMIT_SIBLING_PAYLOAD + 1, LIMIT_SIBLING_PAYLOAD + 1 },
		{ ALL, 0, UINT32_MAX },
	};
	struct service s = { 0 };
	uint8_t bytes[64];
	serve(&s, *state, getuid());
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = memfd(rows[i].size, rows[i].seals);
		forge(&s, packet(bytes, 1, 1, rows[i].announced), fd);
		(void)close(fd);
	}
	int file = open(s.scene->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file >= 0) {
		assert_int_equal(ftruncate(file, SIZE), 0);
		forge(&s, packet(bytes, 1, 1, SIZE), file); /* a file has no seals */
		forge(&s, packet(bytes, 1, 0, 0), file);    /* a descriptor nobody announced */
		(void)close(file);
	}
	sibling_server_free(s.server);
}

/* An empty packet looks like the end of a peer; what it carries must not stay open. */
static void a_descriptor_in_an_empty_packet_does_not_stay(void **state)
{
	struct service s = { 0 };
	serve(&s, *state, getuid());
	for (unsigned i = 0; i < 4; i++) {
		int fd = memfd(1, 0);
		forge(&s, reader_of("", 0), fd);
		(void)close(fd);
	}
	sibling_server_free(s.server);
}

static void another_user_is_turned_away(void **state)
{
	struct service s = { 0 };
	serve(&s, *state, getuid() == 0 ? 4242 : getuid() + 1);
	struct scene *scene = *state;
	assert_int_equal(chmod(scene->directory, 0755), 0);
	assert_int_equal(chmod(s.path, 0666), 0);
	pid_t child = fork();
	if (child == 0) {
		struct sockaddr_un name = { .sun_family = AF_UNIX };
		(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", s.path);
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		bool ready = (getuid() != 0 || setuid(4243) == 0) &&
			connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0;
		char byte;
		_exit(ready && read(fd, &byte, 1) == 0 ? 0 : 1);
	}
	scene_until_count(scene, &s.broken, 1);
	assert_int_equal(s.why.fault, FAULT_REFUSED);
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(s.opened, 0);
	sibling_server_free(s.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(forged_packets_are_refused),
		CASE(forged_memfds_are_refused),
		CASE(a_descriptor_in_an_empty_packet_does_not_stay),
		CASE(another_user_is_turned_away),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

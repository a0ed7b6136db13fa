#include "scene.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void text_comes_back(void **state)
{
	(void)state;
	static const char *const texts[] = { "127.0.10.1:6969", "0.0.0.0:0",
		"255.255.255.255:65535", "[::1]:69", "[2001:db8::1]:6970", "[::]:0",
		"[1111:2222:3333:4444:5555:6666:7777:8888]:65535" };
	char text[ADDRESS_TEXT_SIZE];
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address a;
		assert_true(address_parse(texts[i], &a, NULL));
		assert_string_equal(address_text(&a, text), texts[i]);
	}
}

static void wrong_text_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "", ":", "127.0.0.1", "127.0.0.1:", ":69",
		"localhost:69", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1",
		"127.0.0.1:1 ", "127.0.0.1:0x10", "127.0.0:1", "127.0.0.256:1", "127.0.0.1.1:1",
		"::1:69", "[::1]", "[::1]69", "[::1:69", "[]:69", "[127.0.0.1]:69",
		"[::1]:", "[::g]:1", "[1111:2222:3333:4444:5555:6666:7777:8888:9999]:1",
		"127.0.0.1:69:70", "127.0.0.1:999999999999999999999" };
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address a = { .size = 99 };
		struct error err = { 0 };
		assert_false(address_parse(texts[i], &a, &err));
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_true(err.text[0] != '\0');
		assert_int_equal(a.size, 99); /* untouched */
	}
}

static void hosts_are_numbers(void **state)
{
	(void)state;
	static const char *const hosts[] = { "", "localhost", "127.0.0.1:1", "127.0.0",
		"127.0.0.01", "[::1]", "::1::", " 127.0.0.1", "127.0.0.1 " };
	struct address a = { .size = 99 };
	struct error err = { 0 };
	for (size_t i = 0; i < COUNT(hosts); i++) {
		assert_false(address_of(hosts[i], 1, &a, &err));
		assert_int_equal(err.fault, FAULT_USAGE);
		assert_int_equal(a.size, 99);
	}
	char text[ADDRESS_TEXT_SIZE];
	assert_true(address_of("::1", 69, &a, &err));
	assert_string_equal(address_text(&a, text), "[::1]:69");
	assert_string_equal(address_host(&a, text), "::1");
}

static void hosts_and_ports_are_compared(void **state)
{
	(void)state;
	struct address a, b, c, d;
	assert_true(address_parse("127.0.0.1:1", &a, NULL));
	assert_true(address_parse("127.0.0.1:2", &b, NULL));
	assert_true(address_parse("127.0.0.2:1", &c, NULL));
	assert_true(address_parse("[::1]:1", &d, NULL));
	assert_true(address_same(&a, &a));
	assert_false(address_same(&a, &b));
	assert_true(address_same_host(&a, &b));
	assert_false(address_same_host(&a, &c));
	assert_false(address_same(&a, &c));
	assert_false(address_same_host(&a, &d));
	assert_int_equal(address_port(&b), 2);
	assert_int_equal(address_port(&d), 1);
}

static void a_port_in_use_is_said_and_what_to_do(void **state)
{
	(void)state;
	struct address at;
	struct error err = { 0 };
	char text[ADDRESS_TEXT_SIZE], wanted[160];
	int fd = scene_listen(&at);
	assert_int_equal(listen_stream(&at, &err), -1);
	assert_int_equal(err.fault, FAULT_IO);
	(void)snprintf(wanted, sizeof(wanted),
		"%s is in use by another program: stop it or choose another port",
		address_text(&at, text));
	assert_string_equal(err.text, wanted);
	(void)close(fd);
	fd = listen_stream(&at, &err); /* at once again: no waiting for old connections */
	assert_true(fd >= 0);
	(void)close(fd);
}

static void a_foreign_address_is_said(void **state)
{
	(void)state;
	struct address at;
	struct error err = { 0 };
	assert_true(address_parse("192.0.2.77:0", &at, NULL));
	assert_int_equal(listen_stream(&at, &err), -1);
	assert_int_equal(err.fault, FAULT_IO);
	assert_non_null(strstr(err.text, "192.0.2.77:0"));
	assert_int_equal(listen_datagram(&at, &err), -1);
}

static void a_low_port_needs_root(void **state)
{
	(void)state;
	struct address at;
	assert_true(address_parse("127.0.0.1:1", &at, NULL));
	pid_t child = fork();
	if (child == 0) {
		struct error err = { 0 };
		if (getuid() == 0 && setuid(4243) != 0)
			_exit(1);
		int fd = listen_stream(&at, &err);
		bool allowed = fd >= 0; /* net.ipv4.ip_unprivileged_port_start may be 0 */
		_exit(allowed || strstr(err.text, "ports below 1024 are for root") != NULL ? 0 : 1);
	}
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void unix_sockets_have_their_rights_and_replace_the_dead(void **state)
{
	const struct scene *s = *state;
	struct error err = { 0 };
	struct stat file;
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/admin", s->directory);
	int fd = listen_unix(path, SOCK_STREAM, 0660, &err);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0660);
	assert_int_equal(listen_unix(path, SOCK_STREAM, 0600, &err), -1); /* alive */
	assert_int_equal(err.fault, FAULT_IO);
	assert_non_null(strstr(err.text, "in use by another program"));
	assert_int_equal(listen_unix(path, SOCK_SEQPACKET, 0600, &err), -1); /* of another type */
	(void)close(fd);
	fd = listen_unix(path, SOCK_STREAM, 0600, &err);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	(void)close(fd);
}

static void unix_paths_that_cannot_be_are_said(void **state)
{
	const struct scene *s = *state;
	struct error err = { 0 };
	char path[160];
	(void)snprintf(path, sizeof(path), "%s/file", s->directory);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
	assert_int_equal(listen_unix(path, SOCK_STREAM, 0600, &err), -1);
	assert_int_equal(access(path, F_OK), 0); /* no socket: not ours to remove */
	(void)snprintf(path, sizeof(path), "%s/no/where", s->directory);
	assert_int_equal(listen_unix(path, SOCK_STREAM, 0600, &err), -1);
	assert_int_equal(err.fault, FAULT_MISSING);
	size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	int used = snprintf(path, sizeof(path), "%s/", s->directory);
	memset(path + used, 'x', longest + 1 - (size_t)used);
	path[longest + 1] = '\0';
	assert_int_equal(listen_unix(path, SOCK_STREAM, 0600, &err), -1);
	assert_int_equal(err.fault, FAULT_USAGE);
	path[longest] = '\0';
	int fd = listen_unix(path, SOCK_STREAM, 0600, &err);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void hashes_tell_addresses_apart(void **state)
{
	static const char *const texts[] = { "127.16.0.1:69", "127.16.0.1:70", "127.16.0.2:69",
		"[::1]:69", "[::2]:69", "[::1]:70" };
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t k = 0; k < COUNT(texts); k++) {
			struct address a, b;
			assert_true(address_parse(texts[i], &a, NULL));
			assert_true(address_parse(texts[k], &b, NULL));
			assert_int_equal(address_hash(&a) == address_hash(&b), i == k);
			assert_int_equal(address_host_hash(&a) == address_host_hash(&b),
				address_same_host(&a, &b));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(text_comes_back),
		CASE(wrong_text_is_refused),
		CASE(hosts_are_numbers),
		CASE(hosts_and_ports_are_compared),
		CASE(hashes_tell_addresses_apart),
		CASE(a_port_in_use_is_said_and_what_to_do),
		CASE(a_foreign_address_is_said),
		CASE(a_low_port_needs_root),
		CASE(unix_sockets_have_their_rights_and_replace_the_dead),
		CASE(unix_paths_that_cannot_be_are_said),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

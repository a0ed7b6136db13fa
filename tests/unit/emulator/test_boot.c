#include "emulator/boot.h"

#include "lib/small_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct key_ring *ring;
	struct elsewhere server;
	char directory[64];
};

static void filled(struct small_server *s, struct key_ring *ring)
{
	static const struct ring_list itl = {
		.signer = "recovery",
		.count = 2,
		.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_TFTP } },
	};
	AUTO_DONE(bytes) list = { 0 };
	AUTO_DONE(bytes) good = { 0 };
	AUTO_DONE(bytes) bad = { 0 };
	AUTO_DONE(bytes) ring_list = { 0 };
	key_ring_list(ring, &itl, &list);
	small_server_put(s, "ITLFile.tlv", bytes_reader(&list));
	key_ring_file(ring, "SEP001122334455.cnf.xml.sgn", "callmanager",
		reader_of_text("<device/>"), &good);
	small_server_put(s, "SEP001122334455.cnf.xml.sgn", bytes_reader(&good));
	key_ring_file(
		ring, "SEP001122334466.cnf.xml.sgn", "stranger", reader_of_text("<device/>"), &bad);
	small_server_put(s, "SEP001122334466.cnf.xml.sgn", bytes_reader(&bad));
	key_ring_file(ring, "Ringlist.xml.sgn", "callmanager", reader_of_text("<r/>"), &ring_list);
	small_server_put(s, "Ringlist.xml.sgn", bytes_reader(&ring_list));
}

static int scene_made(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	const struct small_server_plan plan = { .address = "127.0.0.1" };
	assert_non_null(s);
	(void)snprintf(s->directory, sizeof(s->directory), "/tmp/dialtrust-boot-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	s->ring = key_ring_new();
	small_server_elsewhere(s->ring, &plan, filled, &s->server);
	*state = s;
	return 0;
}

static int scene_freed(void **state)
{
	static const char *const phones[] = { "SEP001122334455", "SEP001122334466",
		"SEP001122334477", "SEP001122334488" };
	static const char *const files[] = { "itl.tlv", "configuration.xml", "phone.json", "." };
	struct scene *s = *state;
	char path[200];
	for (size_t i = 0; i < COUNT(phones) * COUNT(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/%s", s->directory,
			phones[i / COUNT(files)], files[i % COUNT(files)]);
		(void)unlink(path);
	}
	for (size_t i = 0; i < COUNT(phones); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->directory, phones[i]);
		(void)rmdir(path);
	}
	assert_int_equal(rmdir(s->directory), 0);
	small_server_kill(&s->server);
	key_ring_free(s->ring);
	free(s);
	return 0;
}

/* Runs the verb with its standard output in `out`: the test's own is read as TAP. */
static bool printed(const struct emulator_boot *what, char *out, size_t size, struct error *err)
{
	char path[] = "/tmp/dialtrust-printed-XXXXXX";
	int file = mkstemp(path), before = dup(STDOUT_FILENO);
	assert_true(file >= 0 && before >= 0);
	(void)fflush(stdout);
	(void)dup2(file, STDOUT_FILENO);
	bool fine = emulator_boot(what, err);
	(void)fflush(stdout);
	(void)dup2(before, STDOUT_FILENO);
	ssize_t got = pread(file, out, size - 1, 0);
	out[got > 0 ? got : 0] = '\0';
	(void)close(before);
	(void)close(file);
	(void)unlink(path);
	return fine;
}

static bool prints(const struct scene *s, const char *name, bool json, char *out, size_t size)
{
	struct error err = { 0 };
	const struct emulator_boot what = {
		.name = name,
		.server = "127.0.0.1",
		.state = s->directory,
		.tftp_port = s->server.tftp,
		.http_port = s->server.http,
		.json = json,
	};
	return printed(&what, out, size, &err);
}

static bool boots(const struct scene *s, const char *name, const char *open, struct error *err)
{
	char text[8000];
	const struct emulator_boot what = {
		.name = name,
		.server = "127.0.0.1",
		.state = s->directory,
		.open = open,
		.tftp_port = s->server.tftp,
		.http_port = s->server.http,
	};
	*err = (struct error){ 0 };
	return printed(&what, text, sizeof(text), err);
}

static void one_line_a_verdict(void **state)
{
	char text[4000];
	assert_true(prints(*state, "SEP001122334455", false, text, sizeof(text)));
	assert_string_equal(text,
		"File Not Found <CTLFile.tlv>\n"
		"ITL installed, taken unseen as its first\n"
		"SEP001122334455.cnf.xml.sgn(HTTP), by its own list\n"
		"Ringlist.xml.sgn(HTTP), by its own list\n");
	assert_true(prints(*state, "SEP001122334455", false, text, sizeof(text)));
	assert_non_null(strstr(text, "Trust List unchanged\n"));
}

static void one_object_in_json(void **state)
{
	char text[8000];
	assert_true(prints(*state, "SEP001122334455", true, text, sizeof(text)));
	assert_true(text[0] == '{');
	assert_non_null(strstr(text, "\"schema_version\": 1"));
	assert_non_null(strstr(text, "\"state\": \"verified\""));
	assert_non_null(strstr(text, "\"words\": \"SEP001122334455.cnf.xml.sgn(HTTP)\""));
}

static void what_was_refused_is_the_error(void **state)
{
	struct error err;
	assert_false(boots(*state, "SEP001122334466", NULL, &err));
	assert_int_equal(err.fault, FAULT_UNTRUSTED);
	assert_non_null(strstr(err.text, "SEP001122334466"));
	assert_false(boots(*state, "SEP001122334477", NULL, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_non_null(strstr(err.text, "CFG File Not Found"));
}

static void one_file_is_opened(void **state)
{
	struct error err;
	assert_true(boots(*state, "SEP001122334455", "Ringlist.xml", &err));
	assert_false(boots(*state, "SEP001122334455", "nothing.xml", &err));
	assert_int_equal(err.fault, FAULT_MISSING);
}

/* The list is larger than a file may be here; what is printed is not. */
static void what_could_not_be_kept_is_the_error(void **state)
{
	struct rlimit usual, small;
	struct error err;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	small = (struct rlimit){ .rlim_cur = 400, .rlim_max = usual.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	bool fine = boots(*state, "SEP001122334488", NULL, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	assert_false(fine);
	assert_int_equal(err.fault, FAULT_IO);
	assert_non_null(strstr(err.text, "SEP001122334488"));
	assert_non_null(strstr(err.text, "itl.tlv"));
}

static void arguments_that_make_no_sense_are_refused(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	assert_false(boots(s, "SEP00112233445", NULL, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	char text[1000];
	const struct emulator_boot nowhere = {
		.name = "SEP001122334477",
		.server = "localhost",
		.state = s->directory,
		.http_port = 6970,
	};
	assert_false(printed(&nowhere, text, sizeof(text), &err));
	assert_non_null(strstr(err.text, "localhost"));
	struct emulator_boot unwritable = nowhere;
	unwritable.state = "/proc/nothing";
	assert_false(printed(&unwritable, text, sizeof(text), &err));
	assert_non_null(strstr(err.text, "/proc/nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_a_verdict),
		cmocka_unit_test(one_object_in_json),
		cmocka_unit_test(what_was_refused_is_the_error),
		cmocka_unit_test(one_file_is_opened),
		cmocka_unit_test(what_could_not_be_kept_is_the_error),
		cmocka_unit_test(arguments_that_make_no_sense_are_refused),
	};
	return cmocka_run_group_tests(tests, scene_made, scene_freed);
}

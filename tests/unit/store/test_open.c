/* Database files of every bad kind: each is refused with a sentence that says what to do. */
#include "unit/store/scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_refused(const char *url, enum fault fault, const char *word)
{
	struct error err = { 0 };
	struct store *s = store_open(url, &err);
	assert_null(s);
	if (err.fault != fault || strstr(err.text, word) == NULL)
		test_ends(err.text);
}

static void the_file_is_made_for_owner_and_group(void **state)
{
	struct scratch *s = *state;
	mode_t before = umask(0077);
	s->store = store_open(s->url, NULL);
	(void)umask(before);
	assert_non_null(s->store);
	put_two_nodes(s->store);
	static const char *const ends[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < COUNT(ends); i++) {
		char path[128];
		struct stat facts;
		(void)snprintf(path, sizeof(path), "%s%s", s->path, ends[i]);
		assert_int_equal(stat(path, &facts), 0);
		assert_int_equal(facts.st_mode & 07777, 0660);
	}
}

static void urls_that_name_no_database(void **state)
{
	(void)state;
	assert_refused("", FAULT_USAGE, "sqlite:PATH");
	assert_refused("/var/lib/cluster.db", FAULT_USAGE, "sqlite:PATH");
	assert_refused("sqlite", FAULT_USAGE, "sqlite:PATH");
	assert_refused("sqlite3:/x", FAULT_USAGE, "sqlite:PATH");
	assert_refused("postgresql://db/cluster", FAULT_USAGE, "sqlite:PATH");
	assert_refused("sqlite:", FAULT_USAGE, "path");
	char url[700];
	memset(url, 'x', sizeof(url));
	memcpy(url, "sqlite:/", 8);
	url[sizeof(url) - 1] = '\0';
	assert_refused(url, FAULT_USAGE, "511");
}

static void a_folder_that_is_not_there(void **state)
{
	struct scratch *s = *state;
	char url[160];
	(void)snprintf(url, sizeof(url), "sqlite:%s/no/such/cluster.db", s->folder);
	assert_refused(url, FAULT_STORE, "folder");
	(void)snprintf(url, sizeof(url), "sqlite:%s", s->folder);
	assert_refused(url, FAULT_STORE, "regular file");
}

static void a_file_that_everybody_may_read(void **state)
{
	struct scratch *s = *state;
	store_close(store_open(s->url, NULL));
	assert_int_equal(chmod(s->path, 0664), 0);
	assert_refused(s->url, FAULT_STORE, "chmod 0660");
	assert_int_equal(chmod(s->path, 0662), 0);
	assert_refused(s->url, FAULT_STORE, "chmod 0660");
	assert_int_equal(chmod(s->path, 0640), 0);
	s->store = store_open(s->url, NULL);
	assert_non_null(s->store);
}

/* As another user, because root may do everything. The words reach the parent through a pipe. */
static void as_nobody(const char *url, struct error *err)
{
	int ends[2], status;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct error why = { 0 };
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		struct store *s = store_open(url, &why);
		if (write(ends[1], &why, sizeof(why)) != (ssize_t)sizeof(why))
			_exit(3);
		_exit(s == NULL ? 0 : 1);
	}
	assert_int_equal(read(ends[0], err, sizeof(*err)), (int)sizeof(*err));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void a_file_of_somebody_else(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(s->folder, 0755), 0);
	as_nobody(s->url, &err);
	assert_int_equal(err.fault, FAULT_STORE);
	assert_non_null(strstr(err.text, "cannot be made"));
	store_close(store_open(s->url, NULL));
	as_nobody(s->url, &err);
	assert_int_equal(err.fault, FAULT_STORE);
	assert_non_null(strstr(err.text, "user 0"));
}

/* The file may be written, its folder not: no log can be kept beside it. */
static void a_folder_that_may_not_be_written(void **state)
{
	struct scratch *s = *state;
	struct error err = { 0 };
	if (getuid() != 0)
		skip();
	store_close(store_open(s->url, NULL));
	assert_int_equal(chown(s->path, 65534, 65534), 0);
	assert_int_equal(chmod(s->folder, 0755), 0);
	as_nobody(s->url, &err);
	assert_int_equal(err.fault, FAULT_STORE);
	assert_non_null(strstr(err.text, "folder"));
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0660);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(close(fd), 0);
}

static void garbage_is_no_database(void **state)
{
	struct scratch *s = *state;
	char garbage[8192];
	memset(garbage, 'g', sizeof(garbage));
	write_file(s->path, garbage, sizeof(garbage));
	assert_refused(s->url, FAULT_STORE, "no database");
	write_file(s->path, garbage, 99);
	assert_refused(s->url, FAULT_STORE, "damaged");
	write_file(s->path, garbage, 100);
	assert_refused(s->url, FAULT_STORE, "no database");
}

static void an_empty_file_becomes_a_database(void **state)
{
	struct scratch *s = *state;
	write_file(s->path, "", 0);
	s->store = store_open(s->url, NULL);
	assert_non_null(s->store);
	put_two_nodes(s->store);
}

static void a_database_of_another_program_is_left_alone(void **state)
{
	struct scratch *s = *state;
	scratch_sql(s, "CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('soup')");
	assert_int_equal(chmod(s->path, 0660), 0);
	assert_refused(s->url, FAULT_STORE, "another program");
	scratch_sql(s, "PRAGMA application_id = 42");
	assert_refused(s->url, FAULT_STORE, "another program");
	scratch_sql(s, "DROP TABLE recipe");
	assert_refused(s->url, FAULT_STORE, "another program");
}

static size_t file_size(const char *path)
{
	struct stat facts;
	assert_int_equal(stat(path, &facts), 0);
	return (size_t)facts.st_size;
}

static size_t fill(struct scratch *s)
{
	s->store = store_open(s->url, NULL);
	assert_non_null(s->store);
	put_two_nodes(s->store);
	for (uint8_t i = 0; i < 12; i++)
		put_certificate(s->store, i, 3000);
	store_close(s->store); /* the last one folds the log into the file */
	s->store = NULL;
	return file_size(s->path);
}

/* All that fill() wrote. */
static void assert_nothing_lost(struct store *s)
{
	struct node node;
	uint64_t rows;
	assert_true(store_node(s, "sub1", &node, NULL));
	assert_true(store_audit_verify(s, &rows, NULL));
	assert_int_equal(rows, 13);
	for (uint8_t i = 0; i < 12; i++) {
		uint8_t digest[DIGEST_SIZE];
		AUTO_DONE(bytes) der = { 0 };
		memset(digest, i, sizeof(digest));
		assert_true(store_certificate(s, digest, &der, NULL));
		assert_int_equal(der.size, 3000);
		for (size_t at = 0; at < der.size; at++)
			assert_int_equal(der.data[at], i ^ 0x55);
	}
}

/* Every size near either end, some between. */
static size_t step(size_t size, size_t whole)
{
	if (size < 120 || size + 20 > whole)
		return 1;
	return size + 1871 < whole - 20 ? 1871 : whole - 20 + 1 - size;
}

static void every_truncated_file_is_damaged(void **state)
{
	struct scratch *s = *state;
	size_t whole = fill(s);
	char *bytes = malloc(whole);
	int fd = open(s->path, O_RDONLY);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, whole), (ssize_t)whole);
	(void)close(fd);
	for (size_t size = 1; size < whole; size += step(size, whole)) {
		write_file(s->path, bytes, size);
		assert_refused(s->url, FAULT_STORE, "damaged");
	}
	write_file(s->path, bytes, whole);
	free(bytes);
	s->store = store_open(s->url, NULL);
	assert_non_null(s->store);
	assert_nothing_lost(s->store);
}

static void pages_of_rubbish_are_damage(void **state)
{
	struct scratch *s = *state;
	size_t whole = fill(s);
	char rubbish[4096];
	memset(rubbish, 0xa5, sizeof(rubbish));
	int fd = open(s->path, O_WRONLY);
	assert_int_equal(
		pwrite(fd, rubbish, sizeof(rubbish), (off_t)(whole / 2 / 4096 * 4096)), 4096);
	(void)close(fd);
	assert_refused(s->url, FAULT_STORE, "damaged");
}

static bool put_much(struct txn *t, void *context, struct error *err)
{
	uint8_t digest[DIGEST_SIZE] = { 0 }, bytes[8000] = { 0 };
	size_t count = *(size_t *)context;
	for (size_t i = 0; i < count; i++) {
		digest[0] = (uint8_t)i;
		digest[1] = (uint8_t)(i >> 8);
		if (!txn_put_certificate(t, digest, reader_of(bytes, sizeof(bytes)), err))
			return false;
	}
	return true;
}

static void change_with_small_files(const char *url)
{
	static const struct change much = { "uid 0", "much", "more than fits" };
	struct rlimit limit = { 400000, 400000 };
	size_t few = 1, many = 500;
	uint64_t number;
	struct error err = { 0 };
	(void)signal(SIGXFSZ, SIG_IGN);
	struct store *s = store_open(url, &err);
	if (s == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(2);
	if (store_change(s, &much, put_much, &many, NULL, &err) || err.fault != FAULT_STORE)
		_exit(3);
	if (!store_change_number(s, &number, &err) || number != 1)
		_exit(4);
	_exit(store_change(s, &much, put_much, &few, NULL, &err) ? 0 : 5); /* still of use */
}

static void a_disk_without_room_costs_the_change_alone(void **state)
{
	struct scratch *s = *state;
	int status;
	uint64_t number;
	s->store = store_open(s->url, NULL);
	put_two_nodes(s->store);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		change_with_small_files(s->url);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(store_change_number(s->store, &number, NULL));
	assert_int_equal(number, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(the_file_is_made_for_owner_and_group),
		cmocka_unit_test(urls_that_name_no_database),
		FILE_TEST(a_folder_that_is_not_there),
		FILE_TEST(a_file_that_everybody_may_read),
		FILE_TEST(a_file_of_somebody_else),
		FILE_TEST(a_folder_that_may_not_be_written),
		FILE_TEST(garbage_is_no_database),
		FILE_TEST(an_empty_file_becomes_a_database),
		FILE_TEST(a_database_of_another_program_is_left_alone),
		FILE_TEST(every_truncated_file_is_damaged),
		FILE_TEST(pages_of_rubbish_are_damage),
		FILE_TEST(a_disk_without_room_costs_the_change_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "scene.h"

#include <stdio.h>
#include <string.h>

#include "net/datagram.h"
#include "net/name_lookup.h"

enum { HEADER = 12, RECORD = 16, PATIENCE_MS = 20000 };

/* A name server with one answer for all: an address, no such name, or nothing at all. */
struct server {
	struct datagram *d;
	bool silent, unknown, garbage;
	unsigned asked;
};

static void asked(struct datagram *d, const struct address *from, const struct address *to,
	struct reader question, void *context)
{
	(void)to;
	struct server *s = context;
	static const uint8_t record[RECORD] = { 0xC0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0,
		2, 7 };
	uint8_t answer[600] = { 0 };
	size_t size = question.left;
	assert_true(size > HEADER && size < sizeof(answer) - RECORD);
	bool six = question.at[size - 3] == 28; /* AAAA */
	reader_copy(&question, answer, size);
	s->asked++;
	if (s->silent)
		return;
	answer[2] = 0x81;
	answer[3] = s->unknown ? 0x83 : 0x80;
	if (!s->unknown && !six) {
		answer[7] = 1;
		memcpy(answer + size, record, RECORD);
		size += RECORD;
	}
	if (s->garbage) {
		memset(answer + 2, 0xFF, size - 2);
		datagram_send(d, from, reader_of(answer, 1));
	}
	datagram_send(d, from, reader_of(answer, size));
}

struct found {
	unsigned count;
	char addresses[NAME_FOUND_SIZE];
	struct error why;
};

static void on_found(const char *addresses, const struct error *err, void *context)
{
	struct found *found = context;
	assert_true((addresses == NULL) != (err == NULL));
	found->count++;
	(void)snprintf(found->addresses, sizeof(found->addresses), "%s",
		addresses == NULL ? "" : addresses);
	if (err != NULL)
		found->why = *err;
}

static struct name_lookup *start(struct scene *scene, struct server *s)
{
	struct address any;
	struct error err = { 0 };
	assert_true(address_parse("127.0.0.1:0", &any, &err));
	s->d = datagram_open(scene->loop, &any, asked, s, &err);
	assert_non_null(s->d);
	struct name_lookup *n = name_lookup_new(scene->loop, datagram_local(s->d), &err);
	assert_non_null(n);
	return n;
}

static struct found look_up(struct scene *scene, struct server *s, const char *host, uint64_t ms)
{
	struct found found = { 0 };
	struct name_lookup *n = start(scene, s);
	name_look_up(n, host, ms, on_found, &found);
	scene_until_count(scene, &found.count, 1);
	name_lookup_free(n);
	datagram_free(s->d);
	assert_int_equal(found.count, 1);
	return found;
}

static void a_name_has_its_address(void **state)
{
	struct server s = { 0 };
	struct found found = look_up(*state, &s, "mail.example", PATIENCE_MS);
	assert_string_equal(found.addresses, "192.0.2.7");
	assert_true(s.asked > 0);
}

static void an_address_is_its_own(void **state)
{
	struct server s = { .silent = true };
	assert_string_equal(look_up(*state, &s, "192.0.2.9", PATIENCE_MS).addresses, "192.0.2.9");
	assert_string_equal(
		look_up(*state, &s, "2001:db8::1", PATIENCE_MS).addresses, "2001:db8::1");
	assert_int_equal(s.asked, 0);
}

static void no_such_name(void **state)
{
	struct server s = { .unknown = true };
	struct found found = look_up(*state, &s, "nothing.example", PATIENCE_MS);
	assert_int_equal(found.why.fault, FAULT_MISSING);
	assert_non_null(strstr(found.why.text, "nothing.example"));
}

static void silence_has_an_end(void **state)
{
	struct server s = { .silent = true };
	struct found found = look_up(*state, &s, "silent.example", 50);
	assert_int_equal(found.why.fault, FAULT_BUSY);
	assert_true(s.asked > 0);
}

static void garbage_is_no_address(void **state)
{
	struct server s = { .garbage = true };
	struct found found = look_up(*state, &s, "garbage.example", 500);
	assert_string_equal(found.addresses, "");
	assert_int_not_equal(found.why.fault, FAULT_NONE);
}

static void what_is_being_asked_ends_first(void **state)
{
	struct server s = { .silent = true };
	struct found found = { 0 };
	struct name_lookup *n = start(*state, &s);
	for (unsigned i = 0; i < 3; i++)
		name_look_up(n, "silent.example", PATIENCE_MS, on_found, &found);
	name_lookup_free(n);
	assert_int_equal(found.count, 3);
	assert_int_equal(found.why.fault, FAULT_BUSY);
	datagram_free(s.d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_name_has_its_address, scene_set_up, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			an_address_is_its_own, scene_set_up, scene_tear_down),
		cmocka_unit_test_setup_teardown(no_such_name, scene_set_up, scene_tear_down),
		cmocka_unit_test_setup_teardown(silence_has_an_end, scene_set_up, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			garbage_is_no_address, scene_set_up, scene_tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_being_asked_ends_first, scene_set_up, scene_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/tftp_transfers.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct transfer *add(
	struct transfers *table, const char *peer, size_t port, enum transfer_state state)
{
	struct transfer *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	assert_true(address_parse(peer, &t->way.peer, NULL));
	t->way.port = port;
	t->state = state;
	(void)snprintf(t->request.name, sizeof(t->request.name), "file%zu", port);
	assert_true(transfers_add(table, t, NULL));
	return t;
}

static void take_out(struct transfers *table, struct transfer *t)
{
	transfers_remove(table, t);
	free(t);
}

static size_t count_of(const struct transfers *table, const char *host)
{
	struct address a;
	assert_true(address_of(host, 0, &a, NULL));
	return transfers_of(table, &a);
}

static struct transfer *victim_for(const struct transfers *table, const char *host)
{
	struct address a;
	assert_true(address_of(host, 4711, &a, NULL));
	return transfers_victim(table, &a);
}

static void each_is_found_by_its_way(void **state)
{
	enum { MANY = 3000 };
	(void)state;
	struct transfers *table = transfers_new(NULL);
	struct transfer *all[MANY];
	char peer[40];
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(peer, sizeof(peer), "127.16.%u.%u:%u", i % 7, i % 100, 1024 + i / 2);
		all[i] = add(table, peer, i % 2, TRANSFER_UNPROVEN);
	}
	assert_int_equal(transfers_count(table), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct datagram_way way = all[i]->way;
		assert_ptr_equal(transfers_find(table, &way), all[i]);
		assert_ptr_equal(transfers_named(table, &way.peer, all[i]->request.name), all[i]);
		assert_null(transfers_named(table, &way.peer, "other"));
		way.port = 2;
		assert_null(transfers_find(table, &way));
	}
	for (unsigned i = 0; i < MANY; i++) {
		const struct datagram_way way = all[i]->way;
		take_out(table, all[i]);
		assert_null(transfers_find(table, &way));
	}
	assert_int_equal(transfers_count(table), 0);
	assert_int_equal(count_of(table, "127.16.1.1"), 0);
	transfers_free(table);
	transfers_free(NULL);
}

static void sources_are_counted(void **state)
{
	(void)state;
	struct transfers *table = transfers_new(NULL);
	struct transfer *a = add(table, "127.16.0.1:1", 1, TRANSFER_AWAITED);
	struct transfer *b = add(table, "127.16.0.1:2", 1, TRANSFER_PROVEN);
	struct transfer *c = add(table, "127.16.0.2:1", 1, TRANSFER_PROVEN);
	struct transfer *six = add(table, "[::1]:1", 1, TRANSFER_PROVEN);
	assert_int_equal(count_of(table, "127.16.0.1"), 2);
	assert_int_equal(count_of(table, "127.16.0.2"), 1);
	assert_int_equal(count_of(table, "::1"), 1);
	assert_int_equal(count_of(table, "127.16.0.3"), 0);
	take_out(table, a);
	assert_int_equal(count_of(table, "127.16.0.1"), 1);
	take_out(table, b);
	take_out(table, c);
	take_out(table, six);
	assert_int_equal(count_of(table, "127.16.0.1"), 0);
	transfers_free(table);
}

static void they_are_kept_in_their_order(void **state)
{
	(void)state;
	struct transfers *table = transfers_new(NULL);
	struct transfer *t[4];
	for (size_t i = 0; i < COUNT(t); i++)
		t[i] = add(table, "127.16.0.1:1", i, TRANSFER_UNPROVEN);
	transfers_move(table, t[0], TRANSFER_PROVEN);
	transfers_move(table, t[2], TRANSFER_PROVEN);
	assert_ptr_equal(transfers_oldest(table, TRANSFER_UNPROVEN), t[1]);
	assert_ptr_equal(t[1]->newer, t[3]);
	assert_null(t[3]->newer);
	assert_ptr_equal(transfers_oldest(table, TRANSFER_PROVEN), t[0]);
	assert_ptr_equal(t[0]->newer, t[2]);
	assert_null(transfers_oldest(table, TRANSFER_AWAITED));
	take_out(table, t[1]);
	assert_ptr_equal(transfers_oldest(table, TRANSFER_UNPROVEN), t[3]);
	take_out(table, t[3]);
	assert_null(transfers_oldest(table, TRANSFER_UNPROVEN));
	take_out(table, t[2]);
	take_out(table, t[0]);
	transfers_free(table);
}

static void room_is_made_by_who_does_not_answer_then_by_the_greediest(void **state)
{
	(void)state;
	struct transfers *table = transfers_new(NULL);
	assert_null(victim_for(table, "127.16.0.9"));
	struct transfer *waits = add(table, "127.16.0.1:1", 1, TRANSFER_AWAITED);
	struct transfer *one = add(table, "127.16.0.1:2", 1, TRANSFER_PROVEN);
	assert_null(victim_for(table, "127.16.0.1"));
	assert_ptr_equal(victim_for(table, "127.16.0.9"), one); /* two to none */
	struct transfer *single = add(table, "127.16.0.2:1", 1, TRANSFER_PROVEN);
	assert_null(victim_for(table, "127.16.0.2")); /* two to one would only change places */
	struct transfer *third = add(table, "127.16.0.1:3", 1, TRANSFER_PROVEN);
	assert_ptr_equal(victim_for(table, "127.16.0.2"), one);
	struct transfer *forged = add(table, "127.16.0.3:1", 1, TRANSFER_UNPROVEN);
	struct transfer *later = add(table, "127.16.0.4:1", 1, TRANSFER_UNPROVEN);
	assert_ptr_equal(victim_for(table, "127.16.0.1"), forged);
	take_out(table, forged);
	assert_ptr_equal(victim_for(table, "127.16.0.1"), later);
	take_out(table, later);
	take_out(table, waits);
	take_out(table, third);
	assert_null(victim_for(table, "127.16.0.9")); /* one each */
	take_out(table, one);
	take_out(table, single);
	transfers_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_by_its_way),
		cmocka_unit_test(sources_are_counted),
		cmocka_unit_test(they_are_kept_in_their_order),
		cmocka_unit_test(room_is_made_by_who_does_not_answer_then_by_the_greediest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

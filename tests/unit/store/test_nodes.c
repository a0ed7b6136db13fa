#include "unit/store/scratch.h"

#include <stdio.h>

enum { NOTE_SIZE = 2000 };

static bool put(struct txn *t, void *context, struct error *err)
{
	return txn_put_node(t, context, err);
}

static bool note_name(const struct node *node, void *into, struct error *err)
{
	(void)err;
	char *names = into;
	(void)snprintf(names + strlen(names), 80, "%s ", node->name);
	return true;
}

static void nodes_come_back_as_they_went_in(void **state)
{
	struct scratch *s = *state;
	struct node node;
	put_two_nodes(s->store);
	assert_true(store_node(s->store, "sub1", &node, NULL));
	assert_int_equal(node.role, NODE_SUBSCRIBER);
	assert_string_equal(node.host, "sub1.example.net");
	assert_string_equal(node.address, "127.0.10.2");
	assert_int_equal(node.tftp_port, 0);
	assert_int_equal(node.tvs_port, 65535);
	assert_true(store_node(s->store, "pub", &node, NULL));
	assert_int_equal(node.tftp_port, 69);
	assert_int_equal(node.http_port, 6970);
	assert_int_equal(node.https_port, 6971);
	assert_int_equal(node.tvs_port, 2445);
}

static void the_publisher_comes_first_then_names(void **state)
{
	struct scratch *s = *state;
	char names[NOTE_SIZE] = "";
	struct node node = { .name = "a", .role = NODE_PRESENCE };
	put_two_nodes(s->store);
	(void)must_change(s->store, put, &node);
	assert_true(store_nodes(s->store, note_name, names, NULL));
	assert_string_equal(names, "pub a sub1 ");
}

static void putting_again_replaces(void **state)
{
	struct scratch *s = *state;
	char names[NOTE_SIZE] = "";
	struct node node = { "sub1", NODE_SUBSCRIBER, "moved.example.net", "127.0.10.9", 1, 2, 3,
		4 };
	put_two_nodes(s->store);
	(void)must_change(s->store, put, &node);
	memset(&node, 0, sizeof(node));
	assert_true(store_node(s->store, "sub1", &node, NULL));
	assert_string_equal(node.host, "moved.example.net");
	assert_int_equal(node.https_port, 3);
	assert_true(store_nodes(s->store, note_name, names, NULL));
	assert_string_equal(names, "pub sub1 ");
}

static void there_is_one_publisher(void **state)
{
	struct scratch *s = *state;
	struct node node = { .name = "usurper", .role = NODE_PUBLISHER };
	put_two_nodes(s->store);
	must_refuse(s->store, put, &node, FAULT_REFUSED);
}

static void a_node_that_is_not_there(void **state)
{
	struct scratch *s = *state;
	struct node node = { .name = "untouched" };
	static const char *const wrong[] = { "", "PUB", "pub ", "sub", "' OR 1=1 --" };
	put_two_nodes(s->store);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct error err = { 0 };
		assert_false(store_node(s->store, wrong[i], &node, &err));
		assert_int_equal(err.fault, FAULT_MISSING);
	}
	assert_string_equal(node.name, "untouched");
}

static bool put_node_in_walk(const struct node *node, void *into, struct error *err)
{
	struct node copy = *node;
	copy.tftp_port++;
	return txn_put_node(into, &copy, err);
}

static bool change_all(struct txn *t, void *context, struct error *err)
{
	(void)context;
	return store_nodes(txn_store(t), put_node_in_walk, t, err);
}

static void a_walk_may_change_what_it_walks(void **state)
{
	struct scratch *s = *state;
	struct node node;
	put_two_nodes(s->store);
	(void)must_change(s->store, change_all, NULL);
	assert_true(store_node(s->store, "pub", &node, NULL));
	assert_int_equal(node.tftp_port, 70);
	assert_true(store_node(s->store, "sub1", &node, NULL));
	assert_int_equal(node.tftp_port, 1);
}

/* phones */

static const struct phone_row anna = { "SEP001122334455", "Anna's phone", "pub" };

static bool put_phone(struct txn *t, void *context, struct error *err)
{
	return txn_put_phone(t, context, err);
}

static bool remove_phone(struct txn *t, void *context, struct error *err)
{
	return txn_remove_phone(t, context, err);
}

static bool note_phone(const struct phone_row *phone, void *into, struct error *err)
{
	(void)err;
	char *text = into;
	(void)snprintf(text + strlen(text), 400, "%s=%s@%s;", phone->name, phone->description,
		phone->node);
	return true;
}

static void phones_are_put_replaced_and_removed(void **state)
{
	struct scratch *s = *state;
	struct phone_row phone = anna;
	char text[NOTE_SIZE] = "";
	put_two_nodes(s->store);
	(void)must_change(s->store, put_phone, &phone);
	(void)must_change(s->store, put_phone, &(struct phone_row){ "CSFben", "", "sub1" });
	assert_true(store_phones(s->store, note_phone, text, NULL));
	assert_string_equal(text, "CSFben=@sub1;SEP001122334455=Anna's phone@pub;");
	(void)snprintf(phone.node, sizeof(phone.node), "sub1");
	(void)must_change(s->store, put_phone, &phone);
	(void)must_change(s->store, remove_phone, (char[]){ "CSFben" });
	text[0] = '\0';
	assert_true(store_phones(s->store, note_phone, text, NULL));
	assert_string_equal(text, "SEP001122334455=Anna's phone@sub1;");
}

static void a_phone_needs_its_node(void **state)
{
	struct scratch *s = *state;
	struct phone_row phone = anna;
	must_refuse(s->store, put_phone, &phone, FAULT_MISSING);
	must_refuse(s->store, remove_phone, (char[]){ "SEP001122334455" }, FAULT_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(nodes_come_back_as_they_went_in),
		STORE_TEST(the_publisher_comes_first_then_names),
		STORE_TEST(putting_again_replaces),
		STORE_TEST(there_is_one_publisher),
		STORE_TEST(a_node_that_is_not_there),
		STORE_TEST(a_walk_may_change_what_it_walks),
		STORE_TEST(phones_are_put_replaced_and_removed),
		STORE_TEST(a_phone_needs_its_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

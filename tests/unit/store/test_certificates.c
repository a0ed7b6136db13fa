/* Certificates, their entries in stores, identities. */
#include "unit/store/scratch.h"

#include <stdio.h>

#include "base/limits.h"

enum { NOTE_SIZE = 2000 };

static bool put_sized(struct txn *t, void *context, struct error *err)
{
	static const uint8_t bytes[LIMIT_CERTIFICATE + 1];
	uint8_t digest[DIGEST_SIZE] = { 9 };
	return txn_put_certificate(t, digest, reader_of(bytes, *(size_t *)context), err);
}

static void certificates_have_a_size(void **state)
{
	struct scratch *s = *state;
	size_t none = 0, most = LIMIT_CERTIFICATE, more = LIMIT_CERTIFICATE + 1;
	must_refuse(s->store, put_sized, &none, FAULT_LIMIT);
	must_refuse(s->store, put_sized, &more, FAULT_LIMIT);
	(void)must_change(s->store, put_sized, &most);
}

static void a_certificate_is_kept_once(void **state)
{
	struct scratch *s = *state;
	uint8_t digest[DIGEST_SIZE];
	struct bytes der = { 0 };
	struct error err = { 0 };
	put_certificate(s->store, 1, 900);
	put_certificate(s->store, 1, 900);
	memset(digest, 1, sizeof(digest));
	assert_true(store_certificate(s->store, digest, &der, NULL));
	assert_int_equal(der.size, 900);
	assert_int_equal(der.data[899], 0x54);
	bytes_done(&der);
	digest[31] = 2;
	assert_false(store_certificate(s->store, digest, &der, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_null(der.data);
}

static struct entry entry_of(const char *store, const char *node, const char *name, uint8_t mark)
{
	struct entry entry = { .reason = "because" };
	(void)snprintf(entry.store, sizeof(entry.store), "%s", store);
	(void)snprintf(entry.node, sizeof(entry.node), "%s", node);
	(void)snprintf(entry.name, sizeof(entry.name), "%s", name);
	memset(entry.digest, mark, sizeof(entry.digest));
	return entry;
}

static bool put_entry(struct txn *t, void *context, struct error *err)
{
	return txn_put_entry(t, context, err);
}

static bool remove_entry(struct txn *t, void *context, struct error *err)
{
	const struct entry *entry = context;
	return txn_remove_entry(t, entry->store, entry->node, entry->name, err);
}

static bool note_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	(void)err;
	char *text = into;
	assert_true(der.left > 0);
	assert_int_equal(der.at[0], entry->digest[0] ^ 0x55);
	(void)snprintf(text + strlen(text), 700, "%s/%s/%s=%u;", entry->store, entry->node,
		entry->name, entry->digest[0]);
	return true;
}

static const char *entries_of(
	struct scratch *s, const char *store, const char *node, char text[static NOTE_SIZE])
{
	text[0] = '\0';
	assert_true(store_entries(s->store, store, node, note_entry, text, NULL));
	return text;
}

static void fill(struct scratch *s)
{
	put_two_nodes(s->store);
	put_certificate(s->store, 1, 10);
	put_certificate(s->store, 2, 20);
	struct entry entries[] = { entry_of("tomcat-trust", "sub1", "pub.pem", 1),
		entry_of("tomcat-trust", "pub", "sub1.pem", 2),
		entry_of("tomcat-trust", "pub", "pub.pem", 1),
		entry_of("CallManager", "sub1", "CallManager.pem", 2) };
	for (size_t i = 0; i < COUNT(entries); i++)
		(void)must_change(s->store, put_entry, &entries[i]);
}

static void entries_are_walked_in_order_and_narrowed(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE];
	fill(s);
	assert_string_equal(entries_of(s, NULL, NULL, text),
		"CallManager/sub1/CallManager.pem=2;tomcat-trust/pub/pub.pem=1;"
		"tomcat-trust/pub/sub1.pem=2;tomcat-trust/sub1/pub.pem=1;");
	assert_string_equal(entries_of(s, "tomcat-trust", NULL, text),
		"tomcat-trust/pub/pub.pem=1;tomcat-trust/pub/sub1.pem=2;tomcat-trust/sub1/"
		"pub.pem=1;");
	assert_string_equal(entries_of(s, NULL, "sub1", text),
		"CallManager/sub1/CallManager.pem=2;tomcat-trust/sub1/pub.pem=1;");
	assert_string_equal(
		entries_of(s, "tomcat-trust", "sub1", text), "tomcat-trust/sub1/pub.pem=1;");
	assert_string_equal(entries_of(s, "tomcat", NULL, text), "");
	assert_string_equal(entries_of(s, "tomcat-trust", "sub2", text), "");
}

static bool last_change(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	(void)der;
	(void)err;
	*(uint64_t *)into = entry->change;
	return true;
}

static void an_entry_is_replaced_by_its_name_and_knows_its_change(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE];
	fill(s);
	struct entry entry = entry_of("tomcat-trust", "sub1", "pub.pem", 2);
	entry.change = 4711; /* not the caller's to say */
	uint64_t number = must_change(s->store, put_entry, &entry), change = 0;
	assert_string_equal(
		entries_of(s, "tomcat-trust", "sub1", text), "tomcat-trust/sub1/pub.pem=2;");
	assert_true(store_entries(s->store, "tomcat-trust", "sub1", last_change, &change, NULL));
	assert_int_equal(change, number);
}

static void entries_need_their_node_and_their_certificate(void **state)
{
	struct scratch *s = *state;
	fill(s);
	struct entry no_node = entry_of("tomcat-trust", "sub9", "x.pem", 1);
	struct entry no_certificate = entry_of("tomcat-trust", "pub", "x.pem", 9);
	must_refuse(s->store, put_entry, &no_node, FAULT_MISSING);
	must_refuse(s->store, put_entry, &no_certificate, FAULT_MISSING);
}

static void an_entry_is_removed_once(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE];
	fill(s);
	struct entry entry = entry_of("tomcat-trust", "pub", "sub1.pem", 0);
	(void)must_change(s->store, remove_entry, &entry);
	assert_string_equal(
		entries_of(s, "tomcat-trust", "pub", text), "tomcat-trust/pub/pub.pem=1;");
	must_refuse(s->store, remove_entry, &entry, FAULT_MISSING);
}

/* identities */

static struct identity_row identity_of(const char *unit, const char *node, uint8_t mark)
{
	struct identity_row row = { 0 };
	(void)snprintf(row.unit, sizeof(row.unit), "%s", unit);
	(void)snprintf(row.node, sizeof(row.node), "%s", node);
	memset(row.digest, mark, sizeof(row.digest));
	memset(row.key, mark + 100, sizeof(row.key));
	return row;
}

static bool put_identity(struct txn *t, void *context, struct error *err)
{
	return txn_put_identity(t, context, err);
}

static bool note_identity(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	(void)err;
	char *text = into;
	assert_int_equal(der.at[0], row->digest[0] ^ 0x55);
	(void)snprintf(text + strlen(text), NOTE_SIZE - strlen(text), "%s@%s=%u;", row->unit,
		row->node, row->digest[0]);
	return true;
}

static void a_new_identity_retires_its_predecessor(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE] = "";
	struct identity_row found,
		rows[] = { identity_of("TVS", "pub", 1), identity_of("TVS", "sub1", 2),
			identity_of("TVS", "pub", 2) };
	AUTO_DONE(bytes) der = { 0 };
	uint64_t number = 0;
	fill(s);
	for (size_t i = 0; i < COUNT(rows); i++)
		number = must_change(s->store, put_identity, &rows[i]);
	assert_true(store_identities(s->store, note_identity, text, NULL));
	assert_string_equal(text, "TVS@pub=2;TVS@sub1=2;");
	assert_true(store_identity(s->store, "TVS", "pub", &found, &der, NULL));
	assert_int_equal(found.digest[5], 2);
	assert_int_equal(found.key[5], 102);
	assert_int_equal(found.change, number);
	assert_int_equal(der.size, 20);
	assert_true(store_identity(s->store, "TVS", "sub1", &found, NULL, NULL));
	scratch_sql(s,
		"CREATE TABLE retired_one AS SELECT 1 / count(*) FROM identity "
		"WHERE retired IS NOT NULL");
}

static bool note_retired(
	const struct identity_row *row, uint64_t retired, void *into, struct error *err)
{
	(void)err;
	char *text = into;
	(void)snprintf(text + strlen(text), NOTE_SIZE - strlen(text), "%s=%u@%llu;", row->unit,
		row->key[7], (unsigned long long)retired);
	return true;
}

static void retired_ones_are_walked_the_last_first(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE] = "";
	struct identity_row rows[] = { identity_of("TVS", "pub", 1), identity_of("TVS", "pub", 2),
		identity_of("CAPF", "pub", 1), identity_of("TVS", "sub1", 1),
		identity_of("CAPF", "pub", 2), identity_of("TVS", "pub", 1) };
	uint64_t first = 0;
	fill(s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t number = must_change(s->store, put_identity, &rows[i]);
		first = i == 0 ? number : first;
	}
	assert_true(store_retired(s->store, "pub", note_retired, text, NULL));
	char expected[NOTE_SIZE];
	(void)snprintf(expected, sizeof(expected), "CAPF=101@%llu;TVS=102@%llu;TVS=101@%llu;",
		(unsigned long long)first + 4, (unsigned long long)first + 5,
		(unsigned long long)first + 1);
	assert_string_equal(text, expected);
	text[0] = '\0';
	assert_true(store_retired(s->store, "sub1", note_retired, text, NULL));
	assert_true(store_retired(s->store, "nobody", note_retired, text, NULL));
	assert_string_equal(text, "");
}

static void an_identity_that_is_not_there(void **state)
{
	struct scratch *s = *state;
	struct identity_row row = { .change = 77 }, wrong = identity_of("TVS", "pub", 9),
			    homeless = identity_of("TVS", "sub9", 1);
	struct error err = { 0 };
	fill(s);
	assert_false(store_identity(s->store, "TVS", "pub", &row, NULL, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_int_equal(row.change, 77);
	must_refuse(s->store, put_identity, &wrong, FAULT_MISSING);
	must_refuse(s->store, put_identity, &homeless, FAULT_MISSING);
}

static struct tombstone tombstone_of(const char *store, uint8_t mark)
{
	struct tombstone t = { .name = "a.pem", .reason = "an old host" };
	(void)snprintf(t.store, sizeof(t.store), "%s", store);
	memset(t.digest, mark, sizeof(t.digest));
	return t;
}

static bool bury(struct txn *t, void *context, struct error *err)
{
	return txn_put_tombstone(t, context, err);
}

static bool unbury(struct txn *t, void *context, struct error *err)
{
	const struct tombstone *what = context;
	return txn_remove_tombstone(t, what->store, what->digest, err);
}

static bool copy_entry(struct txn *t, void *context, struct error *err)
{
	return txn_copy_entry(t, context, err);
}

static bool note_tombstone(
	const struct tombstone *tombstone, struct reader der, void *into, struct error *err)
{
	(void)err;
	assert_true(der.left > 0);
	(void)snprintf(into, NOTE_SIZE, "%s/%s=%u: %s;", tombstone->store, tombstone->name,
		tombstone->digest[0], tombstone->reason);
	return true;
}

/* CSCto86463: what was deleted reappears. */
static void what_was_deleted_stays_deleted(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE] = "";
	put_two_nodes(s->store);
	put_certificate(s->store, 1, 50);
	put_certificate(s->store, 2, 50);
	struct tombstone gone = tombstone_of("tomcat-trust", 1);
	struct entry entry = entry_of("tomcat-trust", "pub", "a.pem", 1);
	(void)must_change(s->store, bury, &gone);
	must_refuse(s->store, put_entry, &entry, FAULT_REFUSED);
	(void)must_change(s->store, copy_entry, &entry); /* and it is not there */
	assert_string_equal(entries_of(s, NULL, NULL, text), "");
	entry = entry_of("ipsec-trust", "pub", "a.pem", 1); /* another store */
	(void)must_change(s->store, put_entry, &entry);
	entry = entry_of("tomcat-trust", "pub", "a.pem", 2); /* another certificate of the name */
	(void)must_change(s->store, copy_entry, &entry);
	assert_string_equal(entries_of(s, NULL, NULL, text),
		"ipsec-trust/pub/a.pem=1;tomcat-trust/pub/a.pem=2;");
}

static void a_tombstone_is_told_and_taken_away(void **state)
{
	struct scratch *s = *state;
	char text[NOTE_SIZE] = "";
	put_two_nodes(s->store);
	put_certificate(s->store, 1, 50);
	struct tombstone gone = tombstone_of("tomcat-trust", 1);
	must_refuse(s->store, unbury, &gone, FAULT_MISSING);
	(void)must_change(s->store, bury, &gone);
	(void)must_change(s->store, bury, &gone); /* again is fine */
	assert_true(store_tombstones(s->store, "ipsec-trust", note_tombstone, text, NULL));
	assert_string_equal(text, "");
	assert_true(store_tombstones(s->store, NULL, note_tombstone, text, NULL));
	assert_string_equal(text, "tomcat-trust/a.pem=1: an old host;");
	(void)must_change(s->store, unbury, &gone);
	struct entry entry = entry_of("tomcat-trust", "pub", "a.pem", 1);
	(void)must_change(s->store, put_entry, &entry);
	gone = tombstone_of("tomcat-trust", 7); /* a certificate that is not kept */
	must_refuse(s->store, bury, &gone, FAULT_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(certificates_have_a_size),
		STORE_TEST(a_certificate_is_kept_once),
		STORE_TEST(entries_are_walked_in_order_and_narrowed),
		STORE_TEST(an_entry_is_replaced_by_its_name_and_knows_its_change),
		STORE_TEST(entries_need_their_node_and_their_certificate),
		STORE_TEST(an_entry_is_removed_once),
		STORE_TEST(what_was_deleted_stays_deleted),
		STORE_TEST(a_tombstone_is_told_and_taken_away),
		STORE_TEST(a_new_identity_retires_its_predecessor),
		STORE_TEST(retired_ones_are_walked_the_last_first),
		STORE_TEST(an_identity_that_is_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which file a name means, and which files no name ever means. */
#include "stage.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char device[] = "SEP001122334455.cnf.xml";

static void dress(struct stage *s)
{
	stage_publish(s, "ITLFile.tlv", SNAPSHOT_PUBLISHED, reader_of_text("itl"));
	stage_publish(s, device, SNAPSHOT_CONFIGURATION, reader_of_text("<merged/>"));
	stage_publish(
		s, "XMLDefault.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("<default/>"));
	stage_put(s, device, reader_of_text("<raw/>"));
	stage_put(s, "Ringlist.xml", reader_of_text("rings"));
	stage_put(s, "Desktops/320x196x4/List.xml", reader_of_text("pictures"));
	stage_put(s, "RINGLIST.DAT", reader_of_text("old rings"));
	stage_put(s, "sip88xx.loads", reader_of_text("maker"));
	stage_put(s, "given.xml.sgn", reader_of_text("signed elsewhere"));
	stage_put(s, "given.xml", reader_of_text("clear"));
	stage_put(s, "broken.cnf.xml", reader_of_text("<unclosed"));
	stage_put(s, "empty.xml", reader_of_text(""));
}

static bool find(struct stage *s, const char *name, bool secure, struct found_file *out)
{
	struct error err = { 0 };
	bool fine = catalogue_find(&s->provision.catalogue, name, secure, out, &err);
	assert_true(fine || err.text[0] != '\0');
	return fine && found_file_read(out, &err);
}

static struct reader content_of(const struct found_file *found)
{
	assert_non_null(found->content);
	return content_bytes(found->content);
}

static void names_mean_files(void **state)
{
	static const struct {
		const char *name, *bytes;
		bool secure, to_sign;
	} rows[] = {
		{ "ITLFile.tlv", "itl", false, false },
		{ "/ITLFile.tlv", "itl", false, false },
		{ "ITLSEP001122334455.tlv", "itl", false, false },
		{ "itlfile.TLV", "itl", false, false },
		{ "SEP001122334455.cnf.xml", "<merged/>", false, false },
		{ "sep001122334455.cnf.xml", "<merged/>", false, false },
		{ "SEP001122334455.cnf.xml.sgn", "<merged/>", false, true },
		{ "SEP001122334455.cnf.xml.sgn", "<merged/>", true, false }, /* HTTPS */
		{ "SEP001122334455.cnf.xml", "<merged/>", true, false },
		{ "XMLDefault.cnf.xml.sgn", "<default/>", false, true },
		{ "XMLDefault.cnf.xml.sgn", "<default/>", true, true }, /* no device's own */
		{ "XmlDefault.cnf.xml", "<default/>", false, false },
		{ "Ringlist.xml", "rings", false, false },
		{ "RINGLIST.XML", "rings", false, false },
		{ "ringlist.dat", "old rings", false, false },
		{ "Ringlist.xml.sgn", "rings", false, true },
		{ "Ringlist.xml.sgn", "rings", true, true },
		{ "Desktops/320x196x4/List.xml", "pictures", false, false },
		{ "desktops/320X196X4/LIST.xml", "pictures", false, false },
		{ "Desktops/320x196x4/List.xml.sgn", "pictures", false, true },
		{ "given.xml.sgn", "signed elsewhere", false, false },
		{ "empty.xml", "", false, false },
		{ "empty.xml.sgn", "", false, true },
	};
	struct stage *s = *state;
	dress(s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct found_file found;
		if (!find(s, rows[i].name, rows[i].secure, &found))
			fail_msg("%s was not found", rows[i].name);
		if (!reader_same(content_of(&found), reader_of_text(rows[i].bytes)))
			fail_msg("%s means something else", rows[i].name);
		assert_int_equal(found.to_sign, rows[i].to_sign);
		found_file_done(&found);
		found_file_done(&found);
	}
}

static void firmware_passes_through_open(void **state)
{
	struct stage *s = *state;
	struct found_file found;
	dress(s);
	assert_true(catalogue_find(&s->provision.catalogue, "sip88xx.loads", false, &found, NULL));
	assert_true(found.fd >= 0);
	assert_int_equal(found.size, 5);
	found_file_done(&found);
}

static void nothing_else_is_found(void **state)
{
	static const struct {
		const char *name;
		enum fault fault;
	} rows[] = {
		{ "CTLFile.tlv", FAULT_MISSING },
		{ "CTLSEP001122334455.tlv", FAULT_MISSING },
		{ "SEP001122334456.cnf.xml", FAULT_MISSING },
		{ "SEP001122334456.cnf.xml.sgn", FAULT_MISSING },
		{ "SEP001122334455.cnf.xml.enc.sgn", FAULT_MISSING },
		{ "ITLFile.tlv.sgn", FAULT_MISSING }, /* no list passes for a file */
		{ "broken.cnf.xml",
			FAULT_MISSING }, /* what the manager refused is not served raw */
		{ "broken.cnf.xml.sgn", FAULT_MISSING },
		{ "BROKEN.CNF.XML", FAULT_MISSING },
		{ "nothing.xml", FAULT_MISSING },
		{ "nothing.xml.sgn", FAULT_MISSING },
		{ "Desktops/none/List.xml", FAULT_MISSING },
		{ "Ringlist.xml/x", FAULT_MISSING },
		{ "Desktops", FAULT_REFUSED },
		{ "", FAULT_REFUSED },
		{ "/", FAULT_REFUSED },
		{ "//Ringlist.xml", FAULT_REFUSED },
		{ "../state/snapshot/index", FAULT_REFUSED },
		{ "Desktops/../Ringlist.xml", FAULT_REFUSED },
		{ "Desktops//List.xml", FAULT_REFUSED },
		{ "./Ringlist.xml", FAULT_REFUSED },
		{ ".hidden", FAULT_REFUSED },
		{ "Desktops\\List.xml", FAULT_REFUSED },
		{ "Ringlist.xml\n", FAULT_REFUSED },
		{ "secret.pem", FAULT_REFUSED },
		{ "secret.KEY", FAULT_REFUSED },
		{ "lab.db", FAULT_REFUSED },
		{ "link.xml", FAULT_REFUSED },
		{ "linked/passwd", FAULT_REFUSED },
		{ "LINK.xml", FAULT_REFUSED },
		{ "pipe.xml", FAULT_REFUSED },
	};
	struct stage *s = *state;
	char path[128];
	dress(s);
	stage_put(s, "secret.pem", reader_of_text("key"));
	stage_put(s, "secret.key", reader_of_text("key"));
	stage_put(s, "lab.db", reader_of_text("rows"));
	stage_put(s, ".hidden", reader_of_text("dots"));
	(void)snprintf(path, sizeof(path), "%s/link.xml", s->root);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	(void)snprintf(path, sizeof(path), "%s/linked", s->root);
	assert_int_equal(symlink("/etc", path), 0);
	(void)snprintf(path, sizeof(path), "%s/pipe.xml", s->root);
	assert_int_equal(mkfifo(path, 0644), 0);
	unsigned before = scene_descriptors();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct found_file found = { .size = 77 };
		struct error err = { 0 };
		if (catalogue_find(&s->provision.catalogue, rows[i].name, false, &found, &err))
			fail_msg("%s was found", rows[i].name);
		if (err.fault != rows[i].fault)
			fail_msg("%s: %s: %s", rows[i].name, fault_name(err.fault), err.text);
		assert_int_equal(found.size, 77); /* untouched */
	}
	assert_int_equal(scene_descriptors(), before);
}

static void a_makers_file_is_not_signed_again(void **state)
{
	static const uint8_t maker[] = { 1, 0, 2, 1, 1, 2, 0, 2, 0, 12, 3, 0 };
	struct stage *s = *state;
	struct found_file found;
	struct error err = { 0 };
	stage_put(s, "image.xml", reader_of(maker, sizeof(maker)));
	assert_false(catalogue_find(&s->provision.catalogue, "image.xml.sgn", false, &found, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_true(find(s, "image.xml", false, &found));
	assert_int_equal(content_of(&found).left, sizeof(maker));
	found_file_done(&found);
}

static void without_tree_or_cluster_there_is_little(void **state)
{
	struct stage *s = *state;
	struct found_file found;
	struct error err = { 0 };
	struct snapshot *none = snapshot_open(s->state, &err);
	struct catalogue poor;
	assert_non_null(none);
	assert_true(catalogue_init(&poor, none, -1, &err));
	stage_put(s, "Ringlist.xml", reader_of_text("rings"));
	static const char *const names[] = { "ITLFile.tlv", "SEP001122334455.cnf.xml",
		"SEP001122334455.cnf.xml.sgn", "Ringlist.xml" };
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_false(catalogue_find(&poor, names[i], false, &found, &err));
		assert_int_equal(err.fault, FAULT_MISSING);
	}
	catalogue_done(&poor);
	catalogue_done(&poor);
	snapshot_close(none);
}

static void damage_is_not_served(void **state)
{
	struct stage *s = *state;
	struct found_file found;
	struct error err = { 0 };
	stage_publish(s, "ITLFile.tlv", SNAPSHOT_PUBLISHED, reader_of_text("itl"));
	s->files[0].digest[0] ^= 1; /* the index names an object that is not there */
	stage_publish(s, "other.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("x"));
	assert_false(catalogue_find(&s->provision.catalogue, "ITLFile.tlv", false, &found, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	s->files[0].digest[0] ^= 1; /* there again, and changed by somebody */
	stage_damage(s, s->files[0].digest);
	stage_publish(s, "third.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("y"));
	assert_false(catalogue_find(&s->provision.catalogue, "ITLFile.tlv", false, &found, &err));
	assert_int_equal(err.fault, FAULT_MALFORMED);
}

static void what_changes_while_it_is_read_is_refused(void **state)
{
	struct stage *s = *state;
	struct found_file found;
	struct error err = { 0 };
	stage_put(s, "growing.bin", reader_of_text("12345"));
	assert_true(catalogue_find(&s->provision.catalogue, "growing.bin", false, &found, &err));
	stage_put(s, "growing.bin", reader_of_text("123456789"));
	assert_false(found_file_read(&found, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	found_file_done(&found);
	assert_true(catalogue_find(&s->provision.catalogue, "growing.bin", false, &found, &err));
	stage_put(s, "growing.bin", reader_of_text("1"));
	assert_false(found_file_read(&found, &err));
	assert_int_equal(err.fault, FAULT_BUSY);
	found_file_done(&found);
}

static void what_is_published_anew_is_found(void **state)
{
	struct stage *s = *state;
	struct found_file found;
	struct error err = { 0 };
	stage_publish(s, "ITLFile.tlv", SNAPSHOT_PUBLISHED, reader_of_text("first"));
	assert_true(find(s, "itlfile.tlv", false, &found));
	found_file_done(&found);
	assert_false(catalogue_find(
		&s->provision.catalogue, "SEP0011223344FF.cnf.xml", false, &found, &err));
	s->index.file_count = 0;
	stage_publish(s, "ITLFile.tlv", SNAPSHOT_PUBLISHED, reader_of_text("second"));
	stage_publish(s, "SEP0011223344FF.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("x"));
	assert_true(find(s, "itlfile.tlv", false, &found));
	assert_true(reader_same(content_of(&found), reader_of_text("second")));
	found_file_done(&found);
	assert_true(find(s, "sep0011223344ff.cnf.xml", false, &found));
	found_file_done(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
		CASE(names_mean_files),
		CASE(firmware_passes_through_open),
		CASE(nothing_else_is_found),
		CASE(a_makers_file_is_not_signed_again),
		CASE(without_tree_or_cluster_there_is_little),
		CASE(damage_is_not_served),
		CASE(what_is_published_anew_is_found),
		CASE(what_changes_while_it_is_read_is_refused),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

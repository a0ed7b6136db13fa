#include "emulator/fleet.h"

#include "emulator/verdict_json.h"
#include "lib/small_server.h"
#include "run/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 60000, PHONES_MAX = 64 };

struct scene {
	struct key_ring *ring;
	struct loop *loop;
	char directory[64];
	unsigned verdicts, rests;
	size_t busiest;
	struct fleet *fleet;
	bool late;
};

static int scene_made(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->ring = key_ring_new();
	*state = s;
	return 0;
}

static int scene_freed(void **state)
{
	struct scene *s = *state;
	key_ring_free(s->ring);
	free(s);
	return 0;
}

static int test_begins(void **state)
{
	struct scene *s = *state;
	s->loop = loop_new(NULL);
	s->verdicts = s->rests = 0;
	s->busiest = 0;
	s->late = false;
	(void)snprintf(s->directory, sizeof(s->directory), "/tmp/dialtrust-fleet-XXXXXX");
	return mkdtemp(s->directory) != NULL ? 0 : 1;
}

static void remove_tree(const char *path)
{
	DIR *directory = opendir(path);
	if (directory == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char below[700];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (unlink(below) != 0)
			remove_tree(below);
	}
	(void)closedir(directory);
	(void)rmdir(path);
}

static int test_ends(void **state)
{
	struct scene *s = *state;
	loop_free(s->loop);
	remove_tree(s->directory);
	return 0;
}

static void told(const struct fleet_phone *phone, const struct phone_verdict *v, void *context)
{
	struct scene *s = context;
	size_t busy = 0;
	(void)phone;
	(void)v;
	s->verdicts++;
	for (size_t i = 0; i < fleet_count(s->fleet); i++)
		busy += strcmp(fleet_at(s->fleet, i)->state, "busy") == 0 ? 1 : 0;
	s->busiest = busy > s->busiest ? busy : s->busiest;
}

static void rested(const struct fleet_phone *phone, void *context)
{
	struct scene *s = context;
	(void)phone;
	s->rests++;
}

static void idle(void *context)
{
	struct scene *s = context;
	loop_stop(s->loop);
}

static void too_late(void *context)
{
	struct scene *s = context;
	s->late = true;
	loop_stop(s->loop);
}

static void fleet_made(struct scene *s, uint64_t timeout_ms)
{
	struct error err = { 0 };
	const struct fleet_settings settings = { s->directory, 8, timeout_ms };
	const struct fleet_events events = { told, rested, idle };
	s->fleet = fleet_new(s->loop, &settings, &events, s, &err);
	if (s->fleet == NULL)
		fail_msg("%s", err.text);
}

static struct phone_settings phone_of(unsigned number, const struct small_server *server)
{
	struct phone_settings phone = { .model = "CP-8861", .http_first = true, .server_count = 1 };
	(void)snprintf(phone.name, sizeof(phone.name), "SEP0011223344%02X", number);
	(void)snprintf(phone.servers[0].address, sizeof(phone.servers[0].address), "127.0.0.1");
	phone.servers[0].tftp_port = small_server_tftp(server);
	phone.servers[0].http_port = small_server_http(server);
	return phone;
}

static void phone_added(struct scene *s, const struct phone_settings *phone)
{
	struct error err = { 0 };
	if (!fleet_add(s->fleet, phone, "127.16.0.9", &err))
		fail_msg("%s", err.text);
}

static void until_idle(struct scene *s)
{
	struct error err = { 0 };
	struct timer *patience = timer_new(s->loop, PATIENCE_MS, false, too_late, s, &err);
	assert_true(loop_run(s->loop, &err));
	timer_free(patience);
	assert_false(s->late);
	assert_false(fleet_busy(s->fleet));
}

static void boots(struct scene *s)
{
	struct error err = { 0 };
	assert_true(fleet_boot(s->fleet, NULL, &err));
	until_idle(s);
}

static void opens(struct scene *s, const char *file)
{
	struct error err = { 0 };
	assert_true(fleet_open(s->fleet, NULL, file, &err));
	until_idle(s);
}

/* One line a verdict, as people see it. */
static void verdicts_are(const struct fleet_phone *phone, const char *expected)
{
	char all[4096] = "";
	size_t used = 0;
	for (size_t i = 0; i < phone->verdict_count; i++) {
		char text[900];
		const struct phone_verdict *v = &phone->verdicts[i];
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s %s %s\n",
			phone_subject_name(v->subject), phone_outcome_name(v->outcome),
			phone_basis_name(v->basis));
		(void)phone_verdict_text(v, text, sizeof(text));
		assert_true(text[0] != '\0');
	}
	assert_string_equal(all, expected);
}

static const struct ring_list itl = {
	.signer = "recovery",
	.count = 4,
	.records = { { "recovery", ROLE_SAST }, { "callmanager", ROLE_SAST },
		{ "callmanager", ROLE_TFTP }, { "tvs-2048", ROLE_TVS } },
};

static void put_list(struct scene *s, struct small_server *server, const struct ring_list *list)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_list(s->ring, list, &file);
	small_server_put(server, "ITLFile.tlv", bytes_reader(&file));
}

static void put_signed(struct scene *s, struct small_server *server, const char *name,
	const char *signer, const char *payload)
{
	AUTO_DONE(bytes) file = { 0 };
	key_ring_file(s->ring, name, signer, reader_of_text(payload), &file);
	small_server_put(server, name, bytes_reader(&file));
}

static void put_phones(
	struct scene *s, struct small_server *server, const char *signer, unsigned count)
{
	char xml[600], name[64];
	(void)snprintf(xml, sizeof(xml),
		"<device><TVS><members><member priority=\"0\"><port>%u</port>"
		"<address>127.0.0.1</address></member></members></TVS>"
		"<loadInformation>load.1-0</loadInformation>"
		"<secureServicesURL>https://127.0.0.1:%u/page.xml</secureServicesURL></device>",
		small_server_tvs(server), small_server_https(server));
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "SEP0011223344%02X.cnf.xml.sgn", i);
		put_signed(s, server, name, signer, xml);
	}
}

static struct small_server *cluster(struct scene *s, unsigned phones)
{
	const struct small_server_plan plan = {
		.address = "127.0.0.1",
		.tvs = "tvs-2048",
		.tomcat = "tomcat-2048",
	};
	struct small_server *server = small_server_new(s->loop, s->ring, &plan);
	put_list(s, server, &itl);
	put_phones(s, server, "callmanager", phones);
	put_signed(s, server, "Ringlist.xml.sgn", "callmanager", "<ring/>");
	small_server_put(server, "load.1-0.loads", reader_of_text("load.sbn\n"));
	small_server_put(server, "page.xml", reader_of_text("<page/>"));
	small_server_vouch(server, "tomcat-2048", "\x07");
	return server;
}

#define WHOLE_BOOT                                                                                 \
	"CTL none \nITL installed faith\nconfiguration verified list\nfirmware taken \n"           \
	"ring list verified list\nservice verified tvs\n"
#define NEXT_BOOT                                                                                  \
	"CTL none \nITL unchanged \nconfiguration verified list\nfirmware taken \n"                \
	"ring list verified list\nservice verified memory\n"

static void a_phone_boots_and_keeps_what_it_learnt(void **state)
{
	struct scene *s = *state;
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	char first_itl[DIGEST_HEX_SIZE];
	fleet_made(s, 0);
	phone_added(s, &phone);
	const struct fleet_phone *shown = fleet_find(s->fleet, phone.name);
	assert_string_equal(shown->state, "new");
	boots(s);
	verdicts_are(shown, WHOLE_BOOT);
	assert_string_equal(shown->state, "verified");
	assert_string_equal(small_server_peer(server), "127.16.0.9");
	assert_int_equal(shown->boots, 1);
	assert_int_equal(strlen(shown->itl), 64);
	assert_string_equal(shown->ctl, "");
	assert_int_equal(small_server_asked(server), 1);
	(void)snprintf(first_itl, sizeof(first_itl), "%s", shown->itl);
	fleet_free(s->fleet);

	fleet_made(s, 0); /* another life, the same directory */
	phone_added(s, &phone);
	shown = fleet_find(s->fleet, phone.name);
	assert_string_equal(shown->itl, first_itl);
	assert_int_equal(shown->boots, 1);
	opens(s, "Ringlist.xml");
	verdicts_are(shown, "file verified list\n");
	assert_string_equal(small_server_peer(server), "127.16.0.9");
	boots(s);
	verdicts_are(shown, NEXT_BOOT);
	assert_int_equal(shown->boots, 2);
	assert_int_equal(small_server_asked(server), 1);
	json_t *json = fleet_phone_json(shown);
	assert_int_equal(json_array_size(json_object_get(json, "verdicts")), 6);
	json_decref(json);
	fleet_free(s->fleet);
}

static void a_phone_boots_over_tftp(void **state)
{
	struct scene *s = *state;
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	phone.http_first = false;
	fleet_made(s, 0);
	phone_added(s, &phone);
	boots(s);
	verdicts_are(fleet_at(s->fleet, 0), WHOLE_BOOT);
	assert_string_equal(fleet_at(s->fleet, 0)->verdicts[1].words, "ITL installed");
	assert_int_equal(fleet_at(s->fleet, 0)->verdicts[1].transport, PHONE_TFTP);
	opens(s, "Ringlist.xml");
	assert_string_equal(small_server_peer(server), "127.16.0.9");
	fleet_free(s->fleet);
}

static void after_a_regeneration_it_asks_and_then_follows(void **state)
{
	struct scene *s = *state;
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	fleet_made(s, 0);
	phone_added(s, &phone);
	boots(s);
	const struct fleet_phone *shown = fleet_at(s->fleet, 0);
	put_signed(s, server, "Ringlist.xml.sgn", "callmanager/2", "<ring/>");
	opens(s, "Ringlist.xml");
	verdicts_are(shown, "file rejected \n"); /* TVS does not know it yet */
	assert_string_equal(shown->state, "rejected");
	small_server_vouch(server, "callmanager/2", "\x02");
	opens(s, "Ringlist.xml");
	verdicts_are(shown, "file verified tvs\n");
	assert_int_equal(small_server_asked(server), 3);
	struct ring_list next = itl;
	next.records[1].name = next.records[2].name = "callmanager/2";
	put_list(s, server, &next);
	put_phones(s, server, "callmanager/2", 1);
	boots(s);
	verdicts_are(shown,
		"CTL none \nITL updated list\nconfiguration verified list\nfirmware taken \n"
		"ring list verified list\nservice verified memory\n");
	assert_string_equal(shown->state, "verified");
	fleet_free(s->fleet);
}

static void a_tvs_that_the_list_does_not_name_is_not_asked(void **state)
{
	struct scene *s = *state;
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	struct ring_list other = itl;
	other.records[3].name = "tvs/2";
	put_list(s, server, &other);
	fleet_made(s, 0);
	phone_added(s, &phone);
	boots(s);
	const struct fleet_phone *shown = fleet_at(s->fleet, 0);
	verdicts_are(shown,
		"CTL none \nITL installed faith\nconfiguration verified list\n"
		"firmware taken \nring list verified list\nservice rejected \n");
	assert_string_equal(shown->state, "rejected");
	assert_int_equal(small_server_asked(server), 0);
	assert_int_equal(shown->verdicts[5].why.fault, FAULT_UNTRUSTED);
	fleet_free(s->fleet);
}

static void many_phones_take_their_turn(void **state)
{
	struct scene *s = *state;
	AUTO(small_server) server = cluster(s, 40);
	fleet_made(s, 0);
	for (unsigned i = 0; i < 40; i++) {
		struct phone_settings phone = phone_of(i, server);
		phone_added(s, &phone);
	}
	boots(s);
	assert_int_equal(s->rests, 40);
	assert_int_equal(s->verdicts, 40 * 6);
	assert_true(s->busiest > 1 && s->busiest <= 8);
	for (size_t i = 0; i < 40; i++) {
		verdicts_are(fleet_at(s->fleet, i), WHOLE_BOOT);
		assert_string_equal(fleet_at(s->fleet, i)->state, "verified");
	}
	fleet_free(s->fleet);
}

static void asking_twice_is_once_and_a_file_comes_after_the_boot(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	fleet_made(s, 0);
	phone_added(s, &phone);
	assert_true(fleet_boot(s->fleet, phone.name, &err));
	assert_string_equal(fleet_at(s->fleet, 0)->state, "waiting");
	assert_true(fleet_boot(s->fleet, phone.name, &err));
	assert_true(fleet_open(s->fleet, phone.name, "Ringlist.xml", &err));
	assert_true(fleet_busy(s->fleet));
	until_idle(s);
	assert_int_equal(s->rests, 2);
	assert_int_equal(fleet_at(s->fleet, 0)->boots, 1);
	verdicts_are(fleet_at(s->fleet, 0), "file verified list\n");
	fleet_free(s->fleet);
}

static void nobody_there_is_said_at_once(void **state)
{
	struct scene *s = *state;
	AUTO(small_server) gone = cluster(s, 1);
	struct phone_settings phone = phone_of(0, gone);
	small_server_free(TAKE(gone));
	fleet_made(s, 300);
	phone_added(s, &phone);
	boots(s);
	verdicts_are(fleet_at(s->fleet, 0), "CTL unreached \n");
	assert_string_equal(fleet_at(s->fleet, 0)->state, "unreachable");
	fleet_free(s->fleet);
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
	struct scene *s = *state;
	const struct small_server_plan dumb = { .address = "127.0.0.1", .silent = true };
	AUTO(small_server) silent = small_server_new(s->loop, s->ring, &dumb);
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, silent);
	struct phone_settings good = phone_of(0, server);
	phone.servers[phone.server_count++] = good.servers[0];
	fleet_made(s, 200);
	phone_added(s, &phone);
	boots(s);
	verdicts_are(fleet_at(s->fleet, 0), WHOLE_BOOT);
	fleet_free(s->fleet);
}

static void other_servers_are_for_the_next_boot(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	struct phone_server good = phone.servers[0];
	phone.servers[0].http_port = phone.servers[0].tftp_port = 0;
	fleet_made(s, 0);
	phone_added(s, &phone);
	boots(s);
	verdicts_are(fleet_at(s->fleet, 0), "CTL unreached \n");
	assert_true(fleet_set_servers(s->fleet, phone.name, &good, 1, &err));
	boots(s);
	verdicts_are(fleet_at(s->fleet, 0), WHOLE_BOOT);
	assert_false(fleet_set_servers(s->fleet, phone.name, &good, 0, &err));
	assert_false(fleet_set_servers(s->fleet, phone.name, &good, PHONE_SERVERS + 1, &err));
	assert_false(fleet_set_servers(s->fleet, "SEPFFFFFFFFFFFF", &good, 1, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	fleet_free(s->fleet);
}

static void damaged(
	struct scene *s, const struct phone_settings *phone, const char *name, const char *text)
{
	struct error err = { 0 };
	char path[200];
	(void)snprintf(path, sizeof(path), "%s/%s", s->directory, phone->name);
	AUTO_DONE(bytes) before = { 0 };
	int directory = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(file_read_beneath(directory, name, 1 << 20, &before, &err));
	assert_true(file_replace(directory, name, reader_of_text(text), 0644, &err));
	fleet_made(s, 0);
	assert_false(fleet_add(s->fleet, phone, NULL, &err));
	assert_non_null(strstr(err.text, path));
	assert_int_equal(fleet_count(s->fleet), 0);
	fleet_free(s->fleet);
	assert_true(file_replace(directory, name, bytes_reader(&before), 0644, &err));
	(void)close(directory);
}

static void a_damaged_memory_is_not_taken_up(void **state)
{
	struct scene *s = *state;
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	fleet_made(s, 0);
	phone_added(s, &phone);
	boots(s);
	fleet_free(s->fleet);
	damaged(s, &phone, "itl.tlv", "no list");
	damaged(s, &phone, "configuration.xml", "<device>");
	damaged(s, &phone, "phone.json", "{");
	damaged(s, &phone, "phone.json", "[]");
	damaged(s, &phone, "phone.json", "{\"answers\": [{}]}");
	damaged(s, &phone, "phone.json", "{\"answers\": [{\"certificate\": \"AAAA\"}]}");
	damaged(s, &phone, "phone.json",
		"{\"answers\": [{\"certificate\": \"AAAA\", \"roles\": [256]}]}");
	fleet_made(s, 0);
	phone_added(s, &phone);
	assert_int_equal(fleet_at(s->fleet, 0)->boots, 1);
	fleet_free(s->fleet);
}

static void phones_that_make_no_sense_are_refused(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	AUTO(small_server) server = cluster(s, 1);
	struct phone_settings phone = phone_of(0, server);
	fleet_made(s, 0);
	phone_added(s, &phone);
	assert_false(fleet_add(s->fleet, &phone, NULL, &err));
	assert_int_equal(err.fault, FAULT_USAGE);
	struct phone_settings bad = phone_of(1, server);
	(void)snprintf(bad.name, sizeof(bad.name), "../SEP");
	assert_false(fleet_add(s->fleet, &bad, NULL, &err));
	bad = phone_of(1, server);
	bad.server_count = 0;
	assert_false(fleet_add(s->fleet, &bad, NULL, &err));
	bad.server_count = PHONE_SERVERS + 1;
	assert_false(fleet_add(s->fleet, &bad, NULL, &err));
	bad = phone_of(1, server);
	assert_false(fleet_add(s->fleet, &bad, "nowhere", &err));
	assert_false(fleet_boot(s->fleet, "SEPFFFFFFFFFFFF", &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_false(fleet_open(s->fleet, "SEPFFFFFFFFFFFF", "x", &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	char name[LIMIT_FILE_NAME];
	memset(name, 'x', sizeof(name));
	name[LIMIT_FILE_NAME - 5] = '\0';
	assert_true(fleet_open(s->fleet, NULL, name, &err));
	until_idle(s);
	name[LIMIT_FILE_NAME - 5] = 'x';
	name[LIMIT_FILE_NAME - 4] = '\0';
	assert_false(fleet_open(s->fleet, NULL, name, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	assert_int_equal(fleet_count(s->fleet), 1);
	fleet_free(s->fleet);
}

static void stop_now(const struct fleet_phone *phone, const struct phone_verdict *v, void *context)
{
	struct scene *s = context;
	(void)phone;
	(void)v;
	if (++s->verdicts == 3)
		loop_stop(s->loop);
}

static void a_fleet_may_end_at_any_moment(void **state)
{
	struct scene *s = *state;
	struct error err = { 0 };
	const struct fleet_settings settings = { s->directory, 4, 0 };
	const struct fleet_events events = { .verdict = stop_now };
	AUTO(small_server) server = cluster(s, 8);
	s->fleet = fleet_new(s->loop, &settings, &events, s, &err);
	for (unsigned i = 0; i < 8; i++) {
		struct phone_settings phone = phone_of(i, server);
		phone_added(s, &phone);
	}
	assert_true(fleet_boot(s->fleet, NULL, &err));
	assert_true(loop_run(s->loop, &err));
	fleet_free(s->fleet);
}

#define FLEET_TEST(name) cmocka_unit_test_setup_teardown(name, test_begins, test_ends)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLEET_TEST(a_phone_boots_and_keeps_what_it_learnt),
		FLEET_TEST(a_phone_boots_over_tftp),
		FLEET_TEST(after_a_regeneration_it_asks_and_then_follows),
		FLEET_TEST(a_tvs_that_the_list_does_not_name_is_not_asked),
		FLEET_TEST(many_phones_take_their_turn),
		FLEET_TEST(asking_twice_is_once_and_a_file_comes_after_the_boot),
		FLEET_TEST(nobody_there_is_said_at_once),
		FLEET_TEST(a_server_that_says_nothing_is_given_up),
		FLEET_TEST(other_servers_are_for_the_next_boot),
		FLEET_TEST(a_damaged_memory_is_not_taken_up),
		FLEET_TEST(phones_that_make_no_sense_are_refused),
		FLEET_TEST(a_fleet_may_end_at_any_moment),
	};
	return cmocka_run_group_tests(tests, scene_made, scene_freed);
}

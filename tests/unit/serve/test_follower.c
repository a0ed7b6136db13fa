/* A follower between a manager and a signer of the test's; what it logs goes into a file. */
#include "unit/net/scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "pki/self_signed.h"
#include "run/files.h"
#include "serve/follower.h"
#include "wire/manager_message.h"
#include "wire/signer_message.h"

enum { FAST_ENOUGH = 1300 /* ms, in which two tries fall */ };

struct stage {
	struct scene *scene;
	struct settings settings;
	struct sibling_server *signer, *manager;
	struct follower *follower;
	int log, terminal;
	unsigned indexes, leaves, asked, told;
	const char *refuses_index; /* why the service cannot use it */
	const char *refuses_leaf;  /* why the signer gives none */
	bool rubbish;              /* the signer gives something else than a leaf */
	bool silent;
	struct sibling_request *kept;
	uint64_t serving, loaded;
};

static bool on_index(const struct snapshot *snapshot, void *context, struct error *err)
{
	struct stage *s = context;
	assert_non_null(snapshot_current(snapshot));
	s->indexes++;
	return s->refuses_index == NULL || fail(err, FAULT_IO, "%s", s->refuses_index);
}

static bool on_leaf(struct tls_server *tls, void *context, struct error *err)
{
	struct stage *s = context;
	(void)err;
	assert_non_null(tls);
	s->leaves++;
	return true;
}

static bool serves(void *context)
{
	const struct stage *s = context;
	return s->leaves > 0;
}

static void give_leaf(struct sibling_request *request)
{
	const struct certificate_profile profile = { .subject = { .common_name = "pub" },
		.usages = USAGE_DIGITAL_SIGNATURE | PURPOSE_SERVER,
		.not_before = clock_now() - 3600,
		.days = 30 };
	AUTO(key) key = key_generate(KEY_EC_256, NULL);
	AUTO(cert) cert = certificate_self_sign(&profile, key, NULL);
	AUTO_DONE(bytes) der = { 0 };
	AUTO_DONE(writer) w = writer_new(1 << 16);
	assert_true(key_write(key, &der, NULL));
	const struct signer_leaf leaf = { bytes_reader(&der), cert_der(cert) };
	signer_leaf_write(&w, &leaf);
	sibling_answer(request, writer_written(&w));
}

static void signer_asked(struct sibling_request *request, void *context)
{
	struct stage *s = context;
	struct error no = { 0 };
	s->asked++;
	assert_int_equal(sibling_operation(request), SIGNER_LEAF);
	if (s->refuses_leaf != NULL) {
		fail(&no, FAULT_REFUSED, "%s", s->refuses_leaf);
		sibling_refuse(request, &no);
	} else if (s->silent) {
		s->kept = request;
	} else if (s->rubbish) {
		sibling_answer(request, reader_of_text("rubbish"));
	} else {
		give_leaf(request);
	}
}

static void manager_told(struct sibling_request *request, void *context)
{
	struct stage *s = context;
	struct reader r = sibling_payload(request);
	assert_int_equal(sibling_operation(request), MANAGER_SERVING);
	s->serving = reader_u64(&r);
	s->loaded = reader_u64(&r);
	assert_true(reader_done(&r));
	s->told++;
	sibling_answer(request, reader_of_text(""));
}

static void write_snapshot(struct stage *s, struct reader bytes)
{
	char path[100];
	(void)snprintf(path, sizeof(path), "%s/" SNAPSHOT_DIRECTORY, s->scene->directory);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(file_replace(fd, SNAPSHOT_INDEX, bytes, 0644, NULL));
	(void)close(fd);
}

static void write_index(struct stage *s, uint64_t number)
{
	uint8_t digest[DIGEST_SIZE];
	struct snapshot_identity mine = { .unit = "TVS", .key = { 1 }, .certificate = { 2 } };
	const struct snapshot_index index = { .number = number,
		.cluster = "lab",
		.node = "pub",
		.file_hash = 1,
		.identity_count = 1,
		.identities = &mine };
	AUTO_DONE(writer) w = writer_new(LIMIT_INDEX);
	snapshot_index_write(&w, &index);
	assert_true(digest_sha256(writer_written(&w), digest, NULL));
	writer_bytes(&w, reader_of(digest, sizeof(digest)));
	write_snapshot(s, writer_written(&w));
}

static struct sibling_server *serve(
	struct stage *s, const char *name, const struct sibling_events *events)
{
	char path[100];
	(void)snprintf(path, sizeof(path), "%s/%s", s->scene->directory, name);
	int fd = listen_unix(path, SOCK_SEQPACKET, 0600, NULL);
	return sibling_serve(s->scene->loop, fd, getuid(), 0, events, s, NULL);
}

static void follow(struct stage *s)
{
	static const struct follower_events events = { on_index, on_leaf, serves };
	const struct follower_settings settings = { .node = &s->settings,
		.process = "tvs",
		.service = "Cisco Trust Verification Service",
		.events = &events,
		.context = s };
	s->follower = follower_new(s->scene->loop, &settings, NULL);
	assert_non_null(s->follower);
	assert_true(follower_start(s->follower, NULL));
}

static int set_up(void **state)
{
	static const struct sibling_events signer = { .request = signer_asked };
	static const struct sibling_events manager = { .request = manager_told };
	struct stage *s = calloc(1, sizeof(*s));
	void *scene = NULL;
	char path[100];
	if (s == NULL || scene_set_up(&scene) != 0)
		return -1;
	s->scene = scene;
	(void)snprintf(s->settings.state, sizeof(s->settings.state), "%s", s->scene->directory);
	(void)snprintf(s->settings.runtime, sizeof(s->settings.runtime), "%s", s->scene->directory);
	(void)snprintf(path, sizeof(path), "%s/" SNAPSHOT_DIRECTORY, s->scene->directory);
	if (mkdir(path, 0755) != 0)
		return -1;
	s->signer = serve(s, "signer.tvs", &signer);
	s->manager = serve(s, "manager.tvs", &manager);
	s->log = open(s->scene->directory, O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	s->terminal = dup(STDERR_FILENO);
	*state = s;
	return s->log >= 0 && dup2(s->log, STDERR_FILENO) >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct stage *s = *state;
	void *scene = s->scene;
	char path[100];
	(void)dup2(s->terminal, STDERR_FILENO);
	(void)close(s->terminal);
	(void)close(s->log);
	follower_free(s->follower);
	sibling_server_free(s->signer);
	sibling_server_free(s->manager);
	(void)snprintf(path, sizeof(path), "%s/" SNAPSHOT_DIRECTORY "/" SNAPSHOT_INDEX,
		s->scene->directory);
	(void)unlink(path);
	*strrchr(path, '/') = '\0';
	(void)rmdir(path);
	free(s);
	return scene_tear_down(&scene);
}

/* How often the log has these words. */
static unsigned said(const struct stage *s, const char *words)
{
	char text[16384];
	ssize_t size = pread(s->log, text, sizeof(text) - 1, 0);
	assert_true(size >= 0);
	text[size] = '\0';
	unsigned count = 0;
	for (const char *at = text; (at = strstr(at, words)) != NULL; at += strlen(words))
		count++;
	return count;
}

static void what_is_there_is_served_and_told(void **state)
{
	struct stage *s = *state;
	write_index(s, 7);
	follow(s);
	scene_until_count(s->scene, &s->told, 1);
	assert_int_equal(s->leaves, 1);
	assert_int_equal(s->serving, 7);
	assert_int_equal(s->loaded, 7);
	write_index(s, 8);
	s->told = 0;
	sibling_push_all(s->manager, MANAGER_INDEX, reader_of_text("12345678"));
	scene_until_count(s->scene, &s->told, 1);
	assert_int_equal(s->serving, 8);
	assert_int_equal(s->loaded, 7); /* identities are loaded once */
	assert_int_equal(s->asked, 1);
	assert_int_equal(said(s, "warning"), 0);
}

static void no_cluster_is_no_trouble(void **state)
{
	struct stage *s = *state;
	follow(s);
	scene_for(s->scene, FAST_ENOUGH);
	assert_int_equal(s->indexes + s->asked + s->told, 0);
	assert_int_equal(said(s, "warning"), 0);
}

static void a_damaged_index_is_told_once(void **state)
{
	struct stage *s = *state;
	write_snapshot(s, reader_of_text("not an index"));
	follow(s);
	scene_for(s->scene, FAST_ENOUGH);
	assert_int_equal(said(s, "warning"), 1);
	assert_int_equal(said(s, "the snapshot index does not fit its digest"), 1);
	assert_int_equal(s->indexes, 0);
	write_index(s, 7);
	scene_until_count(s->scene, &s->indexes, 1);
	scene_until_count(s->scene, &s->told, 1);
	assert_int_equal(said(s, "the snapshot can be used again"), 1);
	assert_int_equal(said(s, "warning"), 1);
}

static void an_unusable_index_is_told_when_its_trouble_changes(void **state)
{
	struct stage *s = *state;
	s->refuses_index = "object a is missing";
	write_index(s, 7);
	follow(s);
	scene_until_count(s->scene, &s->indexes, 3);
	assert_int_equal(said(s, "object a is missing"), 1);
	s->refuses_index = "object b is missing";
	scene_until_count(s->scene, &s->indexes, 5);
	assert_int_equal(said(s, "object b is missing"), 1);
	s->refuses_index = NULL;
	scene_until_count(s->scene, &s->told, 1);
	assert_int_equal(said(s, "the snapshot can be used again"), 1);
	s->refuses_index = "object b is missing";
	sibling_push_all(s->manager, MANAGER_INDEX, reader_of_text("12345678"));
	scene_until_count(s->scene, &s->indexes, 8);
	assert_int_equal(said(s, "object b is missing"), 2); /* it had cleared between */
	assert_int_equal(said(s, "warning"), 3);
}

static void a_signer_that_refuses_is_told_once(void **state)
{
	struct stage *s = *state;
	s->refuses_leaf = "its file is damaged";
	write_index(s, 7);
	follow(s);
	scene_until_count(s->scene, &s->asked, 3);
	scene_for(s->scene, 10); /* the refusal arrives */
	assert_int_equal(said(s, "its file is damaged"), 1);
	assert_int_equal(said(s, "can be used again"), 0);
	s->refuses_leaf = NULL;
	scene_until_count(s->scene, &s->leaves, 1);
	assert_int_equal(said(s, "the TLS identity can be used again"), 1);
	assert_int_equal(said(s, "warning"), 1);
}

static void a_leaf_that_is_none_ends_the_process_with_a_sentence(void **state)
{
	struct stage *s = *state;
	struct error err = { 0 };
	s->rubbish = true;
	write_index(s, 7);
	follow(s);
	assert_false(follower_run(s->follower, &err));
	assert_non_null(strstr(err.text, "the TLS identity: "));
	assert_int_equal(err.fault, FAULT_MALFORMED);
	assert_int_equal(s->leaves, 0);
}

static void order_restart(void *context)
{
	struct stage *s = context;
	sibling_push_all(s->manager, MANAGER_RESTART, reader_of_text(""));
}

static void an_ordered_restart_ends_it_well(void **state)
{
	struct stage *s = *state;
	struct error err = { 0 };
	follow(s);
	struct timer *t = timer_new(s->scene->loop, 5, true, order_restart, s, NULL);
	assert_true(follower_run(s->follower, &err));
	timer_free(t);
}

static void leaving_with_a_question_open_is_no_trouble(void **state)
{
	struct stage *s = *state;
	s->silent = true;
	write_index(s, 7);
	follow(s);
	scene_until_count(s->scene, &s->asked, 1);
	follower_leave(s->follower);
	assert_int_equal(said(s, "warning"), 0);
	sibling_answer(s->kept, reader_of_text(""));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_is_there_is_served_and_told),
		CASE(no_cluster_is_no_trouble),
		CASE(a_damaged_index_is_told_once),
		CASE(an_unusable_index_is_told_when_its_trouble_changes),
		CASE(a_signer_that_refuses_is_told_once),
		CASE(a_leaf_that_is_none_ends_the_process_with_a_sentence),
		CASE(an_ordered_restart_ends_it_well),
		CASE(leaving_with_a_question_open_is_no_trouble),
	};
	return cmocka_run_group_tests_name("serve/follower", tests, NULL, NULL);
}

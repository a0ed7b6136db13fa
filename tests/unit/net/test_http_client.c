#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_client.h"
#include "net/http_server.h"
#include "paper.h"

static const struct http_limits generous = { 5000, 5000, 4096, 100000, 0, 0 };

struct talk {
	struct scene *scene;
	struct http_server *server;
	struct http_client *client;
	char url[80];
	unsigned replies, asked;
	int status;
	struct bytes body;
	struct cert *shown;
	struct error why;
	char peer[ADDRESS_TEXT_SIZE];
	struct http_exchange *kept;
	bool frees_client, asks_again;
};

static void came(struct http_exchange *x, void *context)
{
	struct talk *t = context;
	t->asked++;
	(void)snprintf(t->peer, sizeof(t->peer), "%s", http_peer(x));
	if (strcmp(http_path(x), "/keep") == 0)
		t->kept = x;
	else if (strcmp(http_path(x), "/missing") == 0)
		http_answer(x, 404, "text/plain", reader_of_text("no"));
	else if (strcmp(http_path(x), "/elsewhere") == 0) {
		http_set_header(x, "Location", "/missing");
		http_answer(x, 302, "text/plain", reader_of_text("there"));
	} else {
		char text[80];
		struct reader body = http_body(x);
		(void)snprintf(text, sizeof(text), "%d %.*s", (int)http_method(x), (int)body.left,
			(const char *)body.at);
		http_answer(x, 200, "text/plain", reader_of_text(text));
	}
}

static void replied(const struct http_reply *reply, const struct error *err, void *context);

static bool ask_for(struct talk *t, const char *path, struct http_question *q)
{
	static char url[160];
	struct error err = { 0 };
	(void)snprintf(url, sizeof(url), "%s%s", t->url, path);
	q->url = url;
	if (q->method == NULL)
		q->method = "GET";
	if (q->timeout_ms == 0)
		q->timeout_ms = 5000;
	if (q->limit == 0)
		q->limit = 100000;
	bytes_done(&t->body);
	cert_free(TAKE(t->shown));
	t->why = (struct error){ 0 };
	return http_ask(t->client, q, replied, t, &err);
}

static void replied(const struct http_reply *reply, const struct error *err, void *context)
{
	struct talk *t = context;
	struct http_question again = { 0 };
	t->replies++;
	assert_true((reply == NULL) != (err == NULL));
	if (err != NULL) {
		t->why = *err;
		return;
	}
	t->status = reply->status;
	bytes_done(&t->body);
	assert_true(bytes_copy(&t->body, reply->body, NULL));
	if (reply->certificate.left > 0)
		t->shown = cert_parse(reply->certificate, NULL);
	if (t->frees_client)
		http_client_free(TAKE(t->client));
	if (t->asks_again) {
		t->asks_again = false;
		assert_true(ask_for(t, "/again", &again));
	}
}

static void ask(struct talk *t, const char *path, struct http_question *q)
{
	unsigned before = t->replies;
	assert_true(ask_for(t, path, q));
	assert_int_equal(t->replies, before); /* never from inside http_ask */
	scene_until_count(t->scene, &t->replies, before + 1);
}

static void start(struct talk *t, struct scene *scene, struct tls_server *tls)
{
	struct address at;
	struct error err = { 0 };
	char text[ADDRESS_TEXT_SIZE];
	t->scene = scene;
	int fd = scene_listen(&at);
	(void)snprintf(t->url, sizeof(t->url), "%s://%s", tls != NULL ? "https" : "http",
		address_text(&at, text));
	t->server = http_serve(scene->loop, fd, tls, &generous, came, t, &err);
	t->client = http_client_new(scene->loop, &err);
	assert_non_null(t->server);
	assert_non_null(t->client);
}

static void stop(struct talk *t)
{
	http_client_free(t->client);
	http_server_free(t->server);
	bytes_done(&t->body);
	cert_free(TAKE(t->shown));
	scene_for(t->scene, 2);
}

static void expect_body(struct talk *t, int status, const char *body)
{
	assert_int_equal(t->why.fault, FAULT_NONE);
	assert_int_equal(t->status, status);
	assert_true(reader_same(bytes_reader(&t->body), reader_of_text(body)));
}

static void methods_and_bodies_travel(void **state)
{
	struct talk t = { 0 };
	start(&t, *state, NULL);
	struct http_question get = { 0 }, head = { .method = "HEAD" },
			     delete = { .method = "DELETE" };
	struct http_question post = { .method = "POST", .body = reader_of_text("{}") };
	struct http_question put = { .method = "PUT", .body = reader_of_text("[1]") };
	struct http_question empty = { .method = "POST" };
	ask(&t, "/a", &get);
	expect_body(&t, 200, "0 ");
	ask(&t, "/a", &head);
	expect_body(&t, 200, "");
	ask(&t, "/a", &post);
	expect_body(&t, 200, "2 {}");
	ask(&t, "/a", &put);
	expect_body(&t, 200, "3 [1]");
	ask(&t, "/a", &empty);
	expect_body(&t, 200, "2 ");
	ask(&t, "/a", &delete);
	expect_body(&t, 200, "4 ");
	ask(&t, "/missing", &get);
	expect_body(&t, 404, "no");
	ask(&t, "/elsewhere", &get);
	expect_body(&t, 302, "there"); /* and no further */
	stop(&t);
}

static void the_source_address_is_chosen(void **state)
{
	struct talk t = { 0 };
	struct http_question q = { .source = "127.16.5.6" };
	start(&t, *state, NULL);
	ask(&t, "/a", &q);
	assert_int_equal(strncmp(t.peer, "127.16.5.6:", 11), 0);
	stop(&t);
}

static void a_unix_socket_is_asked(void **state)
{
	struct scene *scene = *state;
	struct talk t = { .scene = scene, .url = "http://admin" };
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/admin", scene->directory);
	int fd = listen_unix(path, SOCK_STREAM, 0600, NULL);
	t.server = http_serve(scene->loop, fd, NULL, &generous, came, &t, NULL);
	t.client = http_client_new(scene->loop, NULL);
	struct http_question q = { .unix_socket = path };
	ask(&t, "/a", &q);
	expect_body(&t, 200, "0 ");
	assert_string_equal(t.peer, "unix");
	stop(&t);
}

static void an_answer_over_the_limit_is_refused(void **state)
{
	struct talk t = { 0 };
	start(&t, *state, NULL);
	struct http_question fits = { .method = "PUT", .body = reader_of_text("abcd"), .limit = 6 };
	struct http_question over = {
		.method = "PUT", .body = reader_of_text("abcde"), .limit = 6
	};
	ask(&t, "/a", &fits);
	expect_body(&t, 200, "3 abcd");
	ask(&t, "/a", &over);
	assert_int_equal(t.why.fault, FAULT_LIMIT);
	stop(&t);
}

static void silence_and_refusal_are_told_apart(void **state)
{
	struct talk t = { 0 };
	struct address nobody;
	char text[ADDRESS_TEXT_SIZE];
	start(&t, *state, NULL);
	struct http_question q = { .timeout_ms = 50 };
	ask(&t, "/keep", &q);
	assert_int_equal(t.why.fault, FAULT_BUSY);
	http_answer(t.kept, 200, "text/plain", reader_of_text("late"));
	(void)close(scene_listen(&nobody));
	(void)snprintf(t.url, sizeof(t.url), "http://%s", address_text(&nobody, text));
	ask(&t, "/a", &q);
	assert_int_equal(t.why.fault, FAULT_IO);
	assert_non_null(strstr(t.why.text, text));
	assert_ptr_equal(strstr(t.why.text, t.url), t.why.text);
	q.unnamed = true; /* who asks says where */
	ask(&t, "/a", &q);
	assert_int_equal(t.why.fault, FAULT_IO);
	assert_null(strstr(t.why.text, "://"));
	(void)snprintf(t.url, sizeof(t.url), "file:///etc/passwd?");
	ask(&t, "", &q);
	assert_int_equal(t.why.fault, FAULT_USAGE);
	stop(&t);
}

static void many_questions_run_at_once(void **state)
{
	enum { MANY = 50 };
	struct talk t = { 0 };
	start(&t, *state, NULL);
	for (unsigned i = 0; i < MANY; i++) {
		struct http_question q = { 0 };
		assert_true(ask_for(&t, "/a", &q));
	}
	scene_until_count(t.scene, &t.replies, MANY);
	assert_int_equal(t.asked, MANY);
	stop(&t);
}

static void a_reply_may_ask_again_and_may_end_the_client(void **state)
{
	struct talk t = { .asks_again = true };
	struct http_question q = { 0 };
	start(&t, *state, NULL);
	assert_true(ask_for(&t, "/a", &q));
	scene_until_count(t.scene, &t.replies, 2);
	t.frees_client = true;
	assert_true(ask_for(&t, "/keep", &q));
	struct http_question other = { 0 };
	assert_true(ask_for(&t, "/a", &other));
	scene_until_count(t.scene, &t.replies, 3);
	assert_null(t.client);
	scene_for(t.scene, 5);
	assert_int_equal(t.replies, 3); /* the kept one is never told */
	if (t.kept != NULL)
		http_answer(t.kept, 200, "text/plain", reader_of_text("late"));
	stop(&t);
}

static void a_pin_is_the_only_judge(void **state)
{
	struct talk t = { 0 };
	struct error err = { 0 };
	AUTO(identity) who = paper_identity("tomcat.example");
	AUTO(tls_server) tls = tls_server_new(who, true, &err);
	assert_non_null(tls);
	uint8_t wrong[DIGEST_SIZE] = { 1 };
	start(&t, *state, tls);
	struct http_question any = { 0 }, right = { .pin = cert_digest(identity_cert(who)) };
	struct http_question not = { .pin = wrong };
	ask(&t, "/a", &any);
	expect_body(&t, 200, "0 ");
	assert_non_null(t.shown);
	assert_true(cert_same(t.shown, identity_cert(who)));
	for (unsigned i = 0; i < 2; i++) { /* what went well once is judged again */
		ask(&t, "/a", &right);
		expect_body(&t, 200, "0 ");
		unsigned asked = t.asked;
		ask(&t, "/a", &not );
		assert_int_equal(t.why.fault, FAULT_UNTRUSTED);
		assert_int_equal(t.asked, asked); /* nothing was said to the impostor */
	}
	stop(&t);
}

static void tls_to_a_plain_server_fails_as_such(void **state)
{
	struct talk t = { 0 };
	start(&t, *state, NULL);
	char plain[sizeof(t.url)];
	(void)snprintf(plain, sizeof(plain), "https%.60s", t.url + 4);
	(void)snprintf(t.url, sizeof(t.url), "%s", plain);
	struct http_question q = { 0 };
	ask(&t, "/a", &q);
	assert_int_equal(t.why.fault, FAULT_IO);
	stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)
		CASE(methods_and_bodies_travel),
		CASE(the_source_address_is_chosen),
		CASE(a_unix_socket_is_asked),
		CASE(an_answer_over_the_limit_is_refused),
		CASE(silence_and_refusal_are_told_apart),
		CASE(many_questions_run_at_once),
		CASE(a_reply_may_ask_again_and_may_end_the_client),
		CASE(a_pin_is_the_only_judge),
		CASE(tls_to_a_plain_server_fails_as_such),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Phones that speak HTTP and HTTPS, over loopback. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_client.h"
#include "net/tls.h"
#include "unit/net/paper.h"

struct visit {
	struct stage *stage;
	struct http_client *client;
	struct address at;
	struct identity *who;
	struct tls_server *tls;
	unsigned replies;
	int status;
	struct bytes body;
};

static void replied(const struct http_reply *reply, const struct error *err, void *context)
{
	struct visit *v = context;
	bytes_done(&v->body);
	v->status = err == NULL ? reply->status : 0;
	if (err == NULL)
		assert_true(bytes_copy(&v->body, reply->body, NULL));
	v->replies++;
}

static void ask_as(struct visit *v, const char *method, const char *path)
{
	char url[400], at[ADDRESS_TEXT_SIZE];
	(void)snprintf(url, sizeof(url), "http%s://%s%s", v->tls != NULL ? "s" : "",
		address_text(&v->at, at), path);
	const struct http_question q = {
		.method = method, .url = url, .timeout_ms = 5000, .limit = 10 << 20
	};
	assert_true(http_ask(v->client, &q, replied, v, NULL));
}

static void visit(struct visit *v, const char *method, const char *path)
{
	unsigned before = v->replies;
	ask_as(v, method, path);
	scene_until_count(v->stage->scene, &v->replies, before + 1);
}

static void start(struct visit *v, struct stage *s, bool secure)
{
	struct error err = { 0 };
	s->settings.http_request = 5;
	s->settings.http_idle = 5;
	*v = (struct visit){ .stage = s };
	if (secure) {
		v->who = paper_identity("tomcat.example");
		v->tls = tls_server_new(v->who, true, &err);
		assert_non_null(v->tls);
	}
	int fd = scene_listen(&v->at);
	struct http_server *server = http_face_new(&s->provision, fd, v->tls, &err);
	assert_non_null(server);
	*(secure ? &s->provision.https : &s->provision.http) = server;
	v->client = http_client_new(s->scene->loop, &err);
}

static void stop(struct visit *v)
{
	struct provision *p = &v->stage->provision;
	http_client_free(v->client);
	http_server_free(TAKE(p->http));
	http_server_free(TAKE(p->https));
	scene_for(v->stage->scene, 2);
	tls_server_free(v->tls);
	identity_free(v->who);
	bytes_done(&v->body);
}

static void expect(struct visit *v, const char *path, int status, const char *body)
{
	visit(v, "GET", path);
	if (v->status != status)
		fail_msg("%s: %d", path, v->status);
	if (body != NULL)
		assert_true(reader_same(bytes_reader(&v->body), reader_of_text(body)));
}

static void dress(struct stage *s)
{
	stage_publish(s, "ITLFile.tlv", SNAPSHOT_PUBLISHED, reader_of_text("itl"));
	stage_publish(
		s, "SEP001122334455.cnf.xml", SNAPSHOT_CONFIGURATION, reader_of_text("<device/>"));
	stage_put(s, "Ringlist.xml", reader_of_text("rings"));
	stage_put(s, "with space.xml", reader_of_text("space"));
	stage_sign(s);
}

static void files_are_served(void **state)
{
	struct visit v;
	dress(*state);
	start(&v, *state, false);
	expect(&v, "/ITLSEP001122334455.tlv", 200, "itl");
	expect(&v, "/SEP001122334455.cnf.xml", 200, "<device/>");
	expect(&v, "/Ringlist.xml", 200, "rings");
	expect(&v, "/with%20space.xml", 200, "space");
	visit(&v, "GET", "/SEP001122334455.cnf.xml.sgn");
	assert_int_equal(v.status, 200);
	stage_check_signed(v.stage, bytes_reader(&v.body), "SEP001122334455.cnf.xml.sgn",
		reader_of_text("<device/>"));
	visit(&v, "HEAD", "/Ringlist.xml");
	assert_int_equal(v.status, 200);
	assert_int_equal(v.body.size, 0);
	stop(&v);
}

static void over_https_a_device_gets_its_configuration_in_clear(void **state)
{
	struct visit v;
	dress(*state);
	start(&v, *state, true);
	expect(&v, "/SEP001122334455.cnf.xml.sgn", 200, "<device/>");
	expect(&v, "/SEP001122334455.cnf.xml", 200, "<device/>");
	visit(&v, "GET", "/Ringlist.xml.sgn");
	stage_check_signed(
		v.stage, bytes_reader(&v.body), "Ringlist.xml.sgn", reader_of_text("rings"));
	assert_int_equal(v.stage->asked, 1);
	stop(&v);
}

static void what_is_not_served_has_its_status(void **state)
{
	static const struct {
		const char *path;
		int status;
	} rows[] = {
		{ "/", 403 },
		{ "/nothing.xml", 404 },
		{ "/CTLFile.tlv", 404 },
		{ "/ITLFile.tlv.sgn", 404 },
		{ "/%2e%2e/state/snapshot/index", 403 },
		{ "/x/%2e%2e/Ringlist.xml", 403 },
		{ "/%2fRinglist.xml", 403 },
		{ "/%252e%252e/index", 404 }, /* decoded once */
		{ "/Ringlist.xml%0a", 403 },
		{ "/Ringlist.xml%00", 400 },
		{ "/Ringlist%5cx.xml", 403 },
		{ "/secret.pem", 403 },
	};
	struct visit v;
	dress(*state);
	start(&v, *state, false);
	stage_put(v.stage, "secret.pem", reader_of_text("key"));
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(&v, rows[i].path, rows[i].status, NULL);
	static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS" };
	for (size_t i = 0; i < COUNT(methods); i++) {
		visit(&v, methods[i], "/Ringlist.xml");
		assert_int_equal(v.status, 405);
	}
	v.stage->refuses = true;
	expect(&v, "/SEP001122334455.cnf.xml.sgn", 403, NULL);
	stop(&v);
}

static void a_slow_signer_holds_nobody_else_up(void **state)
{
	struct visit v;
	dress(*state);
	start(&v, *state, false);
	v.stage->silent = true;
	ask_as(&v, "GET", "/SEP001122334455.cnf.xml.sgn");
	ask_as(&v, "GET", "/SEP001122334455.cnf.xml.sgn");
	scene_until_count(v.stage->scene, &v.stage->asked, 1);
	expect(&v, "/Ringlist.xml", 200, "rings");
	assert_int_equal(v.replies, 1);
	stage_answer_kept(v.stage);
	scene_until_count(v.stage->scene, &v.replies, 3);
	assert_int_equal(v.status, 200);
	assert_int_equal(v.stage->asked, 1);
	stop(&v);
}

static void a_phone_that_leaves_meanwhile_is_no_harm(void **state)
{
	static const char text[] = "GET /SEP001122334455.cnf.xml.sgn HTTP/1.1\r\nHost:x\r\n\r\n";
	struct visit v;
	dress(*state);
	start(&v, *state, false);
	v.stage->silent = true;
	int fd = scene_dial(&v.at, NULL);
	assert_int_equal(send(fd, text, sizeof(text) - 1, 0), sizeof(text) - 1);
	scene_until_count(v.stage->scene, &v.stage->asked, 1);
	struct linger now = { .l_onoff = 1 };
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	(void)close(fd);
	scene_for(v.stage->scene, 5);
	stage_answer_kept(v.stage);
	scene_for(v.stage->scene, 5);
	v.stage->silent = false;
	expect(&v, "/SEP001122334455.cnf.xml.sgn", 200, NULL);
	assert_int_equal(v.stage->asked, 1);
	stop(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, stage_set_up, stage_tear_down)
		CASE(files_are_served),
		CASE(over_https_a_device_gets_its_configuration_in_clear),
		CASE(what_is_not_served_has_its_status),
		CASE(a_slow_signer_holds_nobody_else_up),
		CASE(a_phone_that_leaves_meanwhile_is_no_harm),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/cli/scene.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/http_server.h"

static bool show(const struct call *call, struct error *err)
{
	(void)err;
	const struct argument *a = call->verb->arguments;
	(void)printf("%s json=%d control=%s", call->verb->words, call->json, call->control);
	for (size_t i = 0; a[i].name != NULL; i++)
		(void)printf(
			" %s=%s", a[i].name, call->values[i] == NULL ? "(none)" : call->values[i]);
	(void)printf("\n");
	return true;
}

static bool show_many(const struct call *call, struct error *err)
{
	(void)err;
	(void)printf("%s", call->values[0]);
	for (size_t i = 0; i < call->more_count; i++)
		(void)printf(" %s", call->more[i]);
	(void)printf("\n");
	return true;
}

static bool fail_as_told(const struct call *call, struct error *err)
{
	enum fault fault;
	(void)printf("before\n");
	if (!fault_from_name(call_value(call, "FAULT"), &fault))
		return true;
	return fail(err, fault, "because \x1b[2J of \"%s\"", call_value(call, "FAULT"));
}

static bool number(const struct call *call, struct error *err)
{
	uint64_t value = 7;
	const struct number_range range = { 1, 100 };
	if (!call_number(call, "count", &range, &value, err))
		return false;
	(void)printf("%llu %d\n", (unsigned long long)value, call_flag(call, "once"));
	return true;
}

static const struct argument show_arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL, "what to show" },
	{ "OTHER", ARGUMENT_POSITIONAL, false, NULL, "something else" },
	{ "trust", ARGUMENT_OPTION, false, "LIST", "whom to trust" },
	{ "full_name", ARGUMENT_OPTION, false, "TEXT", "a name of two words" },
	{ "once", ARGUMENT_FLAG, false, NULL, "only once" },
	{ .name = NULL },
};
static const struct argument fail_arguments[] = {
	{ "FAULT", ARGUMENT_POSITIONAL, true, NULL, "how" },
	{ .name = NULL },
};
static const struct argument number_arguments[] = {
	{ "count", ARGUMENT_OPTION, false, "N", "how many" },
	{ "once", ARGUMENT_FLAG, false, NULL, "only once" },
	{ .name = NULL },
};
static const struct verb show_verb = { .words = "echo show",
	.run = show,
	.arguments = show_arguments,
	.means = "shows its arguments",
	.help = "More words about it." };
static const struct verb fail_verb = { .words = "echo fail",
	.run = fail_as_told,
	.arguments = fail_arguments,
	.means = "fails" };
static const struct verb many_verb = { .words = "echo many",
	.run = show_many,
	.arguments = fail_arguments,
	.means = "shows each word",
	.repeats = true };
static const struct verb alone_verb = { .words = "alone",
	.run = number,
	.arguments = number_arguments,
	.means = "stands alone" };
/* A group that operations have as well. */
static const struct verb cert_verb = { .words = "cert count",
	.run = number,
	.arguments = number_arguments,
	.means = "counts" };
/* The words of another, told apart by what they are about. */
static bool has_a_dot(const char *word)
{
	return strchr(word, '.') != NULL;
}
static const struct verb dotted_verb = { .words = "echo show",
	.run = show_many,
	.arguments = fail_arguments,
	.takes = has_a_dot,
	.means = "shows what has a dot" };
const struct verb *const scene_verbs[] = { &show_verb, &fail_verb, &many_verb, &alone_verb,
	&cert_verb, &dotted_verb };
const size_t scene_verb_count = COUNT(scene_verbs);

static void take_all(int fd, char *out, size_t size)
{
	size_t used = 0;
	ssize_t got;
	while (used + 1 < size && (got = read(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	(void)close(fd);
}

void run_words(struct ran *ran, char **argv, const char *control)
{
	int out[2], err[2], status, argc = 0;
	while (argv[argc] != NULL)
		argc++;
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(err), 0);
	(void)fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(err[1], STDERR_FILENO);
		(void)close(out[0]);
		(void)close(err[0]);
		if (control == NULL)
			(void)unsetenv("DIALTRUST_CONTROL");
		else
			(void)setenv("DIALTRUST_CONTROL", control, 1);
		int code = cli_main(argc, argv, scene_verbs, scene_verb_count);
		(void)fflush(NULL);
		_exit(code);
	}
	(void)close(out[1]);
	(void)close(err[1]);
	take_all(out[0], ran->out, sizeof(ran->out));
	take_all(err[0], ran->err, sizeof(ran->err));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	ran->status = WEXITSTATUS(status);
}

void run_line(struct ran *ran, const char *words, const char *control)
{
	static char copy[2048];
	char *argv[80] = { (char[]){ "dialtrust" } };
	size_t count = 1;
	(void)snprintf(copy, sizeof(copy), "%s", words);
	for (char *at = copy; *at != '\0' && count + 1 < COUNT(argv);) {
		argv[count++] = at;
		at += strcspn(at, " ");
		if (*at == ' ')
			*at++ = '\0';
	}
	run_words(ran, argv, control);
}

struct answering {
	struct loop *loop;
	int status;
	const char *answer;
};

static json_t *query_of(struct http_exchange *x)
{
	json_t *query = json_object();
	const char *name, *value;
	for (size_t i = 0; (name = http_query_at(x, i, &value)) != NULL; i++)
		(void)json_object_set_new(query, name, json_string(value));
	return query;
}

static void stop(bool whole, void *context)
{
	(void)whole;
	loop_stop(context);
}

static void answer(struct http_exchange *x, void *context)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "?" };
	struct answering *a = context;
	struct reader body = http_body(x);
	json_auto_t *said = json_pack("{s:{s:s, s:s, s:o, s:s%}}", "said", "method",
		methods[http_method(x)], "path", http_path(x), "query", query_of(x), "body",
		body.left == 0 ? "" : (const char *)body.at, body.left);
	char *text = json_dumps(said, 0);
	http_on_sent(x, stop, a->loop);
	http_answer(x, a->status, "application/json",
		reader_of_text(a->answer != NULL ? a->answer
				: text == NULL   ? "{}"
						 : text));
	free(text);
}

static void serve(int fd, int status, const char *text)
{
	const struct http_limits limits = { 5000, 5000, 8192, 65536, 4, 0 };
	struct answering a = { loop_new(NULL), status, text };
	struct http_server *s = http_serve(a.loop, fd, NULL, &limits, answer, &a, NULL);
	_exit(s != NULL && loop_run(a.loop, NULL) ? 0 : 1);
}

void daemon_start(struct daemon *d, int status, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	*d = (struct daemon){ 0 };
	(void)snprintf(d->folder, sizeof(d->folder), "/tmp/dialtrust-cli-XXXXXX");
	assert_non_null(mkdtemp(d->folder));
	(void)snprintf(d->socket, sizeof(d->socket), "%s/admin", d->folder);
	memcpy(address.sun_path, d->socket, sizeof(d->socket));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	(void)fflush(NULL);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0)
		serve(fd, status, text);
	(void)close(fd);
}

void daemon_end(struct daemon *d)
{
	int status;
	(void)kill(d->pid, SIGKILL);
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	(void)unlink(d->socket);
	(void)rmdir(d->folder);
}

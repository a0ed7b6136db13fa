/* The whole process, under a real supervisor and in its sandbox. This program is its own node:
 * executed again with --process, it is the signer. */
#include "signer/signer.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hex.h"
#include "net/address.h"
#include "net/sibling.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "run/log.h"
#include "run/process.h"
#include "scratch_keys.h"
#include "trust/held_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30000, TEST_USER = 62000 };

static const struct process_row rows[] = {
	{
		.name = "signer",
		.directory_mode = 0700,
		.directories = { "keys" },
		.sockets = { "signer.manager", "signer.provision", "signer.tvs",
			"signer.deployer" },
		.run = signer_run,
	},
};

static int open_socket(const struct socket_row *row, const char *where, struct error *err)
{
	(void)row; /* all of the signer's are of one kind */
	return listen_unix(where, SOCK_SEQPACKET, 0600, err);
}

static struct supervision node_of(const struct settings *settings, const char *path)
{
	return (struct supervision){ path, settings, rows, COUNT(rows), open_socket, -1 };
}

static int be_process(const char *name, const char *path)
{
	struct settings settings;
	struct error err = { 0 };
	if (!settings_load(path, &settings, &err))
		return 3;
	log_open(settings.node, name, LOG_LEVEL_DEBUG);
	struct supervision node = node_of(&settings, path);
	return process_run(&node, name, &err) ? 0 : 1;
}

/* the node */

struct running {
	char path[64];
	char settings[128];
	struct settings is;
	pid_t pid;
	int ready; /* read end */
	int said;  /* read end: the log and the last sentence */
};

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts;
	(void)kind;
	(void)where;
	return remove(path);
}

static int make_node(void **state)
{
	struct running *r = calloc(1, sizeof(*r));
	struct error err = { 0 };
	if (r == NULL || !settings_defaults(&r->is, &err))
		return -1;
	(void)snprintf(r->path, sizeof(r->path), "/tmp/dialtrust-signer-XXXXXX");
	if (mkdtemp(r->path) == NULL || chmod(r->path, 0755) != 0)
		return -1;
	(void)snprintf(r->is.node, sizeof(r->is.node), "pub");
	r->is.tftp[0] = r->is.http[0] = r->is.https[0] = r->is.tvs[0] = '\0'; /* off */
	(void)snprintf(r->is.state, sizeof(r->is.state), "%s/state", r->path);
	(void)snprintf(r->is.runtime, sizeof(r->is.runtime), "%s/run", r->path);
	(void)snprintf(r->is.store, sizeof(r->is.store), "sqlite:%s/store/x.sqlite", r->path);
	(void)snprintf(r->is.admin_socket, sizeof(r->is.admin_socket), "%s/run/admin", r->path);
	(void)snprintf(r->is.log_level, sizeof(r->is.log_level), "debug");
	(void)snprintf(r->settings, sizeof(r->settings), "%s/node.ini", r->path);
	*state = r;
	return 0;
}

static int remove_node(void **state)
{
	struct running *r = *state;
	(void)nftw(r->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(r);
	return 0;
}

static void be_supervisor(const struct running *r, int ready, int told)
{
	struct error err = { 0 };
	struct supervision node = node_of(&r->is, r->settings);
	node.ready_fd = ready;
	log_open(r->is.node, "supervisor", LOG_LEVEL_DEBUG);
	(void)dup2(told, STDERR_FILENO);
	bool ended = supervise(&node, &err);
	(void)dprintf(told, "%s\n", ended ? "ended well" : err.text);
	_exit(ended ? 0 : 1);
}

static void start(struct running *r)
{
	int ready[2];
	int told[2];
	struct error err = { 0 };
	if (!settings_write(r->settings, &r->is, &err) || chmod(r->settings, 0644) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0)
		be_supervisor(r, ready[1], told[1]);
	(void)close(ready[1]);
	(void)close(told[1]);
	r->ready = ready[0];
	r->said = told[0];
}

/* Everything said, once all who may say something have ended. */
static void hear_out(struct running *r, int expected, char *out, size_t size)
{
	int status;
	size_t used = 0;
	for (ssize_t got; (got = read(r->said, out + used, size - 1 - used)) > 0;)
		used += (size_t)got;
	out[used] = '\0';
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
		fail_msg("status %d: %s", status, out);
	(void)close(r->ready);
	(void)close(r->said);
}

static void up(struct running *r)
{
	char word[16];
	char said[8192];
	start(r);
	struct pollfd fd = { .fd = r->ready, .events = POLLIN };
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	if (read(r->ready, word, sizeof(word)) != 6) {
		hear_out(r, 0, said, sizeof(said));
		fail_msg("not ready: %s", said);
	}
}

static void down(struct running *r, char *said, size_t size)
{
	assert_int_equal(kill(r->pid, SIGTERM), 0);
	hear_out(r, 0, said, size);
}

static struct sibling_line *line_to(const struct running *r, const char *socket)
{
	char path[128];
	struct error err = { 0 };
	assert_true(process_sibling_path(&r->is, socket, path, sizeof(path), &err));
	struct sibling_line *line = sibling_line_open(path, PATIENCE_MS, &err);
	if (line == NULL)
		fail_msg("%s", err.text);
	return line;
}

/* what is asked */

static bool make_identity(struct sibling_line *line, const char *name, struct signer_identity *out,
	struct bytes *answer, struct error *err)
{
	const struct unit *unit = unit_find(name);
	struct signer_make make = { .key_kind = KEY_RSA_2048,
		.common_name = "pub.lab",
		.organization = "Lab",
		.usages = unit->usages,
		.authority = unit->authority,
		.not_before = 1700000000,
		.days = 1825 };
	(void)snprintf(make.unit, sizeof(make.unit), "%s", name);
	AUTO_DONE(writer) w = writer_new(4096);
	signer_make_write(&w, &make);
	return sibling_call(
		       line, SIGNER_MAKE_IDENTITY, writer_written(&w), PATIENCE_MS, answer, err) &&
		signer_identity_parse(bytes_reader(answer), out, err);
}

static bool mark_live(struct sibling_line *line, const uint8_t *id, struct error *err)
{
	struct signer_mark mark = { 0 };
	memcpy(mark.key, id, sizeof(mark.key));
	AUTO_DONE(writer) w = writer_new(256);
	AUTO_DONE(bytes) answer = { 0 };
	signer_mark_write(&w, &mark);
	return sibling_call(line, SIGNER_MARK_LIVE, writer_written(&w), PATIENCE_MS, &answer, err);
}

static bool sign(struct sibling_line *line, unsigned operation, const struct signer_sign *what,
	struct bytes *signature, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(LIMIT_SIBLING_PAYLOAD);
	signer_sign_write(&w, what);
	return sibling_call(
		line, (uint16_t)operation, writer_written(&w), PATIENCE_MS, signature, err);
}

static void sign_and_check(struct sibling_line *line, unsigned operation,
	const struct signer_sign *what, struct bytes *file, const struct cert *signer)
{
	struct error err = { 0 };
	struct signed_header header;
	AUTO_DONE(bytes) signature = { 0 };
	if (!sign(line, operation, what, &signature, &err) ||
		!signature_insert(file, bytes_reader(&signature), &err))
		fail_msg("%s", err.text);
	struct reader body = bytes_reader(file);
	assert_true(signed_header_parse(&body, &header, &err));
	if (!signature_fits(bytes_reader(file), &header, signer, &err))
		fail_msg("%s", err.text);
}

static void a_node_s_first_hour(void **state)
{
	struct running *r = *state;
	struct error err = { 0 };
	char said[16384];
	up(r);
	struct sibling_line *manager = line_to(r, "signer.manager");
	struct sibling_line *provision = line_to(r, "signer.provision");
	struct sibling_line *tvs = line_to(r, "signer.tvs");
	struct signer_identity ccm;
	struct signer_identity leaf;
	AUTO_DONE(bytes) ccm_answer = { 0 };
	AUTO_DONE(bytes) leaf_answer = { 0 };
	if (!make_identity(manager, "CallManager", &ccm, &ccm_answer, &err) ||
		!make_identity(manager, "TVS", &leaf, &leaf_answer, &err))
		fail_msg("%s", err.text);
	assert_true(mark_live(manager, ccm.key, &err) && mark_live(manager, leaf.key, &err));
	AUTO(cert) signer = cert_parse(ccm.certificate, &err);
	assert_non_null(signer);

	AUTO_DONE(bytes) list = { 0 };
	struct list_plan plan = { .file_name = "ITLFile.tlv",
		.signer = signer,
		.hash = HASH_SHA1,
		.timestamp = 1,
		.count = 1,
		.records = { { .cert = signer, .role = ROLE_SAST } } };
	struct signer_sign what = { .list = "ITL pub" };
	memcpy(what.key, ccm.key, sizeof(what.key));
	assert_true(list_build(&plan, &list, &err));
	what.file = bytes_reader(&list);
	sign_and_check(manager, SIGNER_SIGN_LIST, &what, &list, signer);

	AUTO_DONE(bytes) file = { 0 };
	uint8_t payload[100000] = { 0 }; /* travels as a memfd */
	assert_true(signed_file_build("a.sgn",
		&(struct file_signer){ .cert = signer, .hash = HASH_SHA512 }, 1,
		reader_of(payload, sizeof(payload)), &file, &err));
	what.file = bytes_reader(&file);
	what.list[0] = '\0';
	sign_and_check(provision, SIGNER_SIGN_FILE, &what, &file, signer);

	AUTO_DONE(bytes) secret = { 0 };
	struct signer_leaf got;
	if (!sibling_call(tvs, SIGNER_LEAF, reader_of(leaf.key, sizeof(leaf.key)), PATIENCE_MS,
		    &secret, &err))
		fail_msg("%s", err.text);
	assert_true(signer_leaf_parse(bytes_reader(&secret), &got, &err));
	assert_true(reader_same(got.certificate, leaf.certificate));
	sibling_line_close(manager);
	sibling_line_close(provision);
	sibling_line_close(tvs);
	down(r, said, sizeof(said));
	assert_non_null(strstr(said, "sign-list for manager: ITL pub"));
	assert_non_null(strstr(said, "ended well"));
}

static void each_socket_is_for_its_questions(void **state)
{
	struct running *r = *state;
	struct error err = { 0 };
	char said[16384];
	struct signer_identity none;
	AUTO_DONE(bytes) answer = { 0 };
	up(r);
	struct sibling_line *tvs = line_to(r, "signer.tvs");
	struct sibling_line *manager = line_to(r, "signer.manager");
	assert_false(make_identity(tvs, "TVS", &none, &answer, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_non_null(strstr(err.text, "is not for tvs to ask"));
	assert_false(sibling_call(
		manager, SIGNER_SIGN_FILE, reader_of(NULL, 0), PATIENCE_MS, &answer, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_false(sibling_call(manager, 999, reader_of(NULL, 0), PATIENCE_MS, &answer, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_true(
		sibling_call(manager, SIGNER_KEYS, reader_of(NULL, 0), PATIENCE_MS, &answer, &err));
	assert_int_equal(answer.size, 0);
	sibling_line_close(tvs);
	sibling_line_close(manager);
	down(r, said, sizeof(said));
	assert_non_null(strstr(said, "operation 1 is not for tvs to ask"));
}

static void loose_keys_keep_a_node_down(void **state)
{
	struct running *r = *state;
	struct error err = { 0 };
	char said[16384];
	char path[320];
	struct signer_identity made;
	AUTO_DONE(bytes) answer = { 0 };
	up(r);
	struct sibling_line *manager = line_to(r, "signer.manager");
	assert_true(make_identity(manager, "TVS", &made, &answer, &err));
	sibling_line_close(manager);
	down(r, said, sizeof(said));
	char hex[2 * SIGNER_KEY_SIZE + 1];
	(void)snprintf(path, sizeof(path), "%s/keys/%s/key.der", r->is.state,
		hex_write(reader_of(made.key, sizeof(made.key)), hex));
	assert_int_equal(chmod(path, 0640), 0);
	start(r);
	hear_out(r, 1, said, sizeof(said));
	assert_non_null(strstr(said, "key.der is open to others"));
	assert_non_null(strstr(said, "chmod -R go= "));
	assert_int_equal(chmod(path, 0600), 0);
	up(r);
	down(r, said, sizeof(said));
}

/* The supervisor starts it again; what was answered is there. */
static void a_killed_signer_comes_back_with_its_keys(void **state)
{
	struct running *r = *state;
	struct error err = { 0 };
	char said[16384];
	struct signer_identity made;
	struct signer_key_row row;
	AUTO_DONE(bytes) answer = { 0 };
	AUTO_DONE(bytes) keys = { 0 };
	up(r);
	struct sibling_line *manager = line_to(r, "signer.manager");
	assert_true(make_identity(manager, "TVS", &made, &answer, &err));
	assert_true(mark_live(manager, made.key, &err));
	char children[128] = "";
	(void)snprintf(
		said, sizeof(said), "/proc/%ld/task/%ld/children", (long)r->pid, (long)r->pid);
	FILE *file = fopen(said, "r");
	if (file != NULL) {
		assert_non_null(fgets(children, sizeof(children), file));
		(void)fclose(file);
		assert_int_equal(kill((pid_t)strtol(children, NULL, 10), SIGKILL), 0);
	}
	sibling_line_close(manager);
	manager = line_to(r, "signer.manager");
	if (!sibling_call(manager, SIGNER_KEYS, reader_of(NULL, 0), PATIENCE_MS, &keys, &err))
		fail_msg("%s", err.text);
	struct reader rows_left = bytes_reader(&keys);
	assert_true(signer_key_row_next(&rows_left, &row, &err));
	assert_memory_equal(row.key, made.key, sizeof(row.key));
	assert_int_equal(row.state, SIGNER_KEY_LIVE);
	assert_int_equal(rows_left.left, 0);
	sibling_line_close(manager);
	down(r, said, sizeof(said));
}

static void keys_belong_to_the_signer_s_own_user(void **state)
{
	struct running *r = *state;
	struct error err = { 0 };
	char said[16384];
	char path[320];
	char hex[2 * SIGNER_KEY_SIZE + 1];
	struct stat facts;
	struct signer_identity made;
	AUTO_DONE(bytes) answer = { 0 };
	if (geteuid() != 0)
		skip();
	r->is.user = TEST_USER;
	up(r);
	struct sibling_line *manager = line_to(r, "signer.manager");
	if (!make_identity(manager, "TVS", &made, &answer, &err))
		fail_msg("%s", err.text);
	sibling_line_close(manager);
	down(r, said, sizeof(said));
	(void)snprintf(path, sizeof(path), "%s/keys/%s/key.der", r->is.state,
		hex_write(reader_of(made.key, sizeof(made.key)), hex));
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0600);
	assert_int_equal(facts.st_uid, TEST_USER);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_node, remove_node)

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "--process") == 0)
		return be_process(argv[2], argv[4]);
	const struct CMUnitTest tests[] = {
		CASE(a_node_s_first_hour),
		CASE(each_socket_is_for_its_questions),
		CASE(loose_keys_keep_a_node_down),
		CASE(a_killed_signer_comes_back_with_its_keys),
		CASE(keys_belong_to_the_signer_s_own_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "run/files.h"
#include "trust/belief.h"
#include "wire/manager_message.h"
#include "wire/signer_message.h"

static void write_file(const char *path, struct reader bytes)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	if (bytes.left > 0)
		assert_int_equal(fwrite(bytes.at, bytes.left, 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

static void write_index(struct stage *s)
{
	char path[128];
	uint8_t digest[DIGEST_SIZE];
	AUTO_DONE(writer) w = writer_new(LIMIT_INDEX);
	s->index.number++;
	snapshot_index_write(&w, &s->index);
	assert_true(digest_sha256(writer_written(&w), digest, NULL));
	writer_bytes(&w, reader_of(digest, sizeof(digest)));
	assert_true(w.ok);
	(void)snprintf(path, sizeof(path), "%s/" SNAPSHOT_DIRECTORY "/" SNAPSHOT_INDEX, s->state);
	write_file(path, writer_written(&w));
	struct error err = { 0 };
	if (!snapshot_reload(s->snapshot, &err))
		fail_msg("%s", err.text);
}

static void write_object(struct stage *s, const uint8_t *digest, struct reader bytes)
{
	char path[200], hex[DIGEST_HEX_SIZE];
	(void)snprintf(path, sizeof(path), "%s/" SNAPSHOT_DIRECTORY "/" SNAPSHOT_OBJECTS "/%s",
		s->state, hex_write(reader_of(digest, DIGEST_SIZE), hex));
	write_file(path, bytes);
}

void stage_damage(struct stage *s, const uint8_t digest[static SNAPSHOT_DIGEST_SIZE])
{
	write_object(s, digest, reader_of_text("damage"));
}

static int by_name(const void *a, const void *b)
{
	const struct snapshot_file *left = a, *right = b;
	return strcmp(left->name, right->name);
}

void stage_publish(
	struct stage *s, const char *name, enum snapshot_file_kind kind, struct reader bytes)
{
	assert_true(s->index.file_count < STAGE_FILES);
	struct snapshot_file *file = &s->files[s->index.file_count++];
	*file = (struct snapshot_file){ .kind = kind };
	(void)snprintf(file->name, sizeof(file->name), "%s", name);
	assert_true(digest_sha256(bytes, file->digest, NULL));
	write_object(s, file->digest, bytes);
	qsort(s->files, s->index.file_count, sizeof(s->files[0]), by_name);
	write_index(s);
}

void stage_put(struct stage *s, const char *path, struct reader bytes)
{
	char whole[200];
	int used = snprintf(whole, sizeof(whole), "%s/%s", s->root, path);
	for (char *at = whole + used - (int)strlen(path); (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
	write_file(whole, bytes);
}

static void answer(struct stage *s, struct sibling_request *request)
{
	struct signer_sign asked;
	struct signed_header header;
	struct error err = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	assert_true(signer_sign_parse(sibling_payload(request), &asked, &err));
	assert_true(bytes_copy(&file, asked.file, &err));
	key_ring_sign(s->ring, "callmanager", &file);
	struct reader rest = bytes_reader(&file);
	assert_true(signed_header_parse(&rest, &header, &err));
	sibling_answer(request, header.signature);
}

static void on_request(struct sibling_request *request, void *context)
{
	struct stage *s = context;
	const struct error no = { FAULT_REFUSED, "this is not signed" };
	s->asked++;
	assert_int_equal(sibling_operation(request), SIGNER_SIGN_FILE);
	if (s->refuses)
		sibling_refuse(request, &no);
	else if (s->silent)
		s->kept = request;
	else
		answer(s, request);
}

void stage_answer_kept(struct stage *s)
{
	answer(s, TAKE(s->kept));
}

void stage_sign(struct stage *s)
{
	uint8_t key[DIGEST_SIZE];
	struct cert *cert = key_ring_get(s->ring, "callmanager")->cert;
	cert_key_id(cert, key);
	assert_true(signing_use(s->provision.signing, cert, key, NULL));
}

void stage_check_signed(
	struct stage *s, struct reader file, const char *name, struct reader payload)
{
	struct signed_header header;
	struct error err = { 0 };
	struct reader parts[2], body = file;
	const struct cert *cert = key_ring_get(s->ring, "callmanager")->cert;
	if (!signed_header_parse(&body, &header, &err))
		fail_msg("%s", err.text);
	assert_true(reader_same(header.file_name, reader_of_text(name)));
	assert_true(reader_same(body, payload));
	signed_header_covers(file, &header, parts);
	assert_true(cert_verify(cert, DIGEST_SHA1, parts, COUNT(parts), header.signature, &err));
}

static void make_places(struct stage *s)
{
	char path[128];
	(void)snprintf(s->state, sizeof(s->state), "%s/state", s->scene->directory);
	(void)snprintf(s->root, sizeof(s->root), "%s/root", s->scene->directory);
	(void)snprintf(path, sizeof(path), "%s/" SNAPSHOT_DIRECTORY "/" SNAPSHOT_OBJECTS, s->state);
	assert_true(directory_make(path, 0755, NULL));
	assert_true(directory_make(s->root, 0755, NULL));
}

int stage_set_up(void **state)
{
	static const struct sibling_events events = { .request = on_request };
	struct stage *s = calloc(1, sizeof(*s));
	void *scene = NULL;
	char path[128];
	if (s == NULL || scene_set_up(&scene) != 0)
		return -1;
	s->scene = scene;
	s->index = (struct snapshot_index){
		.files = s->files, .file_hash = HASH_SHA1, .cluster = "lab", .node = "pub"
	};
	make_places(s);
	(void)snprintf(path, sizeof(path), "%s/signer", s->scene->directory);
	int fd = listen_unix(path, SOCK_SEQPACKET, 0600, NULL);
	s->ring = key_ring_new();
	s->signer = sibling_serve(s->scene->loop, fd, getuid(), 1, &events, s, NULL);
	struct provision *p = &s->provision;
	p->settings = &s->settings;
	p->loop = s->scene->loop;
	s->snapshot = snapshot_open(s->state, NULL);
	p->snapshot = s->snapshot;
	int root = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!catalogue_init(&p->catalogue, s->snapshot, root, NULL))
		return -1;
	p->shelf = shelf_new(NULL);
	s->way = sibling_connect(s->scene->loop, path, NULL, s, NULL);
	p->signing = signing_new(s->way, NULL);
	write_index(s);
	*state = s;
	return 0;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	(void)facts;
	(void)kind;
	return where->level == 0 ? 0 : remove(path); /* the scene's own goes with the scene */
}

int stage_tear_down(void **state)
{
	struct stage *s = *state;
	struct provision *p = &s->provision;
	void *scene = s->scene;
	sibling_client_free(s->way);
	http_server_free(p->http);
	http_server_free(p->https);
	tftp_face_free(p->tftp);
	signing_free(p->signing);
	shelf_free(p->shelf);
	snapshot_close(s->snapshot);
	catalogue_done(&p->catalogue);
	sibling_server_free(s->signer);
	if (s->kept != NULL)
		sibling_answer(s->kept, (struct reader){ 0 });
	key_ring_free(s->ring);
	(void)nftw(s->scene->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(s);
	return scene_tear_down(&scene);
}

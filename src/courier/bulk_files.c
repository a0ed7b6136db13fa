#include "courier/bulk_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "net/sftp_client.h"
#include "pki/cert_archive.h"
#include "run/files.h"
#include "wire/bulk_message.h"
#include "wire/courier_message.h"

enum { TRANSFER_MS = 20000, SECRET_SIZE = 256, NAMES_LIMIT = 1 << 20, FILE_NAME_SIZE = 256 };

struct bulk_files {
	const struct settings *settings;
	struct sftp_client *client;
	struct sftp_place place;
	char password[SECRET_SIZE], seal[SECRET_SIZE];
	struct bulk_task *tasks; /* under way */
};

struct bulk_task {
	struct bulk_files *files;
	struct sibling_request *request;
	char name[FILE_NAME_SIZE];
	struct bytes sent; /* what must be there */
	struct bulk_task *next;
};

static void bulk_task_free(struct bulk_task *t)
{
	struct bulk_task **at = &t->files->tasks;
	while (*at != NULL && *at != t)
		at = &(*at)->next;
	if (*at == t)
		*at = t->next;
	bytes_done(&t->sent);
	free(t);
}

/* secrets */

static bool is_set(const char *setting)
{
	return strcmp(setting, "none") != 0;
}

/* The first line of a file that is nobody else's. */
static bool read_secret(
	const char *setting, const char *path, char out[static SECRET_SIZE], struct error *err)
{
	struct stat facts;
	struct bytes file = { 0 };
	if (!is_set(path))
		return true;
	if (stat(path, &facts) != 0)
		return fail_errno(err, "[courier] %s %s", setting, path);
	if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return fail(err, FAULT_REFUSED, "[courier] %s %s: others may read it: chmod 600",
			setting, path);
	if (!file_read(path, SECRET_SIZE, &file, err))
		return fail_in(err, "[courier] %s", setting);
	struct reader line = bytes_reader(&file);
	const uint8_t *end = line.left > 0 ? memchr(line.at, '\n', line.left) : NULL;
	size_t size = end != NULL ? (size_t)(end - line.at) : line.left;
	bool fine = size > 0 && size < SECRET_SIZE;
	if (fine)
		reader_copy(&line, out, size);
	bytes_wipe(&file);
	return fine ||
		fail(err, FAULT_USAGE, "[courier] %s %s: one line of 1 to %d bytes is expected",
			setting, path, SECRET_SIZE - 1);
}

static bool take_settings(struct bulk_files *b, struct error *err)
{
	const struct settings *s = b->settings;
	if (s->sftp[0] == '\0')
		return true;
	b->place = (struct sftp_place){
		.address = s->sftp,
		.host_key = s->sftp_host_key,
		.user = is_set(s->sftp_user) ? s->sftp_user : "",
		.password = is_set(s->sftp_password_file) ? b->password : NULL,
		.key = is_set(s->sftp_key_file) ? s->sftp_key_file : NULL,
		.folder = s->sftp_folder,
		.timeout_ms = TRANSFER_MS,
	};
	return (sftp_place_check(&b->place, err) || fail_in(err, "[courier] sftp")) &&
		read_secret("sftp-password-file", s->sftp_password_file, b->password, err) &&
		read_secret("sftp-seal-file", s->sftp_seal_file, b->seal, err);
}

struct bulk_files *bulk_files_new(
	struct loop *l, const struct settings *settings, struct error *err)
{
	struct bulk_files *b = calloc(1, sizeof(*b));
	if (b == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	b->settings = settings;
	b->client = sftp_client_new(l, err);
	if (b->client != NULL && take_settings(b, err))
		return b;
	bulk_files_free(b);
	return NULL;
}

void bulk_files_free(struct bulk_files *b)
{
	if (b == NULL)
		return;
	sftp_client_free(b->client);
	while (b->tasks != NULL)
		bulk_task_free(b->tasks);
	explicit_bzero(b->password, sizeof(b->password));
	explicit_bzero(b->seal, sizeof(b->seal));
	free(b);
}

const char *bulk_files_path(const struct bulk_files *b)
{
	return b->place.key;
}

/* questions */

static bool ask(struct bulk_task *t, enum sftp_verb verb, sftp_fn *fn, struct error *err)
{
	const struct sftp_question question = {
		.verb = verb,
		.place = &t->files->place,
		.name = t->name,
		.content = bytes_reader(&t->sent),
		.limit = verb == SFTP_NAMES ? NAMES_LIMIT : ARCHIVE_BYTES,
	};
	return sftp_ask(t->files->client, &question, fn, t, err);
}

static void refuse(struct bulk_task *t, const struct error *why)
{
	struct error named = *why;
	if (t->name[0] != '\0')
		(void)fail_in(&named, "%s", t->name);
	sibling_refuse(t->request, &named);
	bulk_task_free(t);
}

static void on_read_back(struct reader content, const struct error *err, void *context)
{
	struct bulk_task *t = context;
	struct error why = { FAULT_IO, "what is there is not what was written" };
	if (err != NULL || !reader_same(content, bytes_reader(&t->sent))) {
		refuse(t, err != NULL ? err : &why);
		return;
	}
	sibling_answer(t->request, reader_of(NULL, 0));
	bulk_task_free(t);
}

static void on_stored(struct reader content, const struct error *err, void *context)
{
	(void)content; /* of an upload, none */
	struct bulk_task *t = context;
	struct error why = { 0 };
	if (err != NULL || !ask(t, SFTP_GET, on_read_back, &why))
		refuse(t, err != NULL ? err : &why);
}

static bool write_rows(struct reader file, const char *seal, struct writer *out, struct error *err)
{
	AUTO_DONE(cert_archive) archive = { 0 };
	if (!cert_archive_read(file, seal, &archive, err))
		return false;
	for (size_t i = 0; i < archive.count; i++)
		bulk_row_write(out, archive.rows[i].label, cert_der(archive.rows[i].cert));
	return out->ok || fail_memory(err);
}

static void on_fetched(struct reader content, const struct error *err, void *context)
{
	struct bulk_task *t = context;
	struct error why = { 0 };
	AUTO_DONE(writer) rows = writer_new(2 * ARCHIVE_BYTES);
	if (err != NULL || !write_rows(content, t->files->seal, &rows, &why)) {
		refuse(t, err != NULL ? err : &why);
		return;
	}
	sibling_answer(t->request, writer_written(&rows));
	bulk_task_free(t);
}

static void on_names(struct reader content, const struct error *err, void *context)
{
	struct bulk_task *t = context;
	if (err != NULL) {
		refuse(t, err);
		return;
	}
	sibling_answer(t->request, content);
	bulk_task_free(t);
}

static bool archive_rows(struct reader rows, const char *seal, struct bytes *out, struct error *err)
{
	AUTO_DONE(cert_archive) archive = { 0 };
	struct bulk_row row;
	while (rows.left > 0) {
		if (!bulk_row_read(&rows, &row, err))
			return false;
		AUTO(cert) cert = cert_parse(row.der, err);
		if (cert == NULL || !cert_archive_add(&archive, cert, row.label, err))
			return false;
	}
	return cert_archive_write(&archive, seal, out, err);
}

static bool begin(struct bulk_task *t, struct reader payload, struct error *err)
{
	struct bulk_files *b = t->files;
	unsigned operation = sibling_operation(t->request);
	if (b->settings->sftp[0] == '\0')
		return fail(err, FAULT_REFUSED,
			"no SFTP server is set: see [courier] sftp in the settings of this node");
	if (operation == COURIER_BULK_NAMES)
		return ask(t, SFTP_NAMES, on_names, err);
	if (!bulk_text_read(&payload, t->name, sizeof(t->name), err))
		return false;
	if (operation == COURIER_BULK_FETCH)
		return ask(t, SFTP_GET, on_fetched, err);
	return archive_rows(payload, b->seal, &t->sent, err) && ask(t, SFTP_PUT, on_stored, err);
}

void bulk_files_ask(struct bulk_files *b, struct sibling_request *request)
{
	struct error err = { 0 };
	struct bulk_task *t = calloc(1, sizeof(*t));
	if (t == NULL) {
		(void)fail_memory(&err);
		sibling_refuse(request, &err);
		return;
	}
	*t = (struct bulk_task){ .files = b, .request = request, .next = b->tasks };
	b->tasks = t;
	if (!begin(t, sibling_payload(request), &err))
		refuse(t, &err);
}

#include "signer/key_files_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/text.h"
#include "run/files.h"

#define KEY_FILE "key.der"
#define CERTIFICATE_FILE "certificate.der"
#define STATE_FILE "state"
#define LISTS_DIRECTORY "signed"

enum { STATE_MAX = 256, OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* docs/signer.md#keys */
enum state_tag { STATE_UNIT = 1, STATE_STATE = 2, STATE_MADE = 3 };

static bool closed_to_others(const struct stat *facts, const char *path, struct error *err)
{
	if ((facts->st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return true;
	return fail(err, FAULT_REFUSED, "%s is open to others", path);
}

static int open_closed(int beneath, const char *name, struct error *err)
{
	struct stat facts;
	int fd = openat(beneath, name, OPEN_DIRECTORY);
	if (fd < 0) {
		(void)fail_errno(err, "%s", name);
		return -1;
	}
	bool fine = fstat(fd, &facts) == 0 ? closed_to_others(&facts, name, err)
					   : fail_errno(err, "%s", name);
	if (fine)
		return fd;
	(void)close(fd);
	return -1;
}

int key_files_open(const char *path, struct error *err)
{
	return open_closed(AT_FDCWD, path, err);
}

/* What file_replace() was writing when it was cut off. */
static bool unfinished(const char *name)
{
	return name[0] == '.' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

enum removing { REMOVE_ALL, REMOVE_UNFINISHED };

static bool remove_files(int directory, enum removing which, struct error *err)
{
	int again = openat(directory, ".", OPEN_DIRECTORY);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	if (entries == NULL) {
		(void)fail_errno(err, "reading the directory");
		if (again >= 0)
			(void)close(again);
		return false;
	}
	bool removed = true;
	for (struct dirent *entry; removed && (entry = readdir(entries)) != NULL;)
		if ((unfinished(entry->d_name) ||
			    (which == REMOVE_ALL && entry->d_name[0] != '.')) &&
			unlinkat(directory, entry->d_name, 0) != 0)
			removed = fail_errno(err, "removing %s", entry->d_name);
	(void)closedir(entries);
	return removed;
}

/* A file, or a directory of files. */
static bool remove_entry(int beneath, const char *name, struct error *err)
{
	int fd = openat(beneath, name, OPEN_DIRECTORY);
	if (fd < 0 && errno != ENOTDIR && errno != ELOOP)
		return fail_errno(err, "removing %s", name);
	if (fd < 0)
		return unlinkat(beneath, name, 0) == 0 ? true
						       : fail_errno(err, "removing %s", name);
	bool removed = remove_files(fd, REMOVE_ALL, err);
	(void)close(fd);
	if (!removed)
		return fail_in(err, "removing %s", name);
	return unlinkat(beneath, name, AT_REMOVEDIR) == 0 ? true
							  : fail_errno(err, "removing %s", name);
}

int key_files_open_lists(int keys, struct error *err)
{
	if (mkdirat(keys, LISTS_DIRECTORY, 0700) != 0 && errno != EEXIST) {
		(void)fail_errno(err, "making the directory %s", LISTS_DIRECTORY);
		return -1;
	}
	int lists = open_closed(keys, LISTS_DIRECTORY, err);
	if (lists < 0 || remove_files(lists, REMOVE_UNFINISHED, err))
		return lists;
	(void)close(lists);
	return -1;
}

static bool is_key_name(const char *name)
{
	uint8_t id[SIGNER_KEY_SIZE];
	char again[KEY_NAME_SIZE];
	return hex_read(name, id, sizeof(id)) &&
		strcmp(hex_write(reader_of(id, sizeof(id)), again), name) == 0;
}

/* Directories of temporary_name() are unfinished likewise. */
static bool visit_one(
	int keys, const char *name, const struct key_files_visit *visit, struct error *err)
{
	if (unfinished(name))
		return remove_entry(keys, name, err);
	if (name[0] == '.' || strcmp(name, LISTS_DIRECTORY) == 0)
		return true;
	if (is_key_name(name))
		return visit->key(name, visit->context, err);
	visit->odd(name, visit->context);
	return true;
}

bool key_files_each(int keys, const struct key_files_visit *visit, struct error *err)
{
	int again = openat(keys, ".", OPEN_DIRECTORY);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	if (entries == NULL) {
		(void)fail_errno(err, "reading the key directory");
		if (again >= 0)
			(void)close(again);
		return false;
	}
	bool fine = true;
	for (struct dirent *entry; fine && (entry = readdir(entries)) != NULL;)
		fine = visit_one(keys, entry->d_name, visit, err);
	(void)closedir(entries);
	return fine;
}

static void state_write(struct writer *w, const struct stored_key *what)
{
	tlv_write_text(w, STATE_UNIT, reader_of_text(what->unit));
	tlv_write_u8(w, STATE_STATE, (uint8_t)what->state);
	size_t mark = tlv_open(w, STATE_MADE);
	writer_u64(w, (uint64_t)what->made);
	tlv_close(w, mark);
}

static struct reader next_value(struct reader *r, enum state_tag tag)
{
	struct tlv tlv;
	if (tlv_next(r, &tlv) && tlv.tag == tag)
		return tlv.value;
	r->ok = false;
	return (struct reader){ 0 };
}

static bool state_parse(struct reader r, struct stored_key *out, struct error *err)
{
	struct reader unit = next_value(&r, STATE_UNIT);
	struct reader state = next_value(&r, STATE_STATE);
	struct reader made = next_value(&r, STATE_MADE);
	uint8_t value = reader_u8(&state);
	int64_t when = (int64_t)reader_u64(&made);
	bool ends = unit.left > 0 && unit.at[unit.left - 1] == '\0';
	if (!reader_done(&r) || !reader_done(&state) || !reader_done(&made) || !ends ||
		value < SIGNER_KEY_NEW || value > SIGNER_KEY_RETIRED)
		return fail(err, FAULT_MALFORMED, "%s is damaged", STATE_FILE);
	unit.left--;
	if (!text_from(unit, out->unit, sizeof(out->unit), err))
		return fail_in(err, "%s", STATE_FILE);
	out->state = (enum signer_key_state)value;
	out->made = when;
	return true;
}

static bool read_state(int directory, struct stored_key *out, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	return file_read_beneath(directory, STATE_FILE, STATE_MAX, &file, err) &&
		state_parse(bytes_reader(&file), out, err);
}

static bool read_cert(int directory, struct stored_key *out, struct error *err)
{
	uint8_t id[DIGEST_SIZE];
	AUTO_DONE(bytes) der = { 0 };
	if (!file_read_beneath(directory, CERTIFICATE_FILE, LIMIT_CERTIFICATE, &der, err))
		return false;
	AUTO(cert) cert = cert_parse(bytes_reader(&der), err);
	if (cert == NULL)
		return fail_in(err, "%s", CERTIFICATE_FILE);
	cert_key_id(cert, id);
	if (memcmp(id, out->id, sizeof(id)) != 0)
		return fail(err, FAULT_MALFORMED, "%s is of another key", CERTIFICATE_FILE);
	out->cert = TAKE(cert);
	return true;
}

static bool check_key_file(int directory, const char *name, struct error *err)
{
	char path[KEY_NAME_SIZE + sizeof(KEY_FILE)];
	struct stat facts;
	(void)snprintf(path, sizeof(path), "%s/%s", name, KEY_FILE);
	if (fstatat(directory, KEY_FILE, &facts, AT_SYMLINK_NOFOLLOW) != 0)
		return fail_errno(err, "%s", path);
	if (!S_ISREG(facts.st_mode))
		return fail(err, FAULT_MALFORMED, "%s is not a regular file", path);
	return closed_to_others(&facts, path, err);
}

bool key_files_read(int keys, const char *name, struct stored_key *out, struct error *err)
{
	struct stored_key read = { 0 };
	if (!hex_read(name, read.id, sizeof(read.id)))
		return fail(err, FAULT_USAGE, "%s names no key", name);
	int directory = open_closed(keys, name, err);
	if (directory < 0)
		return false;
	bool fine = check_key_file(directory, name, err) &&
		remove_files(directory, REMOVE_UNFINISHED, err) &&
		read_state(directory, &read, err) && read_cert(directory, &read, err);
	(void)close(directory);
	if (!fine)
		return fail_in(err, "key %.12s…", name);
	*out = read;
	return true;
}

struct key *key_files_private(int keys, const char *name, struct error *err)
{
	uint8_t id[DIGEST_SIZE];
	uint8_t wanted[DIGEST_SIZE];
	struct bytes der = { 0 };
	int directory = open_closed(keys, name, err);
	if (directory < 0)
		return NULL;
	AUTO(key) key = NULL;
	if (file_read_beneath(directory, KEY_FILE, KEY_DER_MAX, &der, err))
		key = key_parse(bytes_reader(&der), err);
	bytes_wipe(&der);
	(void)close(directory);
	if (key == NULL) {
		(void)fail_in(err, "key %.12s…", name);
		return NULL;
	}
	key_id(key, id);
	if (hex_read(name, wanted, sizeof(wanted)) && memcmp(id, wanted, sizeof(id)) == 0)
		return TAKE(key);
	(void)fail(err, FAULT_MALFORMED, "key %.12s…: %s holds another key", name, KEY_FILE);
	return NULL;
}

static bool write_state(int directory, const struct stored_key *what, struct error *err)
{
	uint8_t memory[STATE_MAX];
	struct writer w = writer_on(memory, sizeof(memory));
	state_write(&w, what);
	if (!w.ok)
		return fail(err, FAULT_LIMIT, "%s over %d bytes", STATE_FILE, STATE_MAX);
	return file_replace(directory, STATE_FILE, writer_written(&w), 0600, err);
}

static bool write_all(
	int directory, const struct stored_key *what, const struct key *key, struct error *err)
{
	struct bytes der = { 0 };
	if (!key_write(key, &der, err))
		return false;
	bool written = file_replace(directory, KEY_FILE, bytes_reader(&der), 0600, err);
	bytes_wipe(&der);
	return written &&
		file_replace(directory, CERTIFICATE_FILE, cert_der(what->cert), 0600, err) &&
		write_state(directory, what, err);
}

static bool temporary_name(char out[static KEY_NAME_SIZE], struct error *err)
{
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return fail_errno(err, "asking the kernel for random bytes");
	(void)snprintf(out, KEY_NAME_SIZE, ".%s.half", hex_write(reader_of(random, 8), hex));
	return true;
}

/* rename() never replaces a directory that has something in it: a key is not overwritten. */
static bool rename_durably(int keys, const char *from, const char *to, struct error *err)
{
	if (renameat(keys, from, keys, to) != 0)
		return fail_errno(err, "moving %s to %s", from, to);
	return fsync(keys) == 0 ? true : fail_errno(err, "bringing the key directory to the disk");
}

static bool fill_new(int keys, const char *name, const struct stored_key *what,
	const struct key *key, struct error *err)
{
	if (mkdirat(keys, name, 0700) != 0)
		return fail_errno(err, "making the directory %s", name);
	int directory = open_closed(keys, name, err);
	bool written = directory >= 0 && write_all(directory, what, key, err);
	if (directory >= 0)
		(void)close(directory);
	return written;
}

bool key_files_add(int keys, const char *name, const struct stored_key *what, const struct key *key,
	struct error *err)
{
	char half[KEY_NAME_SIZE];
	if (!temporary_name(half, err))
		return false;
	if (fill_new(keys, half, what, key, err) && rename_durably(keys, half, name, err))
		return true;
	(void)remove_entry(keys, half, NULL); /* or the next start does */
	return fail_in(err, "keeping key %.12s…", name);
}

bool key_files_set_state(
	int keys, const char *name, const struct stored_key *what, struct error *err)
{
	int directory = open_closed(keys, name, err);
	if (directory < 0)
		return false;
	bool written = write_state(directory, what, err);
	(void)close(directory);
	return written || fail_in(err, "key %.12s…", name);
}

bool key_files_set_certificate(
	int keys, const char *name, const struct cert *cert, struct error *err)
{
	int directory = open_closed(keys, name, err);
	if (directory < 0)
		return false;
	bool written = file_replace(directory, CERTIFICATE_FILE, cert_der(cert), 0600, err);
	(void)close(directory);
	return written || fail_in(err, "key %.12s…", name);
}

/* First out of sight as one step, so that a crash never leaves half a key under its name. */
bool key_files_remove(int keys, const char *name, struct error *err)
{
	char half[KEY_NAME_SIZE];
	if (!temporary_name(half, err) || !rename_durably(keys, name, half, err) ||
		!remove_entry(keys, half, err))
		return fail_in(err, "destroying key %.12s…", name);
	return true;
}

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/file_place.h"
#include "cli/file_signing.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/signing_folder.h"
#include "cli/verbs.h"
#include "run/crew.h"
#include "run/files.h"
#include "trust/held_list.h"

enum { PATH_SIZE = 4096, SERVED_MODE = 0644 };

struct signing_work {
	struct file_signing with;
	struct signing_folder files;
	const char *from, *to; /* folders */
	int from_fd, to_fd;
	size_t tally[CREW_OUTCOMES]; /* files, by enum outcome */
	struct progress progress;
};

enum outcome { MADE, UNCHANGED, PASSED };

static void signing_work_done(struct signing_work *w)
{
	file_signing_done(&w->with);
	signing_folder_done(&w->files);
	if (w->from_fd >= 0)
		(void)close(w->from_fd);
	if (w->to_fd >= 0)
		(void)close(w->to_fd);
}

/* What is there says what would be written anew, but for its time. */
static bool still_fits(
	const struct file_signing *with, const char *path, const char *name, struct reader payload)
{
	AUTO_DONE(bytes) file = { 0 };
	struct signed_header header;
	struct stat facts;
	if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode)) /* a pipe would be waited for */
		return false;
	if (!file_read(path, LIMIT_SIGNED_FILE + UINT16_MAX, &file, NULL))
		return false;
	struct reader body = bytes_reader(&file);
	if (!signed_header_parse(&body, &header, NULL))
		return false;
	const struct cert *signer = with->signer;
	return reader_same(body, payload) && !header.has_encryption && header.hash == with->hash &&
		reader_same(header.file_name, reader_of_text(name)) &&
		reader_same(header.serial, cert_serial(signer)) &&
		reader_same(
			header.signer_name, reader_of_text(cert_subject(signer, with->names))) &&
		reader_same(header.issuer_name, reader_of_text(cert_issuer(signer, with->names))) &&
		signature_fits(bytes_reader(&file), &header, signer, NULL);
}

struct signing_place {
	const char *path, *name; /* where it goes, and what the header says */
};

static bool sign_payload(const struct signing_work *w, const struct signing_place *place,
	struct reader payload, unsigned *outcome, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (still_fits(&w->with, place->path, place->name, payload)) {
		*outcome = UNCHANGED;
		return true;
	}
	if (!file_signing_build(&w->with, place->name, payload, &file, err) ||
		!(w->from_fd >= 0 ? file_place_unsynced : file_place)(
			place->path, bytes_reader(&file), SERVED_MODE, err))
		return false;
	*outcome = MADE;
	return true;
}

static bool joined(char *out, struct error *err, const char *a, const char *b, const char *c)
{
	int used = snprintf(out, PATH_SIZE, "%s%s%s", a, b, c);
	return (used >= 0 && used < PATH_SIZE) ||
		fail(err, FAULT_USAGE, "%.100s%.100s: the path is too long", a, b);
}

/* Signed as it is, the clear configuration would be served in place of the stub. */
static bool is_encrypted_beside(const struct signing_work *w, const char *name)
{
	char sealed[LIMIT_FILE_NAME + sizeof(".enc.sgn")];
	struct stat facts;
	(void)snprintf(sealed, sizeof(sealed), "%s.enc.sgn", name);
	return fstatat(w->from_fd, sealed, &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool make_place(const char *to, const char *name, struct error *err)
{
	char folder[PATH_SIZE];
	const char *slash = strrchr(name, '/');
	if (!joined(folder, err, to, "/", name))
		return false;
	folder[strlen(to) + (slash != NULL ? 1 + (size_t)(slash - name) : 0)] = '\0';
	return directory_make(folder, 0755, err);
}

static bool sign_member(
	const struct signing_work *w, const char *file, unsigned *outcome, struct error *err)
{
	char name[PATH_SIZE], path[PATH_SIZE];
	AUTO_DONE(bytes) payload = { 0 };
	*outcome = PASSED;
	if (is_encrypted_beside(w, file))
		return true;
	if (!joined(name, err, file, ".sgn", "") || !joined(path, err, w->to, "/", name) ||
		!file_read_beneath(w->from_fd, file, LIMIT_SIGNED_FILE, &payload, err))
		return false;
	if (signed_header_recognise(bytes_reader(&payload)))
		return true;
	struct signing_place place = { .path = path, .name = name };
	return (w->to == w->from || make_place(w->to, file, err)) &&
		sign_payload(w, &place, bytes_reader(&payload), outcome, err);
}

/* After a failure nobody has told of all that was made. */
static bool sync_made(const struct signing_work *w, bool fine, struct error *err)
{
	return (fine && w->tally[MADE] == 0) || files_sync(w->to_fd, err);
}

static bool open_folder(const char *path, int *fd, struct error *err)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 || fail_errno(err, "%s", path);
}

static bool open_folders(struct signing_work *w, struct error *err)
{
	if (!open_folder(w->from, &w->from_fd, err) ||
		(w->to != w->from && !directory_make(w->to, 0755, err)) ||
		!open_folder(w->to, &w->to_fd, err))
		return false;
	return signing_folder_claim(w->to_fd, err) || fail_in(err, "%s", w->to);
}

static bool sign_piece(size_t item, unsigned *outcome, void *context, struct error *err)
{
	const struct signing_work *w = context;
	return sign_member(w, w->files.names[item], outcome, err);
}

static void pieces_signed(size_t more, void *context)
{
	struct signing_work *w = context;
	while (more-- > 0)
		progress_step(&w->progress);
}

static bool sign_folder(struct signing_work *w, struct error *err)
{
	if (!open_folders(w, err))
		return false;
	if (!signing_folder_read(w->from_fd, &w->files, err))
		return fail_in(err, "%s", w->from);
	struct crew crew = {
		.items = w->files.count, .work = sign_piece, .step = pieces_signed, .context = w
	};
	w->progress = progress_begin(w->files.count);
	bool fine = crew_run(&crew, w->tally, err);
	progress_end(&w->progress);
	bool synced =
		sync_made(w, fine, fine ? err : NULL); /* the first failure is the one to tell */
	return fine && synced;
}

static bool sign_one(struct signing_work *w, const char *name, struct error *err)
{
	char path[PATH_SIZE], own_name[PATH_SIZE];
	AUTO_DONE(bytes) payload = { 0 };
	const char *to = w->to;
	if (to == NULL && strcmp(w->from, "-") == 0)
		return fail(err, FAULT_USAGE, "where to? --out FILE");
	if (to == NULL) {
		if (!joined(path, err, w->from, ".sgn", ""))
			return false;
		to = path;
	}
	const char *slash = strrchr(to, '/');
	if (!joined(own_name, err, slash != NULL ? slash + 1 : to, "", ""))
		return false;
	if (!file_place_allowed(to, err) || !file_read(w->from, LIMIT_SIGNED_FILE, &payload, err))
		return false;
	if (signed_header_recognise(bytes_reader(&payload)))
		return fail(err, FAULT_REFUSED,
			"%s: is signed already: `dialtrust file show` says "
			"by whom",
			w->from);
	struct signing_place place = { .path = to, .name = name != NULL ? name : own_name };
	unsigned outcome;
	if (!sign_payload(w, &place, bytes_reader(&payload), &outcome, err))
		return false;
	w->tally[outcome]++;
	return true;
}

static bool tell(const struct call *call, const struct signing_work *w, struct error *err)
{
	if (!call->json) {
		(void)printf("%zu signed, %zu unchanged, %zu passed over\n", w->tally[MADE],
			w->tally[UNCHANGED], w->tally[PASSED]);
		return true;
	}
	json_auto_t *told = json_pack("{s:i, s:I, s:I, s:I}", "schema_version", 1, "signed",
		(json_int_t)w->tally[MADE], "unchanged", (json_int_t)w->tally[UNCHANGED],
		"passed_over", (json_int_t)w->tally[PASSED]);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

static bool file_sign(const struct call *call, struct error *err)
{
	const char *name = call_value(call, "name");
	AUTO_DONE(signing_work) w = { .from = call_value(call, "PATH"),
		.to = call_value(call, "out"),
		.from_fd = -1,
		.to_fd = -1 };
	struct stat facts;
	bool folder = stat(w.from, &facts) == 0 && S_ISDIR(facts.st_mode);
	if (folder && name != NULL)
		return fail(err, FAULT_USAGE,
			"--name is for one file: those of a folder have their own");
	if (folder && w.to == NULL)
		w.to = w.from;
	return file_signing_open(call, &w.with, err) &&
		(folder ? sign_folder(&w, err) : sign_one(&w, name, err)) && tell(call, &w, err);
}

static const struct argument arguments[] = {
	{ "PATH", ARGUMENT_POSITIONAL, true, NULL,
		"a file, - for standard input, or a folder with all that is in it" },
	{ "signer", ARGUMENT_OPTION, true, "CERT", "the signer's certificate, PEM or DER" },
	{ "key", ARGUMENT_OPTION, true, "KEY",
		"the signer's private key, PEM or DER, without a password" },
	{ "hash", ARGUMENT_OPTION, false, "HASH", "sha1 (default) or sha512" },
	{ "names", ARGUMENT_OPTION, false, "FORM",
		"how names are written: appliance (default), builder or builder-2023" },
	{ "out", ARGUMENT_OPTION, false, "PATH",
		"the signed file, or the folder for them (default: PATH.sgn, or beside each)" },
	{ "name", ARGUMENT_OPTION, false, "NAME",
		"under which phones ask for it (default: the file name of the signed file)" },
	{ .name = NULL },
};

const struct verb file_sign_verb = {
	.words = "file sign",
	.run = file_sign,
	.arguments = arguments,
	.means = "signs a file, or all files of a folder",
	.help = "Of a folder, NAME is signed into NAME.sgn, its header saying so with the folders "
		"in front.\nA signed file that still fits is left alone. Passed over: firmware "
		"and configurations\nwith an encrypted one beside them. Not looked at: signed "
		"files, "
		"trust lists, keys,\ndatabases, dotfiles, links.",
};

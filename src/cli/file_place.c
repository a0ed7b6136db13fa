#include "cli/file_place.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/output.h"
#include "run/files.h"

enum { PATH_SIZE = 4096 };

/* The folder of a path, ending with its slash; "" for a bare name. */
static bool folder_of(const char *path, const char *name, char *out, struct error *err)
{
	size_t size = (size_t)(name - path);
	if (size >= PATH_SIZE)
		return fail(err, FAULT_USAGE, "a path of %zu bytes is too long", strlen(path));
	(void)snprintf(out, PATH_SIZE, "%.*s", (int)size, path);
	return true;
}

bool file_place_allowed(const char *path, struct error *err)
{
	struct stat facts;
	if (lstat(path, &facts) != 0 || S_ISREG(facts.st_mode))
		return true;
	const char *kind = S_ISDIR(facts.st_mode) ? "folder"
		: S_ISLNK(facts.st_mode)          ? "link"
						  : "device, a pipe or a socket";
	return fail(
		err, FAULT_REFUSED, "%s is a %s, which is not replaced: name a file", path, kind);
}

typedef bool replace_fn(
	int dirfd, const char *name, struct reader bytes, unsigned mode, struct error *err);

static bool place(replace_fn *replace, const char *path, struct reader bytes, unsigned mode,
	struct error *err)
{
	char folder[PATH_SIZE];
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail(err, FAULT_USAGE, "\"%s\" names a folder, not a file", path);
	if (!folder_of(path, name, folder, err) || !file_place_allowed(path, err))
		return false;
	int fd = open(folder[0] != '\0' ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "%s: opening its folder", path);
	bool placed = replace(fd, name, bytes, mode, err);
	(void)close(fd);
	return placed || fail_in(err, "%s", path);
}

bool file_place(const char *path, struct reader bytes, unsigned mode, struct error *err)
{
	return place(file_replace, path, bytes, mode, err);
}

bool file_place_new(const char *path, struct reader bytes, unsigned mode, struct error *err)
{
	return place(file_create, path, bytes, mode, err);
}

bool file_place_unsynced(const char *path, struct reader bytes, unsigned mode, struct error *err)
{
	return place(file_replace_unsynced, path, bytes, mode, err);
}

bool file_placed(const struct call *call, const char *path, size_t size, struct error *err)
{
	if (!call->json) {
		output_painted(stdout, PAINT_PLAIN, path);
		(void)printf(": written, %zu bytes\n", size);
		return true;
	}
	json_auto_t *told = json_pack("{s:i, s:o, s:I}", "schema_version", 1, "out",
		output_json_text(path), "size", (json_int_t)size);
	if (told == NULL)
		return fail_memory(err);
	output_json(stdout, told);
	return true;
}

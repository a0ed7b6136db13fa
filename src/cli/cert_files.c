#include "cli/cert_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/unit.h"
#include "run/files.h"

enum { PATH_SIZE = 4096 };

static bool add_file(struct cert_bundle *bundle, const char *path, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	if (!file_read(path, CERT_BUNDLE_BYTES, &file, err))
		return false;
	return cert_bundle_add(bundle, bytes_reader(&file), err) || fail_in(err, "%s", path);
}

static int is_wanted(const struct dirent *entry)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".der", ".p7b", ".p7c" };
	size_t size = strlen(entry->d_name);
	for (size_t i = 0; i < COUNT(endings); i++) {
		size_t ending = strlen(endings[i]);
		if (entry->d_name[0] != '.' && size > ending &&
			strcmp(entry->d_name + size - ending, endings[i]) == 0)
			return 1;
	}
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_entry(
	struct cert_bundle *bundle, const char *folder, const char *name, struct error *err)
{
	char path[PATH_SIZE];
	int size = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (size < 0 || (size_t)size >= sizeof(path))
		return fail(err, FAULT_USAGE, "%.60s…: the path is too long", folder);
	return add_file(bundle, path, err);
}

static bool add_folder(struct cert_bundle *bundle, const char *path, struct error *err)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_wanted, by_name);
	if (count < 0)
		return fail_errno(err, "%s", path);
	bool fine = count > 0 ||
		fail(err, FAULT_MISSING,
			"%s: no file in it ends with .pem, .crt, .cer, .der, .p7b or .p7c", path);
	for (int i = 0; i < count; i++) {
		fine = fine && add_entry(bundle, path, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return fine;
}

bool cert_files_add(struct cert_bundle *bundle, const char *path, struct error *err)
{
	struct stat facts;
	bool folder = strcmp(path, "-") != 0 && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
	return folder ? add_folder(bundle, path, err) : add_file(bundle, path, err);
}

bool cert_file_meant(const char *word)
{
	if (strcmp(word, "-") == 0 || strpbrk(word, "/.") != NULL)
		return true;
	return unit_find(word) == NULL && access(word, F_OK) == 0;
}

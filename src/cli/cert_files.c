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

struct walk {
	cert_file_fn *each;
	void *into;
};

static bool walk_file(const struct walk *w, const char *path, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(cert_bundle) held = { 0 };
	if (!file_read(path, CERT_BUNDLE_BYTES, &file, err))
		return false;
	if (!cert_bundle_add(&held, bytes_reader(&file), err))
		return fail_in(err, "%s", path);
	return w->each(path, &held, w->into, err);
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

static bool walk_entry(
	const struct walk *w, const char *folder, const char *name, struct error *err)
{
	char path[PATH_SIZE];
	int size = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (size < 0 || (size_t)size >= sizeof(path))
		return fail(err, FAULT_USAGE, "%.60s…: the path is too long", folder);
	return walk_file(w, path, err);
}

static bool walk_folder(const struct walk *w, const char *path, struct error *err)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_wanted, by_name);
	if (count < 0)
		return fail_errno(err, "%s", path);
	bool fine = count > 0 ||
		fail(err, FAULT_MISSING,
			"%s: no file in it ends with .pem, .crt, .cer, .der, .p7b or .p7c", path);
	for (int i = 0; i < count; i++) {
		fine = fine && walk_entry(w, path, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return fine;
}

bool cert_files_each(const char *path, cert_file_fn *each, void *into, struct error *err)
{
	struct stat facts;
	const struct walk w = { each, into };
	bool folder = strcmp(path, "-") != 0 && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
	return folder ? walk_folder(&w, path, err) : walk_file(&w, path, err);
}

static bool add(const char *path, const struct cert_bundle *held, void *into, struct error *err)
{
	struct cert_bundle *bundle = into;
	if (bundle->count + held->count > CERT_BUNDLE_MAX)
		return fail(err, FAULT_LIMIT, "%s: more than %d certificates in all", path,
			CERT_BUNDLE_MAX);
	for (size_t i = 0; i < held->count; i++)
		bundle->certs[bundle->count++] = cert_keep(held->certs[i]);
	return true;
}

bool cert_files_add(struct cert_bundle *bundle, const char *path, struct error *err)
{
	return cert_files_each(path, add, bundle, err);
}

bool cert_file_meant(const char *word)
{
	if (strcmp(word, "-") == 0 || strpbrk(word, "/.") != NULL)
		return true;
	return unit_find(word) == NULL && access(word, F_OK) == 0;
}

/* Feeds files, and the files in folders, to a fuzz target: so every compiler replays every corpus
 * in the normal test run. */
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly its size, so that AddressSanitizer sees a byte read beyond it. */
static int feed_file(const char *path)
{
	struct stat about;
	FILE *file = fopen(path, "rb");
	if (file == NULL || fstat(fileno(file), &about) != 0) {
		perror(path);
		exit(1);
	}
	size_t size = (size_t)about.st_size;
	uint8_t *data = malloc(size + (size == 0));
	assert(data != NULL && fread(data, 1, size, file) == size);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	(void)fclose(file);
	return 1;
}

static int feed(const char *path)
{
	DIR *folder = opendir(path);
	if (folder == NULL)
		return feed_file(path);
	int count = 0;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char name[4096];
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			count += feed_file(name);
	}
	(void)closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;
	for (int i = 1; i < argc; i++)
		count += feed(argv[i]);
	printf("%d inputs\n", count);
	return count > 0 ? 0 : 1; /* a replay of nothing proves nothing */
}

#include "faults/lean_memory.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <libxml/xmlmemory.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t left;
static bool failed;

void lean_memory_start(size_t nth)
{
	left = nth;
	failed = false;
}

void lean_memory_end(void)
{
	left = 0;
}

bool lean_memory_failed(void)
{
	return failed;
}

static bool is_out(void)
{
	if (left == 0 || --left > 0)
		return false;
	failed = true;
	return true;
}

/* The names that the linker's --wrap asks for. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size)
{
	return is_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_out() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return is_out() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return is_out() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
	return is_out() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return is_out() ? NULL : __real_strndup(text, size);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 ? NULL : __wrap_malloc(size);
}

static void openssl_free(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

static void *openssl_realloc(void *old, size_t size, const char *file, int line)
{
	if (size > 0)
		return __wrap_realloc(old, size);
	openssl_free(old, file, line);
	return NULL;
}

void lean_memory_take(void)
{
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) != 1 ||
		xmlMemSetup(free, __wrap_malloc, __wrap_realloc, __wrap_strdup) != 0)
		abort();
	event_set_mem_functions(__wrap_malloc, __wrap_realloc, free);
	json_set_alloc_funcs(__wrap_malloc, free);
}

/* files */

int __real_open64(const char *path, int flags, ...);
int __real_fstat64(int fd, struct stat *out);
ssize_t __real_read(int fd, void *out, size_t size);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_fstat64(int fd, struct stat *out);
ssize_t __wrap_read(int fd, void *out, size_t size);

static bool is_broken(void)
{
	if (!is_out())
		return false;
	errno = EIO;
	return true;
}

/* Nothing that is tested here makes a file. */
int __wrap_open64(const char *path, int flags, ...)
{
	return is_broken() ? -1 : __real_open64(path, flags, 0600);
}

int __wrap_fstat64(int fd, struct stat *out)
{
	return is_broken() ? -1 : __real_fstat64(fd, out);
}

ssize_t __wrap_read(int fd, void *out, size_t size)
{
	return is_broken() ? -1 : __real_read(fd, out, size);
}

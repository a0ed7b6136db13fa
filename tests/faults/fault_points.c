/*
 * A library that tests load before the daemon's own (LD_PRELOAD): it counts the system calls by
 * which a process changes what others can see – bytes and names in files, messages to siblings –
 * and at the one that the test has chosen kills the process, or lets the call fail. Instead it can
 * note from which places of the program memory is asked for, and let the first allocation of one
 * place fail; and it can let the wall clock jump, under a process that runs. Test and processes
 * share a page, a file that is mapped before any sandbox closes.
 * tests/system/fault_points.py
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	ROLE_SIZE = 16,
	CALL_SIZE = 16,
	WHAT_SIZE = 96,
	ENTRIES = 8192,
	OWN_FRAMES = 4, /* at most, of a call stack that stand in this file */
	FRAMES = 6,     /* that tell one place from another */
	SLOTS = 32768,  /* of places: a power of two, more than there are */
};

enum action { ACTION_COUNT, ACTION_KILL, ACTION_FAIL };

struct entry {
	char role[ROLE_SIZE], call[CALL_SIZE], what[WHAT_SIZE];
};

/* The layout is fault_points.py's too. */
struct page {
	atomic_uint armed;
	uint32_t action, nth, number; /* number: errno of a call that fails */
	atomic_uint count, fired;
	char role[ROLE_SIZE];  /* whose calls count; "": everybody's */
	_Atomic int64_t clock; /* seconds by which the wall clock has jumped */
	uint32_t memory;       /* not calls are counted but places of allocations */
	uint64_t place;        /* whose first allocation fails */
	struct entry entries[ENTRIES];
};

static struct page *page;
static char role[ROLE_SIZE] = "supervisor";
static pid_t self;

/* "--process NAME" among the words that started it. */
static void find_role(void)
{
	char words[4096] = "";
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, words, sizeof(words) - 1);
	const char *word = words;
	for (; word < words + size && strcmp(word, "--process") != 0; word += strlen(word) + 1)
		continue;
	if (word < words + size)
		(void)snprintf(role, sizeof(role), "%.15s", word + strlen(word) + 1);
	if (fd >= 0)
		(void)close(fd);
}

__attribute__((constructor)) static void map_page(void)
{
	const char *path = getenv("DIALTRUST_FAULT_PAGE");
	void *frame;
	(void)backtrace(
		&frame, 1); /* loads what it needs, while nothing is counted and all is open */
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	void *mapped = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	page = mapped == MAP_FAILED ? NULL : mapped;
	(void)close(fd);
	self = getpid();
	find_role();
}

/* A child that the signer forked to make a key has a role of its own. */
static const char *role_now(void)
{
	return getpid() == self ? role : "maker";
}

static void note(unsigned place, const char *call, const char *what)
{
	if (place == 0 || place > ENTRIES)
		return;
	struct entry *e = &page->entries[place - 1];
	(void)snprintf(e->role, sizeof(e->role), "%s", role_now());
	(void)snprintf(e->call, sizeof(e->call), "%s", call);
	(void)snprintf(e->what, sizeof(e->what), "%.*s", WHAT_SIZE - 1, what);
}

/* True: this call is to fail, errno says how. */
static bool at_point(const char *call, const char *what)
{
	int before = errno;
	if (page == NULL || atomic_load(&page->armed) == 0 || page->memory != 0)
		return false;
	if (page->role[0] != '\0' && strcmp(page->role, role_now()) != 0)
		return false;
	unsigned place = atomic_fetch_add(&page->count, 1) + 1;
	note(place, call, what);
	errno = before;
	if (page->action == ACTION_COUNT || place != page->nth)
		return false;
	atomic_store(&page->fired, 1);
	if (page->action == ACTION_KILL)
		(void)syscall(SYS_tgkill, getpid(), gettid(), SIGKILL);
	errno = (int)page->number;
	return true;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

static bool is_local_socket(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/* The log, sockets to phones and descriptors that only wake a loop are nobody's state. */
static bool at_descriptor(const char *call, int fd)
{
	struct stat facts;
	char link[32], path[4096];
	int before = errno;
	if (page == NULL || atomic_load(&page->armed) == 0 || fd <= STDERR_FILENO)
		return false;
	bool seen = fstat(fd, &facts) == 0;
	bool kept = seen && (S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode));
	bool told = seen && (S_ISFIFO(facts.st_mode) || is_local_socket(fd));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t used = kept ? readlink(link, path, sizeof(path) - 1) : 0;
	path[used > 0 ? used : 0] = '\0';
	errno = before;
	return (kept || told) && at_point(call, kept ? last_part(path) : "sibling");
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t size)
{
	return at_descriptor("write", fd) ? -1 : NEXT(write)(fd, bytes, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	return at_descriptor("writev", fd) ? -1 : NEXT(writev)(fd, parts, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return at_descriptor("pwrite", fd) ? -1 : NEXT(pwrite)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
	return at_descriptor("pwrite", fd) ? -1 : NEXT(pwrite64)(fd, bytes, size, at);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return at_descriptor("sendmsg", fd) ? -1 : NEXT(sendmsg)(fd, message, flags);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
	return at_descriptor("send", fd) ? -1 : NEXT(send)(fd, bytes, size, flags);
}

int fsync(int fd)
{
	return at_descriptor("fsync", fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
	return at_descriptor("fdatasync", fd) ? -1 : NEXT(fdatasync)(fd);
}

int ftruncate(int fd, off_t size)
{
	return at_descriptor("ftruncate", fd) ? -1 : NEXT(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	return at_descriptor("ftruncate", fd) ? -1 : NEXT(ftruncate64)(fd, size);
}

int fchmod(int fd, mode_t mode)
{
	return at_descriptor("fchmod", fd) ? -1 : NEXT(fchmod)(fd, mode);
}

int rename(const char *from, const char *to)
{
	return at_point("rename", last_part(to)) ? -1 : NEXT(rename)(from, to);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return at_point("rename", last_part(to)) ? -1 : NEXT(renameat)(from_fd, from, to_fd, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return at_point("rename", last_part(to)) ? -1
						 : NEXT(renameat2)(from_fd, from, to_fd, to, flags);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return at_point("link", last_part(to)) ? -1 : NEXT(linkat)(from_fd, from, to_fd, to, flags);
}

int unlink(const char *path)
{
	return at_point("unlink", last_part(path)) ? -1 : NEXT(unlink)(path);
}

int unlinkat(int fd, const char *path, int flags)
{
	return at_point("unlink", last_part(path)) ? -1 : NEXT(unlinkat)(fd, path, flags);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	return at_point("mkdir", last_part(path)) ? -1 : NEXT(mkdirat)(fd, path, mode);
}

/* Only what may make a file. */
static int open_next(__typeof__(&openat) next, int fd, const char *path, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0 && at_point("create", last_part(path)))
		return -1;
	return next(fd, path, flags, mode);
}

static mode_t mode_of(int flags, va_list more)
{
	return (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
}

int openat(int fd, const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	return open_next(NEXT(openat), fd, path, flags, mode);
}

int openat64(int fd, const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	return open_next(NEXT(openat64), fd, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	return open_next(NEXT(openat), AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	return open_next(NEXT(openat64), AT_FDCWD, path, flags, mode);
}

/* memory */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

struct frame {
	const char *module; /* the name of its file; "" for the program */
	uint64_t at;        /* the same in every run, wherever the module lies */
};

/* Who asks, innermost first, without what stands in this file. */
static size_t find_frames(struct frame out[static FRAMES])
{
	void *found[OWN_FRAMES + FRAMES];
	struct dl_find_object here, module;
	size_t count = 0;
	int depth = backtrace(found, OWN_FRAMES + FRAMES);
	if (_dl_find_object((void *)(uintptr_t)find_frames, &here) != 0)
		return 0;
	for (int i = 0; i < depth && count < FRAMES; i++) {
		if (_dl_find_object(found[i], &module) != 0 ||
			module.dlfo_map_start == here.dlfo_map_start)
			continue;
		out[count].module = last_part(module.dlfo_link_map->l_name);
		out[count++].at = (uintptr_t)found[i] - (uintptr_t)module.dlfo_map_start;
	}
	return count;
}

static uint64_t place_of(const struct frame *frames, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < count; i++) {
		for (const char *name = frames[i].module; *name != '\0'; name++)
			hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
		for (size_t shift = 0; shift < 64; shift += 8)
			hash = (hash ^ (frames[i].at >> shift & 0xff)) * 0x100000001b3;
	}
	return hash == 0 ? 1 : hash;
}

/* True for the first time. */
static bool is_new_place(uint64_t place)
{
	static uint64_t slots[SLOTS];
	size_t i = place % SLOTS;
	while (slots[i] != 0 && slots[i] != place)
		i = (i + 1) % SLOTS;
	if (slots[i] == place)
		return false;
	slots[i] = place;
	return true;
}

/* With the innermost frames, for whoever looks for it with addr2line. */
static void note_place(uint64_t place, const struct frame *frames, size_t count)
{
	char what[WHAT_SIZE];
	int used = snprintf(what, sizeof(what), "%016llx", (unsigned long long)place);
	for (size_t i = 0; i < count && used < WHAT_SIZE; i++)
		used += snprintf(what + used, WHAT_SIZE - (size_t)used, " %.12s+%llx",
			frames[i].module, (unsigned long long)frames[i].at);
	note(atomic_fetch_add(&page->count, 1) + 1, "allocation", what);
}

static bool is_out_of_memory(void)
{
	if (page == NULL || page->memory == 0 || atomic_load(&page->armed) == 0 ||
		strcmp(page->role, role_now()) != 0)
		return false;
	struct frame frames[FRAMES];
	int before = errno;
	size_t count = find_frames(frames);
	uint64_t place = place_of(frames, count);
	if (page->action == ACTION_COUNT && is_new_place(place))
		note_place(place, frames, count);
	errno = before;
	if (page->action == ACTION_COUNT || place != page->place ||
		atomic_exchange(&page->fired, 1) != 0)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return is_out_of_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_out_of_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return is_out_of_memory() ? NULL : __libc_realloc(old, size);
}

/* the wall clock */

static int64_t jump(void)
{
	return page == NULL ? 0 : atomic_load(&page->clock);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int result = NEXT(clock_gettime)(clock, out);
	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		out->tv_sec += jump();
	return result;
}

time_t time(time_t *out)
{
	time_t now = NEXT(time)(NULL) + jump();
	if (out != NULL)
		*out = now;
	return now;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	int result = NEXT(gettimeofday)(out, zone);
	if (result == 0)
		out->tv_sec += jump();
	return result;
}

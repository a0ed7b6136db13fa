#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/process_impl.h"

#ifndef __has_feature
#define __has_feature(what) 0
#endif
/* AddressSanitizer maps, opens and asks in ways that no list of ours foresees. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

enum {
	SIGNER = 1 << SANDBOX_SIGNER,
	STORE = 1 << SANDBOX_STORE,
	PHONES = 1 << SANDBOX_PHONES,
	ADMIN = 1 << SANDBOX_ADMIN,
	COURIER = 1 << SANDBOX_COURIER,
	WRITERS = SIGNER | STORE,
	ALL = SIGNER | STORE | PHONES | ADMIN | COURIER,
};

/* What a process of each kind may ask of the kernel; all else fails with EPERM. */
#define CALL(name, kinds)                                                                          \
	{                                                                                          \
		SCMP_SYS(name), kinds                                                              \
	}
static const struct call_row {
	int number;
	unsigned kinds;
} calls[] = {
	/* clang-format off */
	CALL(read, ALL), CALL(write, ALL), CALL(readv, ALL), CALL(writev, ALL), CALL(close, ALL),
	CALL(pread64, ALL), CALL(pwrite64, ALL), CALL(lseek, ALL), CALL(sendfile, ALL),
	CALL(fstat, ALL), CALL(newfstatat, ALL), CALL(statx, ALL), CALL(stat, ALL),
	CALL(lstat, ALL), CALL(access, ALL), CALL(faccessat, ALL), CALL(faccessat2, ALL),
	CALL(readlink, ALL), CALL(readlinkat, ALL), CALL(getcwd, ALL), CALL(getdents64, ALL),
	CALL(openat2, ALL), CALL(dup, ALL), CALL(dup2, ALL), CALL(dup3, ALL), CALL(fcntl, ALL),
	CALL(memfd_create, ALL), CALL(ftruncate, ALL),
	CALL(fsync, WRITERS), CALL(fdatasync, WRITERS), CALL(fallocate, WRITERS),
	CALL(syncfs, WRITERS),
	CALL(rename, WRITERS), CALL(renameat, WRITERS), CALL(renameat2, WRITERS),
	CALL(unlink, WRITERS), CALL(unlinkat, WRITERS), CALL(mkdir, WRITERS),
	CALL(mkdirat, WRITERS), CALL(rmdir, WRITERS), CALL(fchmod, WRITERS),
	CALL(fchown, WRITERS), CALL(flock, WRITERS), CALL(utimensat, WRITERS),

	CALL(mmap, ALL), CALL(munmap, ALL), CALL(mremap, ALL), CALL(mprotect, ALL), CALL(brk, ALL),
	CALL(madvise, ALL), CALL(mlock, ALL), CALL(munlock, ALL), CALL(futex, ALL),
	CALL(membarrier, ALL), CALL(set_robust_list, ALL), CALL(rseq, ALL),

	CALL(epoll_create, ALL), CALL(epoll_create1, ALL), CALL(epoll_ctl, ALL),
	CALL(epoll_wait, ALL), CALL(epoll_pwait, ALL), CALL(epoll_pwait2, ALL), CALL(poll, ALL),
	CALL(ppoll, ALL), CALL(select, ALL), CALL(pselect6, ALL), CALL(eventfd2, ALL),
	CALL(timerfd_create, ALL), CALL(timerfd_settime, ALL), CALL(pipe, ALL), CALL(pipe2, ALL),

	CALL(accept, ALL), CALL(accept4, ALL), CALL(recvfrom, ALL), CALL(recvmsg, ALL),
	CALL(recvmmsg, ALL), CALL(sendto, ALL), CALL(sendmsg, ALL), CALL(sendmmsg, ALL),
	CALL(shutdown, ALL), CALL(getsockname, ALL), CALL(getpeername, ALL),
	CALL(getsockopt, ALL), CALL(setsockopt, ALL), CALL(listen, ALL), CALL(socketpair, ALL),
	CALL(connect, STORE | PHONES | ADMIN | COURIER), CALL(bind, PHONES | COURIER),

	CALL(clock_gettime, ALL), CALL(clock_getres, ALL), CALL(clock_nanosleep, ALL),
	CALL(nanosleep, ALL), CALL(gettimeofday, ALL), CALL(time, ALL), CALL(getrandom, ALL),
	CALL(rt_sigaction, ALL), CALL(rt_sigprocmask, ALL), CALL(rt_sigreturn, ALL),
	CALL(sigaltstack, ALL), CALL(restart_syscall, ALL), CALL(tgkill, SIGNER), CALL(gettid, ALL),
	CALL(getpid, ALL), CALL(getppid, ALL), CALL(getuid, ALL), CALL(geteuid, ALL),
	CALL(getgid, ALL), CALL(getegid, ALL), CALL(getrusage, ALL),
	CALL(getrlimit, ALL), CALL(uname, ALL), CALL(sysinfo, ALL), CALL(sched_yield, ALL),
	CALL(sched_getaffinity, ALL), CALL(getcpu, ALL), CALL(arch_prctl, ALL),
	CALL(set_tid_address, ALL), CALL(umask, ALL), CALL(exit, ALL), CALL(exit_group, ALL),

	CALL(fork, SIGNER), CALL(wait4, SIGNER), CALL(waitid, SIGNER), CALL(kill, SIGNER),
	/* clang-format on */
};

/* Nobody of ours ever calls these: whoever does is not us any more. */
static const int deadly[] = { SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev) };

enum { TYPE_MASK = 0xf }; /* SOCK_STREAM and the like, without SOCK_CLOEXEC and SOCK_NONBLOCK */

static struct scmp_arg_cmp equals(unsigned argument, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value };
}

static struct scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){
		.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
	};
}

static bool allow_streams(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp stream = masked(1, TYPE_MASK, SOCK_STREAM);
	struct scmp_arg_cmp four = equals(0, AF_INET);
	struct scmp_arg_cmp six = equals(0, AF_INET6);
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, four, stream) == 0 &&
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, six, stream) == 0;
}

static bool allow_arguments(scmp_filter_ctx filter, unsigned kind)
{
	bool fine;
	struct scmp_arg_cmp local = equals(0, AF_UNIX);
	struct scmp_arg_cmp datagram = masked(1, TYPE_MASK, SOCK_DGRAM);
	struct scmp_arg_cmp reading = masked(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	struct scmp_arg_cmp forking =
		masked(0, CLONE_VM | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, 0);
	/* Its own limits and its own death (abort) are its business, nobody else's. */
	fine = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, equals(0, 0)) == 0;
	if (kind != SIGNER)
		fine = fine &&
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				equals(0, (scmp_datum_t)getpid())) == 0;
	if ((kind & (STORE | PHONES | ADMIN)) != 0)
		fine = fine &&
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, local) == 0;
	if (kind == PHONES || kind == COURIER) {
		struct scmp_arg_cmp four = equals(0, AF_INET);
		struct scmp_arg_cmp six = equals(0, AF_INET6);
		fine = fine &&
			seccomp_rule_add(
				filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, four, datagram) == 0 &&
			seccomp_rule_add(
				filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, six, datagram) == 0;
	}
	if (kind == COURIER)
		fine = fine && allow_streams(filter);
	if ((kind & WRITERS) != 0)
		fine = fine && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 0) == 0;
	else
		fine = fine &&
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, reading) == 0;
	if (kind == SIGNER)
		fine = fine &&
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, forking) == 0;
	return fine;
}

/* The only requests of ioctl (isatty asks TCGETS) and of prctl. */
static const scmp_datum_t controls[] = { TCGETS, FIONREAD, FIONBIO, FIOCLEX };
static const scmp_datum_t signer_options[] = { PR_SET_PDEATHSIG, PR_SET_NAME };

static bool allow_each(scmp_filter_ctx filter, int number, struct scmp_arg_cmp argument,
	const scmp_datum_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		argument.datum_a = values[i];
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, argument) != 0)
			return false;
	}
	return true;
}

static bool fill_filter(scmp_filter_ctx filter, unsigned kind)
{
	bool fine = allow_arguments(filter, kind);
	for (size_t i = 0; i < COUNT(calls); i++)
		if ((calls[i].kinds & kind) != 0)
			fine = fine &&
				seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i].number, 0) == 0;
	fine = fine && allow_each(filter, SCMP_SYS(ioctl), equals(1, 0), controls, COUNT(controls));
	if (kind == SIGNER)
		fine = fine &&
			allow_each(filter, SCMP_SYS(prctl), equals(0, 0), signer_options,
				COUNT(signer_options));
	for (size_t i = 0; i < COUNT(deadly); i++)
		fine = fine && seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0) == 0;
	/* glibc then falls back to clone, whose flags a filter can read. */
	return fine && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

static bool close_calls(enum sandbox kind, struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (filter == NULL)
		return fail_memory(err);
	bool fine = fill_filter(filter, 1u << kind);
	int result = fine ? seccomp_load(filter) : -EINVAL;
	seccomp_release(filter);
	errno = -result;
	return result == 0 ? true : fail_errno(err, "loading the list of system calls");
}

/* Landlock, ABI 2 (Debian 12's kernel), by its system calls: no library of Debian 12 has them. */
static const uint64_t file_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
static const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t write_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
	LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER;
static const uint64_t all_rights = (LANDLOCK_ACCESS_FS_REFER << 1) - 1;
/* Since ABI 3, which Debian 12's headers do not know. */
static const uint64_t truncate_right = LANDLOCK_ACCESS_FS_REFER << 1;

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool sandbox_has_landlock(void)
{
	return landlock_abi() >= 2;
}

static bool open_path(int rules, const char *path, uint64_t rights, struct error *err)
{
	struct stat facts;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return true; /* nothing there to be reached */
	if (fd < 0 || fstat(fd, &facts) != 0)
		return fail_errno(err, "%s", path);
	struct landlock_path_beneath_attr beneath = {
		.allowed_access =
			S_ISDIR(facts.st_mode) ? rights : rights & (file_rights | truncate_right),
		.parent_fd = fd,
	};
	long added = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	if (added != 0)
		(void)fail_errno(err, "%s", path);
	(void)close(fd);
	return added == 0;
}

static bool close_files(
	enum sandbox kind, const char *const *paths, const char *read_only, struct error *err)
{
	uint64_t truncates = landlock_abi() >= 3 ? truncate_right : 0;
	struct landlock_ruleset_attr attributes = { .handled_access_fs = all_rights | truncates };
	if (!sandbox_has_landlock())
		return true;
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (rules < 0)
		return fail_errno(err, "Landlock");
	bool writes = ((1u << kind) & WRITERS) != 0;
	bool fine = true;
	for (size_t i = 0; fine && paths != NULL && paths[i] != NULL; i++) {
		bool may_write = writes && strcmp(paths[i], read_only) != 0;
		fine = open_path(
			rules, paths[i], may_write ? write_rights | truncates : read_rights, err);
	}
	if (fine && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		fine = fail_errno(err, "Landlock");
	(void)close(rules);
	return fine;
}

bool process_keep_rights(struct error *err)
{
	return SANITIZED || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
		? true
		: fail_errno(err, "hiding its memory");
}

bool sandbox_enter(
	enum sandbox kind, const char *const *paths, const char *read_only, struct error *err)
{
	struct rlimit none = { 0, 0 };
	if (SANITIZED)
		return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 /* for its search for leaks */
			? true
			: fail_errno(err, "staying dumpable");
	/* A core of any of them would hold a private key; so would another's look into it. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return fail_errno(err, "giving up rights");
	return close_files(kind, paths, read_only, err) && close_calls(kind, err);
}

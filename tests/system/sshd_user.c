/* Loaded before sshd's own libraries by sftp_server.py: one user, whoever sshd runs as, with the
 * password of DIALTRUST_SSHD_PASSWORD (as crypt(3) writes it), so that no account of the machine is
 * touched or needed. */
#include <pwd.h>
#include <shadow.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char user_name[] = "bulk";

static struct passwd *the_user(void)
{
	static char name[sizeof(user_name)], home[] = "/", shell[] = "/bin/sh", nothing[] = "";
	static struct passwd user;
	const char *password = getenv("DIALTRUST_SSHD_PASSWORD");
	memcpy(name, user_name, sizeof(name));
	user = (struct passwd){ .pw_name = name,
		.pw_passwd = (char *)(password == NULL ? "*" : password),
		.pw_uid = geteuid(),
		.pw_gid = getegid(),
		.pw_gecos = nothing,
		.pw_dir = home,
		.pw_shell = shell };
	return &user;
}

struct passwd *getpwnam(const char *name)
{
	return strcmp(name, user_name) == 0 ? the_user() : NULL;
}

struct passwd *getpwuid(uid_t uid)
{
	return uid == geteuid() ? the_user() : NULL;
}

struct spwd *getspnam(const char *name)
{
	(void)name;
	return NULL;
}

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "store/store_impl.h"

enum {
	SQLITE_PATH_SIZE = 512,
	SQLITE_HEAD = 100, /* bytes of the file's header */
	SQLITE_WAIT_MS = 5000,
	SQLITE_PAUSE_US = 20000,
	PAUSE_MS = 20,
	PAUSES_SHORT = 5,         /* of a millisecond: most changes are over by then */
	SQLITE_OURS = 0x64747275, /* "dtru", the application id in the file's header */
	SQLITE_MODE = 0660,       /* the managers of one machine share a group */
};

struct sqlite {
	sqlite3 *connection;
	int64_t seen;       /* PRAGMA data_version */
	int give_up;        /* no waiting while it is readable; -1: none */
	int64_t busy_until; /* monotonic ms */
	char path[SQLITE_PATH_SIZE];
};

DEFINE_AUTO(sqlite3_stmt, sqlite3_finalize);

/* What SQLite says, and what the operator can do about it. */
static const struct {
	int code;
	enum fault fault;
	const char *text;
} causes[] = {
	{ SQLITE_BUSY, FAULT_BUSY, "another process kept it locked too long; try again" },
	{ SQLITE_LOCKED, FAULT_BUSY, "another process kept it locked too long; try again" },
	{ SQLITE_READONLY, FAULT_STORE,
		"it may not be written: give the daemon's user write access to it and to its "
		"folder" },
	{ SQLITE_PERM, FAULT_STORE,
		"access is denied: give the daemon's user access to it and to its folder" },
	{ SQLITE_AUTH, FAULT_STORE,
		"access is denied: give the daemon's user access to it and to its folder" },
	{ SQLITE_CANTOPEN, FAULT_STORE,
		"it cannot be opened: check the path in [node] store and the access to its "
		"folder" },
	{ SQLITE_NOTADB, FAULT_STORE,
		"it is no database, or its head is damaged: check the path in [node] store, or "
		"restore a backup" },
	{ SQLITE_CORRUPT, FAULT_STORE, "it is damaged: stop all nodes and restore a backup" },
	{ SQLITE_FULL, FAULT_STORE, "its disk is full: make room and try again" },
	{ SQLITE_IOERR, FAULT_STORE, "its disk failed: look into the system's log" },
	{ SQLITE_TOOBIG, FAULT_LIMIT, "the value is too large for it" },
	{ SQLITE_NOMEM, FAULT_MEMORY, "out of memory" },
};

static bool fail_sqlite(const struct sqlite *db, int code, struct error *err)
{
	if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
		return fail(err, FAULT_MISSING, "this names something that does not exist (yet)");
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		return fail(err, FAULT_REFUSED, "this contradicts what is there already: %.120s",
			sqlite3_errmsg(db->connection));
	for (size_t i = 0; i < COUNT(causes); i++)
		if ((code & 0xff) == causes[i].code)
			return fail(err, causes[i].fault, "the database %.120s: %s", db->path,
				causes[i].text);
	return fail(err, FAULT_STORE, "the database %.120s: %.150s", db->path,
		sqlite3_errmsg(db->connection));
}

/* statements */

static int bind_one(sqlite3_stmt *statement, int place, const struct param *param)
{
	const void *bytes = param->bytes.left == 0 ? "" : (const void *)param->bytes.at;
	switch (param->kind) {
	case PARAM_NUMBER:
		return sqlite3_bind_int64(statement, place, param->number);
	case PARAM_TEXT:
		return sqlite3_bind_text64(
			statement, place, bytes, param->bytes.left, SQLITE_STATIC, SQLITE_UTF8);
	case PARAM_BYTES:
		return sqlite3_bind_blob64(
			statement, place, bytes, param->bytes.left, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

/* By name: SQLite numbers $2 … $1 by their appearance, other databases by their number. */
static int bind_all(sqlite3_stmt *statement, const struct statement *what)
{
	int code = SQLITE_OK;
	for (size_t i = 0; code == SQLITE_OK && i < what->count; i++) {
		char name[24];
		(void)snprintf(name, sizeof(name), "$%zu", i + 1);
		int place = sqlite3_bind_parameter_index(statement, name);
		assert(place > 0);
		code = bind_one(statement, place, &what->params[i]);
	}
	return code;
}

static bool take_cell(sqlite3_stmt *statement, int column, struct rows *out, struct error *err)
{
	int kind = sqlite3_column_type(statement, column);
	if (kind == SQLITE_INTEGER)
		rows_set_number(out, (size_t)column, sqlite3_column_int64(statement, column));
	if (kind != SQLITE_TEXT && kind != SQLITE_BLOB)
		return true;
	const void *bytes = sqlite3_column_blob(statement, column);
	int size = sqlite3_column_bytes(statement, column);
	return rows_set_bytes(out, (size_t)column, reader_of(bytes, (size_t)size), err);
}

static bool take_row(sqlite3_stmt *statement, struct rows *out, struct error *err)
{
	int columns = sqlite3_column_count(statement);
	if (!rows_add(out, (size_t)columns, err))
		return false;
	for (int i = 0; i < columns; i++)
		if (!take_cell(statement, i, out, err))
			return false;
	return true;
}

static bool run(void *opaque, const struct statement *what, struct rows *out, struct error *err)
{
	struct sqlite *db = opaque;
	AUTO(sqlite3_stmt) statement = NULL;
	int code = sqlite3_prepare_v2(db->connection, what->sql, -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = bind_all(statement, what);
	if (code != SQLITE_OK)
		return fail_sqlite(db, code, err);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		if (!take_row(statement, out, err))
			return false;
	return code == SQLITE_DONE || fail_sqlite(db, code, err);
}

static bool script(void *opaque, const char *sql, struct error *err)
{
	struct sqlite *db = opaque;
	int code = sqlite3_exec(db->connection, sql, NULL, NULL, NULL);
	return code == SQLITE_OK || fail_sqlite(db, code, err);
}

static bool begin(void *db, struct error *err)
{
	return script(db, "BEGIN IMMEDIATE", err);
}

static bool commit(void *db, struct error *err)
{
	return script(db, "COMMIT", err);
}

static void rollback(void *opaque)
{
	struct sqlite *db = opaque;
	if (!sqlite3_get_autocommit(db->connection))
		(void)script(db, "ROLLBACK", NULL); /* what failed before is what is reported */
}

/* The first cell of the first row, as a number or as text. */
static bool pragma(struct sqlite *db, const char *sql, int64_t *number, char text[static 64],
	struct error *err)
{
	AUTO(sqlite3_stmt) statement = NULL;
	int code = sqlite3_prepare_v2(db->connection, sql, -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_ROW)
		return fail_sqlite(db, code, err);
	const unsigned char *found = sqlite3_column_text(statement, 0);
	*number = sqlite3_column_int64(statement, 0);
	(void)snprintf(text, 64, "%s", found == NULL ? "" : (const char *)found);
	return true;
}

static bool changed_elsewhere(void *opaque)
{
	struct sqlite *db = opaque;
	char text[64];
	int64_t version;
	if (!pragma(db, "PRAGMA data_version", &version, text, NULL))
		return true; /* whoever looks finds out why */
	bool changed = version != db->seen;
	db->seen = version;
	return changed;
}

/* opening */

/* Made by us, so that its mode does not hang on the umask. A file that is there is never opened
 * here: closing it would drop the locks that this process holds on it through SQLite. */
static bool make_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, SQLITE_MODE);
	if (fd >= 0) {
		bool fine = fchmod(fd, SQLITE_MODE) == 0;
		(void)close(fd); /* nothing was written */
		return fine || fail_errno(err, "the database %.120s cannot be made", path);
	}
	if (errno == EEXIST)
		return true;
	if (errno == ENOENT)
		return fail(err, FAULT_STORE,
			"the database %.120s cannot be made: its folder does not exist; make it, "
			"or "
			"correct [node] store",
			path);
	(void)fail_errno(err, "the database %.120s cannot be made", path);
	if (err != NULL)
		err->fault = FAULT_STORE;
	return false;
}

static bool check_file(const struct sqlite *db, struct error *err)
{
	struct stat facts;
	const char *path = db->path;
	if (stat(path, &facts) != 0)
		return fail(err, FAULT_STORE, "the database %.120s cannot be reached: %s", path,
			strerror(errno));
	if (!S_ISREG(facts.st_mode))
		return fail(err, FAULT_STORE, "the database %.120s is no regular file", path);
	if ((facts.st_mode & 0007) != 0)
		return fail(err, FAULT_STORE,
			"the database %.120s is open to every user of this machine: chmod 0660 it",
			path);
	if (facts.st_size > 0 && facts.st_size < SQLITE_HEAD) /* SQLite takes one byte for none */
		return fail_sqlite(db, SQLITE_CORRUPT, err);
	if (access(path, R_OK | W_OK) != 0)
		return fail(err, FAULT_STORE,
			"the database %.120s belongs to user %u, group %u, and may not be read and "
			"written by this one: run as its owner, or give its group access (chmod "
			"0660)",
			path, facts.st_uid, facts.st_gid);
	return true;
}

/* Called while another one holds what is wanted; 0: no more. */
static int wait_while_busy(void *opaque, int tries)
{
	struct sqlite *db = opaque;
	int64_t now = clock_monotonic_ms();
	struct pollfd one = { .fd = db->give_up, .events = POLLIN };
	if (tries == 0)
		db->busy_until = now + SQLITE_WAIT_MS;
	return now < db->busy_until && poll(&one, 1, tries < PAUSES_SHORT ? 1 : PAUSE_MS) == 0;
}

static void give_up_on(void *opaque, int fd)
{
	struct sqlite *db = opaque;
	db->give_up = fd;
}

static bool connect_to(struct sqlite *db, struct error *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE;
	int code = sqlite3_open_v2(db->path, &db->connection, flags, NULL);
	if (code != SQLITE_OK)
		return fail_sqlite(db, code, err);
	(void)sqlite3_busy_handler(db->connection, wait_while_busy, db);
	(void)sqlite3_db_config(db->connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return script(db, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF", err);
}

/* An empty database becomes ours; another program's is left alone. */
static bool claim(struct sqlite *db, struct error *err)
{
	char text[64];
	int64_t id, tables;
	/* In this order, because another one of us marks a new database before it makes tables. */
	if (!pragma(db, "SELECT count(*) FROM sqlite_schema", &tables, text, err) ||
		!pragma(db, "PRAGMA application_id", &id, text, err))
		return false;
	if (id == SQLITE_OURS)
		return true;
	if (id != 0 || tables != 0)
		return fail(err, FAULT_STORE,
			"the database %.120s belongs to another program: correct [node] store",
			db->path);
	(void)snprintf(text, sizeof(text), "PRAGMA application_id = %d", SQLITE_OURS);
	return script(db, text, err);
}

/* SQLite does not wait for a lock while it changes the journal's kind, so we do. */
static bool use_write_ahead_log(struct sqlite *db, struct error *err)
{
	char text[64];
	int64_t number, deadline = clock_monotonic_ms() + SQLITE_WAIT_MS;
	struct error why = { 0 };
	while (!pragma(db, "PRAGMA journal_mode = WAL", &number, text, &why)) {
		if (why.fault != FAULT_BUSY || clock_monotonic_ms() >= deadline) {
			if (err != NULL)
				*err = why;
			return false;
		}
		(void)usleep(SQLITE_PAUSE_US);
	}
	if (strcmp(text, "wal") != 0)
		return fail(err, FAULT_STORE,
			"the database %.120s cannot have a write-ahead log: keep it on a local "
			"disk, "
			"not on a network file system",
			db->path);
	return script(db, "PRAGMA synchronous = FULL", err);
}

/* A file that ends before its last page does was cut: SQLite would read zeros in its place. While
 * there is a log, pages may still be on their way from it into the file. */
static bool is_cut(struct sqlite *db, uint64_t whole)
{
	char log[SQLITE_PATH_SIZE + 8];
	struct stat facts;
	(void)snprintf(log, sizeof(log), "%s-wal", db->path);
	if (stat(log, &facts) == 0 && facts.st_size > 0)
		return false;
	return stat(db->path, &facts) == 0 && (uint64_t)facts.st_size < whole;
}

static bool check_pages(struct sqlite *db, struct error *err)
{
	char text[64];
	int64_t pages, size, number;
	if (!pragma(db, "PRAGMA page_count", &pages, text, err) ||
		!pragma(db, "PRAGMA page_size", &size, text, err))
		return false;
	if (is_cut(db, (uint64_t)pages * (uint64_t)size))
		return fail_sqlite(db, SQLITE_CORRUPT, err);
	if (!pragma(db, "PRAGMA quick_check(1)", &number, text, err))
		return false;
	return strcmp(text, "ok") == 0 || fail_sqlite(db, SQLITE_CORRUPT, err);
}

static void close_db(void *opaque)
{
	struct sqlite *db = opaque;
	(void)sqlite3_close_v2(db->connection); /* what was committed is on the disk already */
	free(db);
}

static void *open_db(const char *place, struct error *err)
{
	struct sqlite *db = calloc(1, sizeof(*db));
	if (db == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	db->give_up = -1;
	bool fine = place[0] != '\0' && text_copy(db->path, sizeof(db->path), place, NULL);
	if (!fine)
		(void)fail(err, FAULT_USAGE, "sqlite:PATH needs a path of 1 to %d bytes",
			SQLITE_PATH_SIZE - 1);
	if (fine && make_file(db->path, err) && check_file(db, err) && connect_to(db, err) &&
		claim(db, err) && use_write_ahead_log(db, err) && check_pages(db, err)) {
		(void)changed_elsewhere(db); /* from here on */
		return db;
	}
	close_db(db);
	return NULL;
}

const struct engine sqlite_engine = {
	.scheme = "sqlite",
	.open = open_db,
	.run = run,
	.script = script,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.changed_elsewhere = changed_elsewhere,
	.give_up_on = give_up_on,
	.close = close_db,
};

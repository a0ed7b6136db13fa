#include "deployer/hook.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "cluster/service.h"
#include "net/address.h"
#include "run/files.h"

enum { FILE_LIMIT = 64 << 10, MODE_MAX = 0770, SECONDS_MAX = 60, KEYS_MAX = 24 };
enum { IN_HOOK = 1, IN_RECIPE = 2, ANYWHERE = IN_HOOK | IN_RECIPE };

struct reading {
	const char *path, *recipes;
	unsigned where; /* IN_HOOK: the operator's file; IN_RECIPE: a recipe */
	struct hooks *hooks;
	struct hook *hook; /* of the section that is read */
	bool seen[KEYS_MAX];
	bool steps; /* this section has a dialogue of its own */
	struct reader rest;
	unsigned line;
	bool wrong;
	struct error why;
};

typedef bool take_fn(struct reading *r, const char *value, void *out, size_t size);

static bool recipe_load(struct reading *r, const char *name);

static bool take_text(struct reading *r, const char *value, void *out, size_t size)
{
	return text_copy(out, size, value, &r->why);
}

static bool take_path(struct reading *r, const char *value, void *out, size_t size)
{
	size_t length = strlen(value);
	if (value[0] != '/' || value[length - 1] == '/')
		return fail(
			&r->why, FAULT_MALFORMED, "a file's path from the root (/…) is expected");
	return text_copy(out, size, value, &r->why);
}

static bool take_address(struct reading *r, const char *value, void *out, size_t size)
{
	struct address at;
	return address_parse(value, &at, &r->why) && text_copy(out, size, value, &r->why);
}

static bool take_socket(struct reading *r, const char *value, void *out, size_t size)
{
	return value[0] == '/' ? take_path(r, value, out, size) : take_address(r, value, out, size);
}

static bool take_number(struct reading *r, const char *value, void *out, size_t size)
{
	(void)size;
	uint64_t number;
	if (!text_number(value, 0, HOOK_STAYS - 1, &number))
		return fail(&r->why, FAULT_MALFORMED,
			"a number is expected, since names of users differ between machines");
	*(uint32_t *)out = (uint32_t)number;
	return true;
}

static bool take_seconds(struct reading *r, const char *value, void *out, size_t size)
{
	(void)size;
	uint64_t number;
	if (!text_number(value, 1, SECONDS_MAX, &number))
		return fail(
			&r->why, FAULT_MALFORMED, "a number from 1 to %d is expected", SECONDS_MAX);
	*(uint32_t *)out = (uint32_t)number;
	return true;
}

static bool take_mode(struct reading *r, const char *value, void *out, size_t size)
{
	(void)size;
	unsigned mode = 0;
	size_t length = strlen(value);
	if (length < 3 || length > 4 || strspn(value, "01234567") != length)
		return fail(&r->why, FAULT_MALFORMED, "an octal mode such as 0640 is expected");
	for (const char *at = value; *at != '\0'; at++)
		mode = mode * 8 + (unsigned)(*at - '0');
	if ((mode & 07) != 0)
		return fail(&r->why, FAULT_REFUSED,
			"everyone could read the key: choose a mode such as 0640");
	if (mode > MODE_MAX)
		return fail(&r->why, FAULT_MALFORMED, "an octal mode such as 0640 is expected");
	*(uint32_t *)out = mode;
	return true;
}

static bool take_service(struct reading *r, const char *value, void *out, size_t size)
{
	const struct service *row = service_find(value);
	if (row == NULL || row->kind != SERVICE_HOOKED || row->leaf == NULL)
		return fail(&r->why, FAULT_MALFORMED,
			"that is no service of kind hooked: see `dialtrust service list`");
	return text_copy(out, size, row->name, &r->why);
}

static bool take_unit(struct reading *r, const char *value, void *out, size_t size)
{
	const struct unit *unit = unit_find(value);
	if (unit == NULL || unit->trust)
		return fail(&r->why, FAULT_MALFORMED,
			"that is no identity certificate: see `dialtrust cert list`");
	if (unit->key_stays)
		return fail(&r->why, FAULT_REFUSED, "the key of %s never leaves its signer",
			unit->name);
	return text_copy(out, size, unit->name, &r->why);
}

/* \n, \r, \0, \\ and nothing else. */
static bool unescape(struct reading *r, const char *value, struct hook_step *step)
{
	static const char names[] = "nr0\\", meant[] = "\n\r\0\\";
	for (; *value != '\0' && step->size < sizeof(step->text); value++) {
		char byte = *value;
		if (byte == '\\') {
			const char *name = *++value == '\0' ? NULL : strchr(names, *value);
			if (name == NULL)
				return fail(&r->why, FAULT_MALFORMED,
					"a backslash stands before n, r, 0 or another backslash");
			byte = meant[name - names];
		}
		step->text[step->size++] = byte;
	}
	return *value == '\0' ||
		fail(&r->why, FAULT_LIMIT, "more than %zu bytes", sizeof(step->text));
}

static bool take_step(struct reading *r, const char *value, bool say)
{
	struct hook *hook = r->hook;
	struct hook_step step = { .say = say };
	if (!r->steps)
		hook->step_count = 0; /* an operator's dialogue takes the place of the recipe's */
	r->steps = true;
	if (hook->step_count == HOOK_STEPS)
		return fail(&r->why, FAULT_LIMIT, "more than %d steps", HOOK_STEPS);
	if (value[0] == '\0')
		return fail(&r->why, FAULT_MALFORMED, "a text is expected");
	if (!unescape(r, value, &step))
		return false;
	hook->steps[hook->step_count++] = step;
	return true;
}

static bool take_say(struct reading *r, const char *value, void *out, size_t size)
{
	(void)out;
	(void)size;
	return take_step(r, value, true);
}

static bool take_hear(struct reading *r, const char *value, void *out, size_t size)
{
	(void)out;
	(void)size;
	return take_step(r, value, false);
}

static bool take_recipe(struct reading *r, const char *value, void *out, size_t size)
{
	for (size_t i = 0; i < KEYS_MAX; i++)
		if (r->seen[i])
			return fail(&r->why, FAULT_MALFORMED,
				"recipe comes first in its section: what follows it replaces what "
				"it says");
	return text_copy(out, size, value, &r->why) && recipe_load(r, value);
}

/* clang-format off */
#define AT(field) offsetof(struct hook, field), sizeof(((struct hook *)NULL)->field)
static const struct key_row {
	const char *name;
	unsigned where;
	take_fn *take;
	size_t offset, size;
	bool repeats;
} rows[] = {
	{ "recipe",      IN_HOOK,   take_recipe,  AT(recipe),      false },
	{ "service",     IN_HOOK,   take_service, AT(service),     false },
	{ "unit",        IN_HOOK,   take_unit,    AT(unit),        false },
	{ "tried",       IN_RECIPE, take_text,    AT(tried),       false },
	{ "certificate", ANYWHERE,  take_path,    AT(certificate), false },
	{ "leaf",        ANYWHERE,  take_path,    AT(leaf),        false },
	{ "chain",       ANYWHERE,  take_path,    AT(chain),       false },
	{ "key",         ANYWHERE,  take_path,    AT(key),         false },
	{ "bundle",      ANYWHERE,  take_path,    AT(bundle),      false },
	{ "mode",        ANYWHERE,  take_mode,    AT(mode),        false },
	{ "owner",       ANYWHERE,  take_number,  AT(owner),       false },
	{ "group",       ANYWHERE,  take_number,  AT(group),       false },
	{ "reload",      ANYWHERE,  take_path,    AT(reload),      false },
	{ "user",        ANYWHERE,  take_number,  AT(user),        false },
	{ "connect",     ANYWHERE,  take_socket,  AT(connect),     false },
	{ "secret",      ANYWHERE,  take_text,    AT(secret),      false },
	{ "say",         ANYWHERE,  take_say,     AT(steps),       true },
	{ "hear",        ANYWHERE,  take_hear,    AT(steps),       true },
	{ "check",       ANYWHERE,  take_address, AT(check),       false },
	{ "list",        ANYWHERE,  take_path,    AT(list),        false },
	{ "seconds",     ANYWHERE,  take_seconds, AT(seconds),     false },
};
/* clang-format on */

_Static_assert(COUNT(rows) <= KEYS_MAX, "each key has a mark of having been seen");

static bool open_section(struct reading *r, const char *name)
{
	struct hooks *hooks = r->hooks;
	if (r->where == IN_RECIPE)
		return strcmp(name, "recipe") == 0 ||
			fail(&r->why, FAULT_MALFORMED, "[%s]: a recipe has one section, [recipe]",
				name);
	if (hooks->count > 0 && strcmp(hooks->rows[hooks->count - 1].name, name) == 0)
		return true;
	if (hook_find(hooks, name) != NULL)
		return fail(&r->why, FAULT_MALFORMED, "[%s] is there twice", name);
	if (hooks->count == HOOKS_MAX)
		return fail(&r->why, FAULT_LIMIT, "more than %d hooks", HOOKS_MAX);
	struct hook *hook = &hooks->rows[hooks->count];
	*hook = (struct hook){ .mode = 0600,
		.owner = HOOK_STAYS,
		.group = HOOK_STAYS,
		.user = HOOK_STAYS,
		.seconds = 10 };
	if (name[0] == '\0' || strchr(name, '/') != NULL || name[0] == '.' ||
		!text_copy(hook->name, sizeof(hook->name), name, NULL))
		return fail(&r->why, FAULT_MALFORMED,
			"[%.80s] is no name for a hook: 1 to %d characters, no slash", name,
			HOOK_NAME_SIZE - 1);
	hooks->count++;
	r->hook = hook;
	r->steps = false;
	memset(r->seen, 0, sizeof(r->seen));
	return true;
}

static bool take(struct reading *r, const char *section, const char *name, const char *value)
{
	const struct key_row *row = rows;
	if (!open_section(r, section))
		return false;
	while (row < rows + COUNT(rows) && strcmp(row->name, name) != 0)
		row++;
	if (row == rows + COUNT(rows) || (row->where & r->where) == 0)
		return fail(&r->why, FAULT_MALFORMED,
			"[%s] %s is no key of a %s: see docs/deploy-hooks.md", section, name,
			r->where == IN_RECIPE ? "recipe" : "hook");
	if (r->seen[row - rows] && !row->repeats)
		return fail(&r->why, FAULT_MALFORMED, "[%s] %s is set twice", section, name);
	if (!row->take(r, value, (char *)r->hook + row->offset, row->size))
		return fail_in(&r->why, "[%s] %s = %.100s", section, name,
			row->take == take_text ? "…" : value);
	r->seen[row - rows] = true;
	return true;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	if (r->wrong || take(r, section, name, value))
		return !r->wrong;
	(void)fail_in(&r->why, "%s:%u", r->path, r->line);
	r->wrong = true;
	return 0;
}

/* inih's fgets: from memory, counting lines, so that an error can name its line. */
static char *next_line(char *out, int size, void *stream)
{
	struct reading *r = stream;
	if (r->rest.left == 0 || r->wrong)
		return NULL;
	const uint8_t *end = memchr(r->rest.at, '\n', r->rest.left);
	size_t length = end == NULL ? r->rest.left : (size_t)(end - r->rest.at) + 1;
	r->line++;
	if (length >= (size_t)size) {
		(void)fail(&r->why, FAULT_LIMIT,
			"%s:%u: over %d bytes, which is the most for a line", r->path, r->line,
			size - 2);
		r->wrong = true;
		return NULL;
	}
	reader_copy(&r->rest, out, length);
	out[length] = '\0';
	return out;
}

/* What it says is done with the deployer's rights. */
static bool is_ours(const char *path, struct error *err)
{
	struct stat facts;
	if (stat(path, &facts) != 0)
		return fail_errno(err, "%s", path);
	if ((facts.st_uid != 0 && facts.st_uid != geteuid()) || (facts.st_mode & 022) != 0)
		return fail(err, FAULT_REFUSED,
			"%s: others may write it, and what it says is done with this daemon's "
			"rights: chown it to whoever starts the daemon and chmod it go-w",
			path);
	return true;
}

static bool read_file(struct reading *r)
{
	AUTO_DONE(bytes) file = { 0 };
	if (!is_ours(r->path, &r->why) || !file_read(r->path, FILE_LIMIT, &file, &r->why))
		return false;
	if (file.size > 0 && memchr(file.data, '\0', file.size) != NULL)
		return fail(&r->why, FAULT_MALFORMED, "%s: a NUL byte", r->path);
	r->rest = bytes_reader(&file);
	int line = ini_parse_stream(next_line, r, on_pair, r);
	if (r->wrong)
		return false;
	if (line < 0)
		return fail_memory(&r->why);
	return line == 0 ||
		fail(&r->why, FAULT_MALFORMED,
			"%s:%d: neither [section] nor name = value nor a comment", r->path, line);
}

static bool recipe_load(struct reading *r, const char *name)
{
	char path[2 * HOOK_PATH_SIZE];
	if (name[0] == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
		return fail(&r->why, FAULT_MALFORMED,
			"a recipe's name has small letters, digits and hyphens");
	if (snprintf(path, sizeof(path), "%s/%s.recipe", r->recipes, name) >= (int)sizeof(path))
		return fail(&r->why, FAULT_LIMIT, "the path of the recipe is too long");
	if (access(path, F_OK) != 0)
		return fail(&r->why, FAULT_MISSING, "there is no recipe %s", path);
	struct reading inner = {
		.path = path, .where = IN_RECIPE, .hooks = r->hooks, .hook = r->hook
	};
	if (read_file(&inner))
		return true;
	r->why = inner.why;
	return false;
}

/* the whole of a hook */

static bool check_unit(struct hook *hook, struct error *err)
{
	const struct service *service = service_find(hook->service);
	if (service == NULL)
		return fail(err, FAULT_MALFORMED, "[%s] service is missing", hook->name);
	if (hook->unit[0] == '\0')
		return text_copy(hook->unit, sizeof(hook->unit), service->leaf, err);
	return restart_find(hook->unit, service->name) != NULL ||
		fail(err, FAULT_MALFORMED, "[%s] %s does not read the %s certificate", hook->name,
			service->name, hook->unit);
}

static bool check_effect(const struct hook *hook, struct error *err)
{
	bool dialogue = hook->connect[0] != '\0';
	if (hook->certificate[0] == '\0' && hook->leaf[0] == '\0' && hook->bundle[0] == '\0')
		return fail(err, FAULT_MALFORMED,
			"[%s] names no certificate, leaf or bundle: there is nothing to put in "
			"place",
			hook->name);
	if ((hook->reload[0] != '\0') == dialogue)
		return fail(err, FAULT_MALFORMED,
			"[%s] needs either reload or connect: a certificate that nobody loads is "
			"none",
			hook->name);
	if (dialogue != (hook->step_count > 0))
		return fail(err, FAULT_MALFORMED,
			"[%s] connect goes with lines of say and hear, and they with it",
			hook->name);
	return hook->check[0] != '\0' || hook->list[0] != '\0' ||
		fail(err, FAULT_MALFORMED,
			"[%s] needs check or list: what nobody looked at does not count as done",
			hook->name);
}

static bool check_files(const struct hooks *hooks, struct error *err)
{
	const char *paths[HOOKS_MAX * 5];
	size_t count = 0;
	for (size_t i = 0; i < hooks->count; i++) {
		const struct hook *h = &hooks->rows[i];
		const char *const own[] = { h->certificate, h->leaf, h->chain, h->key, h->bundle };
		for (size_t n = 0; n < COUNT(own); n++) {
			for (size_t k = 0; own[n][0] != '\0' && k < count; k++)
				if (strcmp(paths[k], own[n]) == 0)
					return fail(err, FAULT_MALFORMED,
						"[%s] %s is written twice: each file belongs to "
						"one hook",
						h->name, own[n]);
			if (own[n][0] != '\0')
				paths[count++] = own[n];
		}
	}
	return true;
}

static bool check_all(struct hooks *hooks, struct error *err)
{
	for (size_t i = 0; i < hooks->count; i++)
		if (!check_unit(&hooks->rows[i], err) || !check_effect(&hooks->rows[i], err))
			return false;
	return check_files(hooks, err);
}

bool hooks_load(const char *path, const char *recipes, struct hooks *out, struct error *err)
{
	if (strcmp(path, "none") == 0) {
		out->count = 0;
		return true;
	}
	struct hooks *hooks = calloc(1, sizeof(*hooks));
	if (hooks == NULL)
		return fail_memory(err);
	struct reading r = { .path = path, .recipes = recipes, .where = IN_HOOK, .hooks = hooks };
	bool fine = read_file(&r);
	if (!fine && err != NULL)
		*err = r.why;
	fine = fine && (check_all(hooks, err) || fail_in(err, "%s", path));
	if (fine)
		*out = *hooks;
	free(hooks);
	return fine;
}

const struct hook *hook_find(const struct hooks *hooks, const char *name)
{
	for (size_t i = 0; i < hooks->count; i++)
		if (strcmp(hooks->rows[i].name, name) == 0)
			return &hooks->rows[i];
	return NULL;
}

#include "deployer/hook.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "run/scratch.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char web[] = "[web]\n"
			  "recipe = web\n"
			  "service = cisco tomcat\n"
			  "key = /x/key.pem\n";
static const char recipe[] = "[recipe]\n"
			     "tried = nothing\n"
			     "certificate = /r/cert.pem\n"
			     "key = /r/key.pem\n"
			     "mode = 0640\n"
			     "reload = /bin/true\n"
			     "check = 127.0.0.1:443\n";

static void put(void **state, const char *name, const char *text)
{
	const struct scratch *s = *state;
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", s->path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static bool load(void **state, const char *text, struct hooks *out, struct error *err)
{
	const struct scratch *s = *state;
	char path[128];
	put(state, "hooks", text);
	(void)snprintf(path, sizeof(path), "%s/hooks", s->path);
	return hooks_load(path, s->path, out, err);
}

static void refused(void **state, const char *text, const char *words)
{
	struct hooks hooks = { .count = 7 };
	struct error err = { 0 };
	if (load(state, text, &hooks, &err))
		fail_msg("taken:\n%s", text);
	assert_int_equal(hooks.count, 7);
	if (err.fault == FAULT_NONE || strstr(err.text, words) == NULL)
		fail_msg("\"%s\" is not in: %s\n%s", words, err.text, text);
}

static void a_hook_replaces_what_its_recipe_says(void **state)
{
	static struct hooks hooks;
	struct error err = { 0 };
	put(state, "web.recipe", recipe);
	if (!load(state, web, &hooks, &err))
		fail_msg("%s", err.text);
	const struct hook *hook = hook_find(&hooks, "web");
	assert_non_null(hook);
	assert_string_equal(hook->service, "Cisco Tomcat");
	assert_string_equal(hook->unit, "tomcat");
	assert_string_equal(hook->certificate, "/r/cert.pem");
	assert_string_equal(hook->key, "/x/key.pem");
	assert_int_equal(hook->mode, 0640);
	assert_int_equal(hook->seconds, 10);
	assert_int_equal(hook->owner, HOOK_STAYS);
	assert_true(hook_wants_key(hook));
	assert_null(hook_find(&hooks, "other"));
}

static void none_is_no_hooks(void **state)
{
	(void)state;
	struct hooks hooks = { .count = 7 };
	assert_true(hooks_load("none", "/nowhere", &hooks, NULL));
	assert_int_equal(hooks.count, 0);
}

static void a_dialogue_is_kept_in_its_order(void **state)
{
	static struct hooks hooks;
	struct error err = { 0 };
	if (!load(state,
		    "[a]\nservice = Cisco Tomcat\nbundle = /b\nconnect = /run/ctl\nhear = \\n\n"
		    "say = x\\0\\\\\nhear = \\r\nlist = /bin/list\n",
		    &hooks, &err))
		fail_msg("%s", err.text);
	const struct hook *hook = &hooks.rows[0];
	assert_int_equal(hook->step_count, 3);
	assert_false(hook->steps[0].say);
	assert_true(hook->steps[1].say);
	assert_int_equal(hook->steps[1].size, 3);
	assert_memory_equal(hook->steps[1].text, "x\0\\", 3);
	assert_memory_equal(hook->steps[2].text, "\r", 1);
}

#define WHOLE                                                                                      \
	"[a]\nservice = Cisco Tomcat\ncertificate = /c\nreload = /bin/true\ncheck = 127.0.0.1:1\n"

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "what\n", "hooks:1: neither" },
		{ WHOLE "frobnicate = 1\n", "hooks:6: [a] frobnicate is no key of a hook" },
		{ WHOLE "tried = here\n", "tried is no key of a hook" },
		{ WHOLE "check = 127.0.0.1:2\n", "check is set twice" },
		{ WHOLE "recipe = web\n", "recipe comes first" },
		{ "[a]\nrecipe = nowhere\n", "there is no recipe" },
		{ "[a]\nrecipe = ../hooks\n", "small letters, digits and hyphens" },
		{ "[a]\nservice = Cisco Tftp\n", "no service of kind hooked" },
		{ "[a]\nservice = Cisco DRF Local\n", "no service of kind hooked" },
		{ "[a]\nservice = kitten\n", "no service of kind hooked" },
		{ WHOLE "unit = kitten\n", "no identity certificate" },
		{ WHOLE "unit = tomcat-trust\n", "no identity certificate" },
		{ WHOLE "unit = TVS\n", "never leaves its signer" },
		{ WHOLE "unit = CAPF\n", "never leaves its signer" },
		{ WHOLE "unit = ITLRecovery\n", "never leaves its signer" },
		{ WHOLE "unit = CallManager\n", "does not read the CallManager certificate" },
		{ WHOLE "key = key.pem\n", "from the root" },
		{ WHOLE "key = /tls/\n", "from the root" },
		{ WHOLE "key = /c\n", "/c is written twice" },
		{ WHOLE "mode = 0644\n", "everyone could read the key" },
		{ WHOLE "mode = 9\n", "octal" },
		{ WHOLE "mode = 7770\n", "octal" },
		{ WHOLE "owner = root\n", "a number is expected" },
		{ WHOLE "user = -1\n", "a number is expected" },
		{ WHOLE "seconds = 0\n", "from 1 to 60" },
		{ WHOLE "seconds = 61\n", "from 1 to 60" },
		{ WHOLE "hear = x\n", "connect goes with lines of say and hear" },
		{ WHOLE "connect = /run/ctl\n", "either reload or connect" },
		{ WHOLE "list = bin/list\n", "from the root" },
		{ "[a]\nservice = Cisco Tomcat\ncertificate = /c\ncheck = 127.0.0.1:1\n",
			"either reload or connect" },
		{ "[a]\nservice = Cisco Tomcat\ncertificate = /c\nconnect = /run/ctl\ncheck = "
		  "127.0.0.1:1\n",
			"say and hear" },
		{ "[a]\nservice = Cisco Tomcat\ncertificate = /c\nreload = /bin/true\n",
			"needs check or list" },
		{ "[a]\nservice = Cisco Tomcat\nkey = /k\nreload = /bin/true\ncheck = "
		  "127.0.0.1:1\n",
			"nothing to put in place" },
		{ "[a]\ncertificate = /c\nreload = /bin/true\ncheck = 127.0.0.1:1\n",
			"service is missing" },
		{ "[a]\ncheck = localhost\n", "check = localhost" },
		{ "[a]\ncheck = 127.0.0.1:70000\n", "check = 127.0.0.1:70000" },
		{ "[a]\nconnect = localhost\n", "connect = localhost" },
		{ "[a]\nsay = \\x\n", "a backslash stands before" },
		{ "[a]\nsay = \\\n", "a backslash stands before" },
		{ "[a/b]\nowner = 1\n", "is no name for a hook" },
		{ "[.a]\nowner = 1\n", "is no name for a hook" },
		{ "owner = 1\n", "is no name for a hook" },
		{ WHOLE "[b]\nowner = 1\n[a]\nowner = 1\n", "[a] is there twice" },
	};
	put(state, "web.recipe", recipe);
	for (size_t i = 0; i < COUNT(cases); i++)
		refused(state, cases[i].text, cases[i].words);
}

static void a_recipe_is_judged_like_a_hook(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "[recipe]\nfrobnicate = 1\n",
			"bad.recipe:2: [recipe] frobnicate is no key of a recipe" },
		{ "[recipe]\nservice = Cisco Tomcat\n", "service is no key of a recipe" },
		{ "[recipe]\nrecipe = bad\n", "recipe is no key of a recipe" },
		{ "[other]\nmode = 0600\n", "a recipe has one section" },
		{ "[recipe]\nmode = 0666\n", "everyone could read" },
		{ "junk\n", "bad.recipe:1: neither" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		put(state, "bad.recipe", cases[i].text);
		refused(state, "[a]\nrecipe = bad\nservice = Cisco Tomcat\n", cases[i].words);
	}
}

static void as_many_hooks_and_steps_as_the_limit(void **state)
{
	static struct hooks hooks;
	static char text[8192];
	for (int extra = 0; extra <= 1; extra++) {
		size_t used = 0;
		for (int i = 0; i < HOOKS_MAX + extra; i++)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
				"[h%d]\nservice = Cisco Tomcat\nbundle = /b%d\nreload = /r\ncheck "
				"= 127.0.0.1:1\n",
				i, i);
		if (extra == 0)
			assert_true(load(state, text, &hooks, NULL));
		else
			refused(state, text, "more than 16 hooks");
		used = (size_t)snprintf(text, sizeof(text),
			"[a]\nservice = Cisco Tomcat\nbundle = /b\nconnect = /c\ncheck = "
			"127.0.0.1:1\n");
		for (int i = 0; i < HOOK_STEPS + extra; i++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "hear = x\n");
		if (extra == 0)
			assert_true(load(state, text, &hooks, NULL));
		else
			refused(state, text, "more than 12 steps");
	}
}

static void every_cut_and_changed_byte_is_judged(void **state)
{
	static struct hooks hooks;
	char copy[sizeof(web)];
	put(state, "web.recipe", recipe);
	for (size_t i = 0; i < sizeof(web) - 1; i++) {
		struct error err = { 0 };
		memcpy(copy, web, sizeof(web));
		copy[i] = '\0';
		assert_true(load(state, copy, &hooks, &err) || err.text[0] != '\0');
		for (const char *with = "\x01\n=[;/"; *with != '\0'; with++) {
			err = (struct error){ 0 };
			memcpy(copy, web, sizeof(web));
			copy[i] = *with;
			assert_true(load(state, copy, &hooks, &err) || err.text[0] != '\0');
		}
	}
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_hook_replaces_what_its_recipe_says),
		cmocka_unit_test(none_is_no_hooks),
		IN_FOLDER(a_dialogue_is_kept_in_its_order),
		IN_FOLDER(what_makes_no_sense_is_refused),
		IN_FOLDER(a_recipe_is_judged_like_a_hook),
		IN_FOLDER(as_many_hooks_and_steps_as_the_limit),
		IN_FOLDER(every_cut_and_changed_byte_is_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

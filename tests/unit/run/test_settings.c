#include <string.h>

#include "base/text.h"
#include "run/settings.h"
#include "scratch.h"

/* cmocka has a macro named fail: it comes after our headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char whole[] = "; a node\n"
			    "[node]\n"
			    "name = pub\n"
			    "state = /var/lib/lab/pub\n"
			    "store = sqlite:/var/lib/lab/store/cluster.sqlite\n"
			    "user = 61000\n"
			    "clock-offset = -86400\n"
			    "log = debug\n"
			    "\n"
			    "[provision]\n"
			    "tftp = 127.0.10.1:6969 ; behind a comment\n"
			    "https = off\n"
			    "tftp-transfers=7\n"
			    "[tvs]\n"
			    "idle: 600\n";

static const char *file_of(void **state, const char *name)
{
	static char path[128];
	const struct scratch *s = *state;
	(void)snprintf(path, sizeof(path), "%s/%s", s->path, name);
	return path;
}

static bool load_bytes(
	void **state, const void *bytes, size_t size, struct settings *out, struct error *err)
{
	const char *path = file_of(state, "settings.ini");
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return settings_load(path, out, err);
}

static bool load(void **state, const char *text, struct settings *out, struct error *err)
{
	return load_bytes(state, text, strlen(text), out, err);
}

static bool same(const struct settings *a, const struct settings *b)
{
	size_t count;
	const struct setting_row *rows = setting_rows(&count);
	for (size_t i = 0; i < count; i++) {
		const char *x = (const char *)a + rows[i].offset;
		const char *y = (const char *)b + rows[i].offset;
		bool number = rows[i].kind == SETTING_NUMBER || rows[i].kind == SETTING_SIGNED;
		if (number ? memcmp(x, y, sizeof(uint64_t)) != 0 : strcmp(x, y) != 0)
			return false;
	}
	return true;
}

static void refused(void **state, const char *text, const char *says)
{
	struct settings untouched, s;
	struct error err = { 0 };
	memset(&s, 0x5a, sizeof(s));
	untouched = s;
	assert_false(load(state, text, &s, &err));
	assert_true(err.fault == FAULT_MALFORMED || err.fault == FAULT_LIMIT);
	if (strstr(err.text, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
	assert_memory_equal(&s, &untouched, sizeof(s));
}

static void what_is_written_is_read(void **state)
{
	struct settings s;
	struct error err = { 0 };
	if (!load(state, whole, &s, &err))
		fail_msg("%s", err.text);
	assert_string_equal(s.node, "pub");
	assert_string_equal(s.tftp, "127.0.10.1:6969");
	assert_string_equal(s.https, "");
	assert_string_equal(s.http, "0.0.0.0:6970");
	assert_string_equal(s.log_level, "debug");
	assert_int_equal(s.user, 61000);
	assert_int_equal(s.group, 61000);
	assert_int_equal(s.clock_offset, -86400);
	assert_int_equal(s.tftp_transfers, 7);
	assert_int_equal(s.tvs_idle, 600);
	assert_int_equal(s.tvs_connections, 4096);
}

static void settings_come_back_equal(void **state)
{
	struct settings s, again;
	struct error err = { 0 };
	assert_true(load(state, whole, &s, &err));
	const char *path = file_of(state, "again.ini");
	if (!settings_write(path, &s, &err) || !settings_load(path, &again, &err))
		fail_msg("%s", err.text);
	assert_true(same(&s, &again));
}

static void errors_name_file_and_line(void **state)
{
	refused(state, "[node]\nname = pub\ncolour = red\n", "settings.ini:3: [node] colour is no");
	refused(state, "[node]\nname = pub\n[nodes]\nname = x\n", ":4: [nodes] name is no setting");
	refused(state, "[node]\nname = pub\nname = sub\n", ":3: [node] name is set twice");
	refused(state, "[node]\nname = pub\n  sub\n", ":3: [node] name is set twice");
	refused(state, "name = pub\n", ":1: [] name is no setting");
	refused(state, "[node]\nname =\n", ":2: [node] name = : a value is expected");
	refused(state, "[node]\nname = pub\nstate = here\n", ":3: [node] state = here: a path");
	refused(state, "[node]\nname = pub\nlog = loud\n", "one of error|warning|info|debug");
	refused(state, "[node]\nname = pub\nlog = warn\n", "one of error|warning|info|debug");
	refused(state, "[node]\nname = pub\nlog =\n", "one of error|warning|info|debug");
	refused(state, "[node]\nname = pub\n[tvs]\nlisten = 2445\n", "address:port or off");
	refused(state, "[node]\nname = p\x01ub\n", "control byte");
	refused(state, "[node]\nname = p\xff\n", "UTF-8");
	refused(state, "", "[node] name is missing");
	refused(state, "[tvs]\nidle = 3\n", "[node] name is missing");
}

static void the_first_error_is_told(void **state)
{
	refused(state, "[node]\nname = pub\nnonsense\nuser = x\n", ":3: neither");
	refused(state, "[node\nname = pub\ncolour = red\n", ":1: neither");
	refused(state, "[node]\nname = pub\nuser = x\nnonsense\n", ":3: [node] user = x");
}

static void numbers_keep_their_ranges(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "[tvs]\nidle = 1\n", true },
		{ "[tvs]\nidle = 600\n", true },
		{ "[tvs]\nidle = 0\n", false },
		{ "[tvs]\nidle = 601\n", false },
		{ "[tvs]\nidle = -1\n", false },
		{ "[tvs]\nidle = 1.5\n", false },
		{ "[tvs]\nidle = 0x10\n", false },
		{ "[tvs]\nidle = 99999999999999999999999\n", false },
		{ "[tvs]\nconnections = 65536\n", true },
		{ "[tvs]\nconnections = 65537\n", false },
		{ "[provision]\ntftp-per-source = 0\n", false },
		{ "[provision]\nhttp-per-source = 65536\n", true },
		{ "[provision]\nhttp-per-source = 65537\n", false },
		{ "[provision]\nhttp-per-source = 0\n", false },
		{ "[node]\nclock-offset = 3153600000\n", true },
		{ "[node]\nclock-offset = +1\n", true },
		{ "[node]\nclock-offset = -3153600000\n", true },
		{ "[node]\nclock-offset = 3153600001\n", false },
		{ "[node]\nclock-offset = -3153600001\n", false },
		{ "[node]\nclock-offset = --1\n", false },
		{ "[node]\nclock-offset = -\n", false },
		{ "[node]\nuser = 2147418112\n", true },
		{ "[node]\nuser = 2147418113\n", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		struct settings s;
		struct error err = { 0 };
		(void)snprintf(text, sizeof(text), "%s[node]\nname = pub\n", cases[i].text);
		if (load(state, text, &s, &err) != cases[i].good)
			fail_msg("%s: %s", text, err.text);
	}
}

static void texts_fit_or_are_refused(void **state)
{
	char text[512];
	struct settings s;
	struct error err = { 0 };
	(void)snprintf(text, sizeof(text), "[node]\nname = %063d\n", 1);
	assert_true(load(state, text, &s, &err));
	assert_int_equal(strlen(s.node), 63);
	(void)snprintf(text, sizeof(text), "[node]\nname = %064d\n", 1);
	refused(state, text, "64 bytes, at most 63");
	/* Lines: 198 bytes and their end are what inih holds. */
	(void)snprintf(text, sizeof(text), "[node]\nname = pub\n[provision]\nroot = /%0190d\n", 1);
	if (!load(state, text, &s, &err))
		fail_msg("%s", err.text);
	assert_int_equal(strlen(s.root), 191);
	(void)snprintf(text, sizeof(text), "[node]\nname = pub\n[provision]\nroot = /%0191d\n", 1);
	refused(state, text, ":4: over 198 bytes");
}

static void odd_files_are_refused(void **state)
{
	struct settings s;
	struct error err = { 0 };
	static const char nul[] = "[node]\nname = pub\0\n";
	assert_false(load_bytes(state, nul, sizeof(nul) - 1, &s, &err));
	assert_non_null(strstr(err.text, "NUL byte"));
	assert_false(settings_load(file_of(state, "absent"), &s, &err));
	assert_int_equal(err.fault, FAULT_MISSING);
	assert_false(settings_load("/", &s, &err));
	assert_int_equal(err.fault, FAULT_IO);
	char *large = malloc((64 << 10) + 1);
	assert_non_null(large);
	memset(large, '\n', (64 << 10) + 1);
	assert_false(load_bytes(state, large, (64 << 10) + 1, &s, &err));
	assert_int_equal(err.fault, FAULT_LIMIT);
	large[0] = '#'; /* one byte less is only too empty */
	assert_false(load_bytes(state, large, 64 << 10, &s, &err));
	assert_non_null(strstr(err.text, "name is missing"));
	free(large);
}

static void what_inih_would_change_is_not_written(void **state)
{
	static const char *const names[] = { "pub ; x", " pub", "pub ", ";pub", "a\nb", "" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct settings s;
		struct error err = { 0 };
		assert_true(load(state, whole, &s, &err));
		assert_true(text_copy(s.node, sizeof(s.node), names[i], &err));
		const char *path = file_of(state, "odd.ini");
		assert_false(settings_write(path, &s, &err));
		assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
		struct stat facts;
		assert_int_not_equal(stat(path, &facts), 0);
	}
	struct settings s;
	struct error err = { 0 };
	assert_true(load(state, whole, &s, &err));
	assert_false(settings_write("/nowhere/at/all.ini", &s, &err));
	s.tvs_idle = 601;
	assert_false(settings_write(file_of(state, "odd.ini"), &s, &err));
}

/* Refused with a sentence, or read as something that comes back equal. */
static void judge(void **state, const char *bytes, size_t size)
{
	struct settings s, again;
	struct error err = { 0 };
	if (!load_bytes(state, bytes, size, &s, &err)) {
		assert_true(err.fault != FAULT_NONE && err.text[0] != '\0');
		return;
	}
	const char *path = file_of(state, "again.ini");
	if (!settings_write(path, &s, &err) || !settings_load(path, &again, &err))
		fail_msg("%s", err.text);
	assert_true(same(&s, &again));
}

static void every_cut_and_every_changed_byte_is_judged(void **state)
{
	char changed[sizeof(whole)];
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		judge(state, whole, i);
		memcpy(changed, whole, sizeof(whole));
		changed[i] = (char)(whole[i] ^ 0x15);
		judge(state, changed, sizeof(whole) - 1);
	}
}

static void each_row_has_words_and_a_place(void **state)
{
	(void)state;
	size_t count;
	const struct setting_row *rows = setting_rows(&count);
	for (size_t i = 0; i < count; i++) {
		assert_true(rows[i].means != NULL && rows[i].means[0] != '\0');
		assert_true(rows[i].offset + rows[i].size <= sizeof(struct settings));
		for (size_t k = 0; k < i; k++)
			assert_true(rows[k].offset != rows[i].offset);
	}
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_end)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(what_is_written_is_read),
		WITH_SCRATCH(settings_come_back_equal),
		WITH_SCRATCH(errors_name_file_and_line),
		WITH_SCRATCH(the_first_error_is_told),
		WITH_SCRATCH(numbers_keep_their_ranges),
		WITH_SCRATCH(texts_fit_or_are_refused),
		WITH_SCRATCH(odd_files_are_refused),
		WITH_SCRATCH(what_inih_would_change_is_not_written),
		WITH_SCRATCH(every_cut_and_every_changed_byte_is_judged),
		cmocka_unit_test(each_row_has_words_and_a_place),
	};
	return cmocka_run_group_tests_name("run/settings", tests, NULL, NULL);
}

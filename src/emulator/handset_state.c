#include "emulator/handset_state.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "emulator/configuration_file.h"
#include "run/files.h"

enum { STATE_MODE = 0644, DIRECTORY_MODE = 0755, STATE_SIZE = 256 * 1024 };

#define CONFIGURATION_FILE "configuration.xml"
#define STATE_FILE "phone.json"

static void free_json(json_t **value)
{
	json_decref(*value);
}
#define AUTO_JSON __attribute__((cleanup(free_json))) json_t *

/* False only for a file that is there and cannot be read; an absent one is no bytes. */
static bool read_if_there(
	int directory, const char *name, size_t limit, struct bytes *out, struct error *err)
{
	struct error why = { 0 };
	if (file_read_beneath(directory, name, limit, out, &why) || why.fault == FAULT_MISSING)
		return true;
	if (err != NULL)
		*err = why;
	return false;
}

static bool restore_list(
	struct handset_state *s, struct phone *p, enum phone_subject which, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	const char *name = which == PHONE_CTL ? "ctl.tlv" : "itl.tlv";
	uint8_t *saved = which == PHONE_CTL ? s->ctl_saved : s->itl_saved;
	if (!read_if_there(s->directory, name, LIMIT_TRUST_LIST, &file, err))
		return false;
	return file.size == 0 ||
		(phone_restore_list(p, which, bytes_reader(&file), err) &&
			digest_sha256(bytes_reader(&file), saved, err));
}

static bool restore_configuration(struct handset_state *s, struct phone *p, struct error *err)
{
	struct phone_configuration configuration;
	if (!read_if_there(
		    s->directory, CONFIGURATION_FILE, LIMIT_SIGNED_FILE, &s->configuration, err))
		return false;
	if (s->configuration.size == 0)
		return true;
	if (!configuration_file_read(bytes_reader(&s->configuration), &configuration, err))
		return fail_in(err, CONFIGURATION_FILE);
	phone_restore_configuration(p, &configuration);
	return true;
}

static bool restore_roles(const json_t *roles, struct phone_answer *out)
{
	out->role_count = json_array_size(roles);
	if (out->role_count > TVS_ROLES_MAX)
		return false;
	for (size_t i = 0; i < out->role_count; i++) {
		json_int_t role = json_integer_value(json_array_get(roles, i));
		if (role < 0 || role > UINT8_MAX)
			return false;
		out->roles[i] = (uint8_t)role;
	}
	return true;
}

static bool restore_answer(const json_t *row, struct phone *p, struct error *err)
{
	AUTO_DONE(bytes) der = { 0 };
	struct phone_answer answer = {
		.expires = json_integer_value(json_object_get(row, "expires")),
	};
	const char *text = json_string_value(json_object_get(row, "certificate"));
	if (text == NULL || !restore_roles(json_object_get(row, "roles"), &answer))
		return fail(err, FAULT_MALFORMED, "an answer without certificate or roles");
	if (!base64_read(text, &der, err))
		return false;
	AUTO(cert) cert = cert_parse(bytes_reader(&der), err);
	answer.cert = cert;
	return cert != NULL && phone_restore_answer(p, &answer, err);
}

static bool restore_rest(struct handset_state *s, struct phone *p, struct error *err)
{
	AUTO_DONE(bytes) file = { 0 };
	json_error_t why;
	if (!read_if_there(s->directory, STATE_FILE, STATE_SIZE, &file, err))
		return false;
	if (file.size == 0)
		return true;
	AUTO_JSON root = json_loadb((const char *)file.data, file.size, 0, &why);
	if (!json_is_object(root))
		return fail(err, FAULT_MALFORMED, STATE_FILE ": line %d: %s", why.line, why.text);
	json_int_t boots = json_integer_value(json_object_get(root, "boots"));
	s->boots = boots > 0 && boots <= INT32_MAX ? (unsigned)boots : 0;
	const json_t *answers = json_object_get(root, "answers");
	for (size_t i = 0; i < json_array_size(answers); i++)
		if (!restore_answer(json_array_get(answers, i), p, err))
			return fail_in(err, STATE_FILE ": answer %zu", i + 1);
	return true;
}

bool handset_state_open(
	struct handset_state *s, const char *directory, struct phone *p, struct error *err)
{
	*s = (struct handset_state){ .directory = -1 };
	if (!directory_make(directory, DIRECTORY_MODE, err))
		return false;
	s->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->directory < 0)
		return fail_errno(err, "the phone's directory %s", directory);
	if (restore_list(s, p, PHONE_CTL, err) && restore_list(s, p, PHONE_ITL, err) &&
		restore_configuration(s, p, err) && restore_rest(s, p, err))
		return true;
	handset_state_done(s);
	return fail_in(err, "%s (remove it for a phone fresh from its box)", directory);
}

void handset_state_done(struct handset_state *s)
{
	if (s->directory >= 0)
		(void)close(s->directory);
	s->directory = -1;
	bytes_done(&s->configuration);
}

static bool save_list(
	struct handset_state *s, const struct phone *p, enum phone_subject which, struct error *err)
{
	uint8_t digest[DIGEST_SIZE];
	struct reader file = phone_list(p, which);
	uint8_t *saved = which == PHONE_CTL ? s->ctl_saved : s->itl_saved;
	if (file.left == 0)
		return true;
	if (!digest_sha256(file, digest, err))
		return false;
	if (memcmp(digest, saved, sizeof(digest)) == 0)
		return true;
	if (!file_replace(s->directory, which == PHONE_CTL ? "ctl.tlv" : "itl.tlv", file,
		    STATE_MODE, err))
		return false;
	struct reader now = reader_of(digest, sizeof(digest));
	reader_copy(&now, saved, sizeof(digest));
	return true;
}

static json_t *answer_row(const struct phone_answer *answer)
{
	char *text = NULL;
	json_t *roles = json_array();
	for (size_t i = 0; i < answer->role_count; i++)
		(void)json_array_append_new(roles, json_integer(answer->roles[i]));
	if (!base64_write(cert_der(answer->cert), &text, NULL)) {
		json_decref(roles);
		return NULL;
	}
	json_t *row = json_pack("{s:s, s:o, s:I}", "certificate", text, "roles", roles, "expires",
		(json_int_t)answer->expires);
	free(text);
	return row;
}

static bool save_rest(struct handset_state *s, const struct phone *p, struct error *err)
{
	size_t count;
	const struct phone_answer *answers = phone_answers(p, &count);
	AUTO_JSON rows = json_array();
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(rows, answer_row(&answers[i])) != 0)
			return fail_memory(err);
	AUTO_JSON root = json_pack("{s:i, s:O}", "boots", (int)s->boots, "answers", rows);
	char *text = root != NULL ? json_dumps(root, JSON_INDENT(2)) : NULL;
	if (text == NULL)
		return fail_memory(err);
	bool fine = file_replace(s->directory, STATE_FILE, reader_of_text(text), STATE_MODE, err);
	free(text);
	return fine;
}

bool handset_state_save(struct handset_state *s, const struct phone *p, struct error *err)
{
	if (!save_list(s, p, PHONE_CTL, err) || !save_list(s, p, PHONE_ITL, err))
		return false;
	if (s->configuration_changed &&
		!file_replace(s->directory, CONFIGURATION_FILE, bytes_reader(&s->configuration),
			STATE_MODE, err))
		return false;
	s->configuration_changed = false;
	return save_rest(s, p, err);
}

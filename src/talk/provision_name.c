#include "talk/provision_name.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "cluster/secret_name.h"

/* Before ".sgn", perhaps with a number behind: signed by the phone's maker with keys that nobody
 * else has. docs/formats/signed-header.md#firmware */
static const char *const firmware_suffixes[] = { ".bin", ".zz", ".cop", ".sbn", ".loads" };

/* docs/formats/provisioning.md#lists */
static const struct list_name {
	const char *file;
	const char *prefix;
	enum provision_kind kind;
} list_names[] = {
	{ "ITLFile.tlv", "ITL", PROVISION_ITL },
	{ "CTLFile.tlv", "CTL", PROVISION_CTL },
};

enum { MAC_DIGITS = 12 };

static bool ends_with(const char *name, const char *suffix)
{
	size_t size = strlen(name), ending = strlen(suffix);
	return size > ending && strcasecmp(name + size - ending, suffix) == 0;
}

static bool ends_with_one_of(const char *name, const char *const *suffixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ends_with(name, suffixes[i]))
			return true;
	return false;
}

/* Each part of a path: not empty, no leading dot (so neither "." nor ".."). */
static bool parts_are_plain(const char *name)
{
	bool starts = true;
	for (const char *at = name; *at != '\0'; at++) {
		if (starts && (*at == '.' || *at == '/'))
			return false;
		starts = *at == '/';
	}
	return !starts;
}

static bool check_path(const char *name, struct error *err)
{
	if (!parts_are_plain(name))
		return fail(err, FAULT_REFUSED, "an empty name, or a part of it starts with a dot");
	if (strchr(name, '\\') != NULL || strchr(name, ':') != NULL)
		return fail(err, FAULT_REFUSED, "a backslash or a colon in the name");
	return true;
}

/* The source too: a signature over a key would carry the key out with it. */
static bool check_secret(const struct provision_name *name, struct error *err)
{
	if (secret_name(name->name) || secret_name(name->source))
		return fail(err, FAULT_REFUSED, "files of this kind are never served");
	return true;
}

/* "SEP" or "ATA" and twelve digits; phones write them in upper case, people do not. */
static bool hardware_device(const char *text, size_t size, char *device)
{
	static const char *const prefixes[] = { "SEP", "ATA" };
	if (size != 3 + MAC_DIGITS || strspn(text + 3, "0123456789abcdefABCDEF") < MAC_DIGITS)
		return false;
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		if (strncasecmp(text, prefixes[i], 3) != 0)
			continue;
		for (size_t k = 0; k < size; k++)
			device[k] =
				(char)(text[k] >= 'a' && text[k] <= 'z' ? text[k] - 32 : text[k]);
		device[size] = '\0';
		return true;
	}
	return false;
}

static bool is_list(const char *name, struct provision_name *out)
{
	for (size_t i = 0; i < COUNT(list_names); i++) {
		const struct list_name *list = &list_names[i];
		size_t size = strlen(name), around = strlen(list->prefix) + strlen(".tlv");
		bool whole = strcasecmp(name, list->file) == 0;
		bool one = strncasecmp(name, list->prefix, strlen(list->prefix)) == 0 &&
			ends_with(name, ".tlv") && size > around &&
			hardware_device(name + strlen(list->prefix), size - around, out->device);
		if (!whole && !one)
			continue;
		out->kind = list->kind;
		return text_copy(out->source, sizeof(out->source), list->file, NULL);
	}
	return false;
}

/* "SEP001122334455.cnf.xml…" belongs to that device, and so does a soft client's "CSFuser.cnf". */
static void find_device(struct provision_name *out)
{
	size_t size = strcspn(out->source, ".");
	if (strncasecmp(out->source + size, ".cnf", 4) != 0 || size >= sizeof(out->device) ||
		hardware_device(out->source, size, out->device) ||
		strncmp(out->source, "CSF", 3) != 0)
		return;
	struct reader name = reader_of(out->source, size);
	if (!text_from(name, out->device, sizeof(out->device), NULL) ||
		!device_name_check(out->device, NULL))
		out->device[0] = '\0';
}

static void cut(char *text, const char *suffix)
{
	text[strlen(text) - strlen(suffix)] = '\0';
}

static bool is_firmware(const char source[static LIMIT_FILE_NAME])
{
	char name[LIMIT_FILE_NAME];
	memcpy(name, source, sizeof(name));
	size_t size = strlen(name);
	while (size > 0 && name[size - 1] >= '0' && name[size - 1] <= '9')
		name[--size] = '\0';
	return ends_with_one_of(name, firmware_suffixes, COUNT(firmware_suffixes));
}

static void find_kind(struct provision_name *out)
{
	if (ends_with(out->source, ".enc.sgn")) {
		out->kind = PROVISION_ENCRYPTED;
		cut(out->source, ".enc.sgn");
	} else if (ends_with(out->source, ".sgn")) {
		out->kind = PROVISION_SIGNED;
		cut(out->source, ".sgn");
	}
	if (out->kind == PROVISION_SIGNED && is_firmware(out->source)) {
		out->kind = PROVISION_PLAIN;
		memcpy(out->source, out->name, sizeof(out->source));
	}
}

static void explain(struct provision_name *name)
{
	if (is_list(name->name, name))
		return;
	memcpy(name->source, name->name, sizeof(name->source));
	find_kind(name);
	find_device(name);
}

static bool read_name(const char *relative, struct provision_name *out, struct error *err)
{
	if (!text_from(reader_of_text(relative), out->name, sizeof(out->name), err) ||
		!check_path(out->name, err))
		return false;
	explain(out);
	return check_secret(out, err);
}

bool provision_name_parse(const char *asked, struct provision_name *out, struct error *err)
{
	struct provision_name name = { .kind = PROVISION_PLAIN };
	const char *relative = asked[0] == '/' ? asked + 1 : asked;
	if (!read_name(relative, &name, err)) {
		char shown[80];
		text_escape(reader_of_text(asked), shown, sizeof(shown));
		if (err != NULL && err->fault == FAULT_MALFORMED)
			err->fault = FAULT_REFUSED;
		return fail_in(err, "file name %s", shown);
	}
	*out = name;
	return true;
}

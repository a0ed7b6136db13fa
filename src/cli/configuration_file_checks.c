/* The checks that look at the file itself, most of them before any XML is read. */
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/configuration_checks.h"
#include "cluster/node.h"

enum { DECLARATION_SIZE = 200 };

static const char byte_order[] = "\xef\xbb\xbf";

static bool starts(struct reader bytes, const char *with)
{
	size_t size = strlen(with);
	return bytes.left >= size && memcmp(bytes.at, with, size) == 0;
}

static void skip(struct reader *bytes, size_t size)
{
	(void)reader_sub(bytes, size < bytes->left ? size : bytes->left);
}

static struct reader text_behind_mark(struct reader xml)
{
	if (starts(xml, byte_order))
		skip(&xml, strlen(byte_order));
	return xml;
}

bool lint_too_large(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	size_t tags = 0;
	for (size_t i = 0; i < scene->xml.left; i++)
		tags += scene->xml.at[i] == '<';
	(void)snprintf(
		place->detail, sizeof(place->detail), "%zu bytes, %zu tags", scene->xml.left, tags);
	return scene->xml.left > LINT_FILE_MAX || tags > LINT_TAGS_MAX;
}

static long line_at(struct reader xml, size_t offset)
{
	long line = 1;
	for (size_t i = 0; i < offset && i < xml.left; i++)
		line += xml.at[i] == '\n';
	return line;
}

/* Bytes from the start on that are UTF-8. */
static size_t utf8_size(struct reader xml)
{
	size_t good = 0, step = 1;
	for (; good < xml.left; good += step) {
		uint8_t lead = xml.at[good];
		step = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		if (good + step > xml.left || !text_is_utf8(reader_of(xml.at + good, step)))
			break;
	}
	return good;
}

bool lint_not_utf8(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	size_t good = utf8_size(scene->xml), offset = 0;
	while (offset < good && scene->xml.at[offset] != 0)
		offset++;
	if (offset == scene->xml.left)
		return false;
	place->line = line_at(scene->xml, offset);
	(void)snprintf(place->detail, sizeof(place->detail), "byte %zu is 0x%02x", offset,
		scene->xml.at[offset]);
	return true;
}

bool lint_byte_order(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	return starts(scene->xml, byte_order);
}

/* What stands between the quotes behind encoding= in the declaration. */
static bool declared_encoding(struct reader xml, char *out, size_t size)
{
	char text[DECLARATION_SIZE];
	xml = text_behind_mark(xml);
	if (!starts(xml, "<?xml"))
		return false;
	size_t taken = xml.left < sizeof(text) - 1 ? xml.left : sizeof(text) - 1;
	memcpy(text, xml.at, taken);
	text[taken] = '\0';
	char *end = strstr(text, "?>");
	if (end != NULL)
		*end = '\0';
	const char *at = strstr(text, "encoding");
	if (at == NULL)
		return false;
	at += strcspn(at, "\"'");
	if (*at == '\0')
		return false;
	const char quotes[] = { *at, '\0' };
	(void)snprintf(out, size, "%.*s", (int)strcspn(at + 1, quotes), at + 1);
	return true;
}

bool lint_declared(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	place->line = 1;
	return declared_encoding(scene->xml, place->detail, sizeof(place->detail)) &&
		!text_same_nocase(place->detail, "UTF-8");
}

/* Behind what `end` ends; to the last byte when it does not. */
static void skip_behind(struct reader *xml, const char *end)
{
	while (xml->left > 0 && !starts(*xml, end))
		skip(xml, 1);
	skip(xml, strlen(end));
}

bool lint_doctype(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	struct reader at = text_behind_mark(scene->xml);
	while (at.left > 0) {
		if (strchr(" \t\r\n", at.at[0]) != NULL && at.at[0] != '\0')
			skip(&at, 1);
		else if (starts(at, "<?"))
			skip_behind(&at, "?>");
		else if (starts(at, "<!--"))
			skip_behind(&at, "-->");
		else
			break;
	}
	place->line = line_at(scene->xml, scene->xml.left - at.left);
	return starts(at, "<!DOCTYPE");
}

bool lint_unreadable(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	place->line = scene->line;
	(void)snprintf(place->detail, sizeof(place->detail), "%s", scene->why);
	return scene->document == NULL;
}

static const char *root_of(const struct lint_scene *scene)
{
	const xmlNode *root = xmlDocGetRootElement(scene->document);
	return root == NULL ? "" : (const char *)root->name;
}

bool lint_root_unknown(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	const char *root = root_of(scene);
	(void)snprintf(place->detail, sizeof(place->detail), "<%.*s>", LINT_VALUE - 4, root);
	return strcmp(root, "device") != 0 && strcmp(root, "Default") != 0;
}

/* The name without .cnf.xml; false: it has no such end, or is not known. */
static bool name_stem(const struct lint_scene *scene, struct reader *out)
{
	static const char end[] = ".cnf.xml";
	size_t size = scene->name == NULL ? 0 : strlen(scene->name);
	if (size < strlen(end) || strcmp(scene->name + size - strlen(end), end) != 0)
		return false;
	*out = reader_of(scene->name, size - strlen(end));
	return true;
}

bool lint_name_other(struct lint_place *place)
{
	struct reader stem;
	const char *name = place->scene->name;
	(void)snprintf(place->detail, sizeof(place->detail), "%s", name == NULL ? "" : name);
	return name != NULL && !name_stem(place->scene, &stem);
}

/* XMLDefault… with <Default>, a device's name with <device>. */
bool lint_name_unfit(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	char device[DEVICE_NAME_SIZE];
	struct reader stem;
	if (!name_stem(scene, &stem))
		return false;
	(void)snprintf(place->detail, sizeof(place->detail), "%s", scene->name);
	if (strcmp(root_of(scene), "Default") == 0)
		return !starts(stem, "XMLDefault");
	if (!starts(stem, "SEP") && !starts(stem, "ATA") && !starts(stem, "CSF"))
		return true;
	return !text_from(stem, device, sizeof(device), NULL) || !device_name_check(device, NULL);
}

/* `name` without .sgn is what the header must name, with it; folders may stand before. */
bool lint_header_differs(struct lint_place *place)
{
	const struct lint_scene *scene = place->scene;
	if (scene->header == NULL || scene->name == NULL)
		return false;
	const char *slash = strrchr(scene->header, '/');
	const char *said = slash == NULL ? scene->header : slash + 1;
	size_t size = strlen(scene->name);
	(void)snprintf(place->detail, sizeof(place->detail), "%s", scene->header);
	return strncmp(said, scene->name, size) != 0 || strcmp(said + size, ".sgn") != 0;
}

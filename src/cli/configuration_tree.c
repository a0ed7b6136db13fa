#include "cli/configuration_tree.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

/* No entities are replaced, nothing is loaded, and libxml2's own limits on depth and size stay. */
enum { XML_SAFE = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA };

static const char blanks[] = " \t\r\n";

xmlDoc *configuration_tree_read(struct reader xml, long *line, char *why, size_t size)
{
	xmlResetLastError();
	xmlDoc *document = xml.left == 0
		? NULL
		: xmlReadMemory((const char *)xml.at, (int)xml.left, NULL, NULL, XML_SAFE);
	if (document != NULL)
		return document;
	const xmlError *last = xmlGetLastError();
	const char *said = last != NULL && last->message != NULL ? last->message : "it is empty";
	*line = last != NULL ? last->line : 0;
	(void)snprintf(why, size, "%.*s", (int)strcspn(said, "\n"), said);
	return NULL;
}

static const xmlNode *element_from(const xmlNode *node)
{
	while (node != NULL && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

const xmlNode *configuration_tree_next(const xmlNode *at)
{
	const xmlNode *next = element_from(at->children);
	while (next == NULL && at != NULL && at->type == XML_ELEMENT_NODE) {
		next = element_from(at->next);
		at = at->parent;
	}
	return next;
}

static bool is_root(const xmlNode *node)
{
	return node->parent == NULL || node->parent->type != XML_ELEMENT_NODE;
}

/* From the last name of the path upwards. */
bool configuration_tree_at(const xmlNode *node, const char *path)
{
	bool anywhere = strncmp(path, "//", 2) == 0;
	const char *start = anywhere ? path + 2 : path, *end = start + strlen(start);
	while (end > start) {
		const char *name = end;
		while (name > start && name[-1] != '/')
			name--;
		size_t size = (size_t)(end - name);
		bool any = size == 1 && name[0] == '*';
		if (node == NULL || node->type != XML_ELEMENT_NODE ||
			(is_root(node) && !anywhere) ||
			(!any &&
				(strlen((const char *)node->name) != size ||
					memcmp(node->name, name, size) != 0)))
			return false;
		node = node->parent;
		end = name > start ? name - 1 : start;
	}
	return anywhere || (node != NULL && node->type == XML_ELEMENT_NODE && is_root(node));
}

const xmlNode *configuration_tree_find(const xmlDoc *document, const char *path)
{
	const xmlNode *at = xmlDocGetRootElement(document);
	if (strcmp(path, "/") == 0)
		return at;
	while (at != NULL && !configuration_tree_at(at, path))
		at = configuration_tree_next(at);
	return at;
}

struct reader configuration_tree_text(const xmlNode *node)
{
	const xmlNode *inner = node->children;
	while (inner != NULL && inner->type == XML_COMMENT_NODE)
		inner = inner->next;
	if (inner == NULL || inner->type != XML_TEXT_NODE || inner->content == NULL)
		return reader_of(NULL, 0);
	for (const xmlNode *at = inner->next; at != NULL; at = at->next)
		if (at->type == XML_ELEMENT_NODE)
			return reader_of(NULL, 0);
	const char *text = (const char *)inner->content;
	struct reader value = reader_of_text(text + strspn(text, blanks));
	while (value.left > 0 && strchr(blanks, value.at[value.left - 1]) != NULL)
		value.left--;
	return value;
}

void configuration_tree_path(const xmlNode *node, char *out, size_t size)
{
	size_t at = size - 1;
	out[at] = '\0';
	for (; node != NULL && node->type == XML_ELEMENT_NODE; node = node->parent) {
		const char *name = (const char *)node->name;
		size_t length = strlen(name), slash = at < size - 1;
		if (length + slash > at)
			break;
		if (slash)
			out[--at] = '/';
		at -= length;
		memcpy(out + at, name, length);
	}
	memmove(out, out + at, size - at);
}

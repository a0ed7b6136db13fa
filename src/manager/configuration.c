#include "manager/manager_impl.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

enum { XML_SAFE = XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR | XML_PARSE_NOWARNING };

static void free_document(xmlDoc **document)
{
	xmlFreeDoc(*document);
}

static void free_text(xmlChar **text)
{
	xmlFree(*text);
}

static const xmlChar *xml_text(const char *text)
{
	return (const xmlChar *)text;
}

static xmlNode *child(xmlNode *parent, const char *name)
{
	for (xmlNode *at = parent->children; at != NULL; at = at->next)
		if (at->type == XML_ELEMENT_NODE && strcmp((const char *)at->name, name) == 0)
			return at;
	return NULL;
}

static xmlNode *add(xmlNode *parent, const char *name, const char *text)
{
	return xmlNewTextChild(parent, NULL, xml_text(name), xml_text(text));
}

static bool add_missing(xmlNode *device, const char *name, const char *text)
{
	return child(device, name) != NULL || add(device, name, text) != NULL;
}

/* <TVS><members><member priority="0"><port/><address/></member>…: docs/formats/provisioning.md */
static bool add_tvs(xmlNode *device, const struct configuration_facts *facts)
{
	xmlNode *old = child(device, "TVS");
	if (old != NULL) {
		xmlUnlinkNode(old);
		xmlFreeNode(old);
	}
	xmlNode *tvs = add(device, "TVS", NULL);
	xmlNode *members = tvs == NULL ? NULL : add(tvs, "members", NULL);
	for (size_t i = 0; members != NULL && i < facts->tvs_count; i++) {
		char priority[24], port[8];
		(void)snprintf(priority, sizeof(priority), "%zu", i);
		(void)snprintf(port, sizeof(port), "%u", facts->tvs[i].port);
		xmlNode *member = add(members, "member", NULL);
		if (member == NULL ||
			xmlNewProp(member, xml_text("priority"), xml_text(priority)) == NULL ||
			add(member, "port", port) == NULL ||
			add(member, "address", facts->tvs[i].address) == NULL)
			return false;
	}
	return members != NULL;
}

/* libxml2 goes on without what it could not keep, and may take the rest for malformed. */
static void note_memory(void *context, xmlError *error)
{
	bool *lacks_memory = context;
	*lacks_memory = *lacks_memory || error->code == XML_ERR_NO_MEMORY;
}

static bool parse(struct reader xml, xmlDoc **out, struct error *err)
{
	if (xml.left > INT32_MAX)
		return fail(err, FAULT_LIMIT, "is too large");
	*out = xmlReadMemory((const char *)xml.at, (int)xml.left, "configuration", NULL, XML_SAFE);
	if (*out != NULL)
		return true;
	const xmlError *last = xmlGetLastError();
	int line = last == NULL ? 0 : last->line;
	const char *message = last == NULL || last->message == NULL ? "" : last->message;
	return fail(err, FAULT_MALFORMED, "line %d: not well-formed XML: %.*s", line,
		(int)strcspn(message, "\n"), message);
}

/* A default names no TVS: who has no configuration of its own cannot ask. */
static bool add_security(xmlNode *device, const struct configuration_facts *facts)
{
	return add_missing(device, "fullConfig", "true") &&
		add_missing(device, "deviceSecurityMode", "1") &&
		add_missing(device, "encrConfig", "false") && add_tvs(device, facts);
}

static bool merge(xmlDoc *document, const struct configuration_facts *facts, xmlChar **text,
	int *size, struct error *err)
{
	xmlNode *device = xmlDocGetRootElement(document);
	if (document->intSubset != NULL)
		return fail(err, FAULT_REFUSED,
			"has a DOCTYPE: phones do not read one, and entities are not resolved");
	bool is_default = device != NULL && strcmp((const char *)device->name, "Default") == 0;
	bool is_device = device != NULL && strcmp((const char *)device->name, "device") == 0;
	if (!is_device && !is_default)
		return fail(
			err, FAULT_MALFORMED, "the root element is neither <device> nor <Default>");
	if (is_device && !add_security(device, facts))
		return fail_memory(err);
	xmlDocDumpFormatMemoryEnc(document, text, size, "UTF-8", 1);
	return (*text != NULL && *size >= 0) || fail_memory(err);
}

bool configuration_merge(struct reader xml, const struct configuration_facts *facts,
	struct bytes *out, struct error *err)
{
	__attribute__((cleanup(free_document))) xmlDoc *document = NULL;
	__attribute__((cleanup(free_text))) xmlChar *text = NULL;
	int size = 0;
	bool lacks_memory = false;
	xmlSetStructuredErrorFunc(&lacks_memory, note_memory);
	bool merged = parse(xml, &document, err) && merge(document, facts, &text, &size, err);
	xmlSetStructuredErrorFunc(NULL, NULL);
	if (lacks_memory)
		return fail_memory(err);
	return merged && bytes_copy(out, reader_of(text, (size_t)size), err);
}

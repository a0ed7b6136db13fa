#include "emulator/configuration_file.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "base/text.h"

enum {
	XML_SAFE = XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR | XML_PARSE_NOWARNING,
	TVS_PORT = 2445,
	PRIORITIES = 5, /* docs/formats/provisioning.md#configuration */
	VALUE_SIZE = 512,
};

/* The first of them that is an HTTPS page is the one that a phone opens. */
static const char *const page_elements[] = { "secureServicesURL", "servicesURL",
	"secureDirectoryURL", "directoryURL", "secureInformationURL", "informationURL" };

static void free_document(xmlDoc **document)
{
	xmlFreeDoc(*document);
}

static xmlNode *element(xmlNode *at, const char *name)
{
	while (at != NULL &&
		(at->type != XML_ELEMENT_NODE || strcmp((const char *)at->name, name) != 0))
		at = at->next;
	return at;
}

static xmlNode *child(const xmlNode *parent, const char *name)
{
	return parent != NULL ? element(parent->children, name) : NULL;
}

/* The element's text without blanks around it; "" when there is no such element. */
static bool child_text(
	const xmlNode *parent, const char *name, char *out, size_t size, struct error *err)
{
	xmlNode *node = child(parent, name);
	xmlChar *content = node != NULL ? xmlNodeGetContent(node) : NULL;
	const char *text = content != NULL ? (const char *)content : "";
	struct reader value = reader_of_text(text + strspn(text, " \t\r\n"));
	while (value.left > 0 && strchr(" \t\r\n", value.at[value.left - 1]) != NULL)
		value.left--;
	bool fine = text_from(value, out, size, err);
	xmlFree(content);
	return fine || fail_in(err, "<%s>", name);
}

static bool child_number(const xmlNode *parent, const char *name, uint64_t fallback, uint64_t *out,
	struct error *err)
{
	char digits[16];
	if (!child_text(parent, name, digits, sizeof(digits), err))
		return false;
	*out = fallback;
	return digits[0] == '\0' || text_number(digits, 1, UINT16_MAX, out) ||
		fail(err, FAULT_MALFORMED, "<%s> is no port: %s", name, digits);
}

static bool member_priority(xmlNode *member, uint64_t *out, struct error *err)
{
	xmlChar *text = xmlGetProp(member, (const xmlChar *)"priority");
	bool fine = text != NULL && text_number((const char *)text, 0, PRIORITIES - 1, out);
	xmlFree(text);
	return fine ||
		fail(err, FAULT_MALFORMED, "a <member> of <TVS> has no priority from 0 to %d",
			PRIORITIES - 1);
}

static bool add_member(xmlNode *member, struct phone_configuration *out, struct error *err)
{
	struct phone_tvs tvs;
	uint64_t port;
	if (!child_text(member, "address", tvs.address, sizeof(tvs.address), err) ||
		!child_number(member, "port", TVS_PORT, &port, err))
		return false;
	if (tvs.address[0] == '\0')
		return true; /* an unused place */
	if (out->tvs_count == PHONE_TVS)
		return fail(err, FAULT_LIMIT, "more than %d TVS servers", PHONE_TVS);
	tvs.port = (uint16_t)port;
	out->tvs[out->tvs_count++] = tvs;
	return true;
}

/* By priority; members of equal priority in their order. */
static bool read_tvs(const xmlNode *device, struct phone_configuration *out, struct error *err)
{
	const xmlNode *members = child(child(device, "TVS"), "members");
	for (uint64_t turn = 0; turn < PRIORITIES; turn++)
		for (xmlNode *at = child(members, "member"); at != NULL;
			at = element(at->next, "member")) {
			uint64_t priority;
			if (!member_priority(at, &priority, err) ||
				(priority == turn && !add_member(at, out, err)))
				return false;
		}
	return true;
}

static bool read_page(const xmlNode *device, struct phone_configuration *out, struct error *err)
{
	for (size_t i = 0; i < COUNT(page_elements); i++) {
		char text[VALUE_SIZE];
		if (!child_text(device, page_elements[i], text, sizeof(text), err))
			return false;
		if (strncmp(text, "https://", 8) == 0)
			return text_copy(out->service_url, sizeof(out->service_url), text, err);
	}
	return true;
}

static bool read_device(const xmlDoc *document, struct phone_configuration *out, struct error *err)
{
	const xmlNode *device = xmlDocGetRootElement(document);
	if (document->intSubset != NULL)
		return fail(err, FAULT_REFUSED, "it has a DOCTYPE, which no phone reads");
	bool known = device != NULL &&
		(strcmp((const char *)device->name, "device") == 0 ||
			strcmp((const char *)device->name, "Default") == 0);
	if (!known)
		return fail(err, FAULT_MALFORMED, "its root is neither <device> nor <Default>");
	return child_text(device, "loadInformation", out->load, sizeof(out->load), err) &&
		read_tvs(device, out, err) && read_page(device, out, err);
}

/* libxml2 goes on without what it could not keep, and may take the rest for malformed. */
static void note_memory(void *context, xmlError *error)
{
	bool *lacks_memory = context;
	*lacks_memory = *lacks_memory || error->code == XML_ERR_NO_MEMORY;
}

static bool read_document(
	const xmlDoc *document, struct phone_configuration *out, struct error *err)
{
	if (document == NULL)
		return fail(err, FAULT_MALFORMED, "the configuration is not well-formed XML");
	return read_device(document, out, err) || fail_in(err, "the configuration");
}

bool configuration_file_read(struct reader xml, struct phone_configuration *out, struct error *err)
{
	__attribute__((cleanup(free_document))) xmlDoc *document = NULL;
	struct phone_configuration configuration = { 0 };
	bool lacks_memory = false;
	if (xml.left > LIMIT_SIGNED_FILE)
		return fail(err, FAULT_LIMIT, "a configuration of %zu bytes", xml.left);
	xmlSetStructuredErrorFunc(&lacks_memory, note_memory);
	document =
		xmlReadMemory((const char *)xml.at, (int)xml.left, "configuration", NULL, XML_SAFE);
	bool read = read_document(document, &configuration, err);
	xmlSetStructuredErrorFunc(NULL, NULL);
	if (lacks_memory)
		return fail_memory(err);
	if (!read)
		return false;
	*out = configuration;
	return true;
}

#include "cli/configuration_stub.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/writer.h"

enum { XML_SAFE = XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR | XML_PARSE_NOWARNING };

/* In this order, each where the full file has it. */
static const char *const copied[] = { "ipAddressMode", "loadInformation", "capfAuthMode",
	"capfList" };

static void free_document(xmlDoc **document)
{
	xmlFreeDoc(*document);
}

static xmlNode *element(const xmlNode *device, const char *name)
{
	xmlNode *at = device->children;
	while (at != NULL &&
		(at->type != XML_ELEMENT_NODE || strcmp((const char *)at->name, name) != 0))
		at = at->next;
	return at;
}

static bool copy_element(struct writer *w, xmlDoc *document, xmlNode *node, struct error *err)
{
	xmlBuffer *text = xmlBufferCreate();
	bool fine = text != NULL && xmlNodeDump(text, document, node, 1, 1) > 0;
	if (fine) {
		writer_text(w, "  ");
		writer_text(w, (const char *)xmlBufferContent(text));
		writer_text(w, "\n");
	}
	xmlBufferFree(text);
	return fine || fail_memory(err);
}

static bool write_stub(struct writer *w, xmlDoc *document, const char *hash, struct error *err)
{
	const xmlNode *device = xmlDocGetRootElement(document);
	if (document->intSubset != NULL)
		return fail(err, FAULT_MALFORMED, "it has a DOCTYPE, which no phone reads");
	if (device == NULL || strcmp((const char *)device->name, "device") != 0)
		return fail(err, FAULT_MALFORMED, "its root is not <device>");
	writer_text(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n");
	writer_text(w, "  <fullConfig>false</fullConfig>\n");
	for (size_t i = 0; i < COUNT(copied); i++) {
		xmlNode *node = element(device, copied[i]);
		if (node != NULL && !copy_element(w, document, node, err))
			return false;
	}
	writer_text(w, "  <certHash>");
	writer_text(w, hash);
	writer_text(w, "</certHash>\n  <encrConfig>true</encrConfig>\n</device>\n");
	return true;
}

bool configuration_stub(struct reader xml, const struct cert *device, enum digest_kind hash,
	struct bytes *out, struct error *err)
{
	uint8_t digest[DIGEST_MAX];
	char digits[2 * DIGEST_MAX + 1];
	struct reader der = cert_der(device);
	__attribute__((cleanup(free_document))) xmlDoc *document = NULL;
	if (xml.left > LIMIT_SIGNED_FILE)
		return fail(err, FAULT_LIMIT, "a configuration of %zu bytes", xml.left);
	if (!digest_of(hash, &der, 1, digest, err))
		return false;
	(void)hex_write(reader_of(digest, digest_size(hash)), digits);
	if (xml.left > 0)
		document = xmlReadMemory((const char *)xml.at, (int)xml.left, NULL, NULL, XML_SAFE);
	if (document == NULL)
		return fail(err, FAULT_MALFORMED, "it is no XML that can be read");
	AUTO_DONE(writer) w = writer_new(LIMIT_SIGNED_FILE);
	return write_stub(&w, document, digits, err) && writer_take(&w, out, err);
}

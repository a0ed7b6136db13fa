/* Whatever stands in a certificate: names are UTF-8, what its extensions say is on one line, and
 * nothing is told of what cannot be read. Control bytes are escaped by who prints. */
#include <string.h>

#include "base/text.h"
#include "pki/cert_facts.h"
#include "target.h"

static void is_line(const char *text)
{
	assert(strchr(text, '\n') == NULL);
}

static bool stands_before(const struct cert_facts *f, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(f->extensions[i].oid, f->extensions[index].oid) == 0)
			return true;
	return false;
}

static void check_extension(const struct cert_facts *f, size_t index)
{
	const struct cert_extension *e = &f->extensions[index];
	assert(e->oid[0] != '\0' && e->again == stands_before(f, index));
	assert(e->text == NULL || e->readable);
	if (e->text != NULL)
		is_line(e->text);
}

static void check(const struct cert_facts *f)
{
	assert(f->serial_decimal != NULL && f->serial_decimal[0] != '\0');
	assert(strspn(f->serial_decimal, "-0123456789") == strlen(f->serial_decimal));
	assert(text_is_utf8(reader_of_text(f->subject)) && text_is_utf8(reader_of_text(f->issuer)));
	for (size_t i = 0; i < f->extension_count; i++)
		check_extension(f, i);
	for (size_t i = 0; i < f->alternative_count; i++) {
		assert(f->alternatives[i].kind[0] != '\0' && f->alternatives[i].text != NULL);
	}
	for (size_t i = 0; i < f->purpose_count; i++)
		assert(f->purposes[i].oid[0] != '\0');
	assert(f->has_usage || f->usage == 0);
	assert(f->has_constraints || (!f->authority && !f->has_path_length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { 0 };
	struct cert_facts facts = { 0 };
	AUTO(cert) c = cert_parse(reader_of(data, size), &err);
	if (c == NULL)
		return refused(&err);
	if (!cert_facts_read(c, &facts, &err)) {
		assert(facts.extensions == NULL && facts.subject == NULL);
		return refused(&err);
	}
	check(&facts);
	cert_facts_done(&facts);
	cert_facts_done(&facts);
	return 0;
}

/* What is read of a configuration is text within its bounds, and a configuration that says just
 * that reads the same; a refusal leaves nothing behind. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "emulator/configuration_file.h"
#include "target.h"

static void write_escaped(struct writer *w, const char *text)
{
	for (; *text != '\0'; text++) {
		char number[16];
		if (strchr("<>&\"", *text) == NULL) {
			writer_bytes(w, reader_of(text, 1));
			continue;
		}
		(void)snprintf(number, sizeof(number), "&#%d;", *text);
		writer_text(w, number);
	}
}

static void write_element(struct writer *w, const char *name, const char *text)
{
	writer_text(w, "<");
	writer_text(w, name);
	writer_text(w, ">");
	write_escaped(w, text);
	writer_text(w, "</");
	writer_text(w, name);
	writer_text(w, ">");
}

static void write_configuration(struct writer *w, const struct phone_configuration *c)
{
	writer_text(w, "<device>");
	write_element(w, "loadInformation", c->load);
	write_element(w, "servicesURL", c->service_url);
	writer_text(w, "<TVS><members>");
	for (size_t i = 0; i < c->tvs_count; i++) {
		char number[40];
		(void)snprintf(number, sizeof(number), "<member priority=\"%zu\">", i);
		writer_text(w, number);
		write_element(w, "address", c->tvs[i].address);
		(void)snprintf(number, sizeof(number), "%u", c->tvs[i].port);
		write_element(w, "port", number);
		writer_text(w, "</member>");
	}
	writer_text(w, "</members></TVS></device>");
}

static void is_text(const char *text)
{
	char copy[1024];
	assert(text_from(reader_of_text(text), copy, sizeof(copy), NULL));
}

static void check(const struct phone_configuration *c)
{
	assert(c->tvs_count <= PHONE_TVS);
	for (size_t i = 0; i < c->tvs_count; i++) {
		assert(c->tvs[i].address[0] != '\0' && c->tvs[i].port != 0);
		is_text(c->tvs[i].address);
	}
	is_text(c->load);
	is_text(c->service_url);
	assert(c->service_url[0] == '\0' || strncmp(c->service_url, "https://", 8) == 0);
}

static bool same(const struct phone_configuration *a, const struct phone_configuration *b)
{
	bool so = a->tvs_count == b->tvs_count && strcmp(a->load, b->load) == 0 &&
		strcmp(a->service_url, b->service_url) == 0;
	for (size_t i = 0; so && i < a->tvs_count; i++)
		so = a->tvs[i].port == b->tvs[i].port &&
			strcmp(a->tvs[i].address, b->tvs[i].address) == 0;
	return so;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct phone_configuration once, twice, before;
	struct error err = { 0 };
	memset(&once, 0x5a, sizeof(once));
	before = once;
	if (!configuration_file_read(reader_of(data, size), &once, &err)) {
		assert(memcmp(&once, &before, sizeof(once)) == 0);
		return refused(&err);
	}
	check(&once);
	AUTO_DONE(writer) w = writer_new(1 << 20);
	write_configuration(&w, &once);
	assert(w.ok && configuration_file_read(writer_written(&w), &twice, &err));
	assert(same(&once, &twice));
	return 0;
}

#include "fetch/server_place.h"

#include "base/text.h"
#include "base/writer.h"
#include "talk/url.h"

bool server_place_read(
	const char *text, uint16_t usual_port, struct server_place *out, struct error *err)
{
	const struct url_scheme schemes[] = { { "server", usual_port } };
	char url[400];
	struct url parts;
	struct writer w = writer_on(url, sizeof(url));
	writer_text(&w, "server://");
	writer_text(&w, text);
	writer_u8(&w, '\0');
	if (!w.ok || !url_parse(url, schemes, COUNT(schemes), &parts, NULL) ||
		parts.path[1] != '\0')
		return fail(err, FAULT_USAGE, "\"%.60s\" is not HOST or HOST:PORT", text);
	if (!text_copy(out->host, sizeof(out->host), parts.host, err))
		return false;
	out->port = parts.port;
	return true;
}

/* cert list and cert show. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/writer.h"

/* showing */

json_t *certificate_json(const struct entry *entry, const struct cert *cert)
{
	char hex[DIGEST_HEX_SIZE], serial[2 * 64 + 1] = "";
	char before[TIME_TEXT_SIZE], after[TIME_TEXT_SIZE];
	struct reader number = cert_serial(cert);
	if (number.left <= 64)
		(void)hex_write(number, serial);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "node",
		entry->node, "unit", entry->store, "name", entry->name, "subject",
		cert_subject(cert, NAME_APPLIANCE), "issuer", cert_issuer(cert, NAME_APPLIANCE),
		"serial", serial, "not_before", text_time(cert_not_before(cert), before),
		"not_after", text_time(cert_not_after(cert), after), "key", cert_key(cert).name,
		"sha256", hex_write(reader_of(entry->digest, DIGEST_SIZE), hex), "description",
		entry->reason);
}

/* Thousands of rows are written as text: a tree of them costs more than all the rest. */
struct listing {
	struct manager *manager;
	struct writer text;
	bool more; /* than one row */
};

static void listing_done(struct listing *l)
{
	writer_done(&l->text);
}

static void write_text(struct writer *w, const char *text)
{
	json_auto_t *value = json_string(text);
	char *quoted = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY);
	writer_text(w, quoted == NULL ? "null" : quoted);
	free(quoted);
}

static void write_member(struct writer *w, const char *name, const char *value)
{
	writer_text(w, name);
	write_text(w, value);
}

static bool list_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct listing *l = into;
	struct writer *w = &l->text;
	const char *facts = certificate_text(l->manager->texts, entry->digest, der, err);
	if (facts == NULL)
		return fail_in(err, "%s of %s", entry->name, entry->store);
	struct reader inner = reader_of(facts + 1, strlen(facts) - 2); /* without its braces */
	write_member(w, l->more ? ",{\"node\":" : "{\"node\":", entry->node);
	write_member(w, ",\"unit\":", entry->store);
	write_member(w, ",\"name\":", entry->name);
	writer_u8(w, ',');
	writer_bytes(w, inner);
	write_member(w, ",\"description\":", entry->reason);
	writer_u8(w, '}');
	l->more = true;
	return w->ok || fail(err, FAULT_LIMIT, "too many certificates for one list: name a unit");
}

/* As the table spells it; NULL where the argument is absent. The manager's own names are exact. */
static const char *unit_argument(const struct asked *asked)
{
	const char *name = argument_text(asked, "unit");
	const struct unit *unit = name == NULL ? NULL : unit_find(name);
	return unit == NULL ? name : unit->name;
}

static bool node_argument_exists(struct manager *m, const struct asked *asked, struct error *err)
{
	struct node node;
	const char *name = argument_text(asked, "node");
	return name == NULL || store_node(m->store, name, &node, err);
}

json_t *cert_list(struct manager *m, struct asked *asked, struct error *err)
{
	AUTO_DONE(listing) l = { .manager = m, .text = writer_new(LIMIT_SIBLING_PAYLOAD) };
	if (m->texts == NULL)
		m->texts = certificate_texts_new(err);
	writer_text(&l.text, "{\"schema_version\":1,\"certificates\":[");
	if (m->texts == NULL || !node_argument_exists(m, asked, err) ||
		!store_entries(m->store, unit_argument(asked), argument_text(asked, "node"),
			list_entry, &l, err))
		return NULL;
	writer_text(&l.text, "]}");
	return writer_take(&l.text, &asked->text, err) ? json_null() : NULL;
}

struct showing {
	const char *name; /* NULL: the first */
	json_t *found;
};

static bool show_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct showing *s = into;
	if (s->found != NULL || (s->name != NULL && strcmp(s->name, entry->name) != 0))
		return true;
	char *pem = NULL;
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL || !cert_pem(cert, &pem, err))
		return fail_in(err, "%s of %s", entry->name, entry->store);
	s->found = certificate_json(entry, cert);
	(void)json_object_set_new(s->found, "schema_version", json_integer(1));
	(void)json_object_set_new(
		s->found, "signature_algorithm", json_string(cert_signature_algorithm(cert)));
	(void)json_object_set_new(s->found, "pem", json_string(pem));
	free(pem);
	return true;
}

json_t *cert_show(struct manager *m, struct asked *asked, struct error *err)
{
	struct showing s = { .name = argument_text(asked, "name") };
	const char *unit = unit_argument(asked);
	const char *node = argument_text(asked, "node");
	if (!node_argument_exists(m, asked, err) ||
		!store_entries(m->store, unit, node, show_entry, &s, err))
		return NULL;
	if (s.found == NULL)
		(void)fail(err, FAULT_MISSING,
			"there is no such certificate in %s of %s: see `dialtrust cert list`", unit,
			node == NULL ? "any node" : node);
	return s.found;
}

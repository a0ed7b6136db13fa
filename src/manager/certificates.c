/* cert list and cert show. */
#include "manager/manager_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"

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

static bool list_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return fail_in(err, "%s of %s", entry->name, entry->store);
	return json_array_append_new(into, certificate_json(entry, cert)) == 0 || fail_memory(err);
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
	json_auto_t *rows = json_array();
	if (!node_argument_exists(m, asked, err) ||
		!store_entries(m->store, unit_argument(asked), argument_text(asked, "node"),
			list_entry, rows, err))
		return NULL;
	return result_of_rows("certificates", rows);
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

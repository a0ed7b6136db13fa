#include "courier/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pki/cert_bundle.h"
#include "run/files.h"

#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

enum { AUTHORITIES_MAX = 4 << 20 };

struct outside {
	struct name_lookup *names;
	struct bytes authorities;
	struct errand *errands;
};

static bool read_authorities(struct outside *o, const char *setting, struct error *err)
{
	bool system = strcmp(setting, "system") == 0;
	const char *path = system ? SYSTEM_AUTHORITIES : setting;
	if (!file_read(path, AUTHORITIES_MAX, &o->authorities, err))
		return system /* of a machine without them nobody is believed */
			? true
			: fail_in(err, "[courier] authorities");
	AUTO(cert) first = cert_parse_pem(bytes_reader(&o->authorities), err);
	return first != NULL || fail_in(err, "[courier] authorities, %s", path);
}

static bool find_names(struct outside *o, struct loop *l, const char *setting, struct error *err)
{
	struct address server;
	bool system = strcmp(setting, "system") == 0;
	if (!system && !address_parse(setting, &server, err))
		return fail_in(err, "[courier] name-server");
	o->names = name_lookup_new(l, system ? NULL : &server, err);
	return o->names != NULL;
}

struct outside *outside_new(struct loop *l, const struct settings *settings, struct error *err)
{
	struct outside *o = calloc(1, sizeof(*o));
	if (o == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	if (read_authorities(o, settings->authorities, err) &&
		find_names(o, l, settings->name_server, err))
		return o;
	outside_free(o);
	return NULL;
}

void outside_free(struct outside *o)
{
	struct error ends = { FAULT_BUSY, "the courier ends" };
	if (o == NULL)
		return;
	name_lookup_free(o->names); /* ends those that wait for a name */
	while (o->errands != NULL)
		errand_end(o->errands, &ends);
	bytes_done(&o->authorities);
	free(o);
}

struct reader outside_authorities(const struct outside *o)
{
	static const char nobody[] = "\n"; /* not empty: to believe nobody is not to ask nobody */
	return o->authorities.size > 0 ? bytes_reader(&o->authorities) : reader_of_text(nobody);
}

void errand_end(struct errand *errand, const struct error *err)
{
	struct errand **at = &errand->outside->errands;
	while (*at != NULL && *at != errand)
		at = &(*at)->next;
	if (*at == errand)
		*at = errand->next;
	errand->fn(err, errand->context);
	free(errand);
}

static void on_found(const char *addresses, const struct error *err, void *context)
{
	struct errand *errand = context;
	if (err != NULL) {
		errand_end(errand, err);
		return;
	}
	size_t used = strlen(errand->resolved);
	(void)snprintf(errand->resolved + used, sizeof(errand->resolved) - used, "%s", addresses);
	errand->go(errand);
}

void outside_send(struct outside *o, const struct place *to, const struct errand *what)
{
	struct error err = { 0 };
	struct errand *errand = calloc(1, sizeof(*errand));
	if (errand == NULL) {
		(void)fail_memory(&err);
		what->fn(&err, what->context);
		return;
	}
	*errand = *what;
	errand->outside = o;
	errand->next = o->errands;
	o->errands = errand;
	if (to->numeric) {
		errand->go(errand);
		return;
	}
	(void)snprintf(errand->resolved, sizeof(errand->resolved), "%s:%u:", to->host, to->port);
	name_look_up(o->names, to->host, OUTSIDE_LOOKUP_MS, on_found, errand);
}

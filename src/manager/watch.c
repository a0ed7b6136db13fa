/* Walks the certificates of the stores and says of each what it is used for and until when. */
#include "manager/expiry_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cluster/parameter.h"

enum { VALUE_SIZE = 64, BUCKETS = 1024 };

struct running { /* a service of a node that shows the unit's identity */
	const char *leaf;
	char node[NODE_NAME_SIZE];
};

/* Copies of one certificate lie in many stores of many nodes: each is parsed once. */
struct parsed {
	struct cert *cert;
	struct parsed *next;
};

struct watch_walk {
	const struct watch_policy *policy;
	watched_fn *each;
	void *into;
	struct running *running;
	size_t running_count;
	struct live_identities live;
	struct parsed *buckets[BUCKETS];
};

static bool days_parameter(struct store *s, const char *name, int64_t *out, struct error *err)
{
	char value[VALUE_SIZE];
	uint64_t days;
	if (!store_parameter(s, name, value, sizeof(value), err))
		return false;
	if (!text_number(value, 0, UINT16_MAX, &days))
		return fail(err, FAULT_STORE, "the parameter %s is \"%.20s\"", name, value);
	*out = (int64_t)days * ALARM_DAY;
	return true;
}

bool watch_policy(struct store *s, struct watch_policy *out, struct error *err)
{
	return days_parameter(s, PARAMETER_NOTIFY_START, &out->window, err) &&
		days_parameter(s, PARAMETER_NOTIFY_FREQUENCY, &out->frequency, err) &&
		cluster_era(s, &out->era, err);
}

/* services and identities */

static bool take_service(const struct service_row *row, void *into, struct error *err)
{
	struct watch_walk *w = into;
	const struct service *service = service_find(row->service);
	if (service == NULL || service->leaf == NULL || !row->activated)
		return true;
	struct running *rows = reallocarray(w->running, w->running_count + 1, sizeof(*w->running));
	if (rows == NULL)
		return fail_memory(err);
	w->running = rows;
	struct running *new = &rows[w->running_count++];
	new->leaf = service->leaf;
	return text_copy(new->node, sizeof(new->node), row->node, err);
}

static bool is_running(const struct watch_walk *w, const char *unit, const char *node)
{
	for (size_t i = 0; i < w->running_count; i++)
		if (strcmp(w->running[i].leaf, unit) == 0 && strcmp(w->running[i].node, node) == 0)
			return true;
	return false;
}

static bool take_identity(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	struct watch_walk *w = into;
	const struct unit *unit = unit_find(row->unit);
	AUTO(cert) cert = cert_parse(der, err);
	if (cert == NULL)
		return fail_in(err, "%s of node %s", row->unit, row->node);
	struct live_identity *rows =
		reallocarray(w->live.rows, w->live.count + 1, sizeof(*w->live.rows));
	if (rows == NULL)
		return fail_memory(err);
	w->live.rows = rows;
	if (unit == NULL)
		return true; /* of a later version */
	struct live_identity *new = &rows[w->live.count++];
	const char *issuer = cert_issuer(cert, NAME_APPLIANCE);
	*new = (struct live_identity){
		.unit = unit,
		.self_issued = strcmp(issuer, cert_subject(cert, NAME_APPLIANCE)) == 0,
		.running = is_running(w, row->unit, row->node),
	};
	if (strlen(issuer) < sizeof(new->issuer))
		(void)snprintf(new->issuer, sizeof(new->issuer), "%s", issuer);
	memcpy(new->digest, row->digest, DIGEST_SIZE);
	return text_copy(new->node, sizeof(new->node), row->node, err);
}

/* entries */

static const struct cert *parsed_once(
	struct watch_walk *w, const struct entry *entry, struct reader der, struct error *err)
{
	struct parsed **at = &w->buckets[(entry->digest[0] << 8 | entry->digest[1]) % BUCKETS];
	for (; *at != NULL; at = &(*at)->next)
		if (memcmp(cert_digest((*at)->cert), entry->digest, DIGEST_SIZE) == 0)
			return (*at)->cert;
	struct parsed *new = calloc(1, sizeof(*new));
	if (new == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	new->cert = cert_parse(der, err);
	if (new->cert == NULL) {
		free(new);
		return NULL;
	}
	*at = new;
	return new->cert;
}

static bool watch_entry(const struct entry *entry, struct reader der, void *into, struct error *err)
{
	struct watch_walk *w = into;
	const struct unit *unit = unit_find(entry->store);
	if (unit == NULL)
		return true; /* of a later version */
	const struct cert *cert = parsed_once(w, entry, der, err);
	if (cert == NULL)
		return fail_in(
			err, "%.60s of %.40s, node %.40s", entry->name, entry->store, entry->node);
	const struct stored_certificate what = { unit, entry->node, entry->digest,
		cert_subject(cert, NAME_APPLIANCE) };
	const struct watched watched = {
		.entry = entry,
		.cert = cert,
		.not_after = cert_not_after(cert),
		.renew_from = alarm_renew_from(
			cert_not_before(cert), cert_not_after(cert), w->policy->window),
		.use = certificate_use(&w->live, &what),
	};
	return w->each(&watched, w->into, err);
}

static void watch_walk_done(struct watch_walk *w)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (w->buckets[i] != NULL) {
			struct parsed *first = w->buckets[i];
			w->buckets[i] = first->next;
			cert_free(first->cert);
			free(first);
		}
	free(w->running);
	free(w->live.rows);
}

bool watch_each(struct store *s, const char *node, const struct watch_policy *policy,
	watched_fn *each, void *into, struct error *err)
{
	struct watch_walk w = { .policy = policy, .each = each, .into = into };
	bool fine = store_services(s, take_service, &w, err) &&
		store_identities(s, take_identity, &w, err) &&
		store_entries(s, NULL, node, watch_entry, &w, err);
	watch_walk_done(&w);
	return fine;
}

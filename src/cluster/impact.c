#include "cluster/impact.h"

#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"

/* clang-format off */
static const struct impact rows[] = {
	/* name                 phones              reset  touched, breaks */
	{ "tomcat",             PHONES_OF_ITS_NODE, false, "open services and fetch files over HTTPS", NULL },
	{ "tomcat-ECDSA",       PHONES_OF_ITS_NODE, false, "open services over HTTPS", NULL },
	{ "ipsec",              PHONES_NONE,        false, NULL, NULL },
	{ "ITLRecovery",        PHONES_ALL,         true,  "trust lists that it signs before all else", NULL },
	{ "CallManager-ECDSA",  PHONES_ALL,         true,  "register with encrypted calls", NULL },
	{ "CallManager",        PHONES_ALL,         true,  "register, and read the files that it signs", NULL },
	{ "CAPF",               PHONES_ALL,         true,  "have a certificate from it, or fetch one", NULL },
	{ "TVS",                PHONES_ALL,         true,  "ask it about certificates that they do not know", NULL },
	{ "cup",                PHONES_NONE,        false, NULL, NULL },
	{ "cup-ECDSA",          PHONES_NONE,        false, NULL, NULL },
	{ "cup-xmpp",           PHONES_NONE,        false, NULL, NULL },
	{ "cup-xmpp-ECDSA",     PHONES_NONE,        false, NULL, NULL },
	{ "cup-xmpp-s2s",       PHONES_NONE,        false, NULL, NULL },
	{ "cup-xmpp-s2s-ECDSA", PHONES_NONE,        false, NULL, NULL },
	{ "tomcat-trust",       PHONES_ALL,         false, "open HTTPS services that TVS vouches for from it",
	  "HTTPS, directory and OCSP servers that it vouches for are no longer believed" },
	{ "ipsec-trust",        PHONES_NONE,        false, NULL,
	  "tunnels and backup agents no longer believe that peer" },
	{ "CallManager-trust",  PHONES_ALL,         false, "have a certificate whose issuer is in it",
	  "phones, trunks and gateways whose issuer it is do not register" },
	{ "CAPF-trust",         PHONES_ALL,         false, "show CAPF a certificate whose issuer is in it",
	  "CAPF no longer believes the certificates that phones of that issuer show" },
	{ "TVS-trust",          PHONES_ALL,         false, "ask a TVS whose certificate a CA signed",
	  "the chain of a TVS certificate signed by a CA ends too early" },
	{ "directory-trust",    PHONES_NONE,        false, NULL,
	  "directory servers of old releases are no longer believed" },
	{ "userlicensing-trust", PHONES_NONE,       false, NULL,
	  "licence servers are no longer believed" },
	{ "Phone-trust",        PHONES_ALL,         false, "use visual voicemail", NULL },
	{ "Phone-CTL-trust",    PHONES_ALL,         false, "use visual voicemail", NULL },
	{ "Phone-VPN-trust",    PHONES_ALL,         false, "have a VPN in their configuration", NULL },
	{ "Phone-SAST-trust",   PHONES_ALL,         false, "hold a list of an earlier or foreign signer", NULL },
	{ "Phone-Edge-trust",   PHONES_ALL,         false, "come in from outside",
	  "servers for phones from outside are no longer believed" },
	{ "cup-trust",          PHONES_NONE,        false, NULL,
	  "the presence node no longer believes that peer of its SIP" },
	{ "cup-xmpp-trust",     PHONES_NONE,        false, NULL,
	  "the presence node no longer believes that peer of its XMPP" },
	{ "LSC",                PHONES_ALL,         false, "have a locally significant certificate",
	  "the phone does not register encrypted, and has no 802.1X and no VPN; CAPF gives it a new one" },
	{ "MIC",                PHONES_ALL,         false, "have only the certificate that was made with them",
	  "the phone does not register encrypted, and has no 802.1X and no VPN; it cannot be renewed: give the phone an LSC" },
};
/* clang-format on */

const struct impact *impact_find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_same_nocase(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const struct impact *impact_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

const char *impact_breaks(const struct impact *impact)
{
	const struct unit *unit = unit_find(impact->name);
	return unit != NULL && unit->expired != NULL ? unit->expired : impact->breaks;
}

static enum impact_restart restart_of(
	const struct impact_service *s, const struct restart *row, enum era era)
{
	if (!s->activated)
		return RESTARTS_NOT;
	return restart_is_automatic(row, era) ? RESTARTS_BY_ITSELF : RESTARTS_BY_HAND;
}

static int by_turn(const void *a, const void *b)
{
	const struct impact_service *left = a, *right = b;
	if (left->turn != right->turn)
		return left->turn < right->turn ? -1 : 1;
	if (left->role != right->role)
		return left->role < right->role ? -1 : 1;
	return strcmp(left->node, right->node);
}

size_t impact_order(const struct unit *unit, const char *node, enum era era,
	struct impact_service *services, size_t count)
{
	size_t kept = 0, restarts;
	const struct restart *first = restart_rows(&restarts);
	for (size_t i = 0; i < count; i++) {
		const struct restart *row = restart_find(unit->name, services[i].service->name);
		bool here = row != NULL &&
			(row->everywhere || node == NULL || strcmp(node, services[i].node) == 0);
		if (!here || (!row->everywhere && !unit_is_on(unit, services[i].role)))
			continue;
		services[kept] = services[i];
		services[kept].restart = restart_of(&services[i], row, era);
		services[kept].turn = (size_t)(row - first);
		kept++;
	}
	if (kept > 1)
		qsort(services, kept, sizeof(*services), by_turn);
	return kept;
}

const char *impact_restart_name(enum impact_restart restart)
{
	static const char *const names[] = {
		[RESTARTS_BY_ITSELF] = "by itself",
		[RESTARTS_BY_HAND] = "by hand",
		[RESTARTS_NOT] = "not activated",
	};
	return names[restart];
}

#include "cluster/outside.h"

#include <string.h>

#include "base/own.h"
#include "base/text.h"

/* clang-format off */
static const struct outside_system rows[] = {
	{ "contact-center", "Unified CCX", { "tomcat" },
	  "agents do not log in to Finesse" },
	{ "voicemail", "Unity Connection", { "CallManager", "tomcat" },
	  "secure voicemail ports do not come up" },
	{ "expressway", "Expressway", { "CallManager", "tomcat" },
	  "zones with TLS verification fail, phones from outside with them" },
	{ "radius", "ISE or another RADIUS server", { "CAPF" },
	  "phones with certificates from CAPF are refused at 802.1X" },
	{ "vpn", "a VPN concentrator", { "CAPF" },
	  "phones with certificates from CAPF open no VPN" },
	{ "emergency", "Emergency Responder", { "tomcat" },
	  "it does not read the cluster's phones" },
	{ "identity-provider", "the identity provider of single sign-on", { "tomcat" },
	  "nobody signs in until its metadata is provisioned anew" },
	{ "cluster", "another cluster", { "tomcat", "CallManager", "CAPF", "ITLRecovery" },
	  "phones do not move there or back; see dialtrust bulk export" },
};
/* clang-format on */

const struct outside_system *outside_systems(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

const struct outside_system *outside_find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_same_nocase(rows[i].name, name))
			return &rows[i];
	return NULL;
}

bool outside_needs(const struct outside_system *system, const char *unit)
{
	for (size_t i = 0; i < OUTSIDE_UNITS && system->units[i] != NULL; i++)
		if (strcmp(system->units[i], unit) == 0)
			return true;
	return false;
}

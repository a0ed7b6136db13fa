#include "cluster/service.h"

#include <string.h>

#include "base/own.h"
#include "base/text.h"
#include "cluster/parameter.h"

enum {
	ON_PUBLISHER = 1 << NODE_PUBLISHER,
	ON_CALL_NODES = 1 << NODE_PUBLISHER | 1 << NODE_SUBSCRIBER,
	ON_PRESENCE = 1 << NODE_PRESENCE,
	ON_ALL_NODES = ON_CALL_NODES | ON_PRESENCE,
};

#define TFTP "Cisco Tftp"
#define TVS "Cisco Trust Verification Service"
#define CAPF "Cisco Certificate Authority Proxy Function"
#define CALLMANAGER "Cisco CallManager"
#define CTI "Cisco CTIManager"
#define HAPROXY "Cisco HAProxy"
#define TOMCAT "Cisco Tomcat"
#define SSOSP "Cisco SSOSP Tomcat"
#define UDS "Cisco UDS Tomcat"
#define AXL "Cisco AXL Tomcat"
#define ILS "Cisco Intercluster Lookup Service"
#define LBM "Cisco Location Bandwidth Manager"
#define MOBILITY "Cisco Extension Mobility"
#define DRF_MASTER "Cisco DRF Master"
#define DRF_LOCAL "Cisco DRF Local"
#define SIP_PROXY "Cisco SIP Proxy"
#define PRESENCE "Cisco Presence Engine"
#define XCP_ROUTER "Cisco XCP Router"
#define XCP_CONNECTIONS "Cisco XCP Connection Manager"
#define CTL_PROVIDER "Cisco CTL Provider"
#define ENROLLMENT "Cisco Certificate Enrollment Service"
#define EXPIRY_MONITOR "Cisco Certificate Expiry Monitor"
#define CHANGE_NOTIFICATION "Cisco Certificate Change Notification"
#define IPSEC "ipsec"
#define XCP_FEDERATION "Cisco XCP XMPP Federation Connection Manager"

/* clang-format off */
/* A process "manager" is no process of the service's own: the manager does its work, and reads all
 * of it anew each time. */
static const struct service services[] = {
	/* name              kind            process      nodes          activ. netw.  leaf */
	{ TFTP,                SERVICE_OURS,   "provision", ON_CALL_NODES, true,  false, "tomcat" },
	{ TVS,                 SERVICE_OURS,   "tvs",       ON_CALL_NODES, true,  true,  "TVS" },
	{ CAPF,                SERVICE_OURS,   "capf",      ON_PUBLISHER,  false, false, "CAPF" },
	{ CALLMANAGER,         SERVICE_HOOKED, NULL,        ON_CALL_NODES, true,  false, "CallManager" },
	{ CTI,                 SERVICE_HOOKED, NULL,        ON_CALL_NODES, false, false, "CallManager" },
	{ HAPROXY,             SERVICE_HOOKED, NULL,        ON_CALL_NODES, false, false, "CallManager" },
	{ TOMCAT,              SERVICE_HOOKED, NULL,        ON_ALL_NODES,  true,  true,  "tomcat" },
	{ IPSEC,               SERVICE_HOOKED, NULL,        ON_ALL_NODES,  false, false, "ipsec" },
	{ SSOSP,               SERVICE_NOTED,  NULL,        ON_ALL_NODES,  false, false, "tomcat" },
	{ UDS,                 SERVICE_NOTED,  NULL,        ON_CALL_NODES, false, false, "tomcat" },
	{ AXL,                 SERVICE_NOTED,  NULL,        ON_CALL_NODES, false, false, "tomcat" },
	{ ILS,                 SERVICE_NOTED,  NULL,        ON_CALL_NODES, false, false, "tomcat" },
	{ LBM,                 SERVICE_NOTED,  NULL,        ON_CALL_NODES, false, false, "tomcat" },
	{ MOBILITY,            SERVICE_NOTED,  NULL,        ON_CALL_NODES, false, false, "tomcat" },
	{ DRF_MASTER,          SERVICE_NOTED,  NULL,        ON_PUBLISHER,  true,  true,  NULL },
	{ DRF_LOCAL,           SERVICE_NOTED,  NULL,        ON_ALL_NODES,  true,  true,  NULL },
	{ SIP_PROXY,           SERVICE_NOTED,  NULL,        ON_PRESENCE,   true,  false, "cup" },
	{ PRESENCE,            SERVICE_NOTED,  NULL,        ON_PRESENCE,   true,  false, "cup" },
	{ XCP_ROUTER,          SERVICE_NOTED,  NULL,        ON_PRESENCE,   true,  false, "cup-xmpp" },
	{ XCP_CONNECTIONS,     SERVICE_NOTED,  NULL,        ON_PRESENCE,   true,  false, "cup-xmpp" },
	{ XCP_FEDERATION,      SERVICE_NOTED,  NULL,        ON_PRESENCE,   false, false, "cup-xmpp-s2s" },
	{ CTL_PROVIDER,        SERVICE_NOTED,  NULL,        ON_CALL_NODES, false, false, NULL },
	{ ENROLLMENT,          SERVICE_NOTED,  NULL,        ON_PUBLISHER,  false, false, NULL },
	{ EXPIRY_MONITOR,      SERVICE_OURS,   "manager",   ON_ALL_NODES,  true,  true,  NULL },
	{ CHANGE_NOTIFICATION, SERVICE_OURS,   "manager",   ON_ALL_NODES,  true,  true,  NULL },
};

/* Cisco Tftp signs with the key that it loaded at its start, so in era C, where lists change at
 * once, it must follow by itself or phones would be sent signatures of a signer no longer listed. */
static const struct restart restarts[] = {
	/* unit               service      everywhere  by itself in */
	{ "tomcat",            TOMCAT,      false, 0 },
	{ "tomcat",            SSOSP,       false, 0 },
	{ "tomcat",            UDS,         false, 0 },
	{ "tomcat",            AXL,         false, 0 },
	{ "tomcat",            ILS,         false, 0 },
	{ "tomcat",            LBM,         false, 0 },
	{ "tomcat",            MOBILITY,    false, 0 },
	{ "tomcat",            DRF_MASTER,  true,  0 },
	{ "tomcat",            DRF_LOCAL,   true,  0 },
	{ "tomcat",            TFTP,        false, IN_C },
	{ "tomcat-ECDSA",      TOMCAT,      false, 0 },
	{ "tomcat-ECDSA",      SSOSP,       false, 0 },
	{ "tomcat-ECDSA",      UDS,         false, 0 },
	{ "tomcat-ECDSA",      AXL,         false, 0 },
	{ "tomcat-ECDSA",      ILS,         false, 0 },
	{ "tomcat-ECDSA",      LBM,         false, 0 },
	{ "tomcat-ECDSA",      MOBILITY,    false, 0 },
	{ "tomcat-ECDSA",      DRF_MASTER,  true,  0 },
	{ "tomcat-ECDSA",      DRF_LOCAL,   true,  0 },
	{ "ipsec",             DRF_MASTER,  true,  0 },
	{ "ipsec",             DRF_LOCAL,   true,  0 },
	{ "ipsec",             TOMCAT,      false, 0 },
	{ "ipsec",             IPSEC,       false, 0 },
	{ "CAPF",              CAPF,        false, IN_C },
	{ "CAPF",              TVS,         true,  IN_C },
	{ "CAPF",              TFTP,        true,  IN_C },
	{ "CAPF",              HAPROXY,     true,  0 },
	{ "CallManager",       CALLMANAGER, true,  0 },
	{ "CallManager",       CTI,         true,  0 },
	{ "CallManager",       TVS,         true,  IN_C },
	{ "CallManager",       TFTP,        true,  IN_C },
	{ "CallManager",       HAPROXY,     true,  0 },
	{ "CallManager-ECDSA", CALLMANAGER, true,  0 },
	{ "CallManager-ECDSA", CTI,         true,  0 },
	{ "CallManager-ECDSA", HAPROXY,     true,  0 },
	{ "TVS",               TVS,         true,  IN_C },
	{ "TVS",               TFTP,        true,  IN_C },
	{ "ITLRecovery",       TVS,         true,  IN_C },
	{ "ITLRecovery",       TFTP,        true,  IN_C },
	{ "cup",               SIP_PROXY,   false, 0 },
	{ "cup",               PRESENCE,    false, 0 },
	{ "cup-ECDSA",         SIP_PROXY,   false, 0 },
	{ "cup-ECDSA",         PRESENCE,    false, 0 },
	{ "cup-xmpp",          XCP_ROUTER,  false, 0 },
	{ "cup-xmpp",          XCP_CONNECTIONS, false, 0 },
	{ "cup-xmpp-ECDSA",    XCP_ROUTER,  false, 0 },
	{ "cup-xmpp-ECDSA",    XCP_CONNECTIONS, false, 0 },
	{ "cup-xmpp-s2s",      XCP_FEDERATION, false, 0 },
	{ "cup-xmpp-s2s-ECDSA", XCP_FEDERATION, false, 0 },
	/* after a parameter changed */
	{ PARAMETER_FILE_HASH, CALLMANAGER, true,  0 },
	{ PARAMETER_FILE_HASH, TFTP,        true,  IN_C },
	/* what was taken out of a store is believed until then; nothing restarts by itself */
	{ "tomcat-trust",      TOMCAT,      true,  0 },
	{ "CallManager-trust", CALLMANAGER, true,  0 },
	{ "CallManager-trust", CTI,         true,  0 },
	{ "CAPF-trust",        CAPF,        true,  0 },
	{ "TVS-trust",         TVS,         true,  0 },
	{ "ipsec-trust",       DRF_MASTER,  true,  0 },
	{ "ipsec-trust",       DRF_LOCAL,   true,  0 },
	{ "ipsec-trust",       IPSEC,       true,  0 },
	{ "cup-trust",         SIP_PROXY,   true,  0 },
	{ "cup-trust",         PRESENCE,    true,  0 },
	{ "cup-xmpp-trust",    XCP_ROUTER,  true,  0 },
};
/* clang-format on */

const struct service *service_find(const char *name)
{
	for (size_t i = 0; i < COUNT(services); i++)
		if (text_same_nocase(services[i].name, name))
			return &services[i];
	return NULL;
}

const struct service *service_rows(size_t *count)
{
	*count = COUNT(services);
	return services;
}

const struct restart *restart_rows(size_t *count)
{
	*count = COUNT(restarts);
	return restarts;
}

const struct restart *restart_find(const char *unit, const char *service)
{
	for (size_t i = 0; i < COUNT(restarts); i++)
		if (strcmp(restarts[i].unit, unit) == 0 &&
			strcmp(restarts[i].service, service) == 0)
			return &restarts[i];
	return NULL;
}

bool restart_is_automatic(const struct restart *row, enum era era)
{
	return (row->by_itself & 1U << era) != 0 &&
		service_find(row->service)->kind == SERVICE_OURS;
}

const char *service_kind_name(enum service_kind kind)
{
	static const char *const names[] = {
		[SERVICE_OURS] = "ours",
		[SERVICE_HOOKED] = "hooked",
		[SERVICE_NOTED] = "noted",
	};
	return names[kind];
}

#pragma once
/* The settings file of a node's daemon (INI, read by inih): rows with type, range and default. */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct settings {
	char node[64];    /* [node] name */
	char state[200];  /* [node] state: directory of keys and snapshot */
	char runtime[80]; /* [node] runtime: directory of sibling sockets; short, for sun_path */
	char store[256];  /* [node] store: sqlite:PATH */
	char admin_socket[100]; /* [admin] socket */
	char tftp[64], http[64],
		https[64]; /* [provision] tftp, http, https: address:port; "": off */
	char root[200];    /* [provision] root: the operator's tree */
	char tvs[64];      /* [tvs] listen */
	uint64_t tvs_handshake, tvs_message, tvs_idle; /* seconds */
	uint64_t tvs_connections, tvs_per_source;
	uint64_t http_request, http_idle, http_connections, http_per_source;
	uint64_t tftp_transfers, tftp_per_source;
	char metrics[64];  /* [admin] metrics: address:port; "": off */
	char webhook[200]; /* [courier] webhook: http or https URL; "none" */
	char syslog[80];   /* [courier] syslog: udp:, tcp: or tls: and address:port; "none" */
	char syslog_certificate[200]; /* who is at the other end of tls: */
	char authorities[200];        /* who vouches for TLS of webhook and mail: PEM; "system" */
	char name_server[64];         /* who resolves their names: address:port; "system" */
	char mail_server[192];        /* [courier] mail-server: name or address; "none" */
	uint64_t mail_port;           /* 0: what its security goes with */
	char mail_security[16];
	char mail_user[128];          /* "none" */
	char mail_password_file[200]; /* "none" */
	char mail_from[192], mail_to[192];
	char hooks[200];      /* [deployer] hooks: file of the operator's; "none" */
	char recipes[200];    /* [deployer] recipes: folder of NAME.recipe */
	char deployable[200]; /* [deployer] keys: units whose keys may leave the signer; "none" */
	/* [courier] sftp…: the server through which clusters exchange certificates */
	char sftp[64]; /* address:port; "": off */
	char sftp_host_key[64], sftp_user[64], sftp_folder[200];
	char sftp_password_file[200], sftp_key_file[200], sftp_seal_file[200]; /* paths, "none" */
	uint64_t user;        /* [node] user: first of the node's numeric users; 0: no drop */
	uint64_t group;       /* [node] group: who may write the store; 0: the same as user */
	int64_t clock_offset; /* [node] clock-offset, seconds */
	char log_level[16];   /* [node] log: error, warning, info, debug */
};

struct setting_row {
	const char *section, *name;
	enum setting_kind {
		SETTING_TEXT,
		SETTING_PATH,    /* absolute */
		SETTING_ADDRESS, /* host:port, or "off", which is "" in the struct */
		SETTING_NUMBER,
		SETTING_SIGNED, /* from -max to max */
		SETTING_CHOICE,
	} kind;
	size_t offset, size; /* in struct settings */
	uint64_t min, max;
	const char *fallback; /* NULL: must be given */
	const char *choices;
	const char *means;
};
const struct setting_row *setting_rows(size_t *count);

/* What holds where a file says nothing; required ones are empty. */
bool settings_defaults(struct settings *out, struct error *err) MUST_CHECK;
/* Starts from the defaults. FAULT_MALFORMED with file and line; an unknown name is an error. */
bool settings_load(const char *path, struct settings *out, struct error *err) MUST_CHECK;
bool settings_write(const char *path, const struct settings *s, struct error *err) MUST_CHECK;

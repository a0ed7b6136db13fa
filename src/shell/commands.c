#include "base/own.h"
#include "shell/shell_impl.h"

/* clang-format off */
static const struct shell_command commands[] = {
	{ "set cert bulk consolidate", "{unit|all}", 1, 1,
	  "joins on the SFTP server what several clusters exported", set_cert_bulk_consolidate },
	{ "set cert bulk export", "{unit|all}", 1, 1,
	  "puts this cluster's certificates on the SFTP server", set_cert_bulk_export },
	{ "set cert bulk import", "{unit|all}", 1, 1,
	  "brings what was joined there into the trust stores", set_cert_bulk_import },
	{ "set cert bulk sftp", NULL, 0, 0, "says which SFTP server is set", set_cert_bulk_sftp },
	{ "set cert delete", "unit name", 2, 2,
	  "deletes a certificate from a trust store, on every node", set_cert_delete },
	{ "set cert import", "{own|trust} unit [caCert]", 2, 3,
	  "takes a certificate that is pasted", set_cert_import },
	{ "set cert regen", "unit", 1, 1,
	  "makes a new self-signed certificate of the unit on this node", set_cert_regen },
	{ "set csr gen", "unit", 1, 1, "makes a request for a CA, with a new key", set_csr_gen },
	{ "show cert list own", NULL, 0, 0, "lists this node's own certificates", show_cert_list_own },
	{ "show cert list trust", NULL, 0, 0, "lists what this node trusts", show_cert_list_trust },
	{ "show cert list type own", NULL, 0, 0, "the same as show cert list own", show_cert_list_own },
	{ "show cert list type trust", NULL, 0, 0, "the same as show cert list trust", show_cert_list_trust },
	{ "show cert own", "filename", 1, 1, "shows one of this node's own certificates", show_cert_own },
	{ "show cert trust", "filename", 1, 1, "shows one of the certificates that it trusts", show_cert_trust },
	{ "show csr list", NULL, 0, 0, "lists the requests that are pending on this node", show_csr_list },
	{ "show csr own", "name", 1, 1, "shows a pending request", show_csr_own },
	{ "show ctl", NULL, 0, 0, "shows the certificate trust list", show_ctl },
	{ "show itl", NULL, 0, 0, "shows this node's identity trust list", show_itl },
	{ "utils service activate", "service-name", 1, SHELL_WORDS, "activates a feature service", utils_service_activate },
	{ "utils service deactivate", "service-name", 1, SHELL_WORDS, "deactivates a feature service", utils_service_deactivate },
	{ "utils service list", "[page]", 0, 1, "lists the services of this node", utils_service_list },
	{ "utils service restart", "service-name", 1, SHELL_WORDS, "restarts a service", utils_service_restart },
	{ "utils service start", "service-name", 1, SHELL_WORDS, "the same as utils service restart", utils_service_restart },
	{ "utils service stop", "service-name", 1, SHELL_WORDS, "is refused: deactivate the service", utils_service_stop },
};
/* clang-format on */

const struct shell_command *shell_commands(size_t *count)
{
	*count = COUNT(commands);
	return commands;
}

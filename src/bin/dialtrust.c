/* The command line. */
#include "base/own.h"
#include "cli/cli.h"
#include "cli/verbs.h"
#include "lab/lab.h"
#include "shell/shell.h"

int main(int argc, char **argv)
{
	static const struct verb *const verbs[] = { &list_show_verb, &list_verify_verb,
		&list_diff_verb, &list_explain_verb, &list_build_verb, &file_show_verb,
		&file_verify_verb, &file_strip_verb, &file_sign_verb, &file_decrypt_verb,
		&file_encrypt_verb, &emulator_boot_verb, &explain_verb, &tvs_ask_verb,
		&cert_show_verb, &cert_verify_verb, &cert_hash_verb, &cert_make_verb,
		&cert_export_verb, &trust_export_verb, &capf_status_verb, &config_lint_verb,
		&admin_verb, &lab_verb };
	return cli_main(argc, argv, verbs, COUNT(verbs));
}

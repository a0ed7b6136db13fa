#pragma once
/* The room's own verbs, one file each; bin/dialtrust.c hands their rows to cli_main(). */
#include "cli/cli.h"

extern const struct verb list_show_verb;     /* list_show.c */
extern const struct verb list_verify_verb;   /* list_verify.c */
extern const struct verb list_diff_verb;     /* list_diff.c */
extern const struct verb list_explain_verb;  /* list_explain.c */
extern const struct verb list_build_verb;    /* list_build.c */
extern const struct verb file_show_verb;     /* file_show.c */
extern const struct verb file_strip_verb;    /* file_strip.c */
extern const struct verb file_verify_verb;   /* file_verify.c */
extern const struct verb file_sign_verb;     /* file_sign.c */
extern const struct verb file_decrypt_verb;  /* file_decrypt.c */
extern const struct verb file_encrypt_verb;  /* file_encrypt.c */
extern const struct verb explain_verb;       /* explain.c */
extern const struct verb tvs_ask_verb;       /* tvs_ask.c */
extern const struct verb cert_show_verb;     /* cert_show.c */
extern const struct verb cert_verify_verb;   /* cert_verify.c */
extern const struct verb cert_hash_verb;     /* cert_hash.c */
extern const struct verb cert_make_verb;     /* cert_make.c */
extern const struct verb cert_export_verb;   /* cert_export.c */
extern const struct verb trust_export_verb;  /* cert_export.c */
extern const struct verb capf_status_verb;   /* capf_status.c */
extern const struct verb emulator_boot_verb; /* emulator_boot.c */
extern const struct verb config_lint_verb;   /* config_lint.c */

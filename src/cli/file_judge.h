#pragma once
/*
 * What `file verify` says about a signed file: held against the certificate of its signer, or
 * against a list as a phone that holds it would. docs/file.md
 */
#include "cli/signed_source.h"
#include "trust/belief.h"

/* What is said of firmware, wherever its signature is asked for. */
extern const char firmware_note[];

/* One of them is set. */
struct file_judges {
	const struct cert *signer;
	const struct held_list *held;
};

struct file_judgement {
	struct cert_key key; /* that fits */
	size_t record;       /* of the held list */
};

/* FAULT_UNTRUSTED with the reason; FAULT_REFUSED for a trust list, which list_judge() judges. */
bool file_judge(const struct signed_source *file, const struct file_judges *judges,
	struct file_judgement *out, struct error *err) MUST_CHECK;

/* The judges as a verb was given them, both in files; and what is judged. */
struct file_trial {
	const char *source, *name;  /* name: what signed_source_named() takes */
	const char *signer, *trust; /* NULL: not given */
	struct cert *cert;
	struct held_list *held;
};
/* Reads the judges. FAULT_USAGE when both are given; none may be given. */
bool file_trial_open(struct file_trial *trial, struct error *err) MUST_CHECK;
void file_trial_done(struct file_trial *trial);
/* The name, then the signature; the sentence says against what. */
bool file_trial_judge(const struct file_trial *trial, const struct signed_source *file,
	struct file_judgement *out, struct error *err) MUST_CHECK;

#pragma once
/* Certificates that the operator has in files and folders, of whatever form pki/cert_bundle.h
 * reads. The sentence of a failure starts with the file. */
#include "pki/cert_bundle.h"

/* Adds those of a file, or of "-"; of a folder, those of its files NAME.pem, .crt, .cer, .der, .p7b
 * and .p7c in the order of their names. FAULT_MISSING for a folder without any. */
bool cert_files_add(struct cert_bundle *bundle, const char *path, struct error *err) MUST_CHECK;

/* The same files one by one; `held` is what stands in that one. */
typedef bool cert_file_fn(
	const char *path, const struct cert_bundle *held, void *into, struct error *err);
bool cert_files_each(const char *path, cert_file_fn *each, void *into, struct error *err)
	MUST_CHECK;

/* Whether a word on the command line is meant to be a file rather than a unit: "-"; anything with a
 * slash or a dot; else what is no unit's name and exists. docs/cert.md#files-and-units */
bool cert_file_meant(const char *word);

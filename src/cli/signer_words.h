#pragma once
/*
 * SUBJECT,ISSUER,SERIAL on a command line, as the header of a signed file names its signer. Names
 * may hold commas themselves; where it is then unclear which comma parts them, they are refused
 * and must be written with semicolons, as the appliance does.
 */
#include "base/error.h"
#include "base/limits.h"
#include "base/reader.h"

struct signer_words {
	struct reader subject, issuer; /* point into the text */
	size_t serial_size;
	uint8_t serial[LIMIT_SERIAL]; /* without leading zeros */
};

bool signer_words_read(const char *text, struct signer_words *out, struct error *err) MUST_CHECK;

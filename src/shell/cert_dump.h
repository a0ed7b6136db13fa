#pragma once
/* A certificate as the appliance's old toolkit prints it: `show cert own`, and the pane
 * "Certificate File Data" of its web page. */
#include <stdio.h>

#include "base/error.h"

/* Nothing is printed of a text that is no certificate. */
bool cert_dump_print(FILE *to, const char *pem, struct error *err) MUST_CHECK;

#pragma once
/* Files made by other software, beside the project; a test that needs one is skipped without it. */
#include "base/bytes.h"

/* Reads DIALTRUST_VECTORS/<name>; false where that folder is absent. A missing file in a folder
 * that is there fails the test. */
bool vector_read(const char *name, struct bytes *out);

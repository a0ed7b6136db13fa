#pragma once
/* Files made by other software, in the folder that DIALTRUST_VECTORS names. */
#include "base/bytes.h"

/* Skips the test, by the file's name, when the folder or the file is not there. */
struct bytes vector_load(const char *name);

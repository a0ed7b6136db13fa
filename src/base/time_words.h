#pragma once
/* A time that the operator writes: "2026-11-23", which is its first second, or
 * "2026-11-23 16:04:00Z", as everything here prints times; in UTC, with T for the blank and
 * without the Z if they like. */
#include <stdint.h>

#include "base/error.h"

bool time_words_read(const char *text, int64_t *out, struct error *err) MUST_CHECK;

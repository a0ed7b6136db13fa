#pragma once
/*
 * What every parser owes: bytes that were cut or changed are refused with a kind and a sentence, or
 * parse to something that writes back equal. Each piece is handed over in memory of exactly its
 * size, so that AddressSanitizer sees a byte read beyond it.
 */
#include "base/error.h"
#include "base/reader.h"

/* Parses; on success writes what it read, parses that, and asserts that both say the same. */
typedef bool round_trip(struct reader bytes, struct error *err);

bool round_trip_copy(struct reader bytes, round_trip *trip);
/* Every size below the whole. Returns how many of them parsed. */
size_t every_truncation(struct reader valid, round_trip *trip);
/* Every byte to each of a handful of other values, or to all 255. Returns how many parsed. */
size_t every_changed_byte(struct reader valid, round_trip *trip, bool all_values);
/* Asserts that the bytes are refused and that the sentence holds `words`. */
void refused_with(struct reader bytes, round_trip *trip, enum fault fault, const char *words);

#pragma once
/*
 * Samples of signed headers and trust lists, and their way there and back: what parses is written,
 * parsed again and says the same; what is refused says why. What is given here to be accepted or
 * refused is freed.
 */
#include "base/bytes.h"
#include "base/error.h"
#include "wire/trust_list.h"

/* Each is a round_trip of wire/mutation.h. */
bool header_trip(struct reader bytes, struct error *err);
bool list_trip(struct reader bytes, struct error *err);

struct bytes sample_bytes(void);
struct bytes encrypted_bytes(void);
void header_accepted(struct bytes header);
/* As malformed, with these words in the sentence. */
void header_refused(struct bytes header, const char *words);

/* Bytes to stand for keys, certificates and whatever else a list carries and does not look into. */
extern const uint8_t sample_blob[LIMIT_CERTIFICATE + 1];

/* Three records: one with every tag but the hash, one with hardly any, one without its name. */
void sample_list(struct trust_list *out);
struct bytes list_bytes(const struct trust_list *list);
void list_accepted(struct bytes list);
void list_refused_for(struct bytes list, enum fault fault, const char *words);
void list_refused(struct bytes list, const char *words);

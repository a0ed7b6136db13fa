#pragma once
/* The bytes of a file that is served: read once, lent to every transfer that sends them. */
#include "base/bytes.h"

struct content;

struct content *content_new(struct bytes *bytes /* moved in */, struct error *err);
struct content *content_keep(struct content *c); /* another owner of the same */
void content_free(struct content *c);            /* the last owner's frees the bytes */
bool content_shared(const struct content *c);    /* has more owners than one */
struct reader content_bytes(const struct content *c);
DEFINE_AUTO(content, content_free);

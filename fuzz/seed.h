#pragma once
/* Where seeds go. */
#include "base/reader.h"

/* Into folder/target/name, or ends the program. */
void save(const char *folder, const char *target, const char *name, struct reader bytes);
void save_sealed(const char *folder);             /* seeds_sealed.c */
void save_configurations(const char *folder);     /* seeds_configuration.c */
void save_tftp_conversations(const char *folder); /* seeds_tftp_conversation.c */

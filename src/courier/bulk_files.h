#pragma once
/* Files of certificates on the SFTP server of [courier] sftp: made, sealed, sent and read back;
 * fetched and their seal checked. The manager sees neither the server nor a secret. */
#include "net/sibling.h"
#include "run/settings.h"

struct bulk_files;
/* Reads the secrets, before the sandbox closes. */
struct bulk_files *bulk_files_new(
	struct loop *l, const struct settings *settings, struct error *err);
void bulk_files_free(struct bulk_files *b);
/* Path that the sandbox must leave open; NULL: none. */
const char *bulk_files_path(const struct bulk_files *b);
/* Answers or refuses a question COURIER_BULK_…. */
void bulk_files_ask(struct bulk_files *b, struct sibling_request *request);

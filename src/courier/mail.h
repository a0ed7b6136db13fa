#pragma once
/* Mails letters through the one server of the settings (SMTP), to the recipients of the settings.
 */
#include "courier/outside.h"

struct mail;
/* Reads the password, so before the sandbox closes. `outside` and `settings` outlive it. */
struct mail *mail_new(struct loop *l, const struct settings *settings, struct outside *outside,
	struct error *err);
void mail_free(struct mail *m); /* after outside_free */
/* `letter`: a courier_letter of wire/courier_message.h. */
void mail_deliver(struct mail *m, struct reader letter, sent_fn *fn, void *context);

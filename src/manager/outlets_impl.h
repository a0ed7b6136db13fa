#pragma once
/* What the monitor tells, on its way to the courier: one queue for each of its targets, kept in the
 * store until it was taken; stays in this room. */
#include "manager/expiry_impl.h"
#include "store/alarms.h"
#include "wire/courier_message.h"

struct outlets;
struct outlets *outlets_open(struct manager *m, struct error *err);
void outlets_close(struct outlets *o);

/* Queues it where the settings name such a target; else nothing. For webhook and mail the text is
 * one JSON object of alarms; those of certificates that have left the store are not sent. */
bool outlets_add(const struct manager *m, struct txn *t, enum courier_target target,
	struct reader text, struct error *err) MUST_CHECK;
void outlets_wake(struct outlets *o); /* there may be something */
void outlets_send(struct outlets *o); /* at every poll */

/* manager/letter.c: JSON as above as a courier_letter, in the words of the appliance's e-mail. */
bool letter_write(const struct node *self, const json_t *steps, struct writer *out,
	struct error *err) MUST_CHECK;

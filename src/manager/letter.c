/* What went a step down the ladder as an e-mail: the appliance's text, one part for each alarm. */
#include <stdio.h>
#include <string.h>

#include "base/time_words.h"
#include "cluster/alarm_text.h"
#include "manager/outlets_impl.h"

enum { LETTER_LIMIT = 8 << 20 };

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));
	return text == NULL ? "" : text;
}

static bool read_event(const struct node *self, const json_t *row, int64_t raised,
	struct alarm_event *out, struct error *err)
{
	*out = (struct alarm_event){
		.alarm = alarm_find(text_of(row, "alarm")),
		.node = self->name,
		.host = self->host,
		.address = self->address,
		.file = text_of(row, "name"),
		.unit = text_of(row, "unit"),
		.sequence = (uint64_t)json_integer_value(json_object_get(row, "number")),
		.raised = raised,
		.logged = raised,
		.seen = raised,
		.mailed = raised, /* the same letter, whenever it is sent again */
		.zone = { 0, "UTC" },
	};
	if (out->alarm == NULL)
		return fail(err, FAULT_STORE, "an alarm of another version");
	return time_words_read(text_of(row, "not_after"), &out->not_after, err);
}

static bool write_parts(const struct node *self, const json_t *alarms, int64_t raised,
	struct writer *body, struct error *err)
{
	char text[2 * ALARM_TEXT_SIZE];
	struct alarm_event event;
	size_t index;
	json_t *row;
	json_array_foreach (alarms, index, row) {
		if (!read_event(self, row, raised, &event, err))
			return false;
		bool fine = index == 0 ? alarm_mail(&event, text, sizeof(text), err)
				       : alarm_mail_part(&event, text, sizeof(text), err);
		if (!fine)
			return false;
		writer_text(body, index == 0 ? "" : "\n");
		writer_text(body, text);
	}
	return body->ok || fail(err, FAULT_LIMIT, "the letter is too long");
}

/* "Critical: CertValidfor7days on node CUCM02, 3 certificates", of the worst. */
static void write_subject(
	const struct node *self, const json_t *alarms, char out[static COURIER_SUBJECT_SIZE])
{
	const struct alarm *worst = NULL;
	size_t index, count = json_array_size(alarms);
	json_t *row;
	json_array_foreach (alarms, index, row) {
		const struct alarm *alarm = alarm_find(text_of(row, "alarm"));
		if (alarm != NULL && (worst == NULL || alarm->severity < worst->severity))
			worst = alarm;
	}
	(void)snprintf(out, COURIER_SUBJECT_SIZE, "%s: %s on node %s, %zu certificate%s",
		worst == NULL ? "" : alarm_severity_name(worst->severity),
		worst == NULL ? "" : worst->name, self->name, count, count == 1 ? "" : "s");
}

bool letter_write(
	const struct node *self, const json_t *steps, struct writer *out, struct error *err)
{
	const json_t *alarms = json_object_get(steps, "alarms");
	struct courier_letter letter = { 0 };
	AUTO_DONE(writer) body = writer_new(LETTER_LIMIT);
	if (!time_words_read(text_of(steps, "raised"), &letter.written, err) ||
		!write_parts(self, alarms, letter.written, &body, err))
		return false;
	write_subject(self, alarms, letter.subject);
	letter.body = writer_written(&body);
	courier_letter_write(out, &letter);
	return out->ok || fail(err, FAULT_LIMIT, "the letter is too long");
}

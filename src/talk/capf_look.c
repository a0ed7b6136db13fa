#include "talk/capf_look.h"

enum { PHONE_VERSION = 3 };

const char *capf_authentication_name(unsigned kind)
{
	static const char *const names[] = { "none", "password", "null string",
		"locally significant certificate", "manufacturing certificate" };
	return kind < COUNT(names) ? names[kind] : NULL;
}

const char *capf_reason_means(unsigned reason)
{
	static const struct {
		unsigned reason;
		const char *means;
	} reasons[] = {
		{ CAPF_NOTHING_DONE, "nothing was to be done" },
		{ CAPF_DONE, "done" },
		{ CAPF_DECLINED, "declined" },
		{ CAPF_UNKNOWN, "the device is not known" },
	};
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].reason == reason)
			return reasons[i].means;
	return NULL;
}

/* What ends a session before it began is an answer too. docs/formats/capf.md#commands */
static bool may_come_first(enum capf_command command)
{
	return command == CAPF_AUTH_REQUEST || command == CAPF_END_SESSION ||
		command == CAPF_RETRY_LATER;
}

static bool check(const struct capf_look *l, const struct capf_message *message, struct error *err)
{
	const char *name = capf_command_name(message->command);
	if (!capf_from_server(message->command))
		return fail(
			err, FAULT_MALFORMED, "capf: %s is said by phones, not by servers", name);
	if (l->count == 0 && !may_come_first(message->command))
		return fail(
			err, FAULT_MALFORMED, "capf: %s comes first, AUTH_REQ was awaited", name);
	if (l->count > 0 && message->command == CAPF_AUTH_REQUEST)
		return fail(err, FAULT_MALFORMED, "capf: AUTH_REQ came twice");
	if (l->count > 0 && message->session != l->heard[0].session)
		return fail(err, FAULT_MALFORMED, "capf: session %u became session %u",
			(unsigned)l->heard[0].session, (unsigned)message->session);
	return true;
}

static void keep(struct capf_look *l, const struct capf_message *message)
{
	struct capf_heard *h = &l->heard[l->count++];
	*h = (struct capf_heard){ .command = message->command, .session = message->session };
	for (size_t i = 1; i < CAPF_ELEMENTS; i++) {
		const struct reader *value = &message->values[i];
		h->has[i] = value->ok;
		if (value->ok && (value->left == 1 || value->left == 2))
			h->numbers[i] = capf_number(message, (enum capf_element)i);
	}
	h->has[CAPF_CERTIFICATE] = message->certificate.left > 0;
}

/* As a phone without anything to prove itself by: reason 1, version 3, its name. */
static bool answer_as(
	const char *device, uint32_t session, struct writer *answer, struct error *err)
{
	static const uint8_t done = CAPF_DONE, version = PHONE_VERSION;
	struct capf_message response = { .command = CAPF_AUTH_RESPONSE, .session = session };
	struct capf_message again;
	uint8_t memory[CAPF_HEADER_SIZE + LIMIT_TEXT];
	struct writer w = writer_on(memory, sizeof(memory));
	response.values[CAPF_REASON] = reader_of(&done, 1);
	response.values[CAPF_VERSION] = reader_of(&version, 1);
	response.values[CAPF_DEVICE_NAME] = reader_of_text(device);
	capf_message_write(&w, &response);
	if (!w.ok || !capf_message_parse(writer_written(&w), &again, NULL))
		return fail(err, FAULT_USAGE,
			"\"%.40s\" is no name of a device: SEP001122334455 is one", device);
	writer_bytes(answer, writer_written(&w));
	return true;
}

bool capf_look_device(const char *device, struct error *err)
{
	uint8_t memory[CAPF_HEADER_SIZE + LIMIT_TEXT];
	struct writer w = writer_on(memory, sizeof(memory));
	return answer_as(device, 0, &w, err);
}

bool capf_look_message(
	struct capf_look *l, struct reader whole, struct writer *answer, struct error *err)
{
	struct capf_message message;
	l->ended = true;
	if (!capf_message_parse(whole, &message, err)) {
		if (err != NULL)
			err->fault = FAULT_MALFORMED; /* also what is too long, or refused */
		return false;
	}
	if (!check(l, &message, err))
		return false;
	keep(l, &message);
	if (l->device == NULL || l->count > 1 || message.command != CAPF_AUTH_REQUEST)
		return true;
	l->ended = false;
	return answer_as(l->device, message.session, answer, err);
}

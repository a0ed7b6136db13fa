/* `capf status`: who serves CAPF there, and what it says. docs/capf-status.md */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cert_describe.h"
#include "cli/list_source.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "fetch/capf_question.h"
#include "trust/belief.h"

enum { USUAL_PORT = 3804, USUAL_TIMEOUT_MS = 10000, TIMEOUT_MAX_MS = 600000, LINE_SIZE = 512 };

static const struct number_range timeouts = { 1, TIMEOUT_MAX_MS };

struct status {
	struct server_place place;
	const char *trust; /* NULL: not given */
	struct held_list *held;
	struct capf_seen seen;
	struct cert *server;
	bool believed; /* held has it with the role of CAPF */
};

static void status_done(struct status *s)
{
	held_list_free(s->held);
	capf_seen_done(&s->seen);
	cert_free(s->server);
}

static bool read_call(const struct call *call, struct status *s, struct error *err)
{
	s->place.timeout_ms = USUAL_TIMEOUT_MS;
	s->trust = call_value(call, "trust");
	if (!server_place_read(call_value(call, "HOST"), USUAL_PORT, &s->place, err) ||
		!call_number(call, "timeout", &timeouts, &s->place.timeout_ms, err))
		return false;
	if (s->trust != NULL && (s->held = list_source_hold(s->trust, err)) == NULL)
		return false;
	return true;
}

static bool look(const struct call *call, struct status *s, struct error *err)
{
	if (!capf_question_ask(&s->place, call_value(call, "device"), &s->seen, err))
		return false;
	s->server = cert_parse(bytes_reader(&s->seen.server), err);
	if (s->server == NULL)
		return false;
	const struct holding holding = { .itl = s->held };
	s->believed = s->held != NULL && believe_server(&holding, s->server, ROLE_CAPF);
	return true;
}

static json_t *number_json(const struct capf_heard *h, enum capf_element element)
{
	return h->has[element] ? json_integer(h->numbers[element]) : json_null();
}

static json_t *heard_json(const struct capf_heard *h)
{
	const char *authentication = h->has[CAPF_AUTH_TYPE]
		? capf_authentication_name(h->numbers[CAPF_AUTH_TYPE])
		: NULL;
	const char *reason =
		h->has[CAPF_REASON] ? capf_reason_means(h->numbers[CAPF_REASON]) : NULL;
	/* clang-format off */
	return json_pack("{s:s, s:i, s:I, s:o, s:o, s:s?, s:o, s:s?, s:o, s:o, s:o, s:b}",
		"command", capf_command_name(h->command),
		"number", (int)h->command,
		"session", (json_int_t)h->session,
		"version", number_json(h, CAPF_VERSION),
		"authentication", number_json(h, CAPF_AUTH_TYPE),
		"authentication_name", authentication,
		"reason", number_json(h, CAPF_REASON),
		"reason_means", reason,
		"key_size", number_json(h, CAPF_KEY_SIZE),
		"key_type", number_json(h, CAPF_KEY_TYPE),
		"curve", number_json(h, CAPF_CURVE),
		"certificate", h->has[CAPF_CERTIFICATE]);
	/* clang-format on */
}

static json_t *messages_json(const struct capf_look *l)
{
	json_t *messages = json_array();
	for (size_t i = 0; i < l->count; i++)
		(void)json_array_append_new(messages, heard_json(&l->heard[i]));
	return messages;
}

static json_t *told_of(const struct status *s, struct error *err)
{
	const struct stream_security *tls = &s->seen.security;
	json_t *server = cert_describe(s->server, clock_now(), err);
	if (server == NULL)
		return NULL;
	/* clang-format off */
	json_t *told = json_pack("{s:i, s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:s?, s:o}",
		"schema_version", 1,
		"host", s->place.host,
		"port", (int)s->place.port,
		"tls", tls->version,
		"cipher", tls->cipher,
		"held", s->trust != NULL ? output_json_text(s->trust) : json_null(),
		"trusted", s->trust != NULL ? json_boolean(s->believed) : json_null(),
		"messages", messages_json(&s->seen.look),
		"trouble", s->seen.why.fault != FAULT_NONE ? s->seen.why.text : NULL,
		"server", server);
	/* clang-format on */
	if (told == NULL)
		(void)fail_memory(err);
	return told;
}

static void print_number(const json_t *message, const char *key, const char *title)
{
	const json_t *number = json_object_get(message, key);
	if (json_is_integer(number))
		(void)printf(", %s %lld", title, (long long)json_integer_value(number));
}

static void print_words(const json_t *message, const char *key, const char *title)
{
	const char *text = json_string_value(json_object_get(message, key));
	if (text != NULL)
		(void)printf(", %s: %s", title, text);
}

static void print_message(const json_t *message)
{
	(void)printf("  %s", json_string_value(json_object_get(message, "command")));
	print_number(message, "session", "session");
	print_number(message, "version", "version");
	print_words(message, "authentication_name", "authentication");
	print_number(message, "reason", "reason");
	print_words(message, "reason_means", "that is");
	print_number(message, "key_size", "RSA key of bits:");
	print_number(message, "curve", "EC curve");
	(void)fputc('\n', stdout);
}

static void print_title(const char *title)
{
	output_painted(stdout, PAINT_TITLE, title);
	(void)fputc('\n', stdout);
}

static void print_told(const struct status *s, const json_t *told)
{
	size_t index;
	json_t *message;
	char line[LINE_SIZE];
	(void)snprintf(line, sizeof(line), "%s:%u speaks %s, %s", s->place.host,
		(unsigned)s->place.port, s->seen.security.version, s->seen.security.cipher);
	print_title(line);
	json_array_foreach (json_object_get(told, "messages"), index, message)
		print_message(message);
	print_title("The server's certificate");
	cert_describe_print(json_object_get(told, "server"));
	if (s->trust == NULL)
		(void)printf("Nobody vouches for it: --trust LIST judges it as a phone would.\n");
	else if (s->believed) {
		output_painted(stdout, PAINT_GOOD, "trusted");
		output_painted(stdout, PAINT_PLAIN, " by a phone that holds ");
		output_painted(stdout, PAINT_PLAIN, s->trust);
		(void)fputs(".\n", stdout);
	}
}

static bool judge(const struct status *s, struct error *err)
{
	if (s->seen.why.fault != FAULT_NONE) {
		(void)fail(err, s->seen.why.fault, "%s", s->seen.why.text);
		return fail_in(err, "CAPF at %s:%u", s->place.host, (unsigned)s->place.port);
	}
	if (s->held != NULL && !s->believed)
		return fail(err, FAULT_UNTRUSTED,
			"%.200s has no record of role %d (CAPF) with the certificate of %s:%u: a "
			"phone that holds it asks TVS",
			s->trust, ROLE_CAPF, s->place.host, (unsigned)s->place.port);
	return true;
}

static bool capf_status(const struct call *call, struct error *err)
{
	AUTO_DONE(status) s = { 0 };
	if (!read_call(call, &s, err) || !look(call, &s, err))
		return false;
	json_auto_t *told = told_of(&s, err);
	if (told == NULL)
		return false;
	if (call->json)
		output_json(stdout, told);
	else
		print_told(&s, told);
	return judge(&s, err);
}

static const struct argument arguments[] = {
	{ "HOST", ARGUMENT_POSITIONAL, true, NULL, "name or address, perhaps with :PORT (3804)" },
	{ "trust", ARGUMENT_OPTION, false, "LIST",
		"the list that a phone holds: does it have this server?" },
	{ "device", ARGUMENT_OPTION, false, "NAME",
		"answer as this device, once, to hear what is planned for it" },
	{ "timeout", ARGUMENT_OPTION, false, "MS", "how long each step may take (10000)" },
	{ .name = NULL },
};

const struct verb capf_status_verb = {
	.words = "capf status",
	.run = capf_status,
	.arguments = arguments,
	.means = "looks at a Certificate Authority Proxy Function as a phone does",
	.help = "The server speaks first; without --device it is only heard. With it, one answer "
		"is "
		"sent\nthat names the device and proves nothing; what comes then is printed, and "
		"the "
		"connection\nends: no key is made, no certificate taken. Exit status 1: not "
		"reached, or "
		"silent; 4: what\nit says is not CAPF, or LIST does not have it.",
};

#include "emulator/boot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "emulator/verdict_json.h"

enum { VERDICT_SIZE = PHONE_WORDS_SIZE + PHONE_TVS_TEXT_SIZE + sizeof(struct error) };

struct booting {
	struct loop *loop;
	bool json;
};

static void told(
	const struct fleet_phone *phone, const struct phone_verdict *verdict, void *context)
{
	const struct booting *b = context;
	char text[VERDICT_SIZE];
	(void)phone;
	if (b->json)
		return;
	(void)printf("%s\n", phone_verdict_text(verdict, text, sizeof(text)));
	(void)fflush(stdout);
}

static void idle(void *context)
{
	const struct booting *b = context;
	loop_stop(b->loop);
}

static bool settings_of(
	const struct emulator_boot *what, struct phone_settings *out, struct error *err)
{
	*out = (struct phone_settings){
		.model = "CP-8861",
		.http_first = what->http_port != 0,
		.server_count = 1,
	};
	out->servers[0].tftp_port = what->tftp_port;
	out->servers[0].http_port = what->http_port;
	return text_copy(out->name, sizeof(out->name), what->name, err) &&
		text_copy(out->servers[0].address, sizeof(out->servers[0].address), what->server,
			err);
}

static bool run(
	struct fleet *f, struct loop *loop, const struct emulator_boot *what, struct error *err)
{
	struct phone_settings phone;
	return settings_of(what, &phone, err) && fleet_add(f, &phone, what->source, err) &&
		(what->open != NULL ? fleet_open(f, NULL, what->open, err)
				    : fleet_boot(f, NULL, err)) &&
		loop_run(loop, err);
}

static bool print_json(const struct fleet_phone *phone, struct error *err)
{
	json_t *object = fleet_phone_json(phone);
	if (object == NULL || json_object_set_new(object, "schema_version", json_integer(1)) != 0)
		return fail_memory(err);
	int result = json_dumpf(object, stdout, JSON_INDENT(2));
	(void)puts("");
	json_decref(object);
	return result == 0 || fail(err, FAULT_IO, "standard output cannot be written");
}

/* The first verdict that is not good becomes the error, before it what could not be kept. */
static bool judge(const struct fleet_phone *phone, struct error *err)
{
	if (phone->why.fault != FAULT_NONE)
		return fail(err, phone->why.fault, "%s: %s", phone->name, phone->why.text);
	for (size_t i = 0; i < phone->verdict_count; i++) {
		const struct phone_verdict *v = &phone->verdicts[i];
		if (phone_verdict_good(v))
			continue;
		enum fault fault = v->why.fault != FAULT_NONE ? v->why.fault : FAULT_MISSING;
		if (v->outcome == PHONE_TAKEN)
			return fail(err, FAULT_UNTRUSTED, "%s: %s was taken without being verified",
				phone->name, v->file);
		return fail(err, fault, "%s: %s%s%s", phone->name, v->words,
			v->why.text[0] != '\0' ? ": " : "", v->why.text);
	}
	return true;
}

bool emulator_boot(const struct emulator_boot *what, struct error *err)
{
	AUTO(loop) loop = loop_new(err);
	struct booting booting = { .loop = loop, .json = what->json };
	const struct fleet_settings settings = {
		.directory = what->state,
		.timeout_ms = what->timeout_ms,
	};
	const struct fleet_events events = { .verdict = told, .idle = idle };
	AUTO(fleet) f = loop != NULL ? fleet_new(loop, &settings, &events, &booting, err) : NULL;
	return f != NULL && run(f, loop, what, err) &&
		(!what->json || print_json(fleet_at(f, 0), err)) && judge(fleet_at(f, 0), err);
}

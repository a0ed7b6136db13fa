/* The lab's phones: where each speaks from, whom it asks, and what it said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab_impl.h"

enum {
	SOURCES_PER_NET = 250, /* 127.16.n.1 … 250 */
	OLD_PHONES = 5,        /* every fifth speaks TFTP alone */
	PHONE_PATIENCE_MS = 600000,
	ANSWER_PATIENCE_MS = 20000, /* of a phone for one fetch or question */
};

static size_t preferred(const struct lab *l, size_t phone)
{
	return phone % l->call_count;
}

bool phones_prefer(const struct lab *l, size_t phone, size_t node)
{
	return preferred(l, phone) == node;
}

/* what they say */

static size_t index_of(const struct lab *l, const struct fleet_phone *phone)
{
	size_t index = 0;
	while (fleet_at(l->fleet, index) != phone)
		index++;
	return index;
}

static void on_verdict(
	const struct fleet_phone *phone, const struct phone_verdict *verdict, void *context)
{
	struct lab *l = context;
	struct tally *tally = &l->tallies[index_of(l, phone)];
	tally->refused += !phone_verdict_good(verdict);
	tally->by_list += verdict->basis == PHONE_BY_LIST;
	tally->by_tvs += verdict->basis == PHONE_BY_TVS || verdict->basis == PHONE_BY_MEMORY;
}

/* Silence of a real phone is left out: it holds no CTL and is none the worse for it. */
static bool is_worth_saying(const struct phone_verdict *v)
{
	return v->subject != PHONE_CTL || v->outcome != PHONE_NONE;
}

/* What a boot brings besides list and configuration needs few words when it is well. */
static const char *short_name(const struct phone_verdict *v)
{
	switch (v->subject) {
	case PHONE_FIRMWARE:
		return "firmware";
	case PHONE_RING_LIST:
		return "ring list";
	case PHONE_SERVICE:
		return "page";
	case PHONE_CTL:
	case PHONE_ITL:
	case PHONE_TRUST:
	case PHONE_CONFIGURATION:
	case PHONE_FILE:
		return NULL;
	}
	return NULL;
}

static const char *verdict_text(const struct phone_verdict *v, char *out, size_t size)
{
	struct phone_verdict shorter = *v;
	const char *name = short_name(v);
	if (name != NULL && phone_verdict_good(v))
		(void)snprintf(shorter.words, sizeof(shorter.words), "%s", name);
	return phone_verdict_text(&shorter, out, size);
}

static void on_rested(const struct fleet_phone *phone, void *context)
{
	struct lab *l = context;
	char line[FLEET_VERDICTS * 160] = "";
	size_t used = 0;
	for (size_t i = 0; i < phone->verdict_count; i++) {
		char text[LAB_LINE_SIZE];
		if (!is_worth_saying(&phone->verdicts[i]) || used >= sizeof(line))
			continue;
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s",
			used == 0 ? "" : "; ",
			verdict_text(&phone->verdicts[i], text, sizeof(text)));
	}
	lab_say(l, "%s: %s", phone->name, used == 0 ? phone->state : line);
}

static void on_idle(void *context)
{
	struct lab *l = context;
	loop_stop(l->loop);
}

/* making */

static void servers_of(const struct lab *l, size_t phone, struct phone_settings *out)
{
	out->server_count = l->call_count < PHONE_SERVERS ? l->call_count : PHONE_SERVERS;
	for (size_t i = 0; i < out->server_count; i++) {
		const struct lab_node *node = &l->nodes[(preferred(l, phone) + i) % l->call_count];
		struct phone_server *server = &out->servers[i];
		(void)snprintf(server->address, sizeof(server->address), "%s", node->address);
		server->tftp_port = node->tftp;
		server->http_port = node->http;
	}
}

static bool add_phone(struct lab *l, size_t index, struct error *err)
{
	struct phone_settings phone = { .http_first = index % OLD_PHONES != OLD_PHONES - 1 };
	char source[ADDRESS_SIZE];
	phone_name(index, phone.name);
	(void)snprintf(
		phone.model, sizeof(phone.model), "%s", phone.http_first ? "CP-8861" : "CP-7962");
	(void)snprintf(source, sizeof(source), "127.16.%zu.%zu", index / SOURCES_PER_NET,
		1 + index % SOURCES_PER_NET);
	servers_of(l, index, &phone);
	return fleet_add(l->fleet, &phone, source, err);
}

bool phones_make(struct lab *l, struct error *err)
{
	static const struct fleet_events events = { on_verdict, on_rested, on_idle };
	char directory[LAB_PATH_SIZE + 16];
	(void)snprintf(directory, sizeof(directory), "%s/phones", l->directory);
	struct fleet_settings settings = { .directory = directory,
		.timeout_ms = ANSWER_PATIENCE_MS };
	l->fleet = fleet_new(l->loop, &settings, &events, l, err);
	l->tallies = calloc((size_t)l->options.phones + 1, sizeof(*l->tallies));
	if (l->fleet == NULL)
		return false;
	if (l->tallies == NULL)
		return fail_memory(err);
	for (size_t i = 0; i < l->options.phones; i++)
		if (!add_phone(l, i, err))
			return false;
	return true;
}

void phones_end(struct lab *l)
{
	fleet_free(l->fleet);
	l->fleet = NULL;
	free(l->tallies);
	l->tallies = NULL;
}

/* doing */

static bool all_rest(struct lab *l, void *context)
{
	(void)context;
	return !fleet_busy(l->fleet);
}

static bool await_rest(struct lab *l, struct error *err)
{
	struct lab_wait rest = { all_rest, NULL, PHONE_PATIENCE_MS, "the phones" };
	return lab_wait(l, &rest, err);
}

bool phones_boot(struct lab *l, const bool *chosen, struct error *err)
{
	for (size_t i = 0; i < fleet_count(l->fleet); i++) {
		if (chosen != NULL && !chosen[i])
			continue;
		l->tallies[i].boots++;
		if (!fleet_boot(l->fleet, fleet_at(l->fleet, i)->name, err))
			return false;
	}
	return await_rest(l, err);
}

bool phones_open(struct lab *l, const bool *chosen, const char *file, struct error *err)
{
	for (size_t i = 0; i < fleet_count(l->fleet); i++)
		if (chosen[i] && !fleet_open(l->fleet, fleet_at(l->fleet, i)->name, file, err))
			return false;
	return await_rest(l, err);
}

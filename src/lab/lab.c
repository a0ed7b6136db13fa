#include "lab/lab.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/output.h"
#include "cluster/parameter.h"
#include "lab/lab_impl.h"

enum { LOOK_AGAIN_MS = 1000, CLOCK_OFFSET_MAX = 3153600000 };

/* saying */

static void PRINTF(3, 0) say(struct lab *l, enum paint paint, const char *format, va_list args)
{
	char text[4 * LAB_LINE_SIZE];
	(void)vsnprintf(text, sizeof(text), format, args);
	output_painted(l->out, paint, text);
	(void)fputc('\n', l->out);
	(void)fflush(l->out); /* as it happens, also into a pipe */
}

void lab_say(struct lab *l, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(l, PAINT_PLAIN, format, args);
	va_end(args);
}

void lab_title(struct lab *l, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)fputc('\n', l->out);
	say(l, PAINT_TITLE, format, args);
	va_end(args);
}

/* waiting */

static void on_late(void *context)
{
	struct lab *l = context;
	l->late = true;
	loop_stop(l->loop);
}

static void on_interrupt(void *context)
{
	struct lab *l = context;
	l->interrupted = true;
	loop_stop(l->loop);
}

static bool may_go_on(struct lab *l, const struct lab_wait *wait, struct error *err)
{
	if (l->why.fault != FAULT_NONE && !l->ending)
		return fail(err, l->why.fault, "%s", l->why.text);
	if (l->interrupted && !l->ending)
		return fail(err, FAULT_BUSY, "interrupted");
	if (l->late)
		return fail(err, FAULT_IO, "waited %llu s for %s in vain",
			(unsigned long long)wait->patience_ms / 1000, wait->what);
	return true;
}

bool lab_wait(struct lab *l, const struct lab_wait *wait, struct error *err)
{
	struct timer *patience = NULL;
	l->late = false;
	if (wait->patience_ms != 0) {
		patience = timer_new(l->loop, wait->patience_ms, false, on_late, l, err);
		if (patience == NULL)
			return false;
	}
	bool fine = true;
	while (fine && !wait->done(l, wait->context))
		fine = may_go_on(l, wait, err) && loop_run(l->loop, err);
	timer_free(patience);
	return fine;
}

static bool is_late(struct lab *l, void *context)
{
	(void)context;
	return l->late;
}

bool lab_pause(struct lab *l, uint64_t ms, struct error *err)
{
	struct lab_wait pause = { is_late, NULL, ms, "time to pass" };
	return lab_wait(l, &pause, err);
}

/* life */

/* An operator may change the cluster meanwhile: certificates on the disk stay those that live, and
 * phones are reset as the appliance resets them. A daemon that is away is asked again later. */
static bool keep_up(struct lab *l, struct error *err)
{
	bool changed[LAB_NODES_MAX] = { false };
	struct error away = { 0 };
	if (!cluster_export_certificates(l, &away) || !cluster_changed_lists(l, changed, &away))
		return !l->interrupted && l->why.fault == FAULT_NONE;
	bool any = false;
	bool chosen[LAB_PHONES_MAX] = { false };
	for (size_t i = 0; i < fleet_count(l->fleet); i++)
		for (size_t n = 0; n < l->call_count; n++)
			chosen[i] = chosen[i] || (changed[n] && phones_prefer(l, i, n));
	for (size_t n = 0; n < l->call_count; n++)
		any = any || changed[n];
	if (!any || !cluster_check_lists(l, &away) || !cluster_resets_phones(l))
		return true;
	lab_say(l, "The phones whose list is new are reset.");
	return phones_boot(l, chosen, err);
}

static bool stay(struct lab *l, struct error *err)
{
	report_commands(l);
	while (lab_pause(l, LOOK_AGAIN_MS, err) && keep_up(l, err))
		continue;
	if (l->why.fault != FAULT_NONE)
		return fail(err, l->why.fault, "%s", l->why.text);
	return l->interrupted;
}

static bool start(struct lab *l, struct error *err)
{
	l->loop = loop_new(err);
	if (l->loop == NULL)
		return false;
	l->http = http_client_new(l->loop, err);
	return l->http != NULL && loop_on_signal(l->loop, SIGINT, on_interrupt, l, err) &&
		loop_on_signal(l->loop, SIGTERM, on_interrupt, l, err) &&
		loop_on_signal(l->loop, SIGHUP, on_interrupt, l, err);
}

static bool live(struct lab *l, struct error *err)
{
	if (!place_open(l, err) || !place_nodes(l, err) || !start(l, err))
		return false;
	lab_say(l, "A lab of %zu nodes and %llu phones in %s.", l->node_count,
		(unsigned long long)l->options.phones, l->directory);
	if (!daemons_start(l, err) || !story_tell(l, err))
		return false;
	bool well = report_close(l, err);
	struct error unwritten = { 0 };
	if (!report_ready(l, &unwritten))
		return fail(err, unwritten.fault, "%s", unwritten.text);
	if (l->options.once)
		return well;
	if (!well)
		lab_say(l, "%s.", err->text);
	return stay(l, err);
}

static void end(struct lab *l)
{
	http_client_free(l->http); /* first: its answers would go to those who wait no more */
	phones_end(l);
	if (l->loop != NULL)
		daemons_end(l);
	loop_free(l->loop);
	json_decref(l->identities);
	json_decref(l->lists);
	place_close(l);
}

/* the verb */

static bool read_offset(const char *text, int64_t *out, struct error *err)
{
	uint64_t seconds;
	if (text == NULL)
		return true;
	bool minus = text[0] == '-';
	if (!text_number(text + (minus || text[0] == '+'), 0, CLOCK_OFFSET_MAX, &seconds))
		return fail(err, FAULT_USAGE, "--clock-offset %s: a number of seconds is expected",
			text);
	*out = minus ? -(int64_t)seconds : (int64_t)seconds;
	return true;
}

/* The name becomes one of a folder, beside those of "pub" and "sub1". */
static bool presence_name_check(const char *name, struct error *err)
{
	if (strlen(name) > LAB_NAME_MAX)
		return fail(err, FAULT_USAGE, "at most %d characters", LAB_NAME_MAX);
	if (strcmp(name, "pub") == 0 || strncmp(name, "sub", 3) == 0)
		return fail(err, FAULT_USAGE, "the names of call nodes are taken: try imp1");
	return node_name_check(name, err);
}

static bool read_options(const struct call *call, struct lab_options *out, struct error *err)
{
	static const struct number_range nodes = { 1, LAB_NODES_MAX };
	static const struct number_range phones = { 0, LAB_PHONES_MAX };
	*out = (struct lab_options){
		.nodes = 2,
		.phones = 20,
		.state = call_value(call, "state"),
		.once = call_flag(call, "once"),
		.json = call->json,
		.itl_signer = call_value(call, "itl-signer"),
		.presence = call_value(call, "presence"),
	};
	if (out->itl_signer != NULL &&
		!parameter_check(parameter_find(PARAMETER_ITL_SIGNER), out->itl_signer, err))
		return fail_in(err, "--itl-signer %s", out->itl_signer);
	if (out->presence != NULL && !presence_name_check(out->presence, err))
		return fail_in(err, "--presence %s", out->presence);
	return call_number(call, "nodes", &nodes, &out->nodes, err) &&
		call_number(call, "phones", &phones, &out->phones, err) &&
		read_offset(call_value(call, "clock-offset"), &out->clock_offset, err);
}

/* What went wrong inside is an error of the lab, whatever kind it was there; only words that make
 * no sense and phones that did not verify have an exit status of their own. */
static bool run(const struct call *call, struct error *err)
{
	struct lab *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return fail_memory(err);
	if (!read_options(call, &l->options, err)) {
		free(l);
		return false;
	}
	l->lock = -1;
	l->out = call->json ? stderr : stdout;
	clock_set_offset(l->options.clock_offset);
	bool well = live(l, err);
	end(l);
	if (!well && err->fault != FAULT_USAGE && err->fault != FAULT_UNTRUSTED)
		err->fault = FAULT_IO;
	free(l);
	return well;
}

static const struct argument arguments[] = {
	{ "nodes", ARGUMENT_OPTION, false, "N", "how many nodes, the publisher among them (2)" },
	{ "phones", ARGUMENT_OPTION, false, "N", "how many phones (20)" },
	{ "state", ARGUMENT_OPTION, false, "DIR",
		"directory that keeps all of it (a fresh temporary one)" },
	{ "once", ARGUMENT_FLAG, false, NULL, "end after the closing table" },
	{ "clock-offset", ARGUMENT_OPTION, false, "S", "move the lab's clock by so many seconds" },
	{ "itl-signer", ARGUMENT_OPTION, false, "UNIT",
		"who signs trust lists: ITLRecovery or CallManager" },
	{ "presence", ARGUMENT_OPTION, false, "NAME",
		"add an IM and Presence Service node of that name, which no phone knows" },
	{ 0 },
};

const struct verb lab_verb = {
	.words = "lab",
	.run = run,
	.arguments = arguments,
	.means = "runs a whole cluster with phones on this machine, and shows what happens",
	.help = "Makes a cluster on loopback addresses, lets phones boot, regenerates "
		"certificates\n"
		"and tells what the phones make of it. Started again on the same --state it goes\n"
		"on with the cluster that is there. Exit status of --once: 0 only if every phone\n"
		"verified everything.",
};

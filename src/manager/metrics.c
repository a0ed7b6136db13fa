/* What a monitoring system scrapes: the ends of this node's certificates as times, OpenMetrics 1.0.
 */
#include "base/hex.h"
#include "base/writer.h"
#include "manager/expiry_impl.h"

#include <inttypes.h>
#include <stdio.h>

enum { METRICS_LIMIT = 8 << 20, NUMBER_SIZE = 32 };

#define FAMILY(name, help)                                                                         \
	"# TYPE " name " gauge\n# UNIT " name " seconds\n# HELP " name " " help "\n"
#define NOT_AFTER "dialtrust_certificate_not_after_timestamp_seconds"
#define RENEW_FROM "dialtrust_certificate_renew_from_timestamp_seconds"

struct families {
	struct writer not_after, renew_from;
};

static void write_label(struct writer *w, char before, const char *name, const char *value)
{
	writer_u8(w, (uint8_t)before);
	writer_text(w, name);
	writer_text(w, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			writer_u8(w, '\\');
		writer_u8(w, (uint8_t)*value);
	}
	writer_u8(w, '"');
}

static void write_metric(
	struct writer *w, const char *name, const struct watched *watched, int64_t value)
{
	char hex[DIGEST_HEX_SIZE], number[NUMBER_SIZE];
	writer_text(w, name);
	write_label(w, '{', "node", watched->entry->node);
	write_label(w, ',', "unit", watched->entry->store);
	write_label(w, ',', "name", watched->entry->name);
	write_label(w, ',', "use", certificate_use_name(watched->use));
	write_label(
		w, ',', "sha256", hex_write(reader_of(watched->entry->digest, DIGEST_SIZE), hex));
	(void)snprintf(number, sizeof(number), "} %" PRId64 "\n", value);
	writer_text(w, number);
}

static bool take_metric(const struct watched *watched, void *into, struct error *err)
{
	struct families *f = into;
	(void)err; /* a writer that broke is told at the end */
	write_metric(&f->not_after, NOT_AFTER, watched, watched->not_after);
	write_metric(&f->renew_from, RENEW_FROM, watched, watched->renew_from);
	return true;
}

static bool write_metrics(struct manager *m, struct families *f, struct error *err)
{
	struct watch_policy policy;
	writer_text(&f->not_after, FAMILY(NOT_AFTER, "When a certificate in a store ends."));
	writer_text(
		&f->renew_from, FAMILY(RENEW_FROM, "From when a certificate should be made anew."));
	if (!watch_policy(m->store, &policy, err) ||
		!watch_each(m->store, m->settings->node, &policy, take_metric, f, err))
		return false;
	writer_bytes(&f->not_after, writer_written(&f->renew_from));
	writer_text(&f->not_after, "# EOF\n");
	return (f->not_after.ok && f->renew_from.ok) ||
		fail(err, FAULT_LIMIT, "there are too many certificates for one page");
}

void metrics_answer(struct manager *m, struct sibling_request *request)
{
	struct error err = { 0 };
	struct families f = { writer_new(METRICS_LIMIT), writer_new(METRICS_LIMIT) };
	if (write_metrics(m, &f, &err))
		sibling_answer(request, writer_written(&f.not_after));
	else
		sibling_refuse(request, &err);
	writer_done(&f.not_after);
	writer_done(&f.renew_from);
}

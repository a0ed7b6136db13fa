#include "deployer/deployment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "deployer/dialogue.h"
#include "deployer/placing.h"
#include "deployer/program.h"
#include "deployer/served.h"

enum { SECOND = 1000, PEM_LIMIT = 1 << 20, OPEN_MODE = 0644, WHY = 150, BACK = 120 };

struct deployment {
	struct deployment_place place;
	const struct hook *hook;
	struct deployment_material material;
	struct bytes full, bundle;
	struct placing *placing; /* NULL: nothing has been touched */
	struct cert *before;     /* what it showed; NULL: nothing that we saw */
	bool back;               /* on the way back */
	struct error why;        /* the failure that leads back */
	struct timer *turn;      /* what goes on now: one of these */
	struct program *program;
	struct dialogue *dialogue;
	struct look *look;
	deployment_fn *fn;
	void *context;
};

static void deployment_free(struct deployment *d)
{
	timer_free(d->turn);
	placing_free(d->placing);
	cert_free(d->before);
	cert_free(d->material.certificate);
	bytes_done(&d->material.leaf);
	bytes_done(&d->material.issuers);
	bytes_wipe(&d->material.key);
	bytes_done(&d->full);
	bytes_wipe(&d->bundle);
	free(d);
}

/* its end */

static void tell(struct deployment *d, bool held, const char *told)
{
	d->fn(held, told, d->context);
	deployment_free(d);
}

static void held(struct deployment *d)
{
	char told[sizeof(((struct error *)NULL)->text)];
	struct error err = { 0 };
	const struct hook *hook = d->hook;
	(void)snprintf(told, sizeof(told), "%s%s%s%s", hook->check[0] == '\0' ? "" : hook->check,
		hook->check[0] == '\0' ? "" : " shows it in TLS",
		hook->list[0] == '\0'            ? ""
			: hook->check[0] == '\0' ? "it lists it"
						 : ", and it lists it",
		placing_settle(d->placing, &err) ? "" : "; its journal stays, see the log");
	tell(d, true, told);
}

/* The sentence of the failure, and how the way back went. */
static void gone_back(struct deployment *d, const struct error *trouble)
{
	struct error err = { 0 }, told = { 0 };
	if (!placing_settle(d->placing, &err) && trouble == NULL)
		trouble = &err;
	if (trouble != NULL)
		(void)fail(&told, d->why.fault, "%.*s; the old files are back, but: %.*s", WHY,
			d->why.text, BACK, trouble->text);
	else
		(void)fail(&told, d->why.fault,
			"%.*s; the old files are back, and the program was reloaded with them%s",
			WHY, d->why.text, d->before == NULL ? "" : ", which TLS shows");
	tell(d, false, told.text);
}

static void reload(struct deployment *d);

static void go_back(struct deployment *d, const struct error *why)
{
	struct error err = { 0 }, told = { 0 };
	d->why = *why;
	d->back = true;
	if (placing_undo(d->placing, &err)) {
		reload(d);
		return;
	}
	(void)fail(&told, why->fault,
		"%.*s; the old files could not be put back: %.*s; it is tried again before the "
		"next attempt",
		WHY, d->why.text, BACK, err.text);
	tell(d, false, told.text);
}

static void failed(struct deployment *d, const struct error *why)
{
	if (d->back)
		gone_back(d, why);
	else
		go_back(d, why);
}

/* looking */

/* Each certificate of the output that is one. */
static bool is_listed(const struct cert *wanted, struct reader output)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const uint8_t *at;
	while ((at = memmem(output.at, output.left, begin, sizeof(begin) - 1)) != NULL) {
		(void)reader_sub(&output, (size_t)(at - output.at));
		AUTO(cert) cert = cert_parse_pem(output, NULL);
		if (cert != NULL && cert_same(cert, wanted))
			return true;
		(void)reader_sub(&output, sizeof(begin) - 1);
	}
	return false;
}

static void on_listed(const struct error *err, struct reader output, void *context)
{
	struct deployment *d = context;
	struct error why = { 0 };
	d->program = NULL;
	if (err == NULL && is_listed(d->material.certificate, output)) {
		held(d);
		return;
	}
	if (err == NULL)
		(void)fail(&why, FAULT_UNTRUSTED, "%.100s does not print the new certificate",
			d->hook->list);
	failed(d, err == NULL ? &why : err);
}

static bool run(struct deployment *d, const char *words, program_fn *fn, struct error *err)
{
	const struct program_line line = { words, d->hook->user,
		(uint64_t)d->hook->seconds * SECOND };
	d->program = program_start(d->place.loop, &line, fn, d, err);
	return d->program != NULL;
}

static void look_at_list(struct deployment *d)
{
	struct error err = { 0 };
	if (d->hook->list[0] == '\0')
		held(d);
	else if (!run(d, d->hook->list, on_listed, &err))
		failed(d, &err);
}

static void on_looked(struct cert *shown, const struct error *err, void *context)
{
	struct deployment *d = context;
	struct cert *wanted = d->back ? d->before : d->material.certificate;
	struct error why = { 0 };
	d->look = NULL;
	if (err != NULL)
		(void)fail(&why, FAULT_IO, "no TLS at %s: %s", d->hook->check, err->text);
	else if (!cert_same(shown, wanted))
		(void)fail(&why, FAULT_UNTRUSTED, "%s shows another certificate: %.80s",
			d->hook->check, cert_subject(shown, NAME_APPLIANCE));
	if (why.fault != FAULT_NONE)
		failed(d, &why);
	else if (d->back)
		gone_back(d, NULL);
	else
		look_at_list(d);
}

static void look_again(struct deployment *d)
{
	struct error err = { 0 };
	const struct look_question question = { d->hook->check,
		d->back ? d->before : d->material.certificate,
		(uint64_t)d->hook->seconds * SECOND };
	d->look = look_start(d->place.loop, &question, on_looked, d, &err);
	if (d->look == NULL)
		failed(d, &err);
}

/* reloading */

static void reloaded(struct deployment *d, const struct error *err)
{
	if (err != NULL)
		failed(d, err);
	else if (d->back && d->before == NULL)
		gone_back(d, NULL);
	else if (d->hook->check[0] != '\0')
		look_again(d);
	else
		look_at_list(d);
}

static void on_reloaded(const struct error *err, struct reader output, void *context)
{
	struct deployment *d = context;
	(void)output; /* of a failure, err has it */
	d->program = NULL;
	reloaded(d, err);
}

static void on_talked(const struct error *err, void *context)
{
	struct deployment *d = context;
	d->dialogue = NULL;
	reloaded(d, err);
}

static void reload(struct deployment *d)
{
	struct error err = { 0 };
	bool begun;
	if (d->hook->reload[0] != '\0') {
		begun = run(d, d->hook->reload, on_reloaded, &err);
	} else {
		d->dialogue = dialogue_start(d->place.loop, d->hook, on_talked, d, &err);
		begun = d->dialogue != NULL;
	}
	if (!begun)
		failed(d, &err);
}

/* the files */

static void add_file(const struct hook *hook, const char *path, struct reader content,
	struct placed_file *files, size_t *count)
{
	if (path[0] != '\0')
		files[(*count)++] =
			(struct placed_file){ path, content, OPEN_MODE, hook->owner, hook->group };
}

static size_t files_of(const struct deployment *d, struct placed_file files[static DEPLOYER_FILES])
{
	const struct hook *hook = d->hook;
	const struct deployment_material *m = &d->material;
	size_t count = 0;
	add_file(hook, hook->key, bytes_reader(&m->key), files, &count);
	add_file(hook, hook->bundle, bytes_reader(&d->bundle), files, &count);
	for (size_t i = 0; i < count; i++)
		files[i].mode = hook->mode;
	add_file(hook, hook->chain, bytes_reader(m->issuers.size > 0 ? &m->issuers : &m->leaf),
		files, &count);
	add_file(hook, hook->leaf, bytes_reader(&m->leaf), files, &count);
	add_file(hook, hook->certificate, bytes_reader(&d->full), files, &count);
	return count;
}

/* What an earlier attempt could not put back comes first: it is what there was before. */
static bool tidy_up(const struct deployment *d, struct error *err)
{
	struct error why = { 0 };
	struct placing *left = placing_left(d->place.directory, d->hook->name, &why);
	bool fine = left != NULL ? placing_undo(left, &why) : why.fault == FAULT_MISSING;
	placing_free(left);
	if (!fine)
		(void)fail(err, why.fault, "what an earlier attempt left half done stands: %s",
			why.text);
	return fine;
}

static void place_files(struct deployment *d)
{
	struct placed_file files[DEPLOYER_FILES];
	struct error err = { 0 };
	size_t count = files_of(d, files);
	if (tidy_up(d, &err))
		d->placing = placing_do(d->place.directory, d->hook->name, files, count, &err);
	if (d->placing == NULL)
		tell(d, false, err.text);
	else
		reload(d);
}

/* its beginning */

static void on_before(struct cert *shown, const struct error *err, void *context)
{
	struct deployment *d = context;
	(void)err; /* what does not run yet shows nothing, and may be started by its reload */
	d->look = NULL;
	if (shown != NULL)
		d->before = cert_keep(shown);
	place_files(d);
}

static void look_first(struct deployment *d)
{
	const struct look_question question = { d->hook->check, NULL, SECOND };
	if (d->hook->check[0] != '\0')
		d->look = look_start(d->place.loop, &question, on_before, d, NULL);
	if (d->look == NULL)
		place_files(d);
}

/* From the loop, so that whoever began it has it when its end is told. */
static void on_turn(void *context)
{
	static const struct error crash = { FAULT_IO, "the deployer ended in the middle" };
	struct deployment *d = context;
	timer_free(TAKE(d->turn));
	if (d->placing != NULL)
		go_back(d, &crash);
	else
		look_first(d);
}

static struct deployment *deployment_new(const struct deployment_place *place,
	const struct hook *hook, deployment_fn *fn, void *context, struct error *err)
{
	struct deployment *d = calloc(1, sizeof(*d));
	if (d == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	*d = (struct deployment){ .place = *place, .hook = hook, .fn = fn, .context = context };
	d->turn = timer_new(place->loop, 0, false, on_turn, d, err);
	if (d->turn != NULL)
		return d;
	free(d);
	return NULL;
}

static bool join(struct bytes *out, const struct reader *parts, size_t count, struct error *err)
{
	AUTO_DONE(writer) w = writer_new(PEM_LIMIT);
	for (size_t i = 0; i < count; i++)
		writer_bytes(&w, parts[i]);
	return bytes_copy(out, writer_written(&w), err);
}

struct deployment *deployment_start(const struct deployment_place *place, const struct hook *hook,
	struct deployment_material *material, deployment_fn *fn, void *context, struct error *err)
{
	struct deployment *d = deployment_new(place, hook, fn, context, err);
	if (d == NULL)
		return NULL;
	d->material = *material;
	*material = (struct deployment_material){ 0 };
	const struct reader parts[] = { bytes_reader(&d->material.leaf),
		bytes_reader(&d->material.issuers), bytes_reader(&d->material.key) };
	if (join(&d->full, parts, 2, err) && join(&d->bundle, parts, 3, err))
		return d;
	deployment_free(d);
	return NULL;
}

struct deployment *deployment_recover(const struct deployment_place *place, const struct hook *hook,
	deployment_fn *fn, void *context, struct error *err)
{
	struct deployment *d = deployment_new(place, hook, fn, context, err);
	if (d == NULL)
		return NULL;
	d->placing = placing_left(place->directory, hook->name, err);
	if (d->placing != NULL)
		return d;
	deployment_free(d);
	return NULL;
}

void deployment_abandon(struct deployment *d)
{
	if (d == NULL)
		return;
	program_abandon(d->program);
	dialogue_abandon(d->dialogue);
	look_abandon(d->look);
	deployment_free(d);
}

/* The acts. What each is to show is said before it; what happens is said by those whom it happens
 * to. */
#include <stdlib.h>

#include "lab/lab_impl.h"

enum { ASKERS = 3, LATE = 2 };

/* Which phones play which part: all ask the publisher first, so that its certificates matter. */
struct cast {
	bool *askers; /* open their ring list between a new certificate and their reset */
	bool *late;   /* miss the first reset: on them the second change falls while they are behind
		       */
	bool *reset;  /* all but the late ones */
	size_t asker_count, late_count;
};

static void cast_done(struct cast *cast)
{
	free(cast->askers);
	free(cast->late);
	free(cast->reset);
}

/* A phone that missed a reset needs another node's TVS to vouch once the publisher's is new. */
static bool cast_new(const struct lab *l, struct cast *out, struct error *err)
{
	size_t count = fleet_count(l->fleet);
	size_t of_publisher = (count + l->call_count - 1) / l->call_count;
	size_t late = l->call_count < 2 ? 0 : of_publisher / 2 < LATE ? of_publisher / 2 : LATE;
	out->askers = calloc(count + 1, sizeof(bool));
	out->late = calloc(count + 1, sizeof(bool));
	out->reset = calloc(count + 1, sizeof(bool));
	if (out->askers == NULL || out->late == NULL || out->reset == NULL)
		return fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		bool publishers = phones_prefer(l, i, 0);
		if (publishers && out->asker_count < ASKERS &&
			out->asker_count + late < of_publisher) {
			out->askers[i] = true;
			out->asker_count++;
		} else if (publishers && out->late_count < late) {
			out->late[i] = true;
			out->late_count++;
		}
		out->reset[i] = !out->late[i];
	}
	return true;
}

static bool first_boot(struct lab *l, struct error *err)
{
	lab_title(l, "The phones boot");
	lab_say(l,
		"%zu phones fetch their ITL, their signed configuration, firmware, ring list and a "
		"page.",
		fleet_count(l->fleet));
	return phones_boot(l, NULL, err);
}

static bool new_call_manager(struct lab *l, const struct cast *cast, struct error *err)
{
	if (!cluster_regenerate(l, "CallManager", err))
		return false;
	if (cast->asker_count > 0) {
		lab_say(l,
			"Before any is reset, the ring list is opened on %zu of them: its signer "
			"is "
			"not in their lists, so TVS is asked.",
			cast->asker_count);
		if (!phones_open(l, cast->askers, "Ringlist.xml", err))
			return false;
	}
	if (cast->late_count > 0)
		lab_say(l, "All phones are reset, but for %zu with a call on the line.",
			cast->late_count);
	else
		lab_say(l, "The phones are reset.");
	return phones_boot(l, cast->reset, err);
}

static bool new_tvs(struct lab *l, const struct cast *cast, struct error *err)
{
	if (!cluster_regenerate(l, "TVS", err))
		return false;
	if (cast->late_count > 0) {
		lab_say(l,
			"The ring list is opened on %zu that missed the reset: neither its signer "
			"nor the new TVS certificate of %s is in the list held there, so TVS of %s "
			"is asked.",
			cast->late_count, l->nodes[0].name, l->nodes[1].name);
		if (!phones_open(l, cast->late, "Ringlist.xml", err))
			return false;
	}
	lab_say(l, "The phones are reset.");
	return phones_boot(l, NULL, err);
}

bool story_tell(struct lab *l, struct error *err)
{
	__attribute__((cleanup(cast_done))) struct cast cast = { 0 };
	if (!cluster_make(l, err))
		return false;
	lab_title(l, "The trust lists");
	return cluster_check_lists(l, err) && phones_make(l, err) && cast_new(l, &cast, err) &&
		first_boot(l, err) && new_call_manager(l, &cast, err) && new_tvs(l, &cast, err) &&
		cluster_export_certificates(l, err);
}

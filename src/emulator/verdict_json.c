#include "emulator/verdict_json.h"

static void put_text(json_t *object, const char *name, const char *text)
{
	if (text[0] != '\0')
		(void)json_object_set_new(object, name, json_string(text));
}

json_t *verdict_json(const struct phone_verdict *v)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:b}", "subject",
		phone_subject_name(v->subject), "outcome", phone_outcome_name(v->outcome), "file",
		v->file, "words", v->words, "good", phone_verdict_good(v));
	if (object == NULL)
		return NULL;
	put_text(object, "basis", phone_basis_name(v->basis));
	put_text(object, "server", v->server);
	put_text(object, "tvs", v->tvs);
	if (v->server[0] != '\0')
		put_text(object, "transport", phone_transport_name(v->transport));
	if (v->why.fault != FAULT_NONE) {
		put_text(object, "fault", fault_name(v->why.fault));
		put_text(object, "why", v->why.text);
	}
	return object;
}

json_t *fleet_phone_json(const struct fleet_phone *phone)
{
	json_t *verdicts = json_array();
	for (size_t i = 0; i < phone->verdict_count; i++)
		(void)json_array_append_new(verdicts, verdict_json(&phone->verdicts[i]));
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:o}", "name", phone->name, "source",
		phone->source, "state", phone->state, "boots", (int)phone->boots, "itl", phone->itl,
		"ctl", phone->ctl, "verdicts", verdicts);
}

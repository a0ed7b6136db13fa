#include "talk/tvs_server.h"

#include "base/text.h"

static bool find(const struct vouch *v, const struct tvs_message *question, int64_t now,
	struct vouch_answer *out)
{
	if (question->command == TVS_VERIFY_REQUEST)
		return vouch_find(v, question->certificate, out);
	return vouch_find_signer(
		v, question->subject, question->issuer, question->serial, now, out);
}

/* A certificate is known by its subject only if we know it; a stranger's is not worth parsing. */
static void describe(struct tvs_asked *asked, const struct tvs_message *question,
	const struct vouch_answer *known)
{
	struct reader about = question->subject;
	if (known != NULL)
		about = reader_of_text(cert_subject(known->cert, NAME_APPLIANCE));
	else if (question->command == TVS_VERIFY_REQUEST)
		about = reader_of_text("a certificate that is not ours");
	text_escape(about, asked->about, sizeof(asked->about));
}

static void fill_valid(struct tvs_message *answer, const struct vouch_answer *known, uint32_t ttl)
{
	answer->status = TVS_VALID;
	answer->role_count = known->role_count;
	for (size_t i = 0; i < known->role_count; i++)
		answer->roles[i] = known->roles[i];
	answer->ttl = ttl;
	if (answer->command == TVS_QUERY_RESPONSE)
		answer->certificate = cert_der(known->cert);
}

bool tvs_answer(const struct vouch *v, struct reader request, uint32_t ttl, int64_t now,
	struct writer *out, struct tvs_asked *asked, struct error *err)
{
	struct tvs_message question;
	if (!tvs_message_parse(request, &question, err))
		return false;
	bool query = question.command == TVS_QUERY_REQUEST;
	if (!query && question.command != TVS_VERIFY_REQUEST)
		return fail(err, FAULT_REFUSED, "tvs: a client sent command %d, which is an answer",
			(int)question.command);
	struct tvs_message answer = {
		.command = query ? TVS_QUERY_RESPONSE : TVS_VERIFY_RESPONSE,
		.session = question.session,
		.status = TVS_INVALID,
	};
	struct vouch_answer known;
	bool valid = find(v, &question, now, &known) && known.role_count > 0;
	if (valid)
		fill_valid(&answer, &known, ttl);
	*asked = (struct tvs_asked){ .command = question.command, .valid = valid };
	text_escape(reader_of_text(question.device), asked->device, sizeof(asked->device));
	describe(asked, &question, valid ? &known : NULL);
	tvs_message_write(out, &answer);
	return out->ok || fail(err, FAULT_LIMIT, "tvs: the answer does not fit one message");
}

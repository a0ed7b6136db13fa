#include "talk/phone_impl.h"

#include <stdio.h>

/* docs/phone.md#verdicts; NULL: the words name the file */
static const char *const refused_words[] = {
	[PHONE_CTL] = "Trust List Update Failed",
	[PHONE_ITL] = "Trust List Update Failed",
	[PHONE_TRUST] = "No Trust List Installed",
	[PHONE_CONFIGURATION] = NULL,
	[PHONE_FIRMWARE] = NULL,
	[PHONE_RING_LIST] = NULL,
	[PHONE_SERVICE] = "Host Not Found",
	[PHONE_FILE] = NULL,
};

static void say(struct phone_verdict *v, const char *before, const char *name, const char *after)
{
	(void)snprintf(v->words, sizeof(v->words), "%s%s%s", before, name, after);
}

static void say_none(struct phone_verdict *v)
{
	bool is_list = v->subject == PHONE_CTL || v->subject == PHONE_ITL;
	if (v->subject == PHONE_TRUST)
		say(v, refused_words[PHONE_TRUST], "", "");
	else if (v->subject == PHONE_CONFIGURATION)
		say(v, "CFG File Not Found", "", "");
	else
		say(v, "File Not Found <", is_list ? phone_list_file(v->subject) : v->file, ">");
}

static void say_refused(struct phone_verdict *v)
{
	if (refused_words[v->subject] != NULL)
		say(v, refused_words[v->subject], "", "");
	else if (v->outcome == PHONE_REJECTED)
		say(v, "invalid file ", v->file, ", authenticated fail");
	else
		say(v, "TFTP timeout: ", v->file, "");
}

void words_put(const struct phone *p, struct phone_verdict *v)
{
	switch (v->outcome) {
	case PHONE_INSTALLED:
		say(v,
			v->subject == PHONE_CTL ? "CTL Installed"
				: p->ctl_is_new ? "CTL and ITL installed"
						: "ITL installed",
			"", "");
		break;
	case PHONE_UPDATED:
		say(v, "Trust List Updated", "", "");
		break;
	case PHONE_UNCHANGED:
		say(v, "Trust List unchanged", "", "");
		break;
	case PHONE_VERIFIED:
	case PHONE_TAKEN:
		(void)snprintf(v->words, sizeof(v->words), "%s(%s)", v->file,
			v->subject == PHONE_SERVICE ? "HTTPS" : phone_transport_name(v->transport));
		break;
	case PHONE_NONE:
		say_none(v);
		break;
	case PHONE_REJECTED:
	case PHONE_UNREACHED:
		say_refused(v);
		break;
	}
}

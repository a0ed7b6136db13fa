#include "cli/file_place.h"
#include "cli/output.h"
#include "cli/signed_source.h"
#include "cli/verbs.h"

enum { CLEAR_MODE = 0644 };

static bool has_clear_payload(const struct signed_source *s, struct error *err)
{
	switch (signed_kind_of(&s->header)) {
	case SIGNED_PLAIN:
	case SIGNED_FIRMWARE:
		return true;
	case SIGNED_ENCRYPTED:
		return fail(err, FAULT_REFUSED,
			"what stands behind the header is encrypted: `dialtrust file decrypt` "
			"needs the device's key");
	case SIGNED_LIST:
		return fail(err, FAULT_REFUSED,
			"a trust list has no clear file in it: see `dialtrust list show`");
	}
	return false;
}

static bool file_strip(const struct call *call, struct error *err)
{
	const char *source = call_value(call, "FILE"), *out = call_value(call, "out");
	AUTO_DONE(signed_source) file = { 0 };
	if (!signed_source_read(source, &file, err))
		return false;
	if (!has_clear_payload(&file, err))
		return fail_in(err, "%s", source);
	return file_place(out, file.body, CLEAR_MODE, err) &&
		file_placed(call, out, file.body.left, err);
}

static const struct argument arguments[] = {
	{ "FILE", ARGUMENT_POSITIONAL, true, NULL,
		"a .sgn or firmware file, - for standard input, or a URL" },
	{ "out", ARGUMENT_OPTION, true, "FILE", "where the clear file goes" },
	{ .name = NULL },
};

const struct verb file_strip_verb = {
	.words = "file strip",
	.run = file_strip,
	.arguments = arguments,
	.means = "takes the header off a signed file",
	.help = "The clear file is written whole or not at all. The signature is not checked: that "
		"is\n`file verify`.",
};

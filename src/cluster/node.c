#include "cluster/node.h"

#include <string.h>

static const char *const role_names[] = {
	[NODE_PUBLISHER] = "publisher",
	[NODE_SUBSCRIBER] = "subscriber",
	[NODE_PRESENCE] = "presence",
};

enum { DEVICE_HARDWARE_DIGITS = 12, HOST_LABEL_MAX = 63 };

const char *node_role_name(enum node_role role)
{
	return role_names[role];
}

bool node_role_from_name(const char *name, enum node_role *out)
{
	for (size_t i = 0; i < COUNT(role_names); i++)
		if (strcmp(name, role_names[i]) == 0) {
			*out = (enum node_role)i;
			return true;
		}
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_made_of(const char *text, const char *others)
{
	for (; *text != '\0'; text++)
		if (!is_letter(*text) && !is_digit(*text) && strchr(others, *text) == NULL)
			return false;
	return true;
}

bool node_name_check(const char *name, struct error *err)
{
	if (name[0] == '\0')
		return fail(err, FAULT_USAGE, "a node needs a name, such as pub or sub1");
	if (strlen(name) >= NODE_NAME_SIZE)
		return fail(err, FAULT_USAGE, "the node name %.20s… has more than %d characters",
			name, NODE_NAME_SIZE - 1);
	if (!is_letter(name[0]) || !is_made_of(name, "-."))
		return fail(err, FAULT_USAGE,
			"the node name %s must start with a letter and hold only letters, digits, "
			"hyphens and dots",
			name);
	return true;
}

/* Where the label after a dot starts; NULL when this one breaks RFC 1123 section 2.1. */
static const char *next_label(const char *label)
{
	size_t size = strcspn(label, ".");
	if (size == 0 || size > HOST_LABEL_MAX || label[0] == '-' || label[size - 1] == '-')
		return NULL;
	return label + size;
}

bool host_name_check(const char *host, struct error *err)
{
	if (strlen(host) >= HOST_NAME_SIZE)
		return fail(err, FAULT_USAGE, "the host name %.20s… has more than %d characters",
			host, HOST_NAME_SIZE - 1);
	bool good = host[0] != '\0' && is_made_of(host, "-.");
	for (const char *at = host; good && *at != '\0';) {
		at = next_label(at);
		good = at != NULL;
		if (good && *at == '.')
			good = *++at != '\0';
	}
	if (!good)
		return fail(err, FAULT_USAGE,
			"\"%s\" is no host name: letters, digits and hyphens between dots, as in "
			"pub.example.net",
			host);
	return true;
}

static bool is_hardware_name(const char *digits)
{
	return strlen(digits) == DEVICE_HARDWARE_DIGITS &&
		strspn(digits, "0123456789ABCDEF") == DEVICE_HARDWARE_DIGITS;
}

bool device_name_check(const char *name, struct error *err)
{
	if (strlen(name) >= DEVICE_NAME_SIZE)
		return fail(err, FAULT_USAGE, "the device name %.20s… has more than %d characters",
			name, DEVICE_NAME_SIZE - 1);
	bool hardware = strncmp(name, "SEP", 3) == 0 || strncmp(name, "ATA", 3) == 0;
	if (hardware && !is_hardware_name(name + 3))
		return fail(err, FAULT_USAGE,
			"the device name %s must be %.3s and the 12 upper-case hexadecimal digits "
			"of "
			"its MAC address",
			name, name);
	if (!is_letter(name[0]) || !is_made_of(name, "_.-"))
		return fail(err, FAULT_USAGE,
			"the device name \"%s\" must start with a letter and hold only letters, "
			"digits, "
			"underscores, dots and hyphens",
			name);
	return true;
}

bool cluster_subject_check(const struct cluster_subject *subject, struct error *err)
{
	if (subject->organization[0] == '\0')
		return fail(err, FAULT_USAGE,
			"certificates need an organization, which phones show: give "
			"--organization");
	const char *country = subject->country;
	bool two_letters = strlen(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' &&
		country[1] >= 'A' && country[1] <= 'Z';
	if (country[0] != '\0' && !two_letters)
		return fail(err, FAULT_USAGE,
			"the country \"%s\" must be two upper-case letters, as in DE or US",
			country);
	return true;
}

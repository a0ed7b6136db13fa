/* A provisioning root as an operator would fill it, small but whole. What is there already is left
 * alone: it may have been changed on purpose. docs/formats/provisioning.md */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/writer.h"
#include "lab/lab_impl.h"

#define LOAD "lab88xx.1-0-1" /* the firmware that the phones are told to run */

enum { TREE_FILE_SIZE = 16 << 10, SIP_PORT = 5060, SECURE_SIP_PORT = 5061 };

/* A unicast, locally administered MAC address: no real phone has it. */
void phone_name(size_t index, char out[static DEVICE_NAME_SIZE])
{
	(void)snprintf(out, DEVICE_NAME_SIZE, "SEP02000000%04zX", index + 1);
}

static const char ring_list[] = "<CiscoIPPhoneRingList>\n"
				"  <Ring>\n"
				"    <DisplayName>Old bell</DisplayName>\n"
				"    <FileName>OldBell.raw</FileName>\n"
				"  </Ring>\n"
				"  <Ring>\n"
				"    <DisplayName>Two tones</DisplayName>\n"
				"    <FileName>TwoTones.raw</FileName>\n"
				"  </Ring>\n"
				"</CiscoIPPhoneRingList>\n";

static const char load[] = "# The images of this load, one a line.\n" LOAD ".sbn\n";

static const char image[] = "No phone runs this; it shows that firmware is passed through.\n";

static const char directory_page[] = "<CiscoIPPhoneDirectory>\n"
				     "  <Title>Directory of the lab</Title>\n"
				     "  <Prompt>Choose a number</Prompt>\n"
				     "  <DirectoryEntry>\n"
				     "    <Name>Reception</Name>\n"
				     "    <Telephone>1000</Telephone>\n"
				     "  </DirectoryEntry>\n"
				     "</CiscoIPPhoneDirectory>\n";

static void write_call_managers(struct writer *w, const struct lab *l)
{
	writer_text(w, "    <callManagerGroup>\n      <members>\n");
	for (size_t i = 0; i < l->call_count; i++) {
		char member[512];
		(void)snprintf(member, sizeof(member),
			"        <member priority=\"%zu\">\n"
			"          <callManager>\n"
			"            <name>%s</name>\n"
			"            <ports>\n"
			"              <sipPort>%d</sipPort>\n"
			"              <securedSipPort>%d</securedSipPort>\n"
			"            </ports>\n"
			"            <processNodeName>%s</processNodeName>\n"
			"          </callManager>\n"
			"        </member>\n",
			i, l->nodes[i].name, SIP_PORT, SECURE_SIP_PORT, l->nodes[i].address);
		writer_text(w, member);
	}
	writer_text(w, "      </members>\n    </callManagerGroup>\n");
}

/* Without <TVS> and the security elements: the manager merges them in. */
static void write_phone(struct writer *w, const struct lab *l, const struct lab_node *node)
{
	char urls[512];
	writer_text(w,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<device>\n"
		"  <fullConfig>true</fullConfig>\n"
		"  <deviceProtocol>SIP</deviceProtocol>\n"
		"  <devicePool>\n");
	write_call_managers(w, l);
	writer_text(w,
		"  </devicePool>\n"
		"  <transportLayerProtocol>1</transportLayerProtocol>\n"
		"  <loadInformation>" LOAD "</loadInformation>\n");
	(void)snprintf(urls, sizeof(urls),
		"  <secureDirectoryURL>https://%s:%u/Directory.xml</secureDirectoryURL>\n"
		"  <secureServicesURL>https://%s:%u/Directory.xml</secureServicesURL>\n",
		node->address, (unsigned)node->https, node->address, (unsigned)node->https);
	writer_text(w, urls);
	writer_text(w, "</device>\n");
}

static void write_default(struct writer *w, const struct lab *l)
{
	writer_text(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Default>\n");
	write_call_managers(w, l);
	writer_text(w, "</Default>\n");
}

static bool put(const char *root, const char *name, const char *text, struct error *err)
{
	char path[LAB_PATH_SIZE + 128];
	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return access(path, F_OK) == 0 || place_write(root, name, text, err);
}

static bool put_written(const char *root, const char *name, struct writer *w, struct error *err)
{
	writer_u8(w, 0);
	bool fits = w->ok || fail(err, FAULT_LIMIT, "%s: too many nodes", name);
	return fits && put(root, name, (const char *)w->data, err);
}

static bool put_phones(
	const struct lab *l, const struct lab_node *node, const char *root, struct error *err)
{
	char text[TREE_FILE_SIZE];
	for (size_t i = 0; i < l->options.phones; i++) {
		char device[DEVICE_NAME_SIZE], name[DEVICE_NAME_SIZE + 16];
		struct writer w = writer_on(text, sizeof(text));
		phone_name(i, device);
		(void)snprintf(name, sizeof(name), "%s.cnf.xml", device);
		write_phone(&w, l, node);
		if (!put_written(root, name, &w, err))
			return false;
	}
	return true;
}

bool tree_write(const struct lab *l, const struct lab_node *node, struct error *err)
{
	char text[TREE_FILE_SIZE];
	struct writer w = writer_on(text, sizeof(text));
	const char *root = node->settings.root;
	write_default(&w, l);
	return put(root, "Ringlist.xml", ring_list, err) && put(root, LOAD ".loads", load, err) &&
		put(root, LOAD ".sbn", image, err) &&
		put(root, "Directory.xml", directory_page, err) &&
		put_written(root, "XMLDefault.cnf.xml", &w, err) && put_phones(l, node, root, err);
}

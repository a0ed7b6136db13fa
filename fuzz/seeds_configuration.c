/* Seeds of phone configurations: what a phone reads of them, and what it must not. */
#include "base/error.h"
#include "seed.h"

#define TVS(members) "<device><TVS><members>" members "</members></TVS></device>"
#define MEMBER(priority, address)                                                                  \
	"<member priority=\"" priority "\"><port>2445</port><address>" address "</address></"      \
	"member>"

/* clang-format off */
static const char *const seeds[][2] = {
	{ "everything",
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n<TVS><members>"
		MEMBER("1", "sub.lab") MEMBER("0", " 192.0.2.1\n")
		"</members></TVS><loadInformation model=\"x\"> sip88xx </loadInformation>"
		"<servicesURL>http://pub/</servicesURL>"
		"<secureDirectoryURL>https://pub:6971/D.xml</secureDirectoryURL></device>" },
	{ "default", "<Default><loadInformation>sip.14</loadInformation><TVS/></Default>" },
	{ "five-servers",
		TVS(MEMBER("0", "a") MEMBER("1", "b") MEMBER("2", "c") MEMBER("3", "d")
				MEMBER("4", "e")) },
	{ "six-servers",
		TVS(MEMBER("0", "a") MEMBER("0", "b") MEMBER("0", "c") MEMBER("0", "d")
				MEMBER("0", "e") MEMBER("0", "f")) },
	{ "unused-place", TVS("<member priority=\"0\"><address/></member>") },
	{ "no-priority", TVS("<member><address>a</address></member>") },
	{ "port-too-large",
		TVS("<member priority=\"0\"><address>a</address><port>65536</port></member>") },
	{ "references-and-cdata",
		"<device><loadInformation>&#115;ip<![CDATA[<88>]]>&amp;&lt;"
		"</loadInformation></device>" },
	{ "doctype",
		"<!DOCTYPE device [<!ENTITY a \"b\">]><device><loadInformation>&a;"
		"</loadInformation></device>" },
	{ "entity-unknown", "<device><loadInformation>&a;</loadInformation></device>" },
	{ "namespace", "<x:device xmlns:x=\"y\"><x:TVS/></x:device>" },
	{ "latin-1",
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><device><loadInformation>\xfc"
		"</loadInformation></device>" },
	{ "comment-and-instruction",
		"<device><!-- a --><?b c?><TVS><members><!----></members>"
		"</TVS></device>" },
	{ "nested-text", "<device><loadInformation>a<b>c</b>d</loadInformation></device>" },
	{ "secured", "<device><fullConfig>true</fullConfig><deviceSecurityMode>3</deviceSecurityMode>"
		"<sipProfile><transportLayerProtocol>2</transportLayerProtocol>"
		"<securedSipPort>5061</securedSipPort></sipProfile><capfAuthMode>1</capfAuthMode>"
		"<capfList><capf><phonePort>3804</phonePort><processNodeName/></capf></capfList>"
		"<certHash>0123456789ABCDEF0123456789abcdef</certHash><encrConfig>true</encrConfig>"
		"<disableTLSCiphers>1,2,9</disableTLSCiphers></device>" },
	{ "secrets", "<device><sshUserId>cisco</sshUserId><sshPassword>cisco</sshPassword>"
		"<commonProfile><phonePassword>1</phonePassword></commonProfile>"
		"<vendorConfig><webAccess>0</webAccess><adminPassword>x</adminPassword>"
		"<webaccess>0</webaccess></vendorConfig><vpnGroup><certHash1>AAAA</certHash1></vpnGroup>"
		"<loadInformation>a b.loads</loadInformation><loadInformation/></device>" },
	{ "control-in-a-value", "<device><loadInformation>a\tb</loadInformation></device>" },
};
/* clang-format on */

static void save_one(const char *folder, const char *name, struct reader xml)
{
	save(folder, "configuration_file", name, xml);
	save(folder, "configuration_lint", name, xml);
}

void save_configurations(const char *folder)
{
	for (size_t i = 0; i < COUNT(seeds); i++)
		save_one(folder, seeds[i][0], reader_of_text(seeds[i][1]));
}

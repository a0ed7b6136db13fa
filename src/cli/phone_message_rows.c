/* The table of `explain`. Where a source names no cause, the row says what follows from the
 * protocol and says that it is inferred. docs/explain.md#sources */
#include "cli/phone_message.h"

#define GUIDE_7800 "Cisco IP Phone 7800 Series Administration Guide, status messages"
#define GUIDE_8800 "Cisco IP Phone 8800 Series Administration Guide, status messages"
#define GUIDES "Cisco IP Phone 7800 and 8800 Series Administration Guides, status messages"
#define ALARMS "Cisco alarm list, release 15: UC_PHONE-6-DeviceTLInfo; cause inferred"
#define LSC_ANSWERS "Cisco document 200860, questions about LSC and MIC"
#define MIGRATION "Cisco document 213407, phones between secure clusters"

#define ASK_FIRST                                                                                  \
	"Check the way to the TFTP server, and that TVS runs on the call managers of the phone. "  \
	"Compare with `dialtrust list verify tftp://SERVER/ITLFile.tlv --trust LIST`, LIST being " \
	"what the phone took last, and ask each TVS with `dialtrust tvs ask SERVER --signer "      \
	"SUBJECT,ISSUER,SERIAL`. Regenerate no further certificate meanwhile. Deleting the lists " \
	"on the phone is the last resort: it then takes the next ones unseen."
#define NOTHING "Nothing."

static const struct phone_message rows[] = {
	{
		.words = { "CTL and ITL installed" },
		.level = MESSAGE_FINE,
		.means = "The phone had no trust list and took both of them.",
		.cause = "A new phone, or one whose lists were deleted. The first lists are taken "
			 "unseen.",
		.action = "Nothing, if the phone was meant to start anew on this network.",
		.source = GUIDE_8800,
	},
	{
		.words = { "CTL installed" },
		.level = MESSAGE_FINE,
		.means = "The phone had no CTL and took one.",
		.cause = "The cluster went to mixed mode, or the phone's lists were deleted.",
		.action = "Nothing, if the cluster is meant to be in mixed mode.",
		.source = GUIDE_8800,
	},
	{
		.words = { "ITL installed" },
		.level = MESSAGE_FINE,
		.means = "The phone had no ITL and took one.",
		.cause = "A new phone, or one whose lists were deleted. Without a CTL the first "
			 "ITL is taken unseen.",
		.action = "Nothing, if the phone was meant to start anew on this network.",
		.source = GUIDE_8800,
	},
	{
		.words = { "Trust List update failed, verification failure",
			"Trust List update failed verification failure" },
		.level = MESSAGE_TROUBLE,
		.means = "A new trust list came, and nobody whom the phone trusts had signed it.",
		.cause = "Its signer is in neither the phone's CTL nor its ITL, and no TVS that "
			 "the phone knows vouched for it: often signer and TVS were regenerated "
			 "one after the other before the phone fetched the list between.",
		.action = ASK_FIRST,
		.source = "reported by users, as a form of \"Trust List Update Failed\"",
	},
	{
		.words = { "Trust List Update Failed" },
		.level = MESSAGE_TROUBLE,
		.means = "The phone holds a trust list, and taking a new one failed. It keeps the "
			 "old one.",
		.cause = "The network or TFTP failed; or the new list's signer is in neither the "
			 "CTL nor the ITL of the phone, and no TVS vouched for it.",
		.action = ASK_FIRST,
		.source = GUIDES,
	},
	{
		.words = { "Trust List Updated" },
		.level = MESSAGE_FINE,
		.means = "The phone verified a new CTL, a new ITL or both, and keeps them.",
		.cause = "A certificate of the cluster changed and the list with it.",
		.action = NOTHING,
		.source = GUIDE_7800,
	},
	{
		.words = { "Trust List unchanged" },
		.level = MESSAGE_FINE,
		.means = "The list on the server is the one that the phone holds.",
		.cause = "Nothing changed since it fetched the list last.",
		.action = NOTHING,
		.source = "dialtrust's own emulator of phones",
	},
	{
		.words = { "No Trust List Installed" },
		.level = MESSAGE_NOTICE,
		.means = "The phone holds neither a CTL nor an ITL.",
		.cause = "It is new, its lists were deleted, or the server offers none. It takes "
			 "what comes first, unseen, and unsigned files until then.",
		.action = "See that the server has an ITL (`dialtrust list show "
			  "tftp://SERVER/ITLFile.tlv`), then restart the phone on a network that "
			  "you trust.",
		.source = GUIDES,
	},
	{
		.words = { "CTL update failed" },
		.level = MESSAGE_TROUBLE,
		.means = "The phone could not take a new CTL. It keeps the old one.",
		.cause = "TFTP failed, or the new CTL is signed by nobody with role 0 in the old "
			 "one.",
		.action = "Compare with `dialtrust list verify tftp://SERVER/CTLFile.tlv --trust "
			  "LIST`, LIST being the CTL that the phone took last. Sign the CTL once "
			  "more with a signer that it has. Deleting it on the phone is the last "
			  "resort.",
		.source = GUIDE_8800,
	},
	{
		.words = { "Erasing CTL and ITL files" },
		.level = MESSAGE_NOTICE,
		.means = "The phone forgets its trust lists.",
		.cause = "Somebody chose that on the phone, or reset its security settings.",
		.action = "Restart it on a network that you trust: it takes the next lists unseen.",
		.source = GUIDE_8800 "; cause inferred",
	},
	{
		.words = { "File Not Found <CTL*.tlv>", "File Not Found CTL*.tlv",
			"File Not Found: CTL*.tlv" },
		.level = MESSAGE_FINE,
		.means = "The server has no CTL for the phone.",
		.cause = "The cluster is not in mixed mode. Every phone asks at every boot.",
		.action = "Nothing, unless the cluster is meant to be in mixed mode.",
		.source = GUIDE_7800,
	},
	{
		.words = { "File Not Found <ITL*.tlv>", "File Not Found ITL*.tlv",
			"File Not Found: ITL*.tlv" },
		.level = MESSAGE_NOTICE,
		.means = "The server has no ITL for the phone, which keeps what it holds.",
		.cause = "It is no server of a cluster from release 8.0 on, or the phone is "
			 "not known to the cluster that it asked.",
		.action = "Check which TFTP server DHCP names, and fetch the list yourself: "
			  "`dialtrust list show tftp://SERVER/ITLFile.tlv`.",
		.source = "Cisco document 214528, proxy TFTP; cause inferred",
	},
	{
		.words = { "CFG File Not Found", "File Not Found <Cfg File>",
			"File Not Found <*.cnf.xml*>", "File Not Found <*.cnf.xml>",
			"File Not Found *.cnf.xml", "File Not Found: *.cnf.xml" },
		.level = MESSAGE_TROUBLE,
		.means = "The server has neither a configuration for the phone nor a default one.",
		.cause = "The phone is not in the database, auto-registration is off, or it asks "
			 "the wrong server.",
		.action = "Check which TFTP server the phone was given, and that the phone exists "
			  "there under its name (SEP and its MAC address).",
		.source = GUIDE_8800,
	},
	{
		.words = { "File Not Found <*>", "File Not Found: *" },
		.level = MESSAGE_NOTICE,
		.means = "The server does not have this file.",
		.cause = "It was never put there, or the phone asks the wrong server.",
		.action = "Check which TFTP server the phone was given, then that the file is on "
			  "it.",
		.source = GUIDE_7800,
	},
	{
		.words = { "invalid file *, authenticated fail. Reason:*",
			"invalid file *, authenticated fail" },
		.level = MESSAGE_TROUBLE,
		.means = "The signature of a file did not verify; the phone goes on with what it "
			 "had.",
		.cause = "The phone's ITL does not hold the server's present CallManager "
			 "certificate, and no TVS vouched for it.",
		.action = "Fetch the file and `dialtrust list show tftp://SERVER/ITLFile.tlv`: if "
			  "the signers differ, publish the lists again and restart TFTP; then "
			  "restart the phone. " ASK_FIRST,
		.source = "reported by users of the 8945 (reason 14); cause inferred",
	},
	{
		.words = { "*.sgn(HTTP)", "*.sgn(TFTP)", "*.sgn(HTTPS)" },
		.level = MESSAGE_FINE,
		.means = "A signed file was fetched and its signature verified.",
		.cause = "The phone's lists, or TVS, vouch for the server's certificate.",
		.action = NOTHING,
		.source = "reported for the 8821",
	},
	{
		.words = { "*.cnf.xml(TFTP)", "*.cnf.xml(HTTP)" },
		.level = MESSAGE_NOTICE,
		.means = "The phone took a configuration that nobody signed.",
		.cause = "It holds no trust list, or one without a signer of files (role 3 or 2): "
			 "the server has no ITL, or the cluster is prepared for a rollback.",
		.action = "If the phone should hold a list, see what it was offered: `dialtrust "
			  "list explain tftp://SERVER/ITLFile.tlv`.",
		.source = "reported for the 8821, of signed files; meaning and cause inferred",
	},
	{
		.words = { "*.cnf.xml(HTTPS)" },
		.level = MESSAGE_FINE,
		.means = "The phone took its configuration over HTTPS.",
		.cause = "Over HTTPS the clear file is what phones want: the server's certificate "
			 "vouches for it.",
		.action = NOTHING,
		.source = "reported for the 8821, of signed files; docs/formats/provisioning.md",
	},
	{
		.words = { "TFTP authorization failure" },
		.level = MESSAGE_TROUBLE,
		.means = "The TFTP server refused to hand a file out.",
		.cause = "The guide names none; a server answers so when a file is not readable "
			 "or not for this phone.",
		.action = "Fetch the same file from another machine, and look into the server's "
			  "log.",
		.source = GUIDES "; meaning inferred",
	},
	{
		.words = { "TFTP Error: Not Authorized", "TFTP Server Not Authorized",
			"TFTP Not Authorized" },
		.level = MESSAGE_TROUBLE,
		.means = "The phone takes nothing from this TFTP server.",
		.cause = "Its trust list does not have the server: DHCP names one of another "
			 "cluster, the server's address or certificate changed, or the phone came "
			 "with a CTL from elsewhere.",
		.action = "Check DHCP option 150 or 66. " ASK_FIRST,
		.source = "status messages of the 7900 series, wording recalled; cause inferred",
	},
	{
		.words = { "TFTP timeout" },
		.level = MESSAGE_TROUBLE,
		.means = "The TFTP server did not answer.",
		.cause = "It is down, the phone was given the wrong address, or a firewall lets "
			 "UDP 69 through but not the ports that the answers come from.",
		.action = "Check DHCP option 150 or 66, then fetch a file from the phone's "
			  "network: `dialtrust list show tftp://SERVER/ITLFile.tlv`.",
		.source = GUIDE_8800 "; cause inferred",
	},
	{
		.words = { "Cert key size is not FIPS compliant" },
		.level = MESSAGE_TROUBLE,
		.means = "The phone is in FIPS mode and does not register with its certificate.",
		.cause = "The RSA key of its LSC or MIC is shorter than FIPS allows, which is "
			 "2048 bits.",
		.action = "Let CAPF install an LSC with a key of 2048 bits or more, or take the "
			  "phone out of FIPS mode.",
		.source = GUIDES "; cause inferred",
	},
	{
		.words = { "hdr ver *(knows only upto *)" },
		.level = MESSAGE_FINE,
		.means = "The phone read a header whose version is newer than it, and goes on.",
		.cause = "Trust lists say 1.2; older phones know up to 1.1.",
		.action = NOTHING,
		.source = "seen in phones' console logs; docs/formats/trust-list.md",
	},
	{
		.words = { "Role is = 21" },
		.level = MESSAGE_FINE,
		.means = "The phone looks at the record of a TVS server in its list.",
		.cause = "It is about to ask TVS, or checks the server that it reached.",
		.action = NOTHING,
		.source = "seen in phones' console logs; cause inferred",
	},
	{
		.words = { "CAPF_CLNT_PUBKEY_MISMATCH" },
		.level = MESSAGE_TROUBLE,
		.means = "The configuration is meant for another certificate than the phone has.",
		.cause = "The hash in <certHash> is not that of its LSC or MIC: the LSC was "
			 "renewed, or deleted, after the file was encrypted.",
		.action = "Let CAPF install an LSC, then encrypt the configuration for it anew: "
			  "`dialtrust file encrypt`.",
		.source = "seen in a soft client; docs/formats/encrypted-file.md",
	},
	{
		.words = { "CAPF_CLNT_DECRYPT_FILE_FAILED" },
		.level = MESSAGE_TROUBLE,
		.means = "The phone could not open its encrypted configuration.",
		.cause = "It was encrypted for another key than the phone's, or is damaged.",
		.action = "Compare <certHash> in the .sgn with `dialtrust cert hash` of the "
			  "phone's certificate, and encrypt the file for that one.",
		.source = "seen in a soft client; docs/formats/encrypted-file.md",
	},
	{
		.words = { "Found entry {rolecount *", "Found entry { rolecount *" },
		.level = MESSAGE_FINE,
		.means = "TVS knows the certificate that a phone asked about.",
		.cause = "It is in a store whose certificates have roles.",
		.action = NOTHING,
		.source = "Cisco document 213407, the log of TVS",
	},
	{
		.words = { "Host Not Found" },
		.level = MESSAGE_TROUBLE,
		.means = "A directory, service or other page over HTTPS does not open.",
		.cause = "The name does not resolve; or, when it does, the phone cannot verify "
			 "the server: its ITL is stale and TVS does not vouch for the certificate.",
		.action = "Check DNS. Then ask each TVS about the page's certificate: `dialtrust "
			  "tvs ask SERVER --cert FILE`. Is the ITL stale, see \"Trust List Update "
			  "Failed\".",
		.source = "Cisco document 117598, ITL; reported by users",
	},
	{
		.words = { "PXY_NO_LSC", "No LSC for [*], will try MIC" },
		.level = MESSAGE_NOTICE,
		.means = "The phone has no LSC and shows its MIC instead.",
		.cause = "No LSC was installed, or it was deleted.",
		.action = "Nothing, if the MIC is enough; else let CAPF install an LSC.",
		.source = LSC_ANSWERS,
	},
	{
		.words = { "PXY_CERT_CIPHER" },
		.level = MESSAGE_FINE,
		.means = "The line tells the TLS version and the certificate (LSC or MIC) of a "
			 "connection.",
		.cause = "A TLS connection was made.",
		.action = NOTHING,
		.source = LSC_ANSWERS,
	},
	{
		.words = { "SSL3 alert [read]:[fatal]:[unknown CA", "alert * unknown CA",
			"alert unknown CA" },
		.level = MESSAGE_TROUBLE,
		.means = "The server ended the handshake: it does not know who issued the phone's "
			 "certificate.",
		.cause = "The issuer of its LSC (CAPF) or of its MIC is not among the server's "
			 "trusted certificates: often the CAPF certificate was regenerated, or "
			 "the phone came from another cluster.",
		.action = "Import the issuer into CallManager-trust, or let CAPF install a new "
			  "LSC; restart the service that was asked.",
		.source = LSC_ANSWERS,
	},
	{
		.words = { "TL file verified successfully", "TL file updated" },
		.level = MESSAGE_FINE,
		.means = "The phone verified a trust list and keeps it.",
		.cause = "Its signer is in a list that the phone holds, or TVS vouched for it.",
		.action = NOTHING,
		.source = MIGRATION,
	},
	{
		.words = { "Hashes match... authentication successful",
			"Hashes match authentication successful" },
		.level = MESSAGE_FINE,
		.means = "The signature of a file verified.",
		.cause = "The signer is known to the phone.",
		.action = NOTHING,
		.source = MIGRATION,
	},
	{
		.words = { "added cert to TVS cache" },
		.level = MESSAGE_FINE,
		.means = "TVS vouched for a certificate; the phone keeps the answer for a day.",
		.cause = "The certificate was in none of the phone's lists.",
		.action = NOTHING,
		.source = MIGRATION,
	},
	{
		.words = { "Cannot find the certificate in the cache" },
		.level = MESSAGE_TROUBLE,
		.means = "TVS was asked about a certificate that it does not know.",
		.cause = "The certificate is in no trust store of the node, or has not reached "
			 "it yet.",
		.action = "Ask the other nodes as well: `dialtrust tvs ask SERVER --cert FILE`. If "
			  "one knows it, restart TVS where it is not known; else import it.",
		.source = "Cisco documents 213407 and 118893; action inferred",
	},
	{
		.words = { "Verification of the ITL file failed", "Error parsing the ITL File",
			"Verification of the CTL file failed", "Error parsing the CTL File" },
		.level = MESSAGE_TROUBLE,
		.means = "The server itself does not accept its trust list.",
		.cause = "The file is damaged, or a signer was regenerated and the list was not "
			 "signed anew.",
		.action = "Look at it with `dialtrust list verify tftp://SERVER/ITLFile.tlv`, then "
			  "restart TVS and TFTP on that node, one node at a time.",
		.source = "Cisco troubleshooting guide, release 12.5(1); wording recalled",
	},
	{
		.words = { "StatusCode=1", "StatusCode: 1", "StatusCode = 1", "Status Code 1",
			"Status Code: 1", "TL_SUCCESS" },
		.level = MESSAGE_FINE,
		.means = "The phone took a new trust list.",
		.cause = "A certificate of the cluster changed.",
		.action = NOTHING,
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=2", "StatusCode: 2", "StatusCode = 2", "Status Code 2",
			"Status Code: 2", "CTL_INITIAL_SUCCESS" },
		.level = MESSAGE_FINE,
		.means = "The phone took its first CTL.",
		.cause = "The cluster went to mixed mode, or the phone's lists were deleted.",
		.action = "Nothing, if the cluster is meant to be in mixed mode.",
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=3", "StatusCode: 3", "StatusCode = 3", "Status Code 3",
			"Status Code: 3", "ITL_INITIAL_SUCCESS" },
		.level = MESSAGE_FINE,
		.means = "The phone took its first ITL.",
		.cause = "A new phone, or one whose lists were deleted.",
		.action = "Nothing, if the phone was meant to start anew on this network.",
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=4", "StatusCode: 4", "StatusCode = 4", "Status Code 4",
			"Status Code: 4", "TL_INITIAL_SUCCESS" },
		.level = MESSAGE_FINE,
		.means = "The phone took its first CTL and its first ITL.",
		.cause = "A new phone, or one whose lists were deleted.",
		.action = "Nothing, if the phone was meant to start anew on this network.",
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=5", "StatusCode: 5", "StatusCode = 5", "Status Code 5",
			"Status Code: 5", "TL_FAILED_OLD_CTL" },
		.level = MESSAGE_TROUBLE,
		.means = "Taking a new CTL failed; the phone keeps the old one.",
		.cause = "The new CTL is signed by nobody with role 0 in the old one, or it did "
			 "not arrive.",
		.action = ASK_FIRST,
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=6", "StatusCode: 6", "StatusCode = 6", "Status Code 6",
			"Status Code: 6", "TL_FAILED_NO_TL" },
		.level = MESSAGE_TROUBLE,
		.means = "Taking a trust list failed, and the phone holds none.",
		.cause = "The list did not arrive, or is damaged.",
		.action = "Look at the list with `dialtrust list verify "
			  "tftp://SERVER/ITLFile.tlv`; repair the server before the phone starts "
			  "again.",
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=7", "StatusCode: 7", "StatusCode = 7", "Status Code 7",
			"Status Code: 7", "TL_FAILED" },
		.level = MESSAGE_TROUBLE,
		.means = "Taking a trust list failed.",
		.cause = "The general code: the phone does not say which list, nor why.",
		.action = ASK_FIRST,
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=8", "StatusCode: 8", "StatusCode = 8", "Status Code 8",
			"Status Code: 8", "TL_FAILED_OLD_ITL" },
		.level = MESSAGE_TROUBLE,
		.means = "Taking a new ITL failed; the phone keeps the old one.",
		.cause = "Its signer is in neither list of the phone, and no TVS vouched for it; "
			 "or it did not arrive.",
		.action = ASK_FIRST,
		.source = ALARMS,
	},
	{
		.words = { "StatusCode=9", "StatusCode: 9", "StatusCode = 9", "Status Code 9",
			"Status Code: 9", "TL_FAILED_OLD_TL" },
		.level = MESSAGE_TROUBLE,
		.means = "Taking new lists failed; the phone keeps its old CTL and its old ITL.",
		.cause = "Their signers are in neither list of the phone, and no TVS vouched for "
			 "them; or they did not arrive.",
		.action = ASK_FIRST,
		.source = ALARMS,
	},
	{
		.words = { "DeviceTLInfo", "UC_PHONE-6-DeviceTLInfo" },
		.unless = "StatusCode*",
		.level = MESSAGE_FINE,
		.means = "The phone tells which trust lists it took; without a status code that "
			 "went well.",
		.cause = "A phone started, or its lists changed.",
		.action = NOTHING,
		.source = ALARMS,
	},
};

const struct phone_message *phone_message_rows(size_t *count)
{
	*count = COUNT(rows);
	return rows;
}

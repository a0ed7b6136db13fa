#include "shell/cert_dump.h"

#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "base/own.h"
#include "pki/cert_facts.h"

enum { NAME_SIZE = 1024, TIME_SIZE = 64, DUMP_WIDTH = 16 };

/* How the toolkit calls a signature and a key, and their numbers. RFC 8017, RFC 5758. */
static const struct algorithm {
	const char *ours, *theirs, *oid;
} algorithms[] = {
	{ "sha1WithRSAEncryption", "SHA1withRSA", "1.2.840.113549.1.1.5" },
	{ "sha256WithRSAEncryption", "SHA256withRSA", "1.2.840.113549.1.1.11" },
	{ "sha384WithRSAEncryption", "SHA384withRSA", "1.2.840.113549.1.1.12" },
	{ "sha512WithRSAEncryption", "SHA512withRSA", "1.2.840.113549.1.1.13" },
	{ "ecdsa-with-SHA256", "SHA256withECDSA", "1.2.840.10045.4.3.2" },
	{ "ecdsa-with-SHA384", "SHA384withECDSA", "1.2.840.10045.4.3.3" },
	{ "ecdsa-with-SHA512", "SHA512withECDSA", "1.2.840.10045.4.3.4" },
};

/* How it calls an extension; the others go by their number. */
static const struct extension_name {
	const char *oid, *name;
} extension_names[] = {
	{ "2.5.29.15", "KeyUsage" },
	{ "2.5.29.37", "ExtKeyUsageSyntax" },
	{ "2.5.29.14", "SubjectKeyIdentifier" },
	{ "2.5.29.17", "SubjectAltName" },
	{ "2.5.29.19", "BasicConstraints" },
	{ "2.5.29.35", "AuthorityKeyIdentifier" },
};

/* "L=GB, ST=LN, CN=host, OU=LAB, O=org, C=GB": the last attribute first, as encoded in reverse. */
static void print_name(FILE *to, const char *title, const char *certificate_order)
{
	char name[NAME_SIZE], *parts[16];
	size_t count = 0;
	(void)snprintf(name, sizeof(name), "%s", certificate_order);
	for (char *at = name; at != NULL && count < COUNT(parts);) {
		parts[count++] = at;
		for (at = strchr(at, ','); at != NULL && at[-1] == '\\'; at = strchr(at + 1, ','))
			continue;
		if (at != NULL)
			*at++ = '\0';
	}
	(void)fprintf(to, "  %s: ", title);
	while (count-- > 0)
		(void)fprintf(to, "%s%s", parts[count], count > 0 ? ", " : "\n");
}

/* In the reader's time zone, as the appliance prints its own. */
static void print_time(FILE *to, const char *title, int64_t seconds)
{
	char text[TIME_SIZE] = "";
	time_t at = (time_t)seconds;
	struct tm broken;
	if (localtime_r(&at, &broken) != NULL)
		(void)strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Z %Y", &broken);
	(void)fprintf(to, "  %s%s\n", title, text);
}

static void print_hex(FILE *to, struct reader bytes, bool upper)
{
	while (bytes.left > 0)
		(void)fprintf(to, upper ? "%02X" : "%02x", reader_u8(&bytes));
}

static void print_key(FILE *to, const struct cert *c)
{
	bool rsa = cert_key(c).rsa;
	(void)fprintf(to, "  Key: %s (%s)\n    Key value: ", rsa ? "RSA" : "EC",
		rsa ? "1.2.840.113549.1.1.1" : "1.2.840.10045.2.1");
	print_hex(to, cert_public_key(c), false);
	(void)fputc('\n', to);
}

static void print_usages(FILE *to, const struct cert_facts *facts)
{
	(void)fputs("     Usages: ", to);
	for (unsigned bit = 0; bit < CERT_USAGES; bit++)
		if ((facts->usage & 1U << bit) != 0)
			(void)fprintf(to, "%s, ", cert_usage_name(bit));
	(void)fputc('\n', to);
}

static void print_purposes(FILE *to, const struct cert_facts *facts)
{
	(void)fputs("     Usage oids: ", to);
	for (size_t i = 0; i < facts->purpose_count; i++)
		(void)fprintf(to, "%s, ", facts->purposes[i].oid);
	(void)fputc('\n', to);
}

/* RFC 5280 section 4.2.1.6 */
static const struct alternative_name {
	const char *kind, *name;
} alternative_names[] = {
	{ "dns", "dNSName" },
	{ "ip", "iPAddress" },
	{ "email", "rfc822Name" },
	{ "uri", "uniformResourceIdentifier" },
	{ "directory", "directoryName" },
	{ "id", "registeredID" },
};

static const char *alternative_of(const char *kind)
{
	for (size_t i = 0; i < COUNT(alternative_names); i++)
		if (strcmp(alternative_names[i].kind, kind) == 0)
			return alternative_names[i].name;
	return "otherName";
}

static void print_alternatives(FILE *to, const struct cert_facts *facts)
{
	(void)fprintf(to, "     altNames: %zu names\n", facts->alternative_count);
	for (size_t i = 0; i < facts->alternative_count; i++)
		(void)fprintf(to, "     %zu) %s (%s)\n", i + 1, facts->alternatives[i].text,
			alternative_of(facts->alternatives[i].kind));
}

static const char *name_of(const struct cert_extension *extension)
{
	for (size_t i = 0; i < COUNT(extension_names); i++)
		if (strcmp(extension_names[i].oid, extension->oid) == 0)
			return extension_names[i].name;
	return extension->name == NULL ? "Unknown" : extension->name;
}

static void print_extension(
	FILE *to, const struct cert_extension *extension, const struct cert_facts *facts)
{
	const char *name = name_of(extension);
	(void)fprintf(to, "  [\n     Extension: %s (OID.%s)\n     Critical: %s\n", name,
		extension->oid, extension->critical ? "true" : "false");
	if (strcmp(name, "KeyUsage") == 0)
		print_usages(to, facts);
	else if (strcmp(name, "ExtKeyUsageSyntax") == 0)
		print_purposes(to, facts);
	else if (strcmp(name, "SubjectAltName") == 0)
		print_alternatives(to, facts);
	else if (strcmp(name, "SubjectKeyIdentifier") == 0) {
		(void)fputs("     keyID: ", to);
		print_hex(to, bytes_reader(&facts->key_id), false);
		(void)fputc('\n', to);
	} else
		(void)fprintf(to, "     %s\n", extension->text == NULL ? "" : extension->text);
	(void)fputs("  ]\n", to);
}

/* "  0000: 38 8f 5a … [8.Z.…]" */
static void print_signature(FILE *to, struct reader bytes)
{
	(void)fputs("\n  Signature:\n", to);
	for (unsigned at = 0; bytes.left > 0; at += DUMP_WIDTH) {
		struct reader row = reader_sub(
			&bytes, bytes.left < DUMP_WIDTH ? bytes.left : (size_t)DUMP_WIDTH);
		struct reader text = row;
		(void)fprintf(to, "  %04x: ", at);
		while (row.left > 0)
			(void)fprintf(to, "%02x ", reader_u8(&row));
		(void)fputc('[', to);
		while (text.left > 0) {
			uint8_t byte = reader_u8(&text);
			(void)fputc(byte > ' ' && byte < 0x7F ? byte : '.', to);
		}
		(void)fputs("]\n", to);
	}
}

static void print_all(FILE *to, const struct cert *c, const struct cert_facts *facts)
{
	const char *ours = cert_signature_algorithm(c);
	const struct algorithm *algorithm = NULL;
	for (size_t i = 0; i < COUNT(algorithms); i++)
		if (strcmp(algorithms[i].ours, ours) == 0)
			algorithm = &algorithms[i];
	(void)fprintf(to, "[\n  Version: V%u\n  Serial Number: ", facts->version);
	print_hex(to, cert_serial(c), true);
	(void)fprintf(to, "\n  SignatureAlgorithm: %s (%s)\n",
		algorithm == NULL ? ours : algorithm->theirs,
		algorithm == NULL ? "" : algorithm->oid);
	print_name(to, "Issuer Name", cert_issuer(c, NAME_BUILDER));
	print_time(to, "Validity From: ", cert_not_before(c));
	print_time(to, "         To:   ", cert_not_after(c));
	print_name(to, "Subject Name", cert_subject(c, NAME_BUILDER));
	print_key(to, c);
	(void)fprintf(to, "  Extensions: %zu present\n", facts->extension_count);
	for (size_t i = 0; i < facts->extension_count; i++)
		print_extension(to, &facts->extensions[i], facts);
	print_signature(to, cert_signature(c));
	(void)fputs("\n]", to);
}

bool cert_dump_print(FILE *to, const char *pem, struct error *err)
{
	struct cert_facts facts = { 0 };
	AUTO(cert) c = cert_parse_pem(reader_of_text(pem), err);
	if (c == NULL || !cert_facts_read(c, &facts, err))
		return false;
	print_all(to, c, &facts);
	(void)fputs(pem, to);
	cert_facts_done(&facts);
	return true;
}

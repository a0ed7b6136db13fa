#include "trust/signer_name.h"

#include "wire/distinguished_name.h"

typedef const char *name_fn(const struct cert *c, enum name_form form);

static bool same_name(const struct distinguished_name *asked, const char *text)
{
	struct distinguished_name name;
	return distinguished_name_parse(reader_of_text(text), &name, NULL) &&
		distinguished_name_same(asked, &name);
}

static bool name_fits(struct reader text, const struct cert *cert, name_fn *name_of)
{
	const char *appliance = name_of(cert, NAME_APPLIANCE);
	const char *builder = name_of(cert, NAME_BUILDER);
	if (reader_same(text, reader_of_text(appliance)) ||
		reader_same(text, reader_of_text(builder)))
		return true; /* as nearly everyone writes it */
	struct distinguished_name asked;
	if (!distinguished_name_parse(text, &asked, NULL))
		return false;
	return same_name(&asked, builder) || same_name(&asked, appliance);
}

bool subject_fits(struct reader text, const struct cert *cert)
{
	return name_fits(text, cert, cert_subject);
}

bool issuer_fits(struct reader text, const struct cert *cert)
{
	return name_fits(text, cert, cert_issuer);
}

bool names_agree(struct reader a, struct reader b)
{
	struct distinguished_name one, other;
	return reader_same(a, b) ||
		(distinguished_name_parse(a, &one, NULL) &&
			distinguished_name_parse(b, &other, NULL) &&
			distinguished_name_agrees(&one, &other));
}

static struct reader without_sign_byte(struct reader serial)
{
	if (serial.left > 1 && serial.at[0] == 0)
		(void)reader_u8(&serial);
	return serial;
}

bool serial_fits(struct reader serial, const struct cert *cert)
{
	return reader_same(without_sign_byte(serial), without_sign_byte(cert_serial(cert)));
}

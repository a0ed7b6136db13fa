#pragma once
/*
 * Does a signer, as headers, records and questions name one, mean this certificate? Names may come
 * in any of the text forms of docs/formats/distinguished-name.md.
 */
#include "pki/cert.h"

/* The text names the certificate's subject (or issuer): all of its attributes, or exactly those
 * that the appliance writes. Text that is no name fits nothing. */
bool subject_fits(struct reader text, const struct cert *cert);
bool issuer_fits(struct reader text, const struct cert *cert);
/* Two names as headers and records carry them, each in whichever form: bytes equal, or as sets.
 * docs/formats/distinguished-name.md#comparing */
bool names_agree(struct reader a, struct reader b);
/* Bytes equal; a DER sign byte in front of either is not looked at. */
bool serial_fits(struct reader serial, const struct cert *cert);

#pragma once
/* What a certificate's other files need of it; for the files of pki/ only. */
#include "pki/cert.h"
#include "pki/public_key_impl.h"

struct public_key *cert_key_of(const struct cert *c); /* borrowed */

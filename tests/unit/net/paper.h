#pragma once
/* An identity for the tests' TLS servers: a fresh RSA key and its self-signed certificate. */
#include "pki/identity.h"

struct identity *paper_identity(const char *common_name);

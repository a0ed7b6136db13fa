#include "paper.h"

#include <stdio.h>

#include "base/clock.h"
#include "pki/self_signed.h"

struct identity *paper_identity(const char *common_name)
{
	struct certificate_profile profile = { .usages = USAGE_DIGITAL_SIGNATURE |
			USAGE_KEY_ENCIPHERMENT | PURPOSE_SERVER,
		.not_before = clock_now() - 3600,
		.days = 30 };
	(void)snprintf(profile.subject.common_name, sizeof(profile.subject.common_name), "%s",
		common_name);
	AUTO(key) key = key_generate(KEY_RSA_2048, NULL);
	AUTO(cert) cert = key != NULL ? certificate_self_sign(&profile, key, NULL) : NULL;
	return cert != NULL ? identity_new(cert, key, NULL) : NULL;
}

#include "trust/entry_review.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/key_ring.h"
#include "pki/self_signed.h"
#include "pki/vector_file.h"
#undef fail /* base/error.h has one of its own */

enum { NOW = 1753722942, DAY = 86400 };

/* A cluster of "Example", its stores and identities, as each test fills them in. */
struct scene {
	struct key_ring *ring;
	struct cert *certs[8];
	size_t cert_count;
	struct review_entry entries[8];
	struct review_identity identities[8];
	struct review_facts facts;
};

static int scene_made(void **state)
{
	static struct scene scene;
	scene = (struct scene){ .ring = key_ring_new() };
	scene.facts = (struct review_facts){ .entries = scene.entries,
		.identities = scene.identities,
		.organization = "Example",
		.now = NOW };
	*state = &scene;
	return 0;
}

static int scene_freed(void **state)
{
	struct scene *s = *state;
	for (size_t i = 0; i < s->cert_count; i++)
		cert_free(s->certs[i]);
	key_ring_free(s->ring);
	return 0;
}

static const struct cert *certificate(
	struct scene *s, const char *common_name, const char *organization, int64_t ends)
{
	struct certificate_profile profile = { .not_before = ends - 365 * DAY + 1, .days = 365 };
	(void)snprintf(profile.subject.common_name, sizeof(profile.subject.common_name), "%s",
		common_name);
	(void)snprintf(profile.subject.organization, sizeof(profile.subject.organization), "%s",
		organization);
	struct cert *c =
		certificate_self_sign(&profile, key_ring_get(s->ring, "any-2048")->key, NULL);
	assert_non_null(c);
	s->certs[s->cert_count++] = c;
	return c;
}

static void enter(struct scene *s, const char *store, const struct cert *c)
{
	s->entries[s->facts.entry_count++] = (struct review_entry){ unit_find(store), c };
}

static void identify(struct scene *s, const char *unit, const struct cert *c, bool live)
{
	s->identities[s->facts.identity_count++] =
		(struct review_identity){ unit_find(unit), "pub", c, live };
}

static struct entry_review reviewed(struct scene *s, size_t entry, enum entry_standing standing)
{
	struct entry_review r;
	entry_review(&s->facts, entry, &r);
	assert_string_equal(entry_standing_name(r.standing), entry_standing_name(standing));
	assert_true(r.advice[0] != '\0');
	return r;
}

static void a_copy_of_a_live_identity_stays(void **state)
{
	struct scene *s = *state;
	const struct cert *c = certificate(s, "pub", "Example", NOW + DAY);
	enter(s, "tomcat-trust", c);
	identify(s, "tomcat", c, true);
	identify(s, "tomcat", certificate(s, "pub", "Example", NOW + 2 * DAY), false);
	struct entry_review r = reviewed(s, 0, ENTRY_COPY);
	assert_false(r.may_go);
	assert_string_equal(r.needed_by, "tomcat of pub");
}

/* Expired or not: what is live is never proposed. */
static void an_expired_copy_stays(void **state)
{
	struct scene *s = *state;
	const struct cert *c = certificate(s, "pub", "Example", NOW - DAY);
	enter(s, "tomcat-trust", c);
	identify(s, "tomcat", c, true);
	assert_false(reviewed(s, 0, ENTRY_COPY).may_go);
}

static void a_copy_is_told_by_its_bytes_not_its_name(void **state)
{
	struct scene *s = *state;
	enter(s, "tomcat-trust", certificate(s, "pub", "Example", NOW + DAY));
	identify(s, "tomcat", certificate(s, "pub", "Example", NOW + DAY), true);
	assert_true(reviewed(s, 0, ENTRY_OLD).may_go);
}

static void an_earlier_issuer_of_phones_certificates_stays(void **state)
{
	struct scene *s = *state;
	const struct cert *capf = certificate(s, "CAPF-0087c0a5", "Example", NOW - DAY);
	const struct cert *tvs = certificate(s, "pub", "Example", NOW + DAY);
	enter(s, "CAPF-trust", capf);
	enter(s, "TVS-trust", tvs);
	identify(s, "CAPF", capf, false);
	identify(s, "TVS", tvs, false);
	struct entry_review r = reviewed(s, 0, ENTRY_IN_USE);
	assert_false(r.may_go);
	assert_non_null(strstr(r.needed_by, "phones"));
	assert_true(reviewed(s, 1, ENTRY_OLD).may_go); /* it issued nothing */
}

static void what_expired_may_go(void **state)
{
	struct scene *s = *state;
	enter(s, "directory-trust", certificate(s, "ldap", "Other", NOW - 1));
	enter(s, "directory-trust", certificate(s, "ldap", "Other", NOW));
	assert_true(reviewed(s, 0, ENTRY_EXPIRED).may_go);
	assert_false(reviewed(s, 1, ENTRY_FOREIGN).may_go); /* its last second */
}

static void whose_it_was_shows_in_the_whole_organization(void **state)
{
	struct scene *s = *state;
	enter(s, "tomcat-trust", certificate(s, "oldpub", "Example", NOW + DAY));
	enter(s, "tomcat-trust", certificate(s, "voicemail", "Example Ltd", NOW + DAY));
	enter(s, "tomcat-trust", certificate(s, "O=Example", "An Example", NOW + DAY));
	assert_true(reviewed(s, 0, ENTRY_OLD).may_go);
	struct entry_review r = reviewed(s, 1, ENTRY_FOREIGN);
	assert_false(r.may_go);
	assert_non_null(strstr(r.advice, "voicemail"));
	assert_false(reviewed(s, 2, ENTRY_FOREIGN).may_go);
	s->facts.organization = "";
	assert_false(reviewed(s, 0, ENTRY_FOREIGN).may_go);
}

static void authorities_of_phones_are_never_proposed(void **state)
{
	struct scene *s = *state;
	AUTO_DONE(bytes) pem = { 0 };
	if (!vector_read("cisco-ca/cmca.pem", &pem))
		skip();
	s->facts.now = INT64_C(4102444800); /* expired long since */
	s->certs[s->cert_count] = cert_parse_pem(bytes_reader(&pem), NULL);
	enter(s, "CAPF-trust", s->certs[s->cert_count++]);
	assert_false(reviewed(s, 0, ENTRY_MANUFACTURING).may_go);
}

static void more_who_need_it_than_can_be_told(void **state)
{
	struct scene *s = *state;
	const struct cert *c = certificate(s, "pub", "Example", NOW + DAY);
	struct review_identity many[64];
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] =
			(struct review_identity){ unit_find("CallManager-ECDSA"), "pub", c, true };
	s->facts.identities = many;
	s->facts.identity_count = COUNT(many);
	enter(s, "CallManager-trust", c);
	struct entry_review r = reviewed(s, 0, ENTRY_COPY);
	assert_true(strlen(r.needed_by) < REVIEW_TEXT && strlen(r.needed_by) > REVIEW_TEXT - 30);
	assert_string_equal(r.needed_by + strlen(r.needed_by) - 3, "pub");
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_made, scene_freed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(a_copy_of_a_live_identity_stays),
		SCENE_TEST(an_expired_copy_stays),
		SCENE_TEST(a_copy_is_told_by_its_bytes_not_its_name),
		SCENE_TEST(an_earlier_issuer_of_phones_certificates_stays),
		SCENE_TEST(what_expired_may_go),
		SCENE_TEST(whose_it_was_shows_in_the_whole_organization),
		SCENE_TEST(authorities_of_phones_are_never_proposed),
		SCENE_TEST(more_who_need_it_than_can_be_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

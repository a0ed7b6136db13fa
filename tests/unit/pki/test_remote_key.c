#include "pki/remote_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "pki/identity.h"
#include "pki/self_signed.h"

/* Who has the private half, and what it was asked. */
struct keeper {
	struct key *key;
	struct cert *cert;
	bool refuses, cuts;
	unsigned asked;
	bool pss;
	enum digest_kind hash;
	uint8_t content[512];
	size_t size;
};

static bool sign(
	const struct remote_ask *ask, struct bytes *signature, void *context, struct error *err)
{
	struct keeper *k = context;
	struct reader content = ask->content;
	k->asked++;
	k->pss = ask->pss;
	k->hash = ask->hash;
	k->size = content.left;
	assert_true(k->size <= sizeof(k->content));
	reader_copy(&content, k->content, k->size);
	if (k->refuses)
		return (fail)(err, FAULT_REFUSED, "not this");
	bool fine = (ask->pss ? key_sign_pss : key_sign)(
		k->key, ask->hash, &ask->content, 1, signature, err);
	signature->size -= k->cuts ? 1 : 0;
	return fine;
}

static int kept(void **state)
{
	static struct keeper keeper;
	struct certificate_profile profile = { .subject.common_name = "pub", .days = 1 };
	keeper = (struct keeper){ .key = key_generate(KEY_RSA_2048, NULL) };
	assert_non_null(keeper.key);
	keeper.cert = certificate_self_sign(&profile, keeper.key, NULL);
	assert_non_null(keeper.cert);
	*state = &keeper;
	return 0;
}

static int dropped(void **state)
{
	struct keeper *k = *state;
	key_free(k->key);
	cert_free(k->cert);
	return 0;
}

/* Moves what one has written to the other. */
static void carry(SSL *from, SSL *to)
{
	char piece[4096];
	for (int size; (size = BIO_read(SSL_get_wbio(from), piece, sizeof(piece))) > 0;)
		assert_int_equal(BIO_write(SSL_get_rbio(to), piece, size), size);
}

static SSL *speaker(SSL_CTX *context, bool server)
{
	SSL *ssl = SSL_new(context);
	assert_non_null(ssl);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* True: both ends have shaken hands, and the client saw this certificate. */
static bool shake(const struct identity *who, int version, char *signatures)
{
	SSL_CTX *serving = SSL_CTX_new(TLS_server_method());
	SSL_CTX *asking = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_use_certificate(serving, identity_x509(who)), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(serving, identity_pkey(who)), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(serving, version), 1);
	assert_int_equal(SSL_CTX_set1_sigalgs_list(asking, signatures), 1);
	SSL *server = speaker(serving, true), *client = speaker(asking, false);
	for (int turn = 0; turn < 8; turn++) {
		(void)SSL_do_handshake(client);
		carry(client, server);
		(void)SSL_do_handshake(server);
		carry(server, client);
	}
	bool done = SSL_is_init_finished(server) == 1 && SSL_is_init_finished(client) == 1 &&
		SSL_version(client) == version;
	ERR_clear_error();
	SSL_free(server);
	SSL_free(client);
	SSL_CTX_free(serving);
	SSL_CTX_free(asking);
	return done;
}

static struct identity *identity_of(struct keeper *k)
{
	struct error err = { 0 };
	AUTO(key) half = remote_key_new(k->cert, sign, k, &err);
	if (half == NULL)
		fail_msg("%s", err.text);
	struct identity *who = identity_new(k->cert, half, &err);
	if (who == NULL)
		fail_msg("%s", err.text);
	k->asked = 0;
	k->refuses = k->cuts = false;
	return who;
}

static void tls_is_spoken_with_a_key_from_elsewhere(void **state)
{
	struct keeper *k = *state;
	AUTO(identity) who = identity_of(k);
	struct {
		int version;
		char signatures[32];
		bool pss;
		enum digest_kind hash;
	} rows[] = {
		{ TLS1_3_VERSION, "rsa_pss_rsae_sha256", true, DIGEST_SHA256 },
		{ TLS1_3_VERSION, "rsa_pss_rsae_sha384", true, DIGEST_SHA384 },
		{ TLS1_3_VERSION, "rsa_pss_rsae_sha512", true, DIGEST_SHA512 },
		{ TLS1_2_VERSION, "rsa_pss_rsae_sha256", true, DIGEST_SHA256 },
		{ TLS1_2_VERSION, "RSA+SHA256", false, DIGEST_SHA256 },
		{ TLS1_2_VERSION, "RSA+SHA384", false, DIGEST_SHA384 },
		{ TLS1_2_VERSION, "RSA+SHA512", false, DIGEST_SHA512 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		k->asked = 0;
		assert_true(shake(who, rows[i].version, rows[i].signatures));
		assert_int_equal(k->asked, 1);
		assert_true(k->pss == rows[i].pss);
		assert_int_equal(k->hash, rows[i].hash);
	}
}

/* RFC 8446 section 4.4.3, RFC 5246 section 7.4.3: what the keeper can look at. */
static void it_is_handed_the_whole_and_no_digest(void **state)
{
	static const char label[] = "TLS 1.3, server CertificateVerify";
	struct keeper *k = *state;
	AUTO(identity) who = identity_of(k);
	assert_true(shake(who, TLS1_3_VERSION, "rsa_pss_rsae_sha256"));
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(k->content[i], ' ');
	assert_memory_equal(k->content + 64, label, sizeof(label));
	assert_true(k->size == 64 + sizeof(label) + 32 || k->size == 64 + sizeof(label) + 48);
	assert_true(shake(who, TLS1_2_VERSION, "RSA+SHA256"));
	assert_int_equal(k->content[64], 3); /* behind two random numbers: a named curve */
	assert_int_equal(k->size, 64 + 4 + k->content[67]);
}

static void a_refusal_ends_the_handshake_and_not_the_process(void **state)
{
	struct keeper *k = *state;
	AUTO(identity) who = identity_of(k);
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION };
	for (size_t i = 0; i < COUNT(versions); i++) {
		k->refuses = true;
		assert_false(shake(who, versions[i], "rsa_pss_rsae_sha256"));
		k->refuses = false;
		k->cuts = true;
		assert_false(shake(who, versions[i], "rsa_pss_rsae_sha256"));
		k->cuts = false;
		assert_true(shake(who, versions[i], "rsa_pss_rsae_sha256"));
	}
}

static void sha_1_is_never_asked_for(void **state)
{
	struct keeper *k = *state;
	AUTO(identity) who = identity_of(k);
	assert_false(shake(who, TLS1_2_VERSION, "RSA+SHA1"));
	assert_int_equal(k->asked, 0);
}

static void the_private_half_is_not_to_be_had(void **state)
{
	struct keeper *k = *state;
	struct error err = { 0 };
	AUTO(key) half = remote_key_new(k->cert, sign, k, &err);
	assert_non_null(half);
	AUTO_DONE(bytes) out = { 0 };
	assert_false(key_write(half, &out, &err));
	assert_false(key_write_pem(half, &out, &err));
	assert_int_equal(out.size, 0);
	uint8_t name[DIGEST_SIZE], whole[DIGEST_SIZE];
	key_id(half, name);
	key_id(k->key, whole);
	assert_memory_equal(name, whole, sizeof(name));
	assert_int_equal(key_signature_size(half), key_signature_size(k->key));
}

static void pss_is_for_rsa_and_sound_digests(void **state)
{
	struct keeper *k = *state;
	struct reader text = reader_of_text("text");
	static const enum digest_kind weak[] = { DIGEST_MD5, DIGEST_SHA1 };
	AUTO_DONE(bytes) out = { 0 };
	for (size_t i = 0; i < COUNT(weak); i++) {
		struct error err = { 0 };
		assert_false(key_sign_pss(k->key, weak[i], &text, 1, &out, &err));
		assert_int_equal(err.fault, FAULT_REFUSED);
	}
	struct error err = { 0 };
	AUTO(key) elliptic = key_generate(KEY_EC_256, NULL);
	assert_false(key_sign_pss(elliptic, DIGEST_SHA256, &text, 1, &out, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	assert_int_equal(out.size, 0);
	assert_true(key_sign_pss(k->key, DIGEST_SHA256, &text, 1, &out, &err));
	assert_int_equal(out.size, key_signature_size(k->key));
	/* it is no signature of the other kind */
	assert_false(cert_verify(k->cert, DIGEST_SHA256, &text, 1, bytes_reader(&out), &err));
}

static void only_rsa_and_only_its_own_certificate(void **state)
{
	struct keeper *k = *state;
	struct error err = { 0 };
	struct certificate_profile profile = { .subject.common_name = "other", .days = 1 };
	AUTO(key) elliptic = key_generate(KEY_EC_256, NULL);
	AUTO(cert) curve = certificate_self_sign(&profile, elliptic, NULL);
	assert_null(remote_key_new(curve, sign, k, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
	AUTO(key) stranger = key_generate(KEY_RSA_2048, NULL);
	AUTO(cert) other = certificate_self_sign(&profile, stranger, NULL);
	AUTO(key) half = remote_key_new(k->cert, sign, k, NULL);
	assert_non_null(half);
	assert_null(identity_new(other, half, &err));
	assert_int_equal(err.fault, FAULT_REFUSED);
}

/* The usual provider goes on doing the usual work. */
static void other_keys_work_as_before(void **state)
{
	struct keeper *k = *state;
	AUTO(key) half = remote_key_new(k->cert, sign, k, NULL);
	assert_non_null(half);
	AUTO(key) usual = key_generate(KEY_RSA_2048, NULL);
	AUTO_DONE(bytes) der = { 0 };
	AUTO_DONE(bytes) signature = { 0 };
	assert_true(key_write(usual, &der, NULL));
	AUTO(key) again = key_parse(bytes_reader(&der), NULL);
	assert_non_null(again);
	struct reader text = reader_of_text("text");
	struct certificate_profile profile = { .subject.common_name = "usual", .days = 1 };
	AUTO(cert) cert = certificate_self_sign(&profile, again, NULL);
	assert_non_null(cert);
	assert_true(key_sign(again, DIGEST_SHA256, &text, 1, &signature, NULL));
	assert_true(cert_verify(cert, DIGEST_SHA256, &text, 1, bytes_reader(&signature), NULL));
	bytes_wipe(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_is_spoken_with_a_key_from_elsewhere),
		cmocka_unit_test(it_is_handed_the_whole_and_no_digest),
		cmocka_unit_test(a_refusal_ends_the_handshake_and_not_the_process),
		cmocka_unit_test(sha_1_is_never_asked_for),
		cmocka_unit_test(the_private_half_is_not_to_be_had),
		cmocka_unit_test(pss_is_for_rsa_and_sound_digests),
		cmocka_unit_test(only_rsa_and_only_its_own_certificate),
		cmocka_unit_test(other_keys_work_as_before),
	};
	return cmocka_run_group_tests(tests, kept, dropped);
}
